"""Conditions that nobody can ever meet, and conditions that everybody meets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rules.lint.domains import Domain
from rules.lint.facts import facts_of, universe
from rules.lint.parts import held_conditions, mark_of, running, warning
from schemas.texts import say
from segments.model import Either, Every, Expression, Leaf, Negation, leaves
from segments.normalise import STAGE
from segments.syntax import Binary, Call, Literal, Unary, parse, unparse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.model import Rule
    from rules.read import Reading
    from schemas.findings import Finding
    from segments.model import Condition
    from segments.syntax import Expr

__all__ = ["contradictions"]

_BUDGET = 2_000
"""Facts that are looked at in one condition; one with more alternatives is not judged."""
_DEPTH = 8


class _Part(NamedTuple):
    """A piece of a condition that must hold, or must not."""

    expression: Expression
    expr: Expr
    holds: bool
    within: _Part | None = None
    """The `in_segment(…)` whose condition this is a piece of."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a subject, and the part that said it last."""

    domain: Domain
    part: _Part


class _Clash(NamedTuple):
    part: _Part
    other: _Part | None


_State = Mapping[str, _Known]
_Goal = _Part | list[list["_Goal"]]  # a part, or alternatives, each a list of goals


class _TooLong(Exception):
    """More alternatives than are worth looking at."""


class _Judge:
    """Looks for a way in which all goals hold."""

    def __init__(self, segments: Mapping[str, Condition], stages: tuple[str, ...]) -> None:
        self.segments, self.stages, self.left = segments, stages, _BUDGET

    def clash(self, goals: list[_Goal]) -> _Clash | None:
        """Why the goals cannot hold together; None if they can, or if that cannot be said."""
        self.left = _BUDGET
        try:
            return self._search(goals, {})
        except _TooLong:
            return None

    def goals(self, condition: Condition, *, holds: bool, depth: int = 0) -> list[_Goal]:
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

    def _of(self, expression: Expression, expr: Expr, *, holds: bool, depth: int) -> list[_Goal]:
        match expr:
            case Unary(op="!", operand=operand):
                return self._of(expression, operand, holds=not holds, depth=depth)
            case Binary(op="&&" | "||" as op, left=left, right=right):
                each = [self._of(expression, side, holds=holds, depth=depth) for side in (left, right)]
                return [*each[0], *each[1]] if (op == "&&") is holds else [each]
            case Call(function="in_segment", args=(Literal(value=str(name)),)) if holds and depth < _DEPTH:
                inside = self.segments.get(name)
                asked = _Part(expression, expr, holds)
                more = [] if inside is None else self.goals(inside, holds=True, depth=depth + 1)
                return [asked, *_within(more, asked)]
        return [_Part(expression, expr, holds)]

    def _search(self, goals: list[_Goal], state: _State) -> _Clash | None:
        known = dict(state)
        for goal in goals:
            if isinstance(goal, _Part):
                clash = self._learn(goal, known)
                if clash is not None:
                    return clash
        clash = None
        choices = [goal for goal in goals if not isinstance(goal, _Part)]
        if not choices:
            return None
        first, *others = choices
        for alternative in first:
            clash = self._search([*alternative, *others], known)
            if clash is None:
                return None
        return clash

    def _learn(self, part: _Part, known: dict[str, _Known]) -> _Clash | None:
        for subject, op, values in facts_of(part.expr, holds=part.holds):
            self.left -= 1
            if self.left < 0:
                raise _TooLong
            before = known.get(subject)
            domain = universe(subject, self.stages) if before is None else before.domain
            narrowed = domain.with_(op, values)
            if narrowed.empty:
                return _Clash(part, None if before is None else before.part)
            known[subject] = _Known(narrowed, part)
        return None


def _within(goals: list[_Goal], asked: _Part) -> list[_Goal]:
    return [
        goal._replace(within=asked) if isinstance(goal, _Part) else [_within(each, asked) for each in goal]
        for goal in goals
    ]


def contradictions(reading: Reading) -> Iterator[Finding]:
    """Conditions of rules, segments and stages that are never true, or true whenever they are known."""
    playbook = reading.playbook
    segments = {segment.id: segment.when for segment in playbook.segments.values()}
    judge = _Judge(segments, tuple(stage.id for stage in playbook.stages))
    for held in held_conditions(playbook):
        yield from _judged(judge, [held.condition], [])
    for rule in running(reading):
        yield from _of_rule(judge, rule)


def _of_rule(judge: _Judge, rule: Rule) -> Iterator[Finding]:
    wanted = [each for each in (rule.trigger.audience, rule.when) if each is not None]
    found = list(_judged(judge, wanted, []))
    if not found and rule.unless is not None:
        found = list(_judged(judge, [], [rule.unless]))
    yield from found or _judged(judge, [*wanted, *_started(rule)], [] if rule.unless is None else [rule.unless])


def _started(rule: Rule) -> list[Condition]:
    """What its trigger says of the person."""
    trigger = rule.trigger
    if trigger.kind not in {"enters", "leaves"} or not trigger.names:
        return []
    texts = [
        f'profile.stage == "{name.removeprefix(STAGE)}"' if name.startswith(STAGE) else f'in_segment("{name}")'
        for name in trigger.names
    ]
    said = Either(tuple(Leaf(Expression(text, parse(text))) for text in texts))
    return [said] if trigger.kind == "enters" else [Negation(said)]


def _judged(judge: _Judge, wanted: list[Condition], unwanted: list[Condition]) -> Iterator[Finding]:
    goals = [goal for each in wanted for goal in judge.goals(each, holds=True)]
    goals += [goal for each in unwanted for goal in judge.goals(each, holds=False)]
    clash = judge.clash(goals)
    if clash is not None:
        yield from _never(clash, [*wanted, *unwanted])
    elif len(wanted) == 1 and not unwanted:
        yield from _always(judge, wanted[0])


def _never(clash: _Clash, conditions: list[Condition]) -> Iterator[Finding]:
    own = [part.within or part for part in clash if part is not None and not _nowhere(part.within or part)]
    if not own or _constant(conditions):
        return
    place = mark_of(own[0].expression, own[0].expr)
    length = own[0].expr.end - own[0].expr.start
    if clash.other is None or _shown(clash.part) == _shown(clash.other):
        message = say("this is never true: {one}", one=_shown(clash.part))
    else:
        message = say("these never hold together: {one}, {other}", one=_shown(clash.other), other=_shown(clash.part))
    yield warning(place, "never_true", message, "nobody will ever meet this; correct one of them", length)


def _always(judge: _Judge, condition: Condition) -> Iterator[Finding]:
    if _constant([condition]) or judge.clash(judge.goals(condition, holds=False)) is None:
        return
    leaf = next(iter(leaves(condition)))
    message = say("this is true whatever the values are: {one}", one=leaf.text)
    yield warning(mark_of(leaf, leaf.expr), "always_true", message, "leave it out, or correct it", len(leaf.text))


def _constant(conditions: list[Condition]) -> bool:
    """`when: true` and `when: false` are written on purpose."""
    return all(isinstance(each.expr, Literal) for condition in conditions for each in leaves(condition))


def _nowhere(part: _Part) -> bool:
    return part.expression.locate(0)[0] == "<expression>"


def _shown(part: _Part) -> str:
    text = unparse(part.expr)
    return text if part.holds else f"!({text})"
