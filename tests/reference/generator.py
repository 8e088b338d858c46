"""Strategies of small playbooks with every kind of rule and step, and of whole cases: playbook, history, end, ticks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from rules.model import Limit, Playbook, Rule, Schedule, Trigger, Validity
from schemas.catalogue import Holdout, Workspace
from schemas.offers import Community, CouponPool, Template, TemplateText
from schemas.times import DAY, HOUR, parse_time
from segments.definitions import Definitions
from segments.model import Condition, Every, Leaf, Negation, Segment, Stage
from segments.terms import Constant, ListOf
from tests.reference.histories import histories
from tests.reference.journeys import Setting, conditions, expression, maybe, steps, waits
from tests.reference.phrases import CATALOGUE, event_test, person_test

if TYPE_CHECKING:
    from schemas.events import Event

__all__ = ["playbooks", "whole_cases"]

STARTS = {
    "UTC": "2026-03-01T00:00:00Z",
    "Asia/Shanghai": "2026-03-01T15:00:00Z",
    "Europe/London": "2026-03-28T22:00:00Z",
    "America/New_York": "2026-10-31T20:00:00Z",
    "America/Sao_Paulo": "2018-11-03T12:00:00Z",
    "Africa/Cairo": "2026-04-23T10:00:00Z",
    "Australia/Lord_Howe": "2026-04-04T02:00:00Z",
}
"""Zones, and moments shortly before clocks change there (in two they do not)."""

_TRIGGERS = (
    ("order.paid",),
    ("order.paid",),
    ("order.paid", "order.cancelled"),
    ("visit",),
    ("order.cancelled",),
    ("ping",),
    ("promo",),
    ("visit", "promo"),
    ("person.updated",),
)


@st.composite
def _limits(draw: st.DrawFn, names: tuple[str, ...]) -> Limit:
    kinds = draw(st.sampled_from(("none", "none", "once", "within", "max", "max", "per", "both")))
    span = draw(st.sampled_from((HOUR, 6 * HOUR, DAY, 2 * DAY)))
    match kinds:
        case "once":
            return Limit(once=True)
        case "within":
            return Limit(once_within=span)
        case "max":
            return Limit(max_count=draw(st.integers(1, 2)), max_within=span)
        case "per" if names and set(names) <= {"order.paid", "order.cancelled", "ping"}:
            return Limit(once_per="order_id")
        case "per" if not names:
            return Limit(once_per=draw(st.sampled_from(("order_id", "amount", "level"))))
        case "both" if set(names) == {"order.paid"}:
            return Limit(once_per="sku", max_count=2, max_within=span)
    return Limit()


@st.composite
def _schedules(draw: st.DrawFn) -> Schedule:
    """By cron, on workdays, at ends of months, on birthdays and so many days before."""
    zone = draw(st.sampled_from(("workspace", "workspace", "person", "Asia/Tokyo")))
    daily = draw(st.sampled_from(("0 9 * * *", "30 2 * * *", "0 0 * * *", "30 0 * * *")))
    before = draw(st.sampled_from((0, 0, 1, 2)))
    kind = draw(st.sampled_from(("cron", "cron", "workdays", "month_end", "anniversary", "anniversary")))
    match kind:
        case "anniversary":
            return Schedule(daily, zone="person", anniversary="birthday", before=before)
        case "month_end":
            return Schedule(daily, zone=zone, month_end=True, before=before)
    cron = draw(st.sampled_from((daily, "0 0 * * 1", "15 */6 * * *")))
    return Schedule(cron, zone=zone, country="CN" if kind == "workdays" else "")


@st.composite
def _triggers(draw: st.DrawFn, segments: tuple[str, ...], stages: tuple[str, ...]) -> Trigger:
    changes = (*segments, *(f"stage:{stage}" for stage in stages))
    kind = draw(st.sampled_from(("event", "event", "enters", "enters", "leaves", "schedule")))
    if kind == "schedule":
        audience = draw(maybe(conditions(person_test(segments, stages)), 2))
        return Trigger("schedule", schedule=draw(_schedules()), audience=audience)
    if kind == "event" or not changes:
        names = draw(st.sampled_from(_TRIGGERS))
        return Trigger("event", names)
    names = tuple(draw(st.lists(st.sampled_from(changes), min_size=1, max_size=2, unique=True)))
    return Trigger("enters" if kind == "enters" else "leaves", names)


def _validities(start: int) -> st.SearchStrategy[Validity]:
    moments = st.one_of(st.none(), st.sampled_from((0, 1, HOUR, DAY, 2 * DAY)).map(lambda after: start + after))
    return st.builds(Validity, moments, moments)


@st.composite
def _rules(draw: st.DrawFn, name: str, start: int, segments: tuple[str, ...], stages: tuple[str, ...]) -> Rule:
    trigger = draw(_triggers(segments, stages))
    tests = person_test(segments, stages)
    if trigger.kind != "schedule":
        tests = st.one_of(tests, event_test(trigger.names if trigger.kind == "event" else ()))
    emits = trigger.names != ("promo",) and "visit" not in trigger.names
    setting = Setting(tests, timed=trigger.kind != "schedule", emits=emits)
    wait = draw(maybe(waits(setting), 3))
    return Rule(
        id=name,
        trigger=trigger,
        then=draw(steps(setting)),
        status=draw(
            st.sampled_from(
                (
                    "live",
                    "live",
                    "live",
                    "live",
                    "live",
                    "live",
                    "live",
                    "shadow",
                    "shadow",
                    "draft",
                    "live",
                    "live",
                    "retired",
                )
            )
        ),
        when=draw(maybe(conditions(tests), 2)),
        unless=draw(maybe(conditions(tests), 4)),
        wait=wait,
        limit=draw(_limits(trigger.names if trigger.kind == "event" else ())),
        priority=draw(st.sampled_from((50, 50, 60))),
        if_running=draw(st.sampled_from(("parallel", "parallel", "ignore", "restart"))),
        valid=draw(maybe(_validities(start), 6)),
        canary=draw(st.sampled_from((None, None, None, 0, 500_000, 1_000_000))),
        expires=draw(st.sampled_from((None, HOUR, DAY))),
    )


def _leaf(text: str) -> Leaf:
    return Leaf(expression(text))


@st.composite
def _definitions(draw: st.DrawFn) -> Definitions:
    """What `phrases.NAMED` names: two conditions, one on the other, a value, a condition on an event, and lists."""
    lets: dict[str, Condition] = {
        "often": draw(conditions(person_test((), (), named=False))),
        "worth": _leaf(draw(st.sampled_from(("profile.spent / 2", 'sum("order.paid", "amount", "1d")')))),
        "seldom": Negation(_leaf("let.often"))
        if draw(st.booleans())
        else Every((_leaf("let.often"), _leaf("profile.vip"))),
        "large": _leaf("event.amount >= 20"),
    }
    texts = ListOf("list", tuple(Constant("text", city) for city in ("Rome", "Bonn")))
    numbers = ListOf("list", tuple(Constant("number", number) for number in (0, 2)))
    inputs: dict[str, Constant | ListOf] = {
        "span": Constant("duration", draw(st.sampled_from((HOUR, DAY, 30 * HOUR)))),
        "least": Constant("number", draw(st.integers(0, 3))),
        "price": Constant("money", draw(st.sampled_from((0, 1999, 2000)))),
        "city": Constant("text", "Rome"),
        "event": Constant("text", draw(st.sampled_from(("visit", "Order Completed")))),
        "cities": texts,
    }
    return Definitions({"cities": texts, "numbers": numbers}, lets, inputs)


@st.composite
def playbooks(draw: st.DrawFn, zone: str = "UTC") -> Playbook:
    """A small playbook with every kind of rule and step; its expressions fit the catalogue."""
    segments: dict[str, Segment] = {}
    for name in ("a", "b")[: draw(st.sampled_from((2, 1, 0)))]:
        segments[name] = Segment(name, draw(conditions(person_test(tuple(segments), ()))))
    stages: tuple[Stage, ...] = ()
    if draw(st.booleans()):
        ids = ("fresh", "busy")[: draw(st.integers(1, 2))]
        stages = (*(Stage(i, draw(conditions(person_test(tuple(segments), ())))) for i in ids), Stage("rest", None))
    named = tuple(stage.id for stage in stages)
    for name in ("s", "t")[: draw(st.sampled_from((1, 2, 0)))]:
        segments[name] = Segment(name, draw(conditions(person_test(tuple(segments), named))))
    rules = {
        name: draw(_rules(name, parse_time(STARTS[zone]), tuple(segments), named))
        for name in ("r1", "r2", "r3", "r4")[: draw(st.sampled_from((4, 3, 2, 1)))]
    }
    return Playbook(
        workspace=Workspace(
            zone,
            "EUR",
            holdout=draw(st.sampled_from((None, None, Holdout(300_000), Holdout(1_000_000, "x")))),
            country=draw(st.sampled_from(("CN", "DE-BY"))),
        ),
        catalogue=CATALOGUE,
        segments=segments,
        stages=stages,
        rules=rules,
        templates={
            "hello": Template(
                "hello", "marketing", {"email": {"en": TemplateText("Hello")}, "sms": {"en": TemplateText("Hi")}}
            ),
            "receipt": Template(
                "receipt",
                "transactional",
                {"email": {"en": TemplateText("{{ coupon.code }}")}},
                frozenset({"coupon.code"}),
            ),
        },
        pools={"gift": CouponPool("gift", {"gift": "A1"})},
        communities={"club": Community("club")},
        hash="0" * 64,
        definitions=draw(_definitions()),
    )


@st.composite
def whole_cases(draw: st.DrawFn) -> tuple[Playbook, list[tuple[int, Event]], int, list[int]]:
    """A playbook, a history, the end, and moments of ticks in between."""
    zone = draw(st.sampled_from(sorted(STARTS)))
    start = parse_time(STARTS[zone])
    playbook, log = draw(playbooks(zone)), draw(histories(start))
    end = log[-1][0] + draw(st.sampled_from((-HOUR, 0, 0, 1, HOUR, DAY, 2 * DAY, 3 * DAY)))
    ticks = draw(
        st.lists(st.integers(0, max(0, (end - start) // HOUR) + 1).map(lambda hours: start + hours * HOUR), max_size=4)
    )
    return playbook, log, end, ticks
