"""Strategies of expressions, as text: conditions on a person, and on a person with an event at hand."""

from __future__ import annotations

from hypothesis import strategies as st

from schemas.catalogue import Catalogue, EventType, PropertyType, TraitType

__all__ = ["CATALOGUE", "MARKS", "condition_text", "event_test", "person_test", "reply_test"]

MARKS = ("gold", "new")
"""Tags."""

CATALOGUE = Catalogue(
    events={
        kind.name: kind
        for kind in (
            EventType(
                "order.paid",
                {
                    "order_id": PropertyType("text"),
                    "amount": PropertyType("money"),
                    "sku": PropertyType("text"),
                    "quantity": PropertyType("integer", min=0),
                    "weight": PropertyType("number"),
                    "gift": PropertyType("boolean"),
                    "items": PropertyType(
                        "list",
                        of={"sku": PropertyType("text"), "price": PropertyType("money"), "n": PropertyType("integer")},
                    ),
                },
                ("Order Completed",),
            ),
            EventType("order.cancelled", {"order_id": PropertyType("text"), "amount": PropertyType("money", min=0)}),
            EventType("visit", {"sku": PropertyType("text")}),
            EventType("ping", {"order_id": PropertyType("text")}, interaction=False),
            EventType(
                "promo", {"level": PropertyType("integer"), "spent": PropertyType("money"), "at": PropertyType("time")}
            ),
        )
    },
    traits={
        kind.name: kind
        for kind in (
            TraitType("joined", "time", 'first("*")'),
            TraitType("spent", "money", 'sum("order.paid", "amount", "2d")'),
            TraitType("city", "text"),
            TraitType("level", "integer"),
            TraitType("deadline", "time"),
            TraitType("birthday", "date"),
            TraitType("vip", "boolean"),
            TraitType("zone", "text"),
        )
    },
)

_EVENTS = ("order.paid", "order.cancelled", "visit", "ping", "promo", "Order Completed")
_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
windows = st.sampled_from(("1h", "6h", "1d", "2d", "30h", "1d1ms"))
events = st.sampled_from((*_EVENTS, "person.updated", "*"))
comparisons = st.sampled_from(_COMPARISONS)
small = st.integers(0, 4)
amounts = st.sampled_from(("0", "10", "19.99", "20", "33.33", "50.005", "-5"))


def _amount_of(draw: st.DrawFn, function: str) -> str:
    event = draw(st.sampled_from(("order.paid", "order.cancelled", "Order Completed")))
    return f'{function}("{event}", "amount", "{draw(windows)}")'


@st.composite
def _counted(draw: st.DrawFn) -> str:
    return f'count("{draw(events)}", "{draw(windows)}") {draw(comparisons)} {draw(small)}'


@st.composite
def _amounted(draw: st.DrawFn) -> str:
    functions = st.sampled_from(("sum", "min", "max", "avg"))
    left = _amount_of(draw, draw(functions))
    if draw(st.booleans()):
        left = f"{left} {draw(st.sampled_from('+-'))} {_amount_of(draw, draw(functions))}"
    return f"{left} {draw(comparisons)} {draw(amounts)}"


@st.composite
def _numbered(draw: st.DrawFn) -> str:
    function, name = (
        draw(st.sampled_from(("sum", "min", "max", "avg", "distinct"))),
        draw(st.sampled_from(("quantity", "weight"))),
    )
    value = f'{function}("order.paid", "{name}", "{draw(windows)}")'
    value = draw(
        st.sampled_from(
            (value, f"{value} * 2 - 1", f"{value} / 2", f"-{value}", f'distinct("visit", "sku", "{draw(windows)}")')
        )
    )
    return f"{value} {draw(comparisons)} {draw(st.sampled_from(('0', '1', '2', '2.5', '3')))}"


@st.composite
def _timed(draw: st.DrawFn) -> str:
    time = draw(
        st.one_of(
            st.builds('{}("{}")'.format, st.sampled_from(("first", "last")), events),
            st.sampled_from(("profile.joined", "profile.deadline")),
        )
    )
    span, op = draw(windows), draw(st.sampled_from(("<", "<=", ">", ">=")))
    return draw(
        st.sampled_from(
            (
                f'{time} {op} now - duration("{span}")',
                f'now - {time} {op} duration("{span}")',
                f'{time} + duration("{span}") {op} now',
                f"{time} {op} now",
                f'{time} {op} last("visit") - duration("{span}")',
                f'now - duration("{span}") {op} {time} + duration("1h")',
            )
        )
    )


