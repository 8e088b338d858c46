"""The result of a test: passed, or what missed, why, and the story of what happened; as lines and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rules.case_story import Line, story_of, story_texts
from rules.case_why import makers_of, why
from rules.cases import Case
from rules.verdicts import Clock, Miss, misses_of
from schemas.times import format_time

if TYPE_CHECKING:
    from rules.case_trace import Happened
    from rules.program import Program

__all__ = ["CaseResult", "concerns", "explained_result", "passes"]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One test: without misses it has passed. `reasons`: the lines that explain each miss."""

    case: Case
    clock: Clock
    misses: tuple[Miss, ...] = ()
    reasons: tuple[tuple[str, ...], ...] = ()
    story: tuple[Line, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.misses

    def lines(self) -> list[str]:
        """What people read of a test that failed."""
        out = []
        for miss, reasons in zip(self.misses, self.reasons, strict=True):
            mark = miss.mark
            out.append(f"{mark.file}:{mark.line}:{mark.column}: {miss.message}")
            out += [f"  nearest: {miss.near}"] if miss.near else []
            out += [f"  {line}" for line in reasons]
        return [*out, "what happened:", *(f"  {line}" for line in story_texts(self.story, self.clock))]

    def as_json(self) -> dict[str, Any]:
        """The object that `touchline test --json` prints."""
        mark = self.case.mark
        misses = [
            {
                "file": miss.mark.file,
                "line": miss.mark.line,
                "column": miss.mark.column,
                "message": miss.message,
                "nearest": miss.near or None,
                "why": list(reasons),
            }
            for miss, reasons in zip(self.misses, self.reasons, strict=True)
        ]
        story = [
            {"time": format_time(line.at), "person": line.person or None, "text": line.text} for line in self.story
        ]
        place = {"file": mark.file, "line": mark.line, "column": mark.column}
        return {"name": self.case.name, **place, "passed": self.passed, "misses": misses, "story": story}


def passes(case: Case, happened: Happened, zone: str) -> bool:
    """Whether everything was as expected."""
    return not misses_of(case, happened, zone)


def explained_result(case: Case, happened: Happened, program: Program) -> CaseResult:
    """The result of a test; where it has failed, `happened` of a run that was watched."""
    zone = program.playbook.workspace.zone
    clock, misses = Clock(case.start, zone), tuple(misses_of(case, happened, zone))
    if not misses:
        return CaseResult(case, clock)
    reasons = tuple(tuple(why(miss, program, case, happened)) for miss in misses)
    return CaseResult(case, clock, misses, reasons, tuple(story_of(case, happened, zone)))


def concerns(case: Case, rule: str, program: Program) -> bool:
    """Whether a test is about a rule: it names it, expects what it decides, or has an event that starts it."""
    if any(rule == maker.id for wanted in case.expected.decisions for maker in makers_of(program, wanted)):
        return True
    trigger = program.rules[rule].rule.trigger
    return trigger.kind == "event" and any(program.names.get(step.event.name) in trigger.names for step in case.steps)
