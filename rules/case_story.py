"""What happened in a test, in the order of time: one line for each event, change, wait, decision and delivery."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from rules.case_ways import told_text
from rules.localtimes import local_text
from rules.starting import REFUSALS
from rules.verdicts import Clock, subject_text
from schemas.texts import columns
from schemas.times import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rules.case_trace import Decided, Happened, Look, Moved
    from rules.cases import Case, Happening

__all__ = ["Line", "story_of", "story_texts"]

_TRUTHS = {True: "true", False: "false", None: "unknown"}
_MOST, _OFTEN = 60, 4
_REFUSED = " does not start: "


class Line(NamedTuple):
    """One thing that happened; `at` unix ms, `person` "" where it concerns nobody."""

    at: int
    person: str
    text: str


def story_of(case: Case, happened: Happened, zone: str) -> list[Line]:
    """The lines of a test that was watched; what is refused again and again is one, and a long one loses its middle."""
    clock = Clock(case.start, zone)
    found = [*_before(case), *_within(case, happened, clock)]
    lines = _gathered([line for _, _, line in sorted(found, key=lambda each: (each[2].at, each[0], each[1]))])
    lines.append(Line(case.end, "", "the test ends"))
    if len(lines) > _MOST:
        half = _MOST // 2
        lines[half:-half] = [Line(lines[half].at, "", f"… {len(lines) - 2 * half} lines left out …")]
    return lines


def _gathered(lines: list[Line]) -> list[Line]:
    """The same refusal of a person comes once, with how often it came."""
    often = Counter((line.person, line.text) for line in lines if _REFUSED in line.text)
    out, told = list[Line](), set[tuple[str, str]]()
    for line in lines:
        number = often[line.person, line.text]
        if (line.person, line.text) not in told:
            out.append(line if number < _OFTEN else line._replace(text=f"{line.text} ({number} times from here on)"))
        elif number < _OFTEN:
            out.append(line)
        if number:
            told.add((line.person, line.text))
    return out


def story_texts(story: Sequence[Line], clock: Clock) -> list[str]:
    """The lines as people read them, one below the other: local time, distance from the start, who, what."""
    distances = ["before" if line.at == clock.start - 1 else format_duration(line.at - clock.start) for line in story]
    wide, who = max(map(len, distances), default=0), max((columns(line.person) for line in story), default=0)
    out = []
    for line, distance in zip(story, distances, strict=True):
        when = (
            " " * len(local_text(clock.start, clock.zone)) if distance == "before" else local_text(line.at, clock.zone)
        )
        person = line.person + " " * (who - columns(line.person))
        out.append(f"{when}  {distance:>{wide}}  {person}  {line.text}".rstrip())
    return out


Sorted = tuple[int, tuple[int, int], Line]


def _before(case: Case) -> Iterator[Sorted]:
    for given in case.people:
        for number, each in enumerate(given.history):
            at = each.event.time or each.at
            yield 0, (0, number), Line(at, given.person, f"given {_event_text(each)}")
        if given.tags:
            yield 0, (0, 0), Line(case.start - 1, given.person, f"given the tags {', '.join(given.tags)}")


def _within(case: Case, happened: Happened, clock: Clock) -> Iterator[Sorted]:
    """At one moment: events, then what they and the time bring about, in its order."""
    for number, step in enumerate(case.steps):
        yield 1, (0, number), Line(step.at, step.event.person, _step_text(step, clock))
    for went in happened.ways:
        if went.doing != "started":
            yield 2, went.order, Line(went.time, went.person, told_text(went, clock))
    for moved in happened.moved:
        yield 2, (moved.order, 0), Line(moved.time, moved.person, _moved_text(moved))
    for look in happened.looks:
        if not look.starts:
            yield 2, look.order, Line(look.time, look.person, _look_text(look))
    for decided in happened.decided:
        yield 2, (decided.order, 0), Line(decided.time, decided.person, _decided_text(decided))


def _event_text(happening: Happening) -> str:
    event = happening.event
    shown = ", ".join(f"{name}: {_plain(value)}" for name, value in event.properties.items())
    return f"{event.name} {{{shown}}}" if shown else event.name


def _step_text(step: Happening, clock: Clock) -> str:
    own = step.event.time
    late = f", whose own time is {clock.text(own)}" if own is not None and own != step.at else ""
    return f"event {_event_text(step)}{late}"


def _plain(value: Any) -> str:  # noqa: ANN401 - a JSON value
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _moved_text(moved: Moved) -> str:
    kind, name = ("stage", moved.segment[6:]) if moved.segment.startswith("stage:") else ("segment", moved.segment)
    return f"{'enters' if moved.change == 'enter' else 'leaves'} the {kind} {name}"


def _look_text(look: Look) -> str:
    if look.judgement.truth is True:
        return f"{look.rule}{_REFUSED}{REFUSALS[look.refused]}"
    return f"{look.rule}{_REFUSED}its conditions are {_TRUTHS[look.judgement.truth]}"


def _decided_text(decided: Decided) -> str:
    params: Mapping[str, Any] = decided.params
    text = f"{decided.rule} decides {subject_text(decided.kind, params)}"
    if decided.shadow:
        return f"{text} (shadow: nothing is done)"
    if not decided.status:
        return text
    by = f" by {decided.channel}" if decided.channel else ""
    return f"{text}, {decided.status}{by}{f': {decided.reason}' if decided.reason else ''}"
