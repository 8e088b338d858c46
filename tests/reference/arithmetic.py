"""Operators of the expression language on typed values. Unknown operands are dealt with by whoever calls."""

from __future__ import annotations

import operator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from schemas.money import digits_of
from schemas.times import parse_duration, parse_time
from tests.reference.values import Money, Span, Time, Value

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["calculate", "compare", "equal"]

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compare(op: str, left: Value, right: Value, currency: str) -> bool:
    """`left op right` of two known values of one kind."""
    left, right = _beside(left, right, currency), _beside(right, left, currency)
    if type(left) is not type(right):
        raise TypeError(f"{left!r} {op} {right!r}")
    return _COMPARISONS[op](left, right)


def equal(left: Value, right: Value, currency: str) -> bool:
    """Whether two known values are the same."""
    return compare("==", left, right, currency)


def _beside(value: Value, other: Value, currency: str) -> Value:
    """`value` in the unit of `other`: 50 beside money is an amount in major units, a text beside a time is a time."""
    if isinstance(value, Fraction) and isinstance(other, Money):
        return Money(value * 10 ** digits_of(currency))
    if isinstance(value, str) and isinstance(other, Time):
        return Time(parse_time(value))
    if isinstance(value, str) and isinstance(other, Span):
        return Span(Fraction(parse_duration(value)))
    return value


def calculate(op: str, left: Value, right: Value, currency: str) -> Value:
    """`left op right` of two known values; unknown (None) for a division by nothing."""
    if op in {"+", "-"}:
        left, right = _beside(left, right, currency), _beside(right, left, currency)
    try:
        return _calculate(op, left, right)
    except ZeroDivisionError:
        return None


def _calculate(op: str, left: Value, right: Value) -> Value:  # noqa: C901, PLR0911, PLR0912 - the table of meanings
    match op, left, right:
        case "+", Fraction() as a, Fraction() as b:
            return a + b
        case "-", Fraction() as a, Fraction() as b:
            return a - b
        case "*", Fraction() as a, Fraction() as b:
            return a * b
        case "/", Fraction() as a, Fraction() as b:
            return a / b
        case "%", Fraction() as a, Fraction() as b:
            return a - b * int(a / b)  # the sign is the dividend's, as in CEL
        case "+", Money(a), Money(b):
            return Money(a + b)
        case "-", Money(a), Money(b):
            return Money(a - b)
        case ("*", Money(a), Fraction() as b) | ("*", Fraction() as b, Money(a)):
            return Money(a * b)
        case "/", Money(a), Fraction() as b:
            return Money(a / b)
        case ("/", Money(a), Money(b)) | ("/", Span(a), Span(b)):
            return a / b
        case ("+", Time(at), Span(length)) | ("+", Span(length), Time(at)):
            return Time(at + int(length))
        case "-", Time(at), Span(length):
            return Time(at - int(length))
        case "-", Time(a), Time(b):
            return Span(Fraction(a - b))
        case "+", Span(a), Span(b):
            return Span(a + b)
        case "-", Span(a), Span(b):
            return Span(a - b)
        case "+", str() as a, str() as b:
            return a + b
        case _:
            raise TypeError(f"{left!r} {op} {right!r}")
