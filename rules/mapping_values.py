"""Texts of a mapped line as values: exact numbers, moments, ids. What cannot be one is refused with its code."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import ROUND_DOWN, Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from rules.schedule import local_moment
from schemas.errors import EventRefused
from schemas.times import EARLIEST, LATEST, parse_time

if TYPE_CHECKING:
    from collections.abc import Callable
    from zoneinfo import ZoneInfo

__all__ = ["DIVIDED_BY_ZERO", "EXACT", "Cache", "as_id", "as_moment", "as_number", "as_property", "quotient"]

T = TypeVar("T")

DIVIDED_BY_ZERO = "divided_by_zero"
EXACT = Context(prec=400, traps=[DivisionByZero, Inexact, InvalidOperation, Overflow])
"""Sums, differences and products in it are exact; one that is not raises `ArithmeticError`."""

_QUOTIENT = Context(prec=28, rounding=ROUND_DOWN, traps=[DivisionByZero, InvalidOperation, Overflow])
# Cut off and not rounded: so the later rounding to minor units sees on which side of a half the quotient lies.
_MAX_DIGITS = 30
_CACHED = 1 << 16
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,2})?", re.ASCII)
_WHOLE = re.compile(r"(-?\d+)\.0+", re.ASCII)
_LOCAL = re.compile(r"\d{4}-\d\d-\d\d(?:[T ](?:[01]\d|2[0-3]):\d\d(?::\d\d(?:\.\d{1,9})?)?)?", re.ASCII)
_MILLISECONDS = re.compile(r"\d{12,13}", re.ASCII)


class Cache(dict[str, T], Generic[T]):
    """What a function made of texts; files repeat few of them often. Forgets everything when it is full."""

    def __init__(self, read: Callable[[str], T]) -> None:
        super().__init__()
        self.read = read

    def __missing__(self, text: str) -> T:
        value = self.read(text)
        if len(self) >= _CACHED:
            self.clear()
        self[text] = value
        return value


def as_number(text: str) -> Decimal:
    """The number that a text is, by its digits. Raises `EventRefused` (`not_a_number`)."""
    digits = text.strip()
    if not _NUMBER.fullmatch(digits):
        what = f"{text[:40]!r} is no number" if digits else "a number is missing"
        raise EventRefused(f"{what}; write it without separators: 1234.50", code="not_a_number")
    number = Decimal(digits)
    if len(digits) > _MAX_DIGITS or abs(number.adjusted()) > _MAX_DIGITS:
        raise EventRefused(f"the number {digits[:20]}… has more than {_MAX_DIGITS} digits", code="not_a_number")
    return number


def quotient(a: Decimal, b: Decimal) -> Decimal:
    """`a / b`, exact where it ends, else cut to 28 digits. Raises `EventRefused` (`divided_by_zero`)."""
    if not b:
        raise EventRefused(f"{a:f} is divided by zero", code=DIVIDED_BY_ZERO)
    try:
        return EXACT.divide(a, b)
    except Inexact:
        return _QUOTIENT.divide(a, b)


def as_id(text: str) -> str:
    """The text of an id: without spaces around it, and a whole number without its `.0`."""
    text = text.strip()
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text


def as_property(value: str | bool | Decimal) -> Any:  # noqa: ANN401 - a JSON value
    """A value as an event carries it; None for an empty text: the event then lacks the property.

    Raises:
        EventRefused: `bad_number`, a result has more digits than an event may carry.
    """
    if not isinstance(value, Decimal):
        return value if value != "" else None
    number = EXACT.add(value, 0)  # no minus zero
    digits = f"{number:f}"
    if len(digits) > _MAX_DIGITS:
        raise EventRefused(f"the result {number:.5E} has more than {_MAX_DIGITS} digits", code="bad_number")
    return number if "." in digits else int(digits)


def as_moment(text: str, zone: ZoneInfo | None) -> int:
    """Unix ms of a time: with a zone, in `zone` without one, or milliseconds since 1970.

    A local time that comes twice is the first, one that never comes is the first moment after the gap. Raises
    `EventRefused` (`no_time`, `bad_time`).
    """
    written = text.strip()
    if not written:
        raise EventRefused("the line has no time", code="no_time")
    try:
        moment = _moment(written, zone)
    except (ValueError, OverflowError) as error:
        raise EventRefused(str(error), code="bad_time") from None
    if not EARLIEST <= moment < LATEST:
        raise EventRefused(f"{written!r} lies outside the years 2000 to 2099", code="bad_time")
    return moment


def _moment(text: str, zone: ZoneInfo | None) -> int:
    if _MILLISECONDS.fullmatch(text):
        return parse_time(int(text))
    if not _LOCAL.fullmatch(text):
        return _zoned(text)
    if zone is None:
        hint = "write `zone: Europe/London` in the mapping, or the offset behind the time"
        raise ValueError(f"{text!r} has no zone; {hint}")
    try:
        local = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no time: {error}") from None
    return local_moment(zone, local.replace(microsecond=local.microsecond // 1_000 * 1_000))


def _zoned(text: str) -> int:
    try:
        return parse_time(text)
    except ValueError:
        message = f"{text[:40]!r} is no time; write 2010-12-01 08:26:00, or 2010-12-01T08:26:00Z"
        raise ValueError(message) from None
