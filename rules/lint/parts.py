"""What every family of lint needs: the conditions, expressions and steps of a playbook with their places and owners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.model import Emit, SetTraits, held_of, walk_steps
from schemas.findings import Finding, Mark
from segments.model import Condition, leaves

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.model import Playbook, Rule, Step
    from rules.read import Reading
    from segments.model import Expression
    from segments.syntax import Expr

__all__ = ["Held", "conditions_of", "expressions_of", "held_conditions", "mark_of", "running", "steps_of", "warning"]


@dataclass(frozen=True, slots=True)
class Held:
    """A condition and whose it is: `("rule", id)`, `("segment", id)` or `("stage", id)`."""

    owner: tuple[str, str]
    condition: Condition


def warning(mark: Mark, code: str, message: str, hint: str = "", length: int = 1) -> Finding:
    """A finding of the lint."""
    return Finding(mark.file, mark.line, mark.column, code, "warning", message, hint, length)


def mark_of(expression: Expression, node: Expr) -> Mark:
    """Where a part of an expression stands."""
    return Mark(*expression.locate(node.start))


def running(reading: Reading) -> list[Rule]:
    """The rules that could be read whole and are not retired, by id."""
    rules = sorted(reading.playbook.rules.items())
    return [rule for id_, rule in rules if id_ not in reading.broken and rule.status != "retired"]


def steps_of(rule: Rule) -> Iterator[tuple[str, Step]]:
    """Every step of a rule, those of its branches too, with its path, in the order of the file."""
    yield from walk_steps(rule.then)


def conditions_of(rule: Rule) -> Iterator[Condition]:
    """The conditions of a rule: its audience, `when`, `unless`, and those of its waits and branches."""
    own = None if rule.wait is None else rule.wait.condition
    for condition in (rule.trigger.audience, rule.when, rule.unless, own):
        if condition is not None:
            yield condition
    for _, step in steps_of(rule):
        held = held_of(step)
        if held is not None:
            yield held


def expressions_of(rule: Rule) -> Iterator[Expression]:
    """Every expression of a rule: its conditions, and the values of its steps."""
    for condition in conditions_of(rule):
        yield from leaves(condition)
    for _, step in steps_of(rule):
        if isinstance(step, SetTraits):
            yield from step.values.values()
        elif isinstance(step, Emit):
            yield from step.properties.values()
            if step.person is not None:
                yield step.person


def held_conditions(playbook: Playbook) -> Iterator[Held]:
    """The conditions of all segments and stages."""
    for segment in playbook.segments.values():
        yield Held(("segment", segment.id), segment.when)
    for stage in playbook.stages:
        if stage.when is not None:
            yield Held(("stage", stage.id), stage.when)
