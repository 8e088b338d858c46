"""Whether pieces of conditions can hold together, each true, false or unknown; segments are looked into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rules.lint.domains import Domain
from rules.lint.facts import facts_of, universe
from rules.lint.named import names_of
from segments.model import Either, Every, Expression, Leaf, Negation
from segments.syntax import Binary, Call, Literal, Name, Select, Unary, unparse

if TYPE_CHECKING:
    from rules.lint.named import Names
    from rules.model import Playbook
    from segments.model import Condition
    from segments.syntax import Expr

__all__ = ["Clash", "Goal", "Judge", "Part", "is_written", "judge_of", "shown"]

_BUDGET = 2_000
"""Facts that are looked at in one condition; one with more alternatives is not judged."""
_DEPTH = 8


class Part(NamedTuple):
    """A piece of a condition that must hold, or must not, or (None) must be unknown."""

    expression: Expression
    expr: Expr
    holds: bool | None
    within: Part | None = None
    """The `in_segment(…)` or `let.x` whose condition this is a piece of."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a subject, and the part that said it last."""

    domain: Domain
    part: Part


class Clash(NamedTuple):
    """A part that cannot be as it must, and the one that says otherwise, if there is one."""

    part: Part
    other: Part | None


_State = Mapping[str, _Known]
Goal = Part | list[list["Goal"]]  # a part, or alternatives, each a list of goals


class _TooLong(Exception):
    """More alternatives than are worth looking at."""


