"""Values as people and files see them: money in major units, times as RFC 3339 text, exact numbers as decimals."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from schemas.money import in_texts, to_major, to_minor
from schemas.times import format_duration, format_time
from segments.terms import Constant

if TYPE_CHECKING:
    from segments.terms import ListOf, TermType

__all__ = ["show", "show_input", "stored"]

_PLACES = 12


def _decimal(value: Fraction) -> Decimal:
    """A fraction as a decimal: exact where it ends within twelve places, else rounded there."""
    whole = round(abs(value) * 10**_PLACES)
    text = Decimal(whole).scaleb(-_PLACES).normalize()
    return -text if value < 0 else text


def show(value: Any, kind: TermType | str, currency: str) -> Any:  # noqa: ANN401 - JSON values
    """A typed value as JSON shows it; None stays None."""
    if value is None:
        return None
    if kind == "money":
        return to_major(value if isinstance(value, int) else to_minor(value / _unit(currency), currency), currency)
    if kind == "time":
        return format_time(value)
    if isinstance(value, Fraction):
        return _decimal(value)
    return value


def show_input(value: Constant | ListOf, currency: str) -> Any:  # noqa: ANN401 - JSON values
    """An input as messages show it."""
    if not isinstance(value, Constant):
        return [show_input(item, currency) for item in value.items if isinstance(item, Constant)]
    if value.type == "money" and isinstance(value.value, int):
        return in_texts(value.value, currency)
    if value.type == "duration" and isinstance(value.value, int):
        return format_duration(value.value)
    return show(value.value, value.type, currency)


def _unit(currency: str) -> int:
    return to_minor(1, currency)


def stored(value: Any, kind: TermType | str) -> Any:  # noqa: ANN401 - JSON values
    """A typed value as a profile keeps it: minor units, ms, exact numbers as decimals."""
    if isinstance(value, Fraction):
        return round(value) if kind == "money" else _decimal(value)
    return value
