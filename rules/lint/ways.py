"""Branches that no run takes, steps behind an end, splits that tell nothing apart, `else` where nothing is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.lint.contradictions import started
from rules.lint.judge import Goal, Judge, Part, is_written, judge_of, shown
from rules.lint.parts import mark_of, running, steps_of, warning
from rules.model import Action, Branch, Split, Step, Stop, WaitStep, branches, walk_steps
from schemas.texts import say
from segments.model import leaves
from segments.syntax import Call, Name, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.lint.judge import Clash
    from rules.model import Rule
    from rules.read import Reading
    from schemas.findings import Finding
    from segments.model import Condition

__all__ = ["ways"]

_LASTING = frozenset({"event", "meta", "inputs"})
"""What is the same for the whole of a run."""
_ALL, _NEAR = 100, 10


def ways(reading: Reading) -> Iterator[Finding]:
    """What can be said of the branches of rules."""
    judge = judge_of(reading.playbook)
    for rule in running(reading):
        yield from _behind_an_end(reading, rule)
        yield from _splits(reading, rule)
        yield from _Walk(judge).rule(rule)


# -- steps behind a stop


def _behind_an_end(reading: Reading, rule: Rule) -> Iterator[Finding]:
    """The first step of each list that no run comes to."""
    for prefix, steps in _lists(rule.then, ""):
        for index, step in enumerate(steps[:-1]):
            if _stops(step):
                message = say("no run of {id!r} comes here: the step above ends them all", id=rule.id)
                hint = "take away what stands behind the end, or put it before"
                yield warning(reading.places["rule", rule.id, f"{prefix}{index + 1}"], "never_reached", message, hint)
                break


def _lists(steps: tuple[Step, ...], prefix: str) -> Iterator[tuple[str, tuple[Step, ...]]]:
    """Every list of steps with what the paths of its steps begin with."""
    yield prefix, steps
    for index, step in enumerate(steps):
        for name, inner in branches(step):
            yield from _lists(inner, f"{prefix}{index}.{name}.")


# -- splits


def _splits(reading: Reading, rule: Rule) -> Iterator[Finding]:
    for path, step in steps_of(rule):
        if not isinstance(step, Split):
            continue
        place = reading.places["rule", rule.id, path]
        weights = [arm.weight for arm in step.arms.values()]
        if sum(weights) != _ALL and abs(sum(weights) - _ALL) < _NEAR and len(set(weights)) > 1:
            message = say("the weights of the split {name!r} add up to {sum}", name=step.salt, sum=sum(weights))
            hint = "shares are parts of the sum: let them add up to 100 if percentages are meant"
            yield warning(place, "odd_shares", message, hint)
        idle = [name for name, arm in step.arms.items() if arm.weight and not arm.then]
        if len(idle) > 1:
            message = say(
                "the split {name!r} does not tell the arms {one!r} and {other!r} apart: neither does anything",
                name=step.salt,
                one=idle[0],
                other=idle[1],
            )
            yield warning(place, "idle_arms", message, "give one of them steps, or make one arm of them")


# -- conditions


class _Walk:
    """Walks the steps of a rule with what is known of whoever comes there."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge

    def rule(self, rule: Rule) -> Iterator[Finding]:
        """What is found in one rule."""
        known = [goal for each in started(rule) for goal in self.judge.goals(each, holds=True)]
        for condition in (rule.trigger.audience, rule.when):
            known += [] if condition is None else self.judge.goals(condition, holds=True)
        known += [] if rule.unless is None else self.judge.goals(rule.unless, holds=False)
        if self.judge.clash(known) is None:  # else the rule never starts, which is said already
            if rule.wait is not None:
                known = self._waited(known, rule.wait.condition)
            yield from self._list(rule.then, known)

    def _list(self, steps: tuple[Step, ...], known: list[Goal]) -> Iterator[Finding]:
        for step in steps:
            match step:
                case Stop():
                    return
                case Branch():
                    yield from self._branch(step, known)
                    known = self._behind(step, known)
                case WaitStep(wait):
                    known = self._waited(known, wait.condition)
                    yield from self._inside(step, known)
                    known = known if not wait.events else _lasting(known)
                case Split():
                    yield from self._inside(step, known)
                    known = _lasting(known) if _waits(step) else known

    def _inside(self, step: Step, known: list[Goal]) -> Iterator[Finding]:
        for name, inner in branches(step):
            mine = [*filter(_is_no_reply, known)] if isinstance(step, WaitStep) and name == "then" else known
            yield from self._list(inner, mine)

    def _waited(self, known: list[Goal], condition: Condition | None) -> list[Goal]:
        """What is known behind a wait: what lasts, and what it asked for at its end."""
        return [*_lasting(known), *([] if condition is None else self.judge.goals(condition, holds=True))]

    def _branch(self, step: Branch, known: list[Goal]) -> Iterator[Finding]:
        """Each side that has steps: nobody comes there, or what is found inside."""
        sides = (
            ("then", step.then, self.judge.goals(step.condition, holds=True)),
            ("else", step.otherwise, self.judge.open(step.condition, holds=False)),
        )
        for way, steps, goals in sides:
            clash = self.judge.clash([*known, *goals]) if steps else None
            if clash is not None:
                yield _never(step.condition, way, clash)
            elif steps:
                yield from self._list(steps, [*known, *goals])
        acts = any(isinstance(inner, Action) for _, inner in walk_steps(step.otherwise))
        if acts and self.judge.clash([*known, *self.judge.unknown(step.condition)]) is None:
            yield from self._unsaid(step.condition)

    def _unsaid(self, condition: Condition) -> Iterator[Finding]:
        leaf = next(iter(leaves(condition)))
        message = say("where this is unknown, `else` runs: {one}", one=leaf.text)
        hint = "ask `has(…)` first, or write `waive: [unknown_goes_to_else]` in the rule where it is meant"
        yield warning(mark_of(leaf, leaf.expr), "unknown_goes_to_else", message, hint, len(leaf.text))

    def _behind(self, step: Branch, known: list[Goal]) -> list[Goal]:
        """What is known behind a branch: if one side ends the run, what led to the other."""
        more: list[Goal] = []
        if _ends(step.then) and not _ends(step.otherwise):
            more = self.judge.open(step.condition, holds=False)
        elif _ends(step.otherwise) and not _ends(step.then):
            more = self.judge.goals(step.condition, holds=True)
        if self.judge.clash([*known, *more]) is None:
            known = [*known, *more]
        return _lasting(known) if _waits(step) else known