@st.composite
def _at_least(draw: st.DrawFn) -> str:
    tests = st.one_of(_counted(), _timed(), _traits(), _local(), _absent(), _ratio(), _sequence())
    items = draw(st.lists(tests, min_size=1, max_size=4))
    return f"at_least({draw(st.integers(1, len(items)))}, [{', '.join(items)}])"


@st.composite
def _sequence(draw: st.DrawFn) -> str:
    """Two or three steps; names that come again, "*", and a last argument that is sometimes left out."""
    often = st.sampled_from(("order.paid", "visit", "order.cancelled", "ping", "Order Completed", "*", "promo"))
    steps = draw(st.lists(often, min_size=2, max_size=3))
    never = draw(st.lists(often, max_size=2))
    shown = ["[" + ", ".join(f'"{name}"' for name in names) + "]" for names in (steps, never)]
    last = f", {shown[1]}" if never else ""
    return f'sequence({shown[0]}, "{draw(windows)}"{last})'


def _absent() -> st.SearchStrategy[str]:
    return st.builds('absent("{}", "{}")'.format, events, windows)


@st.composite
def _calendar(draw: st.DrawFn) -> str:
    days = draw(st.sampled_from(("0", "1", "2", "2.5", "31", "363", "364", "365", "366", "-1")))
    of = draw(st.sampled_from(("profile.birthday", "profile.birthday", '"2024-02-29"', '"2026-03-02"')))
    left = draw(st.sampled_from((f"days_until({of})", f"days_until({of}) + 1")))
    return draw(
        st.sampled_from(
            (
                f"{left} {draw(comparisons)} {days}",
                f"{days} {draw(comparisons)} {left}",
                f'days_until({of}) > count("visit", "1d")',
                "is_month_end()",
                "is_holiday()",
                "is_workday()",
                "!is_workday() && !is_holiday()",
            )
        )
    )


@st.composite
def _ratio(draw: st.DrawFn) -> str:
    """Of two windows; nothing is divided by, too."""
    event, other, span = draw(events), draw(events), draw(windows)
    above, below = _amount_of(draw, "sum"), _amount_of(draw, draw(st.sampled_from(("sum", "max"))))
    ratio = draw(
        st.sampled_from(
            (
                f'count("{event}", "{span}") / count("{other}", "2d")',
                f"{above} / {below}",
                f'{above} / count("{event}", "{span}") / 10',
                f'sum("order.paid", "quantity", "{span}") / count("{other}", "1d")',
            )
        )
    )
    return f"{ratio} {draw(comparisons)} {draw(st.sampled_from(('0', '0.5', '1', '1.5', '2')))}"


@st.composite
def _mixed(draw: st.DrawFn) -> str:
    """Both sides move, or the constant stands first."""
    event, other, span, number = draw(events), draw(events), draw(windows), draw(small)
    return draw(
        st.sampled_from(
            (
                f'count("{event}", "{span}") > count("{other}", "2d")',
                f'{number} <= count("{event}", "{span}")',
                f'count("{event}", "{span}") in [{number}, 2]',
                f'count("{event}", "{span}") * 2 - 1 >= sum("order.paid", "quantity", "2d")',
                f'(has_tag("gold") ? count("{event}", "{span}") : {number}) >= 2',
                f'first("{event}") < last("{other}")',
                f'last("{event}") - first("{event}") >= duration("{span}")',
                f'now - last("{event}") < now - first("{other}") - duration("{span}")',
                'now >= "2026-03-29T01:00:00Z" && now < "2026-03-30T00:00:00Z"',
                'profile.deadline > "2026-04-24T00:00:00Z"',
                f'now > profile.deadline - duration("{span}")',
                f'streak("{event}", "1d") > count("{other}", "{span}")',
                "has(profile.joined) != has(profile.deadline)",
            )
        )
    )


@st.composite
def _local(draw: st.DrawFn) -> str:
    return draw(
        st.sampled_from(
            (
                f'streak("{draw(events)}", "1d") {draw(comparisons)} {draw(small)}',
                f'streak("{draw(events)}", "1d") >= {draw(small)}',
                f"local_hour() {draw(comparisons)} {draw(st.sampled_from((0, 1, 2, 9, 23)))}",
                f"local_hour() % 2 == {draw(st.integers(0, 1))}",
                f"local_date() {draw(comparisons)} profile.birthday",
            )
        )
    )


