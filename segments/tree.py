"""The tree of an expression: its nodes with their places, a walk over them, and the way back to text."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

__all__ = [
    "Binary",
    "Call",
    "Conditional",
    "Expr",
    "Has",
    "ListLiteral",
    "Literal",
    "Method",
    "Name",
    "Node",
    "Quantifier",
    "Select",
    "Unary",
    "children",
    "replaced",
    "unparse",
    "walk",
]


@dataclass(frozen=True, slots=True)
class Node:
    """`start`, `end`: code-point offsets in the text; brackets around a node belong to it."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A text, number, true, false or null; a number with a point or a power of ten is a Decimal, as written."""

    value: bool | int | Decimal | str | None


@dataclass(frozen=True, slots=True)
class ListLiteral(Node):
    """`[a, b]`."""

    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A bare name."""

    name: str


@dataclass(frozen=True, slots=True)
class Select(Node):
    """`operand.field`."""

    operand: Expr
    field: str


@dataclass(frozen=True, slots=True)
class Has(Node):
    """`has(operand.field)`."""

    operand: Select


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`function(args)`."""

    function: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Method(Node):
    """`operand.name(args)`."""

    operand: Expr
    name: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Quantifier(Node):
    """`operand.exists(variable, body)` or `operand.all(variable, body)`."""

    kind: str
    operand: Expr
    variable: str
    body: Expr


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """`!operand`, `-operand`; the minus of a number is part of its literal."""

    op: str
    operand: Expr


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """`left op right`. A chain of `&&` or of `||` is a balanced tree, whose leaves stand in the order of the text."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Conditional(Node):
    """`test ? then : otherwise`."""

    test: Expr
    then: Expr
    otherwise: Expr


Expr = Literal | ListLiteral | Name | Select | Has | Call | Method | Quantifier | Unary | Binary | Conditional

_LEVELS = {
    op: level
    for level, ops in enumerate(("||", "&&", "== != < <= > >= in", "+ -", "* / %"), 1)
    for op in ops.split()
}  # fmt: skip
_COMPARE, _UNARY, _POSTFIX = 3, 6, 7
_TO_ESCAPE = re.compile(r'[\x00-\x1f\x7f"\\]')
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def children(expr: Expr) -> tuple[Expr, ...]:
    """The nodes directly below, in the order of the text."""
    match expr:
        case ListLiteral(items=parts) | Call(args=parts):
            return parts
        case Select(operand=operand) | Has(operand=operand) | Unary(operand=operand):
            return (operand,)
        case Method(operand=operand, args=parts):
            return (operand, *parts)
        case Quantifier(operand=operand, body=body):
            return (operand, body)
        case Binary(left=left, right=right):
            return (left, right)
        case Conditional(test=test, then=then, otherwise=otherwise):
            return (test, then, otherwise)
        case Literal() | Name():
            return ()


def walk(expr: Expr) -> Iterator[Expr]:
    """The node and all below it: parents first, else in the order of the text."""
    waiting = [expr]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(children(node)))


def mentions(expr: Expr, names: Collection[str]) -> bool:
    """Whether a property, a trait or a text of one of these names stands in it."""
    if not names:
        return False
    return any(
        (isinstance(node, Select) and node.field in names)
        or (isinstance(node, Literal) and isinstance(node.value, str) and node.value in names)
        for node in walk(expr)
    )


def replaced(expr: Expr, change: Callable[[Expr], Expr | None]) -> Expr:
    """The tree with other nodes in place of those that `change` has an answer to; it is asked from the top down."""
    new = change(expr)
    return _rebuilt(expr, lambda part: replaced(part, change)) if new is None else new


def _rebuilt(expr: Expr, new: Callable[[Expr], Expr]) -> Expr:
    """The node over other nodes below. What is asked by `has` stays as it is."""
    match expr:
        case ListLiteral(items=items):
            return replace(expr, items=tuple(map(new, items)))
        case Call(args=args):
            return replace(expr, args=tuple(map(new, args)))
        case Select(operand=operand) | Unary(operand=operand):
            return replace(expr, operand=new(operand))
        case Method(operand=operand, args=args):
            return replace(expr, operand=new(operand), args=tuple(map(new, args)))
        case Quantifier(operand=operand, body=body):
            return replace(expr, operand=new(operand), body=new(body))
        case Binary(left=left, right=right):
            return replace(expr, left=new(left), right=new(right))
        case Conditional(test=test, then=then, otherwise=otherwise):
            return replace(expr, test=new(test), then=new(then), otherwise=new(otherwise))
        case Literal() | Name() | Has():
            return expr


def unparse(expr: Expr) -> str:
    """The canonical text: it parses to the same tree, places aside, and equal trees have the same text."""
    return _write(expr, 0)


def _write(expr: Expr, least: int) -> str:
    """`least`: how tightly the place binds; what binds less gets brackets."""
    text, level = _text_and_level(expr)
    return text if level >= least else f"({text})"


def _text_and_level(expr: Expr) -> tuple[str, int]:
    match expr:
        case Literal(value=value):
            return _literal(value)
        case Unary(op=op, operand=operand):
            return op + _write(operand, _UNARY), _UNARY
        case Binary(op=op):
            return _binary(expr), _LEVELS[op]
        case Conditional(test=test, then=then, otherwise=otherwise):
            return f"{_write(test, 1)} ? {_write(then, 1)} : {_write(otherwise, 0)}", 0
        case ListLiteral() | Name() | Select() | Has() | Call() | Method() | Quantifier():
            return _postfix(expr), _POSTFIX


def _literal(value: bool | int | Decimal | str | None) -> tuple[str, int]:
    match value:
        case None:
            return "null", _POSTFIX
        case bool():
            return str(value).lower(), _POSTFIX
        case str():
            return f'"{_TO_ESCAPE.sub(_escaped, value)}"', _POSTFIX
        case int() | Decimal():
            return str(value), _UNARY


def _escaped(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[0], f"\\x{ord(match[0]):02x}")


def _binary(expr: Binary) -> str:
    level = _LEVELS[expr.op]
    if level < _COMPARE:
        return f" {expr.op} ".join(_write(part, level + 1) for part in _chain(expr.op, expr) or (expr.left, expr.right))
    left = level + 1 if level == _COMPARE else level
    return f"{_write(expr.left, left)} {expr.op} {_write(expr.right, level + 1)}"


def _chain(op: str, expr: Expr) -> tuple[Expr, ...] | None:
    """The leaves of a chain; None if the tree is not the balanced one that a chain without brackets gives."""
    if not isinstance(expr, Binary) or expr.op != op:
        return (expr,)
    left, right = _chain(op, expr.left), _chain(op, expr.right)
    if left is None or right is None or len(left) - len(right) not in {0, 1}:
        return None
    return left + right


def _postfix(expr: ListLiteral | Name | Select | Has | Call | Method | Quantifier) -> str:
    match expr:
        case ListLiteral(items=items):
            return f"[{', '.join(map(unparse, items))}]"
        case Name(name=name):
            return name
        case Select(operand=operand, field=field):
            return f"{_write(operand, _POSTFIX)}.{field}"
        case Has(operand=operand):
            return f"has({unparse(operand)})"
        case Call(function=function, args=args):
            return f"{function}({', '.join(map(unparse, args))})"
        case Method(operand=operand, name=name, args=args):
            return f"{_write(operand, _POSTFIX)}.{name}({', '.join(map(unparse, args))})"
        case Quantifier(kind=kind, operand=operand, variable=variable, body=body):
            return f"{_write(operand, _POSTFIX)}.{kind}({variable}, {unparse(body)})"
