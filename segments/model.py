"""Conditions, segments and stages as an operator wrote them: parsed, with their places in the files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from segments.syntax import Expr

__all__ = ["Condition", "Either", "Every", "Expression", "Leaf", "Negation", "Segment", "Stage", "leaves"]

Locate = Callable[[int], tuple[str, int, int]]
"""Offset in an expression's text → (file, line, column), both from 1."""


def _nowhere(offset: int) -> tuple[str, int, int]:
    return "<expression>", 1, offset + 1


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression and where its text lies."""

    text: str
    expr: Expr
    locate: Locate = field(default=_nowhere, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One expression."""

    expression: Expression


@dataclass(frozen=True, slots=True)
class Every:
    """All hold."""

    items: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one holds."""

    items: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """It does not hold; of an unknown one nothing is known."""

    item: Condition


Condition = Leaf | Every | Either | Negation


def leaves(condition: Condition) -> Iterator[Expression]:
    """Every expression of a condition, in the order of the file."""
    match condition:
        case Leaf(expression):
            yield expression
        case Negation(item):
            yield from leaves(item)
        case Every(items) | Either(items):
            for each in items:
                yield from leaves(each)


@dataclass(frozen=True, slots=True)
class Segment:
    """A named condition on a person."""

    id: str
    when: Condition
    title: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """A lifecycle stage. `when` None: `otherwise: true`. The first stage that holds is the person's."""

    id: str
    when: Condition | None
    title: str = ""
