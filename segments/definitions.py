"""What a playbook gives a name to, for its expressions: lists of values, conditions and values, and inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from segments.model import Condition, Expression, leaves
from segments.syntax import Name, Select, children, walk
from segments.terms import Constant, ListOf

if TYPE_CHECKING:
    from segments.syntax import Expr

__all__ = ["Definitions", "named_lets", "size_and_height"]


@dataclass(frozen=True, slots=True)
class Definitions:
    """`lists.x`, `let.x` and `inputs.x` by their names.

    `missing`: (`inputs`, name) and the like of those that are there and cannot be used, which has been said already.
    """

    lists: Mapping[str, ListOf] = field(default_factory=dict)
    lets: Mapping[str, Condition] = field(default_factory=dict)
    inputs: Mapping[str, Constant | ListOf] = field(default_factory=dict)
    missing: frozenset[tuple[str, str]] = frozenset()


def named_lets(condition: Condition) -> Iterator[tuple[Expression, Select]]:
    """Every `let.x` of a condition, with the expression in which it stands."""
    for expression in leaves(condition):
        for node in walk(expression.expr):
            match node:
                case Select(operand=Name(name="let")):
                    yield expression, node


def size_and_height(condition: Condition, measured: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    """(parts, how many of them rest on each other), what is named taken in; `measured`: of the lets it names."""
    size = height = 1
    for expression in leaves(condition):
        more, high = _of(expression.expr, measured)
        size, height = size + more, max(height, high)
    return size, height


def _of(expr: Expr, measured: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    size, height = 0, 0
    waiting: list[tuple[Expr, int]] = [(expr, 1)]
    while waiting:
        node, level = waiting.pop()
        more, high = (0, 0)
        match node:
            case Select(operand=Name(name="let"), field=name):
                more, high = measured.get(name, (0, 0))
        size, height = size + 1 + more, max(height, level + high)
        waiting.extend((child, level + 1) for child in children(node))
    return size, height
