"""What names in conditions stand for: lets looked into, values, lists and inputs put where their names stand."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from schemas.money import to_major
from schemas.times import format_duration
from segments.definitions import named_lets, size_and_height
from segments.model import Either, Every, Expression, Leaf, Negation, leaves
from segments.syntax import Call, ListLiteral, Literal, Name, Select, replaced
from segments.terms import Constant, ListOf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.model import Playbook
    from segments.definitions import Definitions
    from segments.model import Condition
    from segments.syntax import Expr

__all__ = ["Names", "looked_into", "names_of"]

_MAX_PARTS = 2_000
"""A let that is longer with all that it names is not looked into (and an error of its own)."""


def looked_into(condition: Condition, definitions: Definitions) -> Iterator[Expression]:
    """Every expression of a condition and of the lets that it names, those of lets at their own places, each once."""
    seen = set[str]()
    waiting = [condition]
    for each in waiting:
        yield from leaves(each)
        for _, node in named_lets(each):
            if node.field in definitions.lets and node.field not in seen:
                seen.add(node.field)
                waiting.append(definitions.lets[node.field])


class Names:
    """The names of a playbook, but for lets that rest on themselves. `lets`: what one rests on comes before it."""

    def __init__(self, definitions: Definitions, currency: str) -> None:
        self.definitions, self.currency = definitions, currency
        self.lets = dict(_in_order(definitions))

    def condition(self, condition: Condition) -> Condition:
        """The condition as if nothing had a name."""
        match condition:
            case Leaf(Expression(expr=Select(operand=Name(name="let"), field=name))) if name in self.lets:
                return self.condition(self.lets[name])
            case Leaf(expression):
                return Leaf(Expression(expression.text, self.spelt(expression.expr), expression.locate))
            case Negation(item):
                return Negation(self.condition(item))
            case Every(items) | Either(items):
                return type(condition)(tuple(map(self.condition, items)))
        raise AssertionError(condition)

    def spelt(self, expr: Expr) -> Expr:
        """The expression with values in place of their names."""
        return replaced(expr, self._value)

    def _value(self, expr: Expr) -> Expr | None:
        match expr:
            case Select(operand=Name(name="let"), field=name):
                held = self.lets.get(name)
                return self.spelt(held.expression.expr) if isinstance(held, Leaf) else None
            case Select(operand=Name(name="lists"), field=name) if name in self.definitions.lists:
                return self._written(self.definitions.lists[name])
            case Select(operand=Name(name="inputs"), field=name) if name in self.definitions.inputs:
                given = self.definitions.inputs[name]
                return None if given.type == "bool" else self._written(given)  # a switch is meant to be constant
        return None

    def _written(self, value: Constant | ListOf) -> Expr | None:
        """A value as one would write it out; None for moments and dates, which have many ways."""
        match value:
            case ListOf(items=items):
                written = [self._written(item) for item in items if isinstance(item, Constant)]
                return ListLiteral(0, 0, tuple(each for each in written if each is not None))
            case Constant("money", int(amount)):
                return Literal(0, 0, to_major(amount, self.currency))
            case Constant("duration", int(length)):
                return Call(0, 0, "duration", (Literal(0, 0, format_duration(length)),))
            case Constant("bool" | "text" | "number", bool() | str() | int() as plain):
                return Literal(0, 0, plain)
            case Constant("number", Fraction() as part):
                return Literal(0, 0, Decimal(part.numerator) / Decimal(part.denominator))
        return None


def names_of(playbook: Playbook) -> Names:
    """The names of a playbook."""
    return Names(playbook.definitions, playbook.workspace.currency)


def _in_order(definitions: Definitions) -> Iterator[tuple[str, Condition]]:
    lets = definitions.lets
    needs = {name: {node.field for _, node in named_lets(held)} & lets.keys() for name, held in lets.items()}
    sorter, measured = TopologicalSorter(needs), dict[str, tuple[int, int]]()
    with suppress(CycleError):  # what rests on itself is never ready
        sorter.prepare()
    while ready := sorter.get_ready():
        for name in sorted(ready):
            measured[name] = size_and_height(lets[name], measured)
            if measured[name][0] <= _MAX_PARTS:
                yield name, lets[name]
        sorter.done(*ready)
