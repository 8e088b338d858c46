"""Strategies of histories full of edges: late, repeated, simultaneous and faulty events, and what they carry."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from schemas.events import Event
from schemas.times import DAY, HOUR, MINUTE, format_time

__all__ = ["GAPS", "PERSON_ZONES", "histories"]

PERSON_ZONES = ("Asia/Tokyo", "America/New_York")
GAPS = (0, 0, 1, MINUTE, HOUR - 1, HOUR, HOUR + 1, 6 * HOUR, 6 * HOUR + 1, DAY - 1, DAY, DAY + 1, 30 * HOUR, 2 * DAY)
_DELAYS = (0, 0, 0, 0, 0, 0, 1, HOUR, DAY, 3 * DAY, 3 * DAY + 1, -HOUR)
_NAMES = ("order.paid", "order.paid", "order.cancelled", "visit", "ping")
_ORDERS = st.sampled_from(("o1", "o2", "o3"))
_SKUS = st.sampled_from(("A1", "B1", "B2"))
_MONEY = st.sampled_from((0, 10, 20, Decimal("19.99"), Decimal("33.335"), Decimal("33.325"), Decimal("-5.005")))
_POSITIVE = st.sampled_from((0, 10, 20, Decimal("19.994"), Decimal("10.1")))
_PROPERTIES: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "order.paid": {
        "order_id": _ORDERS,
        "amount": _MONEY,
        "sku": _SKUS,
        "quantity": st.integers(0, 3),
        "weight": st.sampled_from((1, 2, Decimal("0.5"), Decimal("2.25"), Decimal("-1.1"))),
        "gift": st.booleans(),
        "currency": st.sampled_from(("EUR", "EUR", "USD")),
        "items": st.lists(
            st.fixed_dictionaries({"n": st.integers(1, 2)}, optional={"sku": _SKUS, "price": _POSITIVE}), max_size=2
        ),
    },
    "order.cancelled": {"order_id": _ORDERS, "amount": _POSITIVE},
    "visit": {"sku": _SKUS},
    "ping": {"order_id": _ORDERS},
    "mystery": {"sku": _SKUS},
}
_TRAITS: dict[str, st.SearchStrategy[Any]] = {
    "city": st.sampled_from(("Rome", "Oslo", "Bonn")),
    "level": st.integers(0, 3),
    "vip": st.booleans(),
    "zone": st.sampled_from((*PERSON_ZONES, "no/where")),
}


@st.composite
def _event(draw: st.DrawFn, number: int, person: str, at: int) -> Event:
    own = at - draw(st.sampled_from(_DELAYS))
    name = draw(st.sampled_from((*_NAMES, *_NAMES, "Order Completed", "person.updated", "mystery", "broken")))
    properties = draw(_properties(name, at))
    time, source = draw(st.sampled_from((own, own, own, None))), draw(st.sampled_from("ab"))
    return Event(str(number), person, "order.cancelled" if name == "broken" else name, time, properties, source)


def _properties(name: str, at: int) -> st.SearchStrategy[dict[str, Any]]:
    if name == "person.updated":
        return _traits(at)
    if name == "broken":
        return st.sampled_from(({"amount": -1}, {"amount": "much"}, {"order_id": 7}))
    return st.fixed_dictionaries({}, optional=_PROPERTIES["order.paid" if name == "Order Completed" else name])


@st.composite
def _traits(draw: st.DrawFn, at: int) -> dict[str, Any]:
    moment = at + draw(st.sampled_from((-DAY, 0, HOUR, DAY)))
    dated = {"deadline": st.just(format_time(moment)), "birthday": st.just(format_time(moment)[:10])}
    return draw(st.fixed_dictionaries({}, optional=_TRAITS | dated))


@st.composite
def histories(draw: st.DrawFn, start: int, most: int = 12, gaps: tuple[int, ...] = GAPS) -> list[tuple[int, Event]]:
    """(append time, event) in the order of the log: of two people, with gaps that are windows, or miss one by 1 ms."""
    at = start
    log: list[tuple[int, Event]] = []
    for number in range(max(draw(st.integers(1, most)) for _ in range(3))):
        at += draw(st.sampled_from(gaps))
        event = draw(_event(number, draw(st.sampled_from(("ann", "ann", "ann", "bob"))), at))
        again = [earlier for taken, earlier in log if taken > at - DAY]
        if again and draw(st.integers(0, 7)) == 0:
            event = draw(st.sampled_from(again))
        log.append((at, event))
    return log