_TRAITS = (
    'profile.city == "Rome"',
    'profile.city in ["Rome", "Oslo"]',
    "has(profile.city)",
    "has(profile.level)",
    "profile.level >= 2",
    "profile.level * 2 != 4",
    "profile.vip == true",
    "profile.spent >= 20",
    "profile.spent * 2 > profile.spent + 19.99",
    'profile.vip == true ? profile.level > 1 : count("visit", "1d") > 0',
    *(f'has_tag("{mark}")' for mark in MARKS),
)


def _traits() -> st.SearchStrategy[str]:
    return st.sampled_from(_TRAITS)


NAMED = (
    "let.often",
    "let.seldom",
    "!let.often",
    "let.worth >= 20",
    "let.worth > profile.spent",
    "profile.city in lists.cities",
    'count("visit", "1d") in lists.numbers',
    "profile.level in lists.numbers",
    'count("visit", inputs.span) >= inputs.least',
    "count(inputs.event, inputs.span) == 1",
    'sum("order.paid", "amount", inputs.span) > inputs.price',
    'sum("order.cancelled", "amount", "1d") >= inputs.price',
    'last("visit") < now - inputs.span',
    "profile.city == inputs.city || profile.city in inputs.cities",
    'sequence([inputs.event, "order.paid"], inputs.span)',
)
"""Conditions with names of the playbook."""


def person_test(segments: tuple[str, ...], stages: tuple[str, ...], *, named: bool = True) -> st.SearchStrategy[str]:
    """A comparison that needs no event; `segments`, `stages` and, if `named`, names of the playbook may be in it."""
    tests = [_counted(), _timed(), _amounted(), _numbered(), _traits(), _mixed(), _counted(), _timed(), _local()]
    tests += [_at_least(), _absent(), _ratio(), _sequence(), _sequence().map("({} ? 1 : 0) == 1".format)]
    tests.append(_calendar())
    if named:
        tests.append(st.sampled_from(NAMED))
    if segments:
        tests.append(st.sampled_from(segments).map('in_segment("{}")'.format))
    if stages:
        tests.append(
            st.sampled_from([f'profile.stage == "{stages[0]}"', f'profile.stage in ["{stages[-1]}", "{stages[0]}"]'])
        )
    return st.one_of(tests)


_OF_EVENT = {
    "order.paid": (
        "event.amount >= 20",
        "let.large",
        "event.amount in lists.numbers",
        "event.amount * 2 == 40",
        "event.amount in [10, 20, 33.33]",
        "event.quantity > 1",
        "event.weight / 3 < 1",
        'event.sku.startsWith("A")',
        'event.sku.matches("^[AB]1$")',
        "event.sku.size() == 2",
        "event.gift == false",
        'event.items.exists(i, i.sku == "A1" && i.n > 1)',
        "event.items.all(i, i.price >= 10)",
        "event.items.size() > 1",
        "has(event.sku)",
        'count("order.paid", "1d", "sku") >= 2',
        'count("visit", "6h", "sku") == 1',
        'event.sku == "A1" ? event.amount > 15 : event.quantity > 1',
    ),
    "order.cancelled": (
        "event.amount > 10",
        "let.large && let.often",
        'event.order_id != "o1"',
        'count("order.paid", "2d", "order_id") > 0',
    ),
    "visit": ('event.sku.contains("1")', 'event.sku.endsWith("1")', 'count("visit", "1d", "sku") < 2'),
    "ping": ("has(event.order_id)", 'event.order_id < "o2"'),
    "promo": ("event.level > 1", "event.spent >= 20", "event.at < now"),
}
_OF_ANY = (
    'meta.name == "order.paid"',
    'meta.source != "b"',
    'meta.time <= now - duration("1h")',
    "meta.time == now",
    'meta.id.startsWith("1")',
)


def event_test(names: tuple[str, ...]) -> st.SearchStrategy[str]:
    """A comparison on the event at hand, one of `names`."""
    own = _OF_EVENT.get(names[0], ()) if len(names) == 1 else ()
    return st.sampled_from((*own, *own, *_OF_ANY))


def reply_test(names: tuple[str, ...]) -> st.SearchStrategy[str]:
    """A comparison on the event that answered a wait, one of `names`."""
    own = [test.replace("event.", "reply.") for test in _OF_EVENT[names[0]] if "count(" not in test]
    return st.sampled_from(own if len(names) == 1 else _TRAITS)


def condition_text(tests: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """One comparison, or a few that are joined."""
    joined = st.builds("{} {} {}".format, tests, st.sampled_from(("&&", "||")), tests)
    mixed = st.builds("({}) {} !({})".format, tests, st.sampled_from(("&&", "||")), tests)
    return st.one_of(tests, tests, joined, mixed)