def _never(condition: Condition, way: str, clash: Clash) -> Finding:
    leaf = next(iter(leaves(condition)))
    parts = [part for part in (clash.other, clash.part) if part is not None and is_written(part)]
    texts = list(dict.fromkeys(map(shown, parts)))
    if len(texts) > 1:
        message = say(
            "`{way}` is never reached, for these never hold together: {one}, {other}",
            way=way,
            one=texts[0],
            other=texts[1],
        )
    else:
        message = say("`{way}` is never reached: {one}", way=way, one=texts[0] if texts else leaf.text)
    hint = "correct the condition, or take the branch away"
    return warning(mark_of(leaf, leaf.expr), "never_reached", message, hint, len(leaf.text))


def _ends(steps: tuple[Step, ...]) -> bool:
    """Whether every run that comes to the list ends in it."""
    return any(_stops(step) for step in steps)


def _stops(step: Step) -> bool:
    inside = branches(step)
    return isinstance(step, Stop) or (bool(inside) and all(_ends(inner) for _, inner in inside))


def _waits(step: Step) -> bool:
    return any(isinstance(inner, WaitStep) for _, inner in walk_steps((step,)))


def _lasting(known: list[Goal]) -> list[Goal]:
    """What is still so after a wait."""
    out: list[Goal] = []
    for goal in known:
        if isinstance(goal, Part):
            out += [goal] if _roots(goal) <= _LASTING and goal.within is None else []
        elif all(_lasts(each) for each in goal):
            out.append(goal)
    return out


def _lasts(goals: list[Goal]) -> bool:
    return len(_lasting(goals)) == len(goals)


def _is_no_reply(goal: Goal) -> bool:
    if isinstance(goal, Part):
        return "reply" not in _roots(goal)
    return all(_is_no_reply(each) for goals in goal for each in goals)


def _roots(part: Part) -> set[str]:
    """The names that an expression begins with; what a call gives does not last."""
    out = set[str]()
    for node in walk(part.expr):
        if isinstance(node, Call):
            out.add(f"{node.function}()")
        elif isinstance(node, Name):
            out.add(node.name)
    return out
