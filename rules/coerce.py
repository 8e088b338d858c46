"""Properties as the catalogue types them.

Money in minor units, times in ms, numbers exact. What does not fit is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from schemas.catalogue import EventType, PropertyType
from schemas.errors import EventRefused
from schemas.money import factor_of, rounded, to_minor
from schemas.times import date_of, parse_time
from segments.units import as_number

__all__ = ["Coercion", "coercion_of", "trait_value"]

Coercion = Callable[[dict[str, Any]], dict[str, Any]]
"""Raw properties → typed ones; properties that the catalogue lacks are left out. Raises `EventRefused`."""

_LARGEST: Final = 1 << 36
"""Amounts stay below 68 billion minor units: what a running total can hold."""


def coercion_of(event: EventType, currency: str) -> Coercion:
    """The coercion of an event's properties.

    With a `currency` property that differs from the workspace's, money is left out: it cannot be added up.
    """
    every = tuple(
        (name, None if kind.values else _AS_IT_IS.get(kind.type), _READERS[kind.type](name, kind, currency))
        for name, kind in event.properties.items()
    )
    unpriced = tuple(reader for reader in every if event.properties[reader[0]].type != "money")
    has_money, own = len(unpriced) < len(every), (None, currency)

    def coerce(raw: dict[str, Any]) -> dict[str, Any]:
        out = {}
        for name, as_it_is, read in unpriced if has_money and raw.get("currency") not in own else every:
            value = raw.get(name)
            if value is not None:
                out[name] = value if type(value) is as_it_is else read(value)
        return out

    return coerce


def _refuse(name: str, kind: str, value: object) -> EventRefused:
    return EventRefused(f"{name} is {kind} in the catalogue, this is {str(value)[:40]!r}", code="wrong_type")


def _text(name: str, kind: PropertyType, _: str) -> Callable[[Any], Any]:
    allowed = frozenset(kind.values) if kind.values is not None else None

    def read(value: Any) -> Any:  # noqa: ANN401
        if value.__class__ is not str:
            raise _refuse(name, "text", value)
        if allowed is not None and value not in allowed:
            raise _refuse(name, f"one of {', '.join(sorted(allowed))}", value)
        return value

    return read


def _money(name: str, kind: PropertyType, currency: str) -> Callable[[Any], Any]:
    unit = to_minor(1, currency)
    lowest, factor = _lowest(kind, unit), factor_of(currency)

    def read(value: Any) -> Any:  # noqa: ANN401
        if type(value) is Decimal:
            minor = rounded(value, factor)
        elif type(value) is int:
            minor = value * unit
        else:
            raise _refuse(name, "money (a number)", value)
        if lowest <= minor < _LARGEST:
            return minor
        raise _outside(name, kind, minor, value)

    return read


def _integer(name: str, kind: PropertyType, _: str) -> Callable[[Any], Any]:
    lowest = _lowest(kind)

    def read(value: Any) -> Any:  # noqa: ANN401
        if value.__class__ is Decimal and value == value.to_integral_value():
            value = int(value)
        if value.__class__ is not int:
            raise _refuse(name, "a whole number", value)
        if lowest <= value < _LARGEST:
            return value
        raise _outside(name, kind, value, value)

    return read


def _number(name: str, kind: PropertyType, _: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:  # noqa: ANN401
        if value.__class__ is not int and value.__class__ is not Decimal:
            raise _refuse(name, "a number", value)
        if not -_LARGEST < value < _LARGEST or (kind.min is not None and value < kind.min):
            raise _outside(name, kind, value, value)
        return as_number(value)

    return read


def _lowest(kind: PropertyType, unit: int = 1) -> int:
    return 1 - _LARGEST if kind.min is None else max(kind.min * unit, 1 - _LARGEST)


def _outside(name: str, kind: PropertyType, typed: Any, value: Any) -> EventRefused:  # noqa: ANN401
    if -_LARGEST < typed < _LARGEST:
        message = f"{name} is at least {kind.min} in the catalogue, this is {value}"
        return EventRefused(message, code="below_minimum")
    message = f"{name} is out of range: {typed} (at most {_LARGEST - 1} either way)"
    return EventRefused(message, code="out_of_range")


def _boolean(name: str, _: PropertyType, __: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:  # noqa: ANN401
        if value.__class__ is not bool:
            raise _refuse(name, "true or false", value)
        return value

    return read


def _time(name: str, _: PropertyType, __: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:  # noqa: ANN401
        try:
            return parse_time(value)
        except (ValueError, OverflowError):
            raise _refuse(name, "a time with a zone", value) from None

    return read


def _date(name: str, _: PropertyType, __: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:  # noqa: ANN401
        try:
            return date_of(value).isoformat()
        except (ValueError, TypeError):
            raise _refuse(name, "a date (2026-05-01)", value) from None

    return read


def _list(name: str, kind: PropertyType, currency: str) -> Callable[[Any], Any]:
    items = coercion_of(EventType(name, kind.of or {}), currency)

    def read(value: Any) -> Any:  # noqa: ANN401
        if value.__class__ is not list or any(item.__class__ is not dict for item in value):
            raise _refuse(name, "a list of objects", value)
        return [items(item) for item in value]

    return read


_READERS = {
    "text": _text,
    "money": _money,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "time": _time,
    "date": _date,
    "list": _list,
}


_AS_IT_IS = {"text": str, "boolean": bool}
"""The class of values that are their own typed form."""


def trait_value(name: str, kind: PropertyType, currency: str) -> Callable[[Any], Any]:
    """The reader of a trait's value. Raises `EventRefused`."""
    return _READERS[kind.type](name, kind, currency)
