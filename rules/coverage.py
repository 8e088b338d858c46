"""What the tests of a playbook have tried: which rules started and decided, and each condition's three truths."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rules.case_ways import step_word
from rules.compile_rule import OWN
from rules.model import Split, Stop, branches
from schemas.profile import NOTHING
from segments.explain import Question, truth_of
from segments.normalise import STAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.explain import Explainer
    from rules.model import Step
    from rules.program import CompiledRule
    from rules.route import Station
    from schemas.profile import Occasion, Profile

__all__ = ["Coverage"]

_TRUTHS: tuple[tuple[str, bool | None], ...] = (("true", True), ("false", False), ("unknown", None))


@dataclass(slots=True)
class _Asked:
    """One condition that is not made of others."""

    question: Question
    truths: Counter[bool | None] = field(default_factory=Counter)

    def possible(self) -> tuple[tuple[str, bool | None], ...]:
        return _TRUTHS if self.question.nullable else _TRUTHS[:2]

    def goals(self) -> Iterator[bool]:
        for _, truth in self.possible():
            yield self.truths[truth] > 0

    def lines(self) -> Iterator[str]:
        missing = [name for name, truth in self.possible() if not self.truths[truth]]
        if missing:
            file, line, column = self.question.place
            yield f"never {' or '.join(missing)}: {self.question.text} ({file}:{line}:{column})"

    def as_json(self) -> dict[str, Any]:
        file, line, column = self.question.place
        seen = {name: self.truths[truth] for name, truth in self.possible()}
        return {"file": file, "line": line, "column": column, "condition": self.question.text} | seen


@dataclass(slots=True)
class _Fork:
    """A step that leads a run on: the ways that it may go, and its conditions. `step` "": the rule's own wait."""

    step: str
    word: str
    ways: dict[str, int]
    conditions: list[_Asked]

    def line(self, way: str) -> str:
        if way == "stop":
            return f"step {self.step} never stopped a run"
        kind, _, arm = way.partition(".")
        return f"step {self.step} ({self.word}) never went to {f'the arm {arm}' if arm else f'`{kind}`'}"


@dataclass(slots=True)
class _Tried:
    """One rule."""

    conditions: list[_Asked]
    steps: dict[str, int]
    forks: dict[int, _Fork]
    started: int = 0

    def goals(self) -> Iterator[bool]:
        yield self.started > 0
        yield from (number > 0 for number in self.steps.values())
        for fork in self.forks.values():
            yield from (number > 0 for number in fork.ways.values())
        for condition in self.all_conditions():
            yield from condition.goals()

    def all_conditions(self) -> Iterator[_Asked]:
        yield from self.conditions
        for fork in self.forks.values():
            yield from fork.conditions

    def lines(self) -> Iterator[str]:
        if not self.started:
            yield "never started"
        yield from (f"step {step} never decided" for step, number in self.steps.items() if not number)
        for fork in self.forks.values():
            yield from (fork.line(way) for way, number in fork.ways.items() if not number)
        for condition in self.all_conditions():
            yield from condition.lines()