class Judge:
    """Looks for a way in which all goals hold."""

    def __init__(self, segments: Mapping[str, Condition], stages: tuple[str, ...], names: Names) -> None:
        self.segments, self.stages, self.names, self.left = segments, stages, names, _BUDGET
        self.closed = set[str]()
        """Lets that are not looked into, since what is wrong with them is said at their own text."""

    def clash(self, goals: list[Goal]) -> Clash | None:
        """Why the goals cannot hold together; None if they can, or if that cannot be said."""
        self.left = _BUDGET
        try:
            return self._search(goals, {})
        except _TooLong:
            return None

    def goals(self, condition: Condition, *, holds: bool, depth: int = 0) -> list[Goal]:
        """What must be so for a condition to hold, or not to hold."""
        match condition:
            case Leaf(expression):
                return self._of(expression, expression.expr, holds=holds, depth=depth)
            case Negation(item):
                return self.goals(item, holds=not holds, depth=depth)
            case Every(items) | Either(items):
                each = [self.goals(item, holds=holds, depth=depth) for item in items]
                together = isinstance(condition, Every) is holds
                return [goal for goals in each for goal in goals] if together else [each]
        raise AssertionError(condition)

    def _of(self, expression: Expression, expr: Expr, *, holds: bool, depth: int) -> list[Goal]:
        match expr:
            case Unary(op="!", operand=operand):
                return self._of(expression, operand, holds=not holds, depth=depth)
            case Binary(op="&&" | "||" as op, left=left, right=right):
                each = [self._of(expression, side, holds=holds, depth=depth) for side in (left, right)]
                return [*each[0], *each[1]] if (op == "&&") is holds else [each]
            case Call(function="in_segment", args=(Literal(value=str(name)),)) if holds and depth < _DEPTH:
                inside = self.segments.get(name)
                asked = Part(expression, expr, holds)
                more = [] if inside is None else self.goals(inside, holds=True, depth=depth + 1)
                return [asked, *_within(more, asked)]
            case Select(operand=Name(name="let"), field=name) if name in self.names.lets and depth < _DEPTH:
                more = [] if name in self.closed else self.goals(self.names.lets[name], holds=holds, depth=depth + 1)
                return _within(more, Part(expression, expr, holds))
        return [Part(expression, expr, holds)]

    def unknown(self, condition: Condition, depth: int = 0) -> list[Goal]:
        """What must be so for a condition to be unknown."""
        match condition:
            case Leaf(expression):
                return self._unknown(expression, expression.expr, depth)
            case Negation(item):
                return self.unknown(item, depth)
            case Every(items) | Either(items):
                undecided = [self.open(item, holds=isinstance(condition, Every), depth=depth) for item in items]
                return [_one_of([self.unknown(item, depth) for item in items], undecided)]
        raise AssertionError(condition)

    def open(self, condition: Condition, *, holds: bool, depth: int = 0) -> list[Goal]:
        """What must be so for a condition to be unknown, or to come to this."""
        return [[self.goals(condition, holds=holds, depth=depth), self.unknown(condition, depth)]]

    def _unknown(self, expression: Expression, expr: Expr, depth: int) -> list[Goal]:
        match expr:
            case Unary(op="!", operand=operand):
                return self._unknown(expression, operand, depth)
            case Binary(op="&&" | "||" as op, left=left, right=right):
                each = [self._unknown(expression, side, depth) for side in (left, right)]
                known = [self._of(expression, side, holds=op == "&&", depth=depth) for side in (left, right)]
                return [_one_of(each, [[[one, other]] for one, other in zip(known, each, strict=True)])]
            case Call(function="in_segment", args=(Literal(value=str(name)),)) if depth < _DEPTH:
                inside = self.segments.get(name)
                if inside is not None:
                    return [*_within(self.unknown(inside, depth + 1), Part(expression, expr, None))]
            case Select(operand=Name(name="let"), field=name) if name in self.names.lets and depth < _DEPTH:
                more = [] if name in self.closed else self.unknown(self.names.lets[name], depth + 1)
                return _within(more, Part(expression, expr, None))
        return [Part(expression, expr, None)]

    def _search(self, goals: list[Goal], state: _State) -> Clash | None:
        known = dict(state)
        for goal in goals:
            if isinstance(goal, Part):
                clash = self._learn(goal, known)
                if clash is not None:
                    return clash
        clash = None
        choices = [goal for goal in goals if not isinstance(goal, Part)]
        if not choices:
            return None
        first, *others = choices
        for alternative in first:
            clash = self._search([*alternative, *others], known)
            if clash is None:
                return None
        return clash

    def _learn(self, part: Part, known: dict[str, _Known]) -> Clash | None:
        for subject, op, values in facts_of(self.names.spelt(part.expr), holds=part.holds):
            self.left -= 1
            if self.left < 0:
                raise _TooLong
            before = known.get(subject)
            domain = universe(subject, self.stages) if before is None else before.domain
            narrowed = domain.with_(op, values)
            if narrowed.empty:
                return Clash(part, None if before is None else before.part)
            known[subject] = _Known(narrowed, part)
        return None


def _one_of(unknown: list[list[Goal]], undecided: list[list[Goal]]) -> list[list[Goal]]:
    """Alternatives: each of several things unknown, and the others such that they do not decide."""
    return [
        [*each, *(goal for other, goals in enumerate(undecided) if other != at for goal in goals)]
        for at, each in enumerate(unknown)
    ]


def _within(goals: list[Goal], asked: Part) -> list[Goal]:
    return [
        goal._replace(within=asked) if isinstance(goal, Part) else [_within(each, asked) for each in goal]
        for goal in goals
    ]


def judge_of(playbook: Playbook) -> Judge:
    """A judge who knows the segments, stages and names of a playbook."""
    segments = {segment.id: segment.when for segment in playbook.segments.values()}
    return Judge(segments, tuple(stage.id for stage in playbook.stages), names_of(playbook))


def shown(part: Part) -> str:
    """A part as a message shows it."""
    text = unparse(part.expr)
    return text if part.holds else f"!({text})" if part.holds is False else f"{text} = ?"


def is_written(part: Part) -> bool:
    """Whether a part stands in a file; what a trigger says does not."""
    return part.expression.locate(0)[0] != "<expression>"
