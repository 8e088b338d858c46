"""Single comparisons of a condition: what they are about, how, and with which values."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from rules.lint.domains import Domain, Value, number
from schemas.times import parse_duration
from segments.syntax import Binary, Call, Has, ListLiteral, Literal, Name, Select, Unary, unparse

if TYPE_CHECKING:
    from segments.syntax import Expr

__all__ = ["Fact", "facts_of", "may_be_unknown", "universe"]

_FLIP = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "==", "in": "not in"}
_FROM_ZERO = frozenset({"count", "distinct", "streak"})
_ALWAYS_KNOWN = frozenset(
    {"absent", "sequence", "sum", "distinct", "streak", "has_tag", "duration", "local_hour", "local_date"}
)
_OF_ALL = 2
"""`count("x", "7d")` counts all; with a third argument only those like the event at hand, which may lack it."""
_ZERO, _ONE, _LAST_HOUR = Fraction(0), Fraction(1), Fraction(23)


class Fact(NamedTuple):
    """`subject op values` must hold; the subject is the text of an expression."""

    subject: str
    op: str
    values: tuple[Value, ...]


def universe(subject: str, stages: tuple[str, ...]) -> Domain:
    """The values that a subject has at all."""
    if subject == "profile.stage" and stages:
        return Domain(among=frozenset(stages))
    if subject == "local_hour()":
        return Domain((_ZERO, True), (_LAST_HOUR, True))
    if subject.partition("(")[0] in _FROM_ZERO:
        return Domain((_ZERO, True))
    return Domain()


def facts_of(expr: Expr, *, holds: bool | None) -> list[Fact]:
    """What is known where an expression without `&&`, `||` and `!` is true, or false, or (None) unknown."""
    if holds is None:
        return _unknown(expr)
    match expr:
        case Has(operand=operand):
            return [Fact(f"has({unparse(operand)})", "==", (holds,))]
        case Call(function="absent", args=args):
            counted = unparse(Call(0, 0, "count", args))
            return [Fact(counted, "==", (_ZERO,)) if holds else Fact(counted, ">=", (_ONE,))]
        case Literal(value=bool(value)):
            return [Fact("true", "==", (value is holds,)), Fact("true", "==", (True,))]
        case Binary(op="in", left=left, right=ListLiteral(items=items)):
            values = [_literal(item) for item in items]
            known = tuple(value for value in values if value is not None)
            return _with_presence(left, Fact(unparse(left), "in" if holds else "not in", known))
        case Binary(op=op, left=left, right=right) if op in _FLIP:
            return _comparison(op if holds else _OPPOSITE[op], left, right)
    return _with_presence(expr, Fact(unparse(expr), "==", (holds,)))


def _unknown(expr: Expr) -> list[Fact]:
    """Something in it is unknown; of a comparison with one such side it is that."""
    sides = (expr.left, expr.right) if isinstance(expr, Binary) else (expr,)
    doubtful = [side for side in sides if may_be_unknown(side)]
    if not doubtful:
        return [Fact("true", "==", (False,)), Fact("true", "==", (True,))]
    if len(doubtful) == 1 and isinstance(doubtful[0], Select):
        return [Fact(f"has({unparse(doubtful[0])})", "==", (False,))]
    return []


def may_be_unknown(expr: Expr) -> bool:
    """Whether a value may be unknown, as far as its text says."""
    match expr:
        case Literal() | Has() | Name(name="now"):
            return False
        case Select(operand=Name(name="profile" | "inputs" as root), field=field):
            return root == "profile" and field != "stage"
        case Call(function="count", args=args):
            return len(args) > _OF_ALL
        case Call(function=function):
            return function not in _ALWAYS_KNOWN
        case Binary(op="+" | "-" | "*", left=left, right=right):
            return may_be_unknown(left) or may_be_unknown(right)
        case ListLiteral(items=items):
            return any(map(may_be_unknown, items))
        case Unary(operand=operand):
            return may_be_unknown(operand)
    return True


def _comparison(op: str, left: Expr, right: Expr) -> list[Fact]:
    if _value(right) is None and _value(left) is not None:
        left, right, op = right, left, _FLIP[op]
    found = _value(right)
    if found is None:
        return [*_presence(left), *_presence(right)]
    unit, value = found
    return _with_presence(left, Fact(unparse(left) + unit, op, (value,)))


def _with_presence(left: Expr, fact: Fact) -> list[Fact]:
    return [*_presence(left), fact]


def _presence(side: Expr) -> list[Fact]:
    """A comparison can only be true or false of something that is known."""
    return [Fact(f"has({unparse(side)})", "==", (True,))] if isinstance(side, Select) else []


def _literal(expr: Expr) -> Value | None:
    match expr:
        case Literal(value=str() | bool() as value):
            return value
        case Literal(value=value):
            return number(value)
        case Call(function="duration", args=(Literal(value=str(text)),)):
            return number(_milliseconds(text))
    return None


def _value(expr: Expr) -> tuple[str, Value] | None:
    """A literal, or a moment that lies a fixed length of time from now; the first part sets the two apart."""
    literal = _literal(expr)
    if literal is not None:
        return "", literal
    match expr:
        case Name(name="now"):
            return " - now", _ZERO
        case Binary(op="+" | "-" as op, left=Name(name="now"), right=Call(function="duration") as call):
            length = _literal(call)
            if isinstance(length, bool | str) or length is None:
                return None
            return " - now", -length if op == "-" else length
    return None


def _milliseconds(text: str) -> int | None:
    try:
        return parse_duration(text)
    except ValueError:
        return None