class Coverage:
    """Counts of one program. A goal: a rule starts, a step decides, a run goes a way, a condition has a truth."""

    def __init__(self, explainer: Explainer) -> None:
        self._rules: dict[str, _Tried] = {}
        for name, rule in sorted(explainer.program.rules.items()):
            questions = (leaf for _, question in explainer.asked(name).questions() for leaf in question.leaves())
            steps = dict.fromkeys(acting_steps(rule), 0)
            self._rules[name] = _Tried([_Asked(leaf) for leaf in questions], steps, _forks(explainer, rule))
        playbook = explainer.playbook
        self._segments: dict[str, list[_Asked]] = {}
        for name in [*playbook.segments, *(STAGE + stage.id for stage in playbook.stages)]:
            question = explainer.segment(name)
            self._segments[name] = [] if question is None else [_Asked(leaf) for leaf in question.leaves()]

    # -- counting
    def asked_truths(self, rule: str, p: Profile, now: int, occasion: Occasion) -> list[bool | None]:
        """What the conditions of a rule come to, each for itself."""
        return _truths(self._rules[rule].conditions, p, now, occasion)

    def settled_truths(self, p: Profile, now: int) -> dict[str, list[bool | None]]:
        """What the conditions of stages and segments come to."""
        return {name: _truths(conditions, p, now, NOTHING) for name, conditions in self._segments.items()}

    def looked(self, rule: str, truths: list[bool | None], *, starts: bool) -> None:
        """A rule was asked."""
        tried = self._rules[rule]
        tried.started += starts
        _count(tried.conditions, truths)

    def settled(self, truths: dict[str, list[bool | None]]) -> None:
        """Stage and segments of a person were settled."""
        for name, each in truths.items():
            _count(self._segments[name], each)

    def way_truths(self, rule: str, place: int, p: Profile, now: int, seen: Occasion) -> list[bool | None]:
        """What the conditions of a step that leads on come to, each for itself; -1 is the rule's own wait."""
        fork = self._rules[rule].forks.get(place)
        return [] if fork is None else _truths(fork.conditions, p, now, seen)

    def went(self, rule: str, place: int, way: str, truths: list[bool | None]) -> None:
        """A run came to a step that leads on, and went this way; "": none."""
        fork = self._rules[rule].forks.get(place)
        if fork is None:
            return
        if way in fork.ways:
            fork.ways[way] += 1
        if truths:
            _count(fork.conditions, truths)

    def decided(self, rule: str, step: str) -> None:
        """A step decided."""
        steps = self._rules[rule].steps
        steps[step] = steps.get(step, 0) + 1

    # -- what it came to
    def percent(self) -> float:
        """Goals reached of a hundred; 100 where there are none."""
        goals = list(self._goals())
        return 100.0 if not goals else 100 * sum(goals) / len(goals)

    def _goals(self) -> Iterator[bool]:
        for tried in self._rules.values():
            yield from tried.goals()
        for conditions in self._segments.values():
            for condition in conditions:
                yield from condition.goals()

    def lines(self) -> list[str]:
        """What no test has tried, and how much was tried."""
        out = []
        for name, tried in self._rules.items():
            out += [f"rule {name}: {line}" for line in tried.lines()]
        for name, conditions in self._segments.items():
            what = "stage" if name.startswith(STAGE) else "segment"
            shown = f"{what} {name.removeprefix(STAGE)}"
            out += [f"{shown}: {line}" for condition in conditions for line in condition.lines()]
        goals = list(self._goals())
        return [*out, f"coverage {self.percent():.1f}% ({sum(goals)} of {len(goals)})"]

    def as_json(self) -> dict[str, Any]:
        """Everything, as `touchline test --json` prints it."""
        return {
            "percent": round(self.percent(), 1),
            "goals": len(list(self._goals())),
            "reached": sum(self._goals()),
            "rules": {
                name: {
                    "started": tried.started,
                    "decided": sum(tried.steps.values()),
                    "steps": tried.steps,
                    "ways": {fork.step: fork.ways for fork in tried.forks.values() if fork.ways},
                    "conditions": [condition.as_json() for condition in tried.all_conditions()],
                }
                for name, tried in self._rules.items()
            },
            "segments": {
                name: [condition.as_json() for condition in conditions] for name, conditions in self._segments.items()
            },
        }


def _truths(conditions: list[_Asked], p: Profile, now: int, occasion: Occasion) -> list[bool | None]:
    return [truth_of(condition.question, p, now, occasion) for condition in conditions]


def _count(conditions: list[_Asked], truths: list[bool | None]) -> None:
    for condition, truth in zip(conditions, truths, strict=True):
        condition.truths[truth] += 1


def _forks(explainer: Explainer, rule: CompiledRule) -> dict[int, _Fork]:
    """By place, the steps that lead a run on or ask something."""
    asked, out = explainer.on_way(rule.id), {}
    for at, station in ((OWN, None), *_reachable(rule)):
        ways = () if station is None else _ways(station.step)
        question = asked.get(at)
        if ways or question is not None:
            leaves = () if question is None else question.leaves()
            key, step = ("", None) if station is None else (station.key, station.step)
            out[at] = _Fork(key, step_word(step), dict.fromkeys(ways, 0), [_Asked(leaf) for leaf in leaves])
    return out


def _ways(step: Step) -> tuple[str, ...]:
    """Where a step may lead; an arm without weight is nobody's."""
    match step:
        case Stop():
            return ("stop",)
        case Split(_, arms):
            return tuple(f"arms.{name}" for name, arm in arms.items() if arm.weight)
    return tuple(way for way, _ in branches(step))


def acting_steps(rule: CompiledRule) -> list[str]:
    """The steps that make a decision, as decisions name them."""
    return [station.key for _, station in _reachable(rule) if station.acts]


def _reachable(rule: CompiledRule) -> Iterator[tuple[int, Station]]:
    """The steps with their places, without those of arms that nobody draws."""
    idle = tuple(
        f"{station.path}.arms.{name}."
        for station in rule.stations
        if isinstance(station.step, Split)
        for name, arm in station.step.arms.items()
        if not arm.weight
    )
    for at, station in enumerate(rule.stations):
        if not station.path.startswith(idle):
            yield at, station
