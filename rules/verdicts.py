"""What was expected against what happened: every difference with what came nearest."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rules.case_trace import Decided
from rules.cases import Wanted
from rules.localtimes import local_text
from schemas.findings import Mark
from schemas.times import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rules.case_trace import Happened
    from rules.cases import Case, Membership, Told, WantedText

__all__ = ["Clock", "Miss", "decided_text", "differences", "misses_of", "subject_text", "wanted_text"]

_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Clock:
    """How a test tells the time: in the workspace's zone, with the distance from its start."""

    start: int
    zone: str

    def text(self, at: int) -> str:
        """`2026-01-05 11:00 (1h)`."""
        return f"{local_text(at, self.zone)} ({format_duration(at - self.start)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """One thing that is not as it was expected.

    `near`: what came nearest, with how it differs. `wanted`, `decided`, `segments`: what it is about, to explain it.
    """

    mark: Mark
    message: str
    near: str = ""
    wanted: Wanted | None = None
    decided: Decided | None = None
    states: tuple[tuple[str, str], ...] = ()


def misses_of(case: Case, happened: Happened, zone: str) -> list[Miss]:
    """Everything that is not as expected; none: the test has passed."""
    clock = Clock(case.start, zone)
    expected = case.expected
    misses = [Miss(mark=case.mark, message=problem) for problem in happened.problems]
    misses += _decisions(case, happened, clock)
    for membership in expected.memberships:
        misses += _membership(membership, happened, clock)
    for told in expected.told:
        misses += _told(told, happened)
    return misses


# -- decisions


def _decisions(case: Case, happened: Happened, clock: Clock) -> Iterator[Miss]:
    wanted = [each for each in case.expected.decisions if not each.absent]
    taken = _matched(wanted, happened.decided)
    for each in wanted:
        if each not in taken.values():
            yield _missing(each, happened.decided, clock)
    for each in case.expected.decisions:
        if each.absent:
            yield from _unwanted(each, happened.decided, clock)
    if case.expected.exact:
        for at, decided in enumerate(happened.decided):
            if at not in taken and not decided.shadow:
                text = f"nothing more may be decided, and this was: {decided_text(decided, clock)}"
                yield Miss(mark=case.expected.mark, message=text, decided=decided)


def _matched(wanted: Sequence[Wanted], decided: Sequence[Decided]) -> dict[int, Wanted]:
    """Which decision stands for which expectation, each for one at most: as many as can be."""
    fits = [[at for at, each in enumerate(decided) if _fits(one, each)] for one in wanted]
    owner: dict[int, int] = {}

    def place(number: int, seen: set[int]) -> bool:
        for at in fits[number]:
            if at not in seen:
                seen.add(at)
                if at not in owner or place(owner[at], seen):
                    owner[at] = number
                    return True
        return False

    for number in range(len(wanted)):
        place(number, set())
    return {at: wanted[number] for at, number in owner.items()}


def _fits(wanted: Wanted, decided: Decided) -> bool:
    return wanted.shadow == decided.shadow and next(differences(wanted, decided), None) is None


def _missing(wanted: Wanted, decided: Sequence[Decided], clock: Clock) -> Miss:
    text = f"expected and not decided: {wanted_text(wanted, clock)}"
    return Miss(mark=wanted.mark, message=text, near=_nearest(wanted, decided, clock), wanted=wanted)


def _unwanted(wanted: Wanted, decided: Sequence[Decided], clock: Clock) -> Iterator[Miss]:
    for each in decided:
        if _fits(wanted, each):
            text = f"this may not be decided, and was: {decided_text(each, clock)}"
            yield Miss(mark=wanted.mark, message=text, decided=each)


def _nearest(wanted: Wanted, decided: Sequence[Decided], clock: Clock) -> str:
    """The decision that differs least, of the same rule or of the same kind."""
    near = [
        (list(differences(wanted, each)), each)
        for each in decided
        if each.rule == wanted.rule or (wanted.rule is None and wanted.kind in {each.kind, None})
    ]
    if not near:
        return ""
    ways, each = min(near, key=lambda pair: (_distance(pair[0]), pair[1].time))
    told = [_difference_text(*way, clock) for way in ways]
    if each.shadow != wanted.shadow:
        told.append("the rule is a shadow, ask with `shadow: true`" if each.shadow else "the rule is no shadow")
    return f"{decided_text(each, clock)}: {'; '.join(told) or 'it stands for another expectation already'}"


_SLIGHT = frozenset({"at", "step", "channel", "delivery", "reason", "subject"})


def _distance(ways: Sequence[tuple[str, Any, Any]]) -> int:
    """How far a decision is from a wanted one: another time is less than another message."""
    return sum(1 if what in _SLIGHT or what.startswith("body") else 3 for what, _, _ in ways)


def differences(wanted: Wanted, decided: Decided) -> Iterator[tuple[str, Any, Any]]:
    """(what, wanted, decided) for everything in which a decision is not as wanted."""
    for name in ("kind", "rule", "step", "person", "at"):
        value, held = getattr(wanted, name), decided.time if name == "at" else getattr(decided, name)
        if value is not None and value != held and not (name == "step" and value == decided.path):
            yield name, value, held
    for name, value in wanted.params.items():
        if not _holds(decided.params.get(name), value):
            yield name, value, decided.params.get(name)
    for name, held in (("channel", decided.channel), ("delivery", decided.status)):
        value = getattr(wanted, name)
        if value is not None and value != held:
            yield name, value, held or "nothing"
    if wanted.reason is not None and wanted.reason not in _reasons(decided.reason):
        yield "reason", wanted.reason, decided.reason or "none"
    if wanted.message is not None:
        yield from _text_differences(wanted.message, decided)


def _reasons(reason: str) -> set[str]:
    """`wecom:no_address,email:no_consent` may be asked for whole, by channel, or by the bare reason."""
    parts = reason.split(",")
    return {reason, *parts, *(part.partition(":")[2] for part in parts)}


def _text_differences(wanted: WantedText, decided: Decided) -> Iterator[tuple[str, Any, Any]]:
    body, subject = decided.body or "", decided.subject or ""
    if wanted.body is not None and wanted.body != body:
        yield "body", wanted.body, body
    if wanted.subject is not None and wanted.subject != subject:
        yield "subject", wanted.subject, subject
    for part in wanted.contains:
        if part not in body:
            yield "body with", part, body
    for part in wanted.lacks:
        if part in body:
            yield "body without", part, body


def _holds(held: Any, wanted: Any) -> bool:  # noqa: ANN401 - JSON values
    """Whether `wanted` is a part of what is held: of keys those that are named, of lists the items in any order."""
    if isinstance(wanted, dict):
        return isinstance(held, dict) and all(_holds(held.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(held, list) and all(any(_holds(each, value) for each in held) for value in wanted)
    if isinstance(wanted, bool) or isinstance(held, bool):
        return wanted is held
    return bool(held == wanted)


def _difference_text(what: str, wanted: Any, held: Any, clock: Clock) -> str:  # noqa: ANN401 - JSON values
    if what == "at":
        return f"at {clock.text(held)}, not {clock.text(wanted)}"
    return f"{what} is {_short(held)}, not {_short(wanted)}"


def _short(value: Any) -> str:  # noqa: ANN401 - JSON values
    text = str(value) if isinstance(value, Decimal | int) and not isinstance(value, bool) else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


_SUBJECTS = ("template", "pool", "community", "to", "tags", "traits", "event")


def subject_text(kind: str | None, params: Mapping[str, Any]) -> str:
    """A kind of decision with what it is about: `send: welcome`."""
    named = next((params[key] for key in _SUBJECTS if key in params), None)
    text = ", ".join(map(str, named)) if isinstance(named, list) else "" if named is None else str(named)
    return f"{kind or 'a decision'}{f': {text}' if text else ''}"


def wanted_text(wanted: Wanted, clock: Clock) -> str:
    """An expectation in words."""
    out = subject_text(wanted.kind, wanted.params)
    out += f" by the rule {wanted.rule}" if wanted.rule is not None else ""
    out += f" at {clock.text(wanted.at)}" if wanted.at is not None else ""
    out += f" for {wanted.person}" if wanted.person is not None else ""
    more = [wanted.channel, wanted.delivery, wanted.reason]
    told = ", ".join(each for each in more if each is not None)
    return f"{out} ({told})" if told else out


def decided_text(decided: Decided, clock: Clock) -> str:
    """A decision in words."""
    out = f"{subject_text(decided.kind, decided.params)} by the rule {decided.rule} at {clock.text(decided.time)}"
    out += f" for {decided.person}"
    return f"{out}, shadow" if decided.shadow else out


# -- people


def _membership(membership: Membership, happened: Happened, clock: Clock) -> Iterator[Miss]:
    held = _held_at(happened, membership.person, membership.at)
    stage = next((name.removeprefix("stage:") for name in held if name.startswith("stage:")), None)
    when = f"{membership.person} at {clock.text(membership.at)}"
    for name in membership.inside:
        if name not in held:
            yield _state_miss(membership, f"{when} is not in the segment {name}", name)
    for name in membership.outside:
        if name in held:
            yield _state_miss(membership, f"{when} is in the segment {name}", name)
    if membership.stage and membership.stage != stage:
        text = f"{when} is in the stage {stage or 'none'}, not {membership.stage}"
        yield _state_miss(membership, text, f"stage:{membership.stage}")


def _state_miss(membership: Membership, text: str, segment: str) -> Miss:
    return Miss(mark=membership.mark, message=text, states=((membership.person, segment),))


def _held_at(happened: Happened, person: str, at: int) -> set[str]:
    """Segments and stage of a person at a moment, what happens at it counted in."""
    held: set[str] = set()
    for moved in sorted(happened.moved, key=lambda m: (m.time, m.order)):
        if moved.person == person and moved.time <= at:
            (held.add if moved.change == "enter" else held.discard)(moved.segment)
    return held


def _told(told: Told, happened: Happened) -> Iterator[Miss]:
    known = happened.people.get(told.person, {"tags": [], "traits": {}})
    for message in _told_differences(told, known["tags"], known["traits"]):
        yield Miss(mark=told.mark, message=f"{told.person} {message} at the end")


def _told_differences(told: Told, tags: Iterable[str], traits: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"does not have the tag {tag}" for tag in told.tags if tag not in tags)
    yield from (f"has the tag {tag}" for tag in told.lacks if tag in tags)
    for name, value in told.traits.items():
        held = traits.get(name)
        if not _holds(held, value):
            yield f"has {name} {_short(held) if held is not None else 'unknown'}, not {_short(value)},"
