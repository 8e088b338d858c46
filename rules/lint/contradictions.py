"""Conditions that nobody can ever meet, and conditions that everybody meets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.lint.judge import Clash, Judge, is_written, judge_of, shown
from rules.lint.parts import held_conditions, mark_of, running, warning
from schemas.texts import say
from segments.model import Either, Expression, Leaf, Negation, leaves
from segments.normalise import STAGE
from segments.syntax import Call, Name, parse, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.model import Rule
    from rules.read import Reading
    from schemas.findings import Finding
    from segments.model import Condition

__all__ = ["contradictions", "started"]


def contradictions(reading: Reading) -> Iterator[Finding]:
    """Conditions of lets, rules, segments and stages that are never true, or true whenever they are known."""
    playbook = reading.playbook
    judge = judge_of(playbook)
    yield from _of_lets(judge)
    for held in held_conditions(playbook):
        yield from _judged(judge, [held.condition], [])
    for rule in running(reading):
        yield from _of_rule(judge, rule)


def _of_lets(judge: Judge) -> Iterator[Finding]:
    """Each let alone, what it rests on first; one that is found here is not looked into where it is used."""
    for name, held in judge.names.lets.items():
        found = list(_judged(judge, [held], []))
        if found:
            judge.closed.add(name)
        yield from found


def _of_rule(judge: Judge, rule: Rule) -> Iterator[Finding]:
    wanted = [each for each in (rule.trigger.audience, rule.when) if each is not None]
    found = list(_judged(judge, wanted, []))
    if not found and rule.unless is not None:
        found = list(_judged(judge, [], [rule.unless]))
    yield from found or _judged(judge, [*wanted, *started(rule)], [] if rule.unless is None else [rule.unless])


def started(rule: Rule) -> list[Condition]:
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


def _judged(judge: Judge, wanted: list[Condition], unwanted: list[Condition]) -> Iterator[Finding]:
    goals = [goal for each in wanted for goal in judge.goals(each, holds=True)]
    goals += [goal for each in unwanted for goal in judge.goals(each, holds=False)]
    clash = judge.clash(goals)
    if clash is not None:
        yield from _never(judge, clash, [*wanted, *unwanted])
    elif len(wanted) == 1 and not unwanted:
        yield from _always(judge, wanted[0])


def _never(judge: Judge, clash: Clash, conditions: list[Condition]) -> Iterator[Finding]:
    own = [part.within or part for part in clash if part is not None and is_written(part.within or part)]
    if not own or _constant(judge, conditions):
        return
    place = mark_of(own[0].expression, own[0].expr)
    length = own[0].expr.end - own[0].expr.start
    if clash.other is None or shown(clash.part) == shown(clash.other):
        message = say("this is never true: {one}", one=shown(clash.part))
    else:
        message = say("these never hold together: {one}, {other}", one=shown(clash.other), other=shown(clash.part))
    yield warning(place, "never_true", message, "nobody will ever meet this; correct one of them", length)


def _always(judge: Judge, condition: Condition) -> Iterator[Finding]:
    if _constant(judge, [condition]) or judge.clash(judge.goals(condition, holds=False)) is None:
        return
    leaf = next(iter(leaves(condition)))
    message = say("this is true whatever the values are: {one}", one=leaf.text)
    yield warning(mark_of(leaf, leaf.expr), "always_true", message, "leave it out, or correct it", len(leaf.text))


def _constant(judge: Judge, conditions: list[Condition]) -> bool:
    """`when: true` and `when: false` are written on purpose, also under a name."""
    written = (leaf.expr for condition in conditions for leaf in leaves(judge.names.condition(condition)))
    return not any(isinstance(node, Name | Call) for expr in written for node in walk(expr))
