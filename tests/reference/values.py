"""Typed values of the reference: exact numbers, money in minor units, moments, lengths of time, text, truth, lists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from schemas.money import digits_of
from schemas.times import format_time, parse_time
from segments.terms import Constant, ListOf

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.catalogue import PropertyType

__all__ = [
    "Money",
    "Refused",
    "Span",
    "Time",
    "Value",
    "as_type",
    "identity",
    "of_constant",
    "show",
    "typed_properties",
    "typed_value",
]


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """Minor units; a fraction only while it is computed with."""

    minor: Fraction


@dataclass(frozen=True, slots=True, order=True)
class Time:
    """Unix ms."""

    ms: int


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A length of time in ms."""

    ms: Fraction


Value = Money | Time | Span | Fraction | str | bool | list[Any] | None
"""None is unknown; a date is its text."""


class Refused(Exception):
    """An event that does not fit the catalogue."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def identity(value: Value) -> tuple[str, Any]:
    """What makes two values the same: type and value."""
    return type(value).__name__, value


def of_constant(term: Constant | ListOf) -> Value:
    """A value that the playbook gives a name to."""
    if isinstance(term, ListOf):
        return [of_constant(item) for item in term.items if isinstance(item, Constant)]
    match term.type, term.value:
        case _, bool() | None as value:
            return value
        case "money", int() | Fraction() as minor:
            return Money(Fraction(minor))
        case "time", int() as ms:
            return Time(ms)
        case "duration", int() as ms:
            return Span(Fraction(ms))
        case _, int() | Fraction() as number:
            return Fraction(number)
        case _, value:
            return value


def typed_properties(kinds: Mapping[str, PropertyType], raw: dict[str, Any], currency: str) -> dict[str, Any]:
    """What the catalogue makes of an event's properties; amounts of another currency are left out. Raises `Refused`."""
    foreign = raw.get("currency") not in (None, currency)
    typed = {}
    for name, wanted in kinds.items():
        if raw.get(name) is None or (foreign and wanted.type == "money"):
            continue
        typed[name] = typed_value(wanted, raw[name], currency)
    return typed


def typed_value(wanted: PropertyType, raw: Any, currency: str) -> Value:  # noqa: ANN401 - a JSON value
    """A JSON value as its type says. Raises `Refused`."""
    value = _read(wanted, raw, currency)
    if wanted.min is not None:
        amount = value.minor / _unit(currency) if isinstance(value, Money) else value
        if isinstance(amount, Fraction) and amount < wanted.min:
            raise Refused("below_minimum")
    return value


def _read(wanted: PropertyType, raw: Any, currency: str) -> Value:  # noqa: ANN401 - a JSON value
    number = isinstance(raw, int | Decimal) and not isinstance(raw, bool)
    match wanted.type:
        case "text" if isinstance(raw, str) and (wanted.values is None or raw in wanted.values):
            return raw
        case "integer" if number and raw == int(raw):
            return Fraction(raw)
        case "number" if number:
            return Fraction(raw)
        case "money" if number:
            return Money(Fraction(_half_away(Fraction(raw) * _unit(currency))))
        case "boolean" if isinstance(raw, bool):
            return raw
        case "time" if number or isinstance(raw, str):
            try:
                return Time(parse_time(raw))
            except ValueError:
                raise Refused("wrong_type") from None
        case "date" if isinstance(raw, str):
            try:
                return date.fromisoformat(raw).isoformat()
            except ValueError:
                raise Refused("wrong_type") from None
        case "list" if isinstance(raw, list) and all(isinstance(item, dict) for item in raw):
            return [typed_properties(wanted.of or {}, item, currency) for item in raw]
        case _:
            raise Refused("wrong_type")


def _half_away(value: Fraction) -> int:
    whole = int(abs(value) + Fraction(1, 2))
    return -whole if value < 0 else whole


def _unit(currency: str) -> int:
    return int(10 ** digits_of(currency))


def as_type(value: Value, type_name: str, currency: str) -> Value:
    """A computed value as a trait of this type keeps it: numbers beside money are major units, amounts are whole."""
    if type_name == "money" and isinstance(value, Fraction):
        value = Money(value * _unit(currency))
    if isinstance(value, Money):
        return Money(Fraction(_half_away(value.minor)))
    if type_name == "time" and isinstance(value, str):
        return Time(parse_time(value))
    return value


def show(value: Value, currency: str) -> Any:  # noqa: ANN401 - a JSON value
    """A value as the files show it: money as a number of major units, times as RFC 3339 text."""
    match value:
        case Money(minor):
            return _decimal(Fraction(_half_away(minor), _unit(currency)))
        case Time(ms):
            return format_time(ms)
        case Span(length):
            return _decimal(length)
        case Fraction():
            return _decimal(value)
        case list():
            return [{name: show(item, currency) for name, item in each.items()} for each in value]
        case _:
            return value


def _decimal(value: Fraction) -> int | Decimal:
    if value.denominator == 1:
        return value.numerator
    return Decimal(value.numerator) / Decimal(value.denominator)
