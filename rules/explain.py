"""Why a rule fired or did not, and why somebody is in a segment or is not: each condition with its values.

Pure: a program, a profile and a moment in, reasons out. What is asked is what the program's own code asks, of the same
profile; the test of a playbook shows it where a test fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rules.compile_rule import OWN
from rules.localtimes import local_text
from rules.model import held_of
from rules.scopes import scope_at, scope_of
from rules.values import show
from schemas.profile import NOTHING
from schemas.times import format_duration
from segments.explain import Question, Reason, explained, questions_of, truth_of
from segments.normalise import STAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.model import Trigger
    from rules.program import Program
    from schemas.profile import Occasion, Profile
    from segments.explain import Operand
    from segments.model import Condition

__all__ = ["Asked", "Explainer", "Judgement", "operand_text", "reason_lines"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a rule asks. `audience` of a schedule; None: nothing is asked there."""

    audience: Question | None
    when: Question | None
    unless: Question | None

    def questions(self) -> Iterator[tuple[str, Question]]:
        """(key of the rule, question), in the order in which they are asked."""
        for key in ("audience", "when", "unless"):
            question = getattr(self, key)
            if question is not None:
                yield key, question


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a rule's conditions came to: it may fire on true only. `reasons` by key, empty where nobody wanted them."""

    truth: bool | None
    reasons: tuple[tuple[str, Reason], ...] = ()


class Explainer:
    """Answers for one program; conditions are compiled when they are first asked about."""

    def __init__(self, program: Program) -> None:
        self.program, self.playbook = program, program.playbook
        self.zone, self.currency = self.playbook.workspace.zone, self.playbook.workspace.currency
        self._complete = any(stage.when is None for stage in self.playbook.stages)
        self._rules: dict[str, Asked] = {}
        self._ways: dict[str, dict[int, Question]] = {}
        self._segments: dict[str, Question | None] = {}

    # -- what is asked
    def asked(self, rule: str) -> Asked:
        """The conditions of a rule that decides (live or shadow)."""
        found = self._rules.get(rule)
        if found is None:
            known = self.program.rules[rule].rule
            parts = [self._question(known.trigger.audience)]
            parts += [self._question(condition, known.trigger) for condition in (known.when, known.unless)]
            found = self._rules[rule] = Asked(*parts)
        return found

    def on_way(self, rule: str) -> dict[int, Question]:
        """By place, the conditions of a rule's `if` steps and of its waits (`while`); -1 is its own wait."""
        found = self._ways.get(rule)
        if found is None:
            known = self.program.rules[rule]
            stations, own = known.stations, known.rule.wait
            scope = scope_of(self.playbook, self.program.names, known.rule.trigger)
            asked = [(OWN, scope, None if own is None else own.condition)]
            asked += [(at, scope_at(scope, stations, each), held_of(each.step)) for at, each in enumerate(stations)]
            found = self._ways[rule] = {
                at: questions_of(held, names, self.program.plan, complete=self._complete)
                for at, names, held in asked
                if held is not None
            }
        return found

    def segment(self, name: str) -> Question | None:
        """The condition of a segment, or of a stage as `stage:<id>`; None for the stage of everybody else."""
        if name not in self._segments:
            stages = {STAGE + stage.id: stage.when for stage in self.playbook.stages}
            segment = self.playbook.segments.get(name)
            self._segments[name] = self._question(stages[name] if segment is None else segment.when)
        return self._segments[name]

    def _question(self, condition: Condition | None, trigger: Trigger | None = None) -> Question | None:
        if condition is None:
            return None
        scope = scope_of(self.playbook, self.program.names, trigger)
        return questions_of(condition, scope, self.program.plan, complete=self._complete)

    # -- what it comes to
    def judge(
        self, rule: str, p: Profile, now: int, occasion: Occasion = NOTHING, *, reasons: bool = False
    ) -> Judgement:
        """What a rule's conditions come to for a person at a moment; with `reasons`, why."""
        truths: list[bool | None] = []
        why: list[tuple[str, Reason]] = []
        for key, question in self.asked(rule).questions():
            truth = truth_of(question, p, now, occasion)
            truths.append(truth if key != "unless" or truth is None else not truth)
            if reasons:
                why.append((key, self.explain(question, p, now, occasion)))
        return Judgement(False if False in truths else None if None in truths else True, tuple(why))

    def explain(self, question: Question, p: Profile, now: int, occasion: Occasion = NOTHING) -> Reason:
        """Why a question comes to what it does; segments that it asks about are explained inside."""
        return self._opened(explained(question, p, now, self.zone, occasion), p, now)

    def why_segment(self, name: str, p: Profile, now: int) -> Reason | None:
        """Why a person is in a segment or stage, or is not."""
        question = self.segment(name)
        return None if question is None else self.explain(question, p, now)

    def why_way(self, rule: str, place: int, p: Profile, seen: Occasion) -> Reason | None:
        """Why the condition of a step comes to what it does now; None: it has none."""
        question = self.on_way(rule).get(place)
        return None if question is None else self.explain(question, p, p.now, seen)

    def _opened(self, reason: Reason, p: Profile, now: int) -> Reason:
        items = tuple(self._opened(item, p, now) for item in reason.items)
        if reason.segment is not None:
            inner = self.why_segment(reason.segment, p, now)
            items = () if inner is None else (inner,)
        return Reason(reason.kind, reason.text, reason.place, reason.truth, reason.operands, items, reason.segment)

    # -- as people read it
    def lines(self, reason: Reason, zone: str = "") -> list[str]:
        """The lines of a reason: truth, condition, values; `zone` of the person, for times."""
        return list(reason_lines(reason, zone or self.zone, self.currency))


_TRUTHS = {True: "true", False: "false", None: "unknown"}


def reason_lines(reason: Reason, zone: str, currency: str, depth: int = 0) -> Iterator[str]:
    """One line a part, those inside of others indented."""
    if reason.kind == "all" and depth == 0:
        for item in reason.items:
            yield from reason_lines(item, zone, currency)
        return
    words = {"all": "all of:", "any": "any of:", "not": "not:"}.get(reason.kind, reason.text)
    line = f"{_TRUTHS[reason.truth]:<8}{'  ' * depth}{words}"
    values = ", ".join(_compared(operand, zone, currency) for operand in reason.operands)
    yield f"{line}   ({values})" if values else line
    for item in reason.items:
        yield from reason_lines(item, zone, currency, depth + 1)


def _compared(operand: Operand, zone: str, currency: str) -> str:
    return f"{operand.text} is {operand_text(operand, zone, currency)}"


def operand_text(operand: Operand, zone: str, currency: str) -> str:
    """A value as people read it."""
    if operand.value is None:
        return "unknown"
    text = _value_text(operand.type, operand.value, zone, currency)
    return f"{text} or more" if operand.more else text


def _value_text(kind: str, value: Any, zone: str, currency: str) -> str:  # noqa: ANN401 - any typed value
    match kind:
        case "time":
            return local_text(int(value), zone)
        case "duration":
            return format_duration(round(value))
        case "money":
            return f"{show(value, kind, currency)} {currency}"
        case "bool":
            return "true" if value else "false"
        case "text":
            return f'"{value}"'
    return str(show(value, kind, currency))
