"""Seven weeks of a shop in which everything happens: seeded, out of order, with repeats, ties and lines that are none.

They hold a 29 February, the nights in which the clocks of New York and London go forward (the latter ends a month), a
Chinese holiday with the Sunday on which people make up for it, and people who live in all three places.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.times import DAY, HOUR, MINUTE, format_time, parse_time
from workers.playbooks import read_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["OTHER", "PLAYBOOK", "UNTIL", "history", "write_history"]

_HERE = Path(__file__).parent
PLAYBOOK = read_folder(_HERE / "playbook")
OTHER = PLAYBOOK | {"touchline.yaml": (_HERE / "other.yaml").read_text("utf-8")}
"""The same playbook in a workspace that is written in the other ways."""

UNTIL = "2024-04-12T12:00:00Z"
_BEGIN = parse_time("2024-02-22T00:00:00Z")
_END = parse_time("2024-04-10T00:00:00Z")
_TURNS = tuple(
    parse_time(text)
    for text in (
        "2024-02-28T23:59:59.999Z", "2024-02-29T00:00:00Z", "2024-02-29T18:00:00Z", "2024-03-01T05:00:00Z",
        "2024-03-10T06:59:59.999Z", "2024-03-10T07:00:00Z", "2024-03-31T00:59:59.999Z", "2024-03-31T01:00:00Z",
        "2024-03-31T01:30:00Z", "2024-03-31T23:00:00Z", "2024-04-04T01:00:00Z", "2024-04-07T10:00:00Z",
    )
)  # fmt: skip
"""Moments at which something turns: a leap day, gaps of clocks, ends of months, holidays."""
_PEOPLE = 22
_ZONES = (None, "Asia/Shanghai", "America/New_York")
_BORN = ("1972-02-29", "1990-02-28", "1985-03-01", None, "1979-03-31", "2000-04-05", "1999-03-10")
_CITIES = ("London", "上海", "Rome", None)


def write_history(folder: Path) -> None:
    """Two files of events, in the folder."""
    lines = list(history())
    for name, part in (("one.jsonl", lines[::2]), ("two.jsonl", lines[1::2])):
        (folder / name).write_text("\n".join(part) + "\n", "utf-8")


def history() -> Iterator[str]:
    """A line each, in no order of time."""
    rng = random.Random(29)
    for number in range(_PEOPLE):
        yield from _person(number)
    kept = [line for number in range(150) for line in _visit(rng, number)]
    rng.shuffle(kept)
    for line in kept:
        yield line
        if rng.random() < 0.04:
            yield rng.choice(kept)  # once more, or before its time
    yield from _others(rng)
    yield from _in_one_millisecond()
    yield from _NO_EVENTS


def _person(number: int) -> Iterator[str]:
    """Who they are, where they are reached, what they agree to, and what of it they take back."""
    person, at = f"p{number:02d}", _BEGIN + number
    known = {
        "name": f"Nr {number}" if number % 6 else None, "city": _CITIES[number % 4], "birthday": _BORN[number % 7],
        "zone": _ZONES[number % 3], "language": None if number % 5 else "zh", "club": number % 2 == 0,
        "weight": 40 + number, "hobbies": ["chess", "tea"] if number % 2 else None,
    }  # fmt: skip
    given = {name: value for name, value in known.items() if value is not None}
    yield _line(f"n{number}", person, "person.updated", at, **given)
    for channel in ("email", "sms", "wecom", "push"):
        if (number + len(channel)) % 3:
            address = f"{person}@example.com"
            yield _line(f"a{number}{channel}", person, "contact.updated", at, channel=channel, address=address)
    if number % 4:
        yield _line(f"c{number}", person, "consent.given", at, purpose="marketing")
    yield from _second_thoughts(number, person)


def _second_thoughts(number: int, person: str) -> Iterator[str]:
    if number % 7 == 0:
        yield _line(f"w{number}", person, "consent.withdrawn", _BEGIN + 9 * DAY, purpose="marketing", channel="sms")
    if number % 9 == 4:
        yield _line(f"x{number}", person, "contact.updated", _BEGIN + 20 * DAY, channel="email", address=None)
        moved = _ZONES[(number + 1) % 3] or "Europe/London"
        yield _line(f"y{number}", person, "person.updated", _BEGIN + 21 * DAY, city=None, zone=moved)
    if number % 11 == 3:
        yield _line(f"z{number}", person, "consent.withdrawn", _BEGIN + 30 * DAY, purpose="marketing")


def _moment(rng: random.Random) -> int:
    """Any time, a full hour, half past one at night, or a turn."""
    days = (_END - _BEGIN) // DAY
    return rng.choice(
        [
            rng.randrange(_BEGIN, _END),
            _BEGIN + rng.randrange(days * 24) * HOUR,
            _BEGIN + rng.randrange(days) * DAY + 90 * MINUTE,
            rng.choice(_TURNS),
        ]
    )


def _visit(rng: random.Random, number: int) -> list[str]:
    """Somebody looks at a page, fills a cart, and pays, cancels or does neither; payments meet the end of waits."""
    person, at, order = f"p{rng.randrange(_PEOPLE):02d}", _moment(rng), str(number % 150)
    found = [_line(f"v{number}", person, "page.viewed", at, page=rng.choice(["/", "/优惠"]), seconds=rng.random() * 60)]
    if rng.random() < 0.75:
        at += rng.choice([0, 1, 10 * MINUTE])
        found.append(_line(f"k{number}", person, "cart.added", at, **_cart(rng, order, at)))
    if rng.random() < 0.5:
        paid = at + rng.choice([20 * MINUTE, HOUR, 12 * HOUR, 36 * HOUR, 3 * DAY])
        name = rng.choice(["order.paid", "OrderPaid", "下单"])
        amount = rng.choice([rng.randrange(100, 25_000) / 100, -1, "12.345", 50])
        found.append(_line(f"o{number}", person, name, paid, order_id=order, amount=amount, city="Rome"))
    if rng.random() < 0.25:
        cancelled = at + rng.choice([HOUR, 2 * DAY])
        found.append(_line(f"s{number}", person, "order.cancelled", cancelled, order_id=order))
    return found


def _cart(rng: random.Random, order: str, at: int) -> dict[str, object]:
    prices = [rng.randrange(100, 2_000) / 100 for _ in range(rng.randrange(4))]
    items = [{"sku": rng.choice("abc"), "price": price} for price in prices]
    found: dict[str, object] = {
        "order_id": order, "cart_total": rng.randrange(1_000, 20_000) / 100, "sku": rng.choice("abc"), "items": items,
        "quantity": rng.choice([1, 2, 9]), "gift": rng.random() < 0.5,
        "wanted_at": format_time(at + rng.randrange(-3, 9) * DAY), "wanted_on": format_time(at + 2 * DAY)[:10],
    }  # fmt: skip
    missing = rng.choice(["", "", "quantity", "sku", "order_id", "wanted_at", "items"])
    return {name: value for name, value in found.items() if name != missing}


def _others(rng: random.Random) -> Iterator[str]:
    for number in range(60):
        person, at = f"p{rng.randrange(_PEOPLE):02d}", _moment(rng)
        yield _line(f"i{number}", person, "checked.in", at)
        if number % 4 == 0:
            for day in (1, 2, 3):
                yield _line(f"i{number}-{day}", person, "checked.in", at + day * DAY)
        if number % 3 == 0:
            yield _line(f"f{number}", person, "friend.invited", at, friend=f"p{rng.randrange(40):02d}")
        if number % 9 == 0:
            yield _line(f"u{number}", person, "nobody.knows.this", at, x=[1, None])
        if number % 10 == 0:
            yield _line(f"l{number}", person, "cart.added", at, sku="z", quantity=0)


def _in_one_millisecond() -> Iterator[str]:
    """Much at once, of one person and of several."""
    for number, at in enumerate(_TURNS):
        for person in ("p01", "p02", f"p{number:02d}"):
            for name in ("checked.in", "cart.added", "order.paid", "order.cancelled", "page.viewed"):
                held = {
                    "order_id": f"t{number}",
                    "amount": 75,
                    "cart_total": 60,
                    "sku": "a",
                    "seconds": 31,
                    "page": "/t",
                }
                kept = {key: value for key, value in held.items() if key in _HELD[name]}
                yield _line(f"t{number}{name}", person, name, at, **kept)


_HELD = {
    "checked.in": (), "cart.added": ("order_id", "cart_total", "sku"), "order.paid": ("order_id", "amount"),
    "order.cancelled": ("order_id",), "page.viewed": ("page", "seconds"),
}  # fmt: skip
_NO_EVENTS = (
    "{",
    '{"person": "p1", "event": "order.paid"}',
    '{"person": "", "event": "e", "time": 1}',
    '{"person": "p01", "event": "order.paid", "time": "2024-03-31T02:30:00"}',
    '{"person": "p01", "person": "p02", "event": "checked.in", "time": 1709200000000}',
    "[]",
    "\ufeff1",
)
"""Lines that nobody can take for an event."""


def _line(identity: str, person: str, event: str, time: int, **properties: object) -> str:
    found = {"id": identity, "source": "shop", "person": person, "event": event, "time": format_time(time)}
    return json.dumps(found | {"properties": properties}, ensure_ascii=False)
