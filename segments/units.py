"""Units of typed terms.

Literals take the unit of what they stand beside, and arithmetic knows money, times and durations.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NoReturn, Protocol

from schemas.meant import meant_duration
from schemas.money import digits_of
from schemas.texts import say
from schemas.times import date_of, parse_duration, parse_time
from segments.terms import Constant, Operation, Term, TermType, factor

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from segments.syntax import Expr

__all__ = ["agree", "arithmetic", "as_number", "literal_as"]


class _Typer(Protocol):
    @property
    def scope(self) -> _Scope: ...

    def _fault(self, code: str, message: str, expr: Expr, hint: str = "") -> NoReturn: ...


class _Scope(Protocol):
    @property
    def currency(self) -> str: ...


def as_number(value: Decimal | Fraction | int) -> int | Fraction:
    """An exact number: int where it is whole, else Fraction."""
    if isinstance(value, int):
        return value
    fraction = Fraction(value)
    return fraction.numerator if fraction.denominator == 1 else fraction


def literal_as(typer: _Typer, term: Term, kind: TermType, expr: Expr) -> Term:
    """A literal in the unit of `kind` (5000 beside money becomes minor units); anything else as it is."""
    if not isinstance(term, Constant) or term.type == kind:
        return term
    if kind == "money" and term.type == "number":
        return Constant("money", as_number(Fraction(term.value or 0) * 10 ** digits_of(typer.scope.currency)))
    if term.type == "text" and kind in {"time", "date", "duration"}:
        try:
            return Constant(kind, _TEXTS[kind](str(term.value)))
        except ValueError as error:
            typer._fault(f"bad_{kind}", str(error), expr, _hint(kind, str(term.value)))  # noqa: SLF001 - one typer, two files
    return term


def _hint(kind: TermType, text: str) -> str:
    """What to write for a text that is no moment, date or length of time."""
    if kind == "duration":
        return meant_duration(text)
    try:
        parse_duration(text)
    except ValueError:
        return ""
    return say('a length of time before now is now - duration("{text}")', text=text) if kind == "time" else ""


def _date_text(text: str) -> str:
    return date_of(text).isoformat()


_TEXTS: dict[str, Callable[[str], int | str]] = {"time": parse_time, "date": _date_text, "duration": parse_duration}


def agree(typer: _Typer, left: Term, right: Term, expr: Expr) -> tuple[Term, Term]:
    """Both sides in one type and unit. Raises `TypeFault` if they cannot be."""
    left, right = literal_as(typer, left, right.type, expr), literal_as(typer, right, left.type, expr)
    if left.type != right.type and "null" not in {left.type, right.type}:
        hint = ""
        if {left.type, right.type} == {"duration", "number"}:
            hint = 'write the unit: duration("30d")'
        elif {left.type, right.type} == {"text", "number"}:
            hint = "text stands in quotes, numbers do not"
        elif {left.type, right.type} == {"date", "time"}:
            hint = "a day is compared with local_date(); a birthday is today where days_until(profile.birthday) == 0"
        typer._fault(  # noqa: SLF001 - one typer, two files
            "wrong_type",
            say("a {type} cannot stand beside a {right_type}", type=left.type, right_type=right.type),
            expr,
            hint,
        )
    return left, right


_SUMS: dict[tuple[str, str, str], TermType] = {
    ("+", "number", "number"): "number",
    ("-", "number", "number"): "number",
    ("+", "money", "money"): "money",
    ("-", "money", "money"): "money",
    ("+", "text", "text"): "text",
    ("+", "time", "duration"): "time",
    ("+", "duration", "time"): "time",
    ("-", "time", "duration"): "time",
    ("-", "time", "time"): "duration",
    ("+", "duration", "duration"): "duration",
    ("-", "duration", "duration"): "duration",
    ("*", "number", "number"): "number",
    ("*", "money", "number"): "money",
    ("*", "number", "money"): "money",
    ("/", "number", "number"): "number",
    ("/", "money", "number"): "money",
    ("/", "money", "money"): "number",
    ("/", "duration", "duration"): "number",
    ("%", "number", "number"): "number",
}


def arithmetic(typer: _Typer, op: str, left: Term, right: Term, expr: Expr) -> Term:
    """The typed term of `left op right`. Raises `TypeFault` where the units do not fit."""
    if op in "+-":
        left, right = literal_as(typer, left, right.type, expr), literal_as(typer, right, left.type, expr)
    kind = _SUMS.get((op, left.type, right.type))
    if kind is None:
        hint = 'a length of time is written duration("30d")' if "time" in {left.type, right.type} else ""
        typer._fault(  # noqa: SLF001
            "wrong_type",
            say("{type} {op} {right_type} has no meaning", type=left.type, op=op, right_type=right.type),
            expr,
            hint,
        )
    if op == "/" and (factor(left) or factor(right)):
        hint = 'compare lengths of time themselves: now - last("order.paid") >= duration("3d")'
        typer._fault("moving_number", "a number made of `now` changes every millisecond", expr, hint)  # noqa: SLF001
    return Operation(kind, op, (left, right))
