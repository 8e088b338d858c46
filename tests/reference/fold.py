"""The decision core by brute force: every event is kept, and at every moment everything is asked from scratch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from rules.model import Emit, Ending, Playbook, Rule, SetTraits, Step, TagPerson, WaitStep
from schemas.catalogue import RESERVED_EVENTS, EventType, PropertyType
from schemas.events import Event
from schemas.ids import decision_id
from schemas.times import DAY, format_time
from tests.reference.evaluate import View
from tests.reference.moments import Clockwork
from tests.reference.people import Kept, Person
from tests.reference.schedules import due_times
from tests.reference.steps import params_of
from tests.reference.values import Refused, Value, as_type, identity, show, typed_properties, typed_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["LATE", "Result", "run"]

LATE = 3 * DAY
_DEEPEST = 8
"""How many events may follow from one another by `emit`."""


@dataclass(slots=True)
class Result:
    """Lines as the files of a simulation have them; `dead_letters`: {person, event_id, code}."""

    decisions: list[dict[str, Any]] = field(default_factory=list)
    shadow: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    profiles: list[dict[str, Any]] = field(default_factory=list)
    duplicates: int = 0
    dead_letters: list[dict[str, Any]] = field(default_factory=list)

    def put_in_order(self) -> None:
        """By time, person, then order of happening."""
        for lines in (self.decisions, self.shadow, self.changes):
            lines.sort(key=lambda line: (line["time"], line["person"]))
        self.profiles.sort(key=lambda line: line["person"])


class Change(NamedTuple):
    """`segment` may be `stage:<id>`."""

    kind: Literal["enters", "leaves"]
    segment: str


@dataclass(slots=True)
class Run:
    """One occurrence of a rule. `start`: the trigger's moment; `next`: the step to go on with, `due`: when."""

    rule: Rule
    occurrence: str
    event: Kept | None
    start: int
    once_key: tuple[str, Any] | None
    next: int = 0
    due: int = 0
    unless: tuple[Ending, ...] = ()

    @property
    def trigger_time(self) -> int:
        """The effective time of what started it."""
        return self.start if self.event is None else self.event.time


@dataclass(slots=True)
class _Effect:
    step: Step
    params: dict[str, Value]
    decision: str


def run(
    playbook: Playbook,
    events: Sequence[tuple[int, Event]],
    until: int | None = None,
    late: int = LATE,
    workspace: str = "simulate",
) -> Result:
    """Play (append time, event) pairs, in the order of the log, up to and including `until` (unix ms).

    Without it the end is the last append time. What is emitted to another person is decided, and not delivered.
    """
    end = max((at for at, _ in events), default=0) if until is None else until
    played = [(at, event) for at, event in events if at <= end]
    begin = played[0][0] if played else end
    result = Result()
    for person in sorted({event.person for _, event in played}):
        own = [(at, event) for at, event in played if event.person == person]
        _Life(playbook, person, late, workspace, result).play(own, begin, end)
    result.put_in_order()
    return result


class _Life:
    """One person, from the first event to the end."""

    def __init__(self, playbook: Playbook, person: str, late: int, workspace: str, result: Result) -> None:
        self.playbook, self.late, self.workspace, self.result = playbook, late, workspace, result
        self.person, self.clockwork = Person(person), Clockwork(playbook)
        self.rules = sorted(playbook.rules.values(), key=lambda rule: (-rule.priority, rule.id))
        self.known = False
        self.now = self.passed = -1
        self.stage: str | None = None
        self.segments: frozenset[str] = frozenset()
        self.seen: set[tuple[str, str]] = set()
        self.waiting: list[Run] = []
        self.starts: dict[str, list[Run]] = {}
        self.fired: set[str] = set()
        self.effects: list[_Effect] = []
        self.cause = ""

    def play(self, events: list[tuple[int, Event]], begin: int, end: int) -> None:
        records: list[tuple[int, int, int, Any]] = [(at, 0, i, event) for i, (at, event) in enumerate(events)]
        for i, rule in enumerate(self.rules):
            if rule.trigger.schedule is not None and rule.status in {"live", "shadow"}:
                times = due_times(rule.trigger.schedule, self.playbook.workspace.zone, begin, end)
                records += [(at, 1, i, rule) for at in times]
        for at, kind, _, what in sorted(records, key=lambda record: record[:3]):
            if kind == 0:
                self.record(what, at)
            elif self.known:
                self.scheduled(what, at)
        if self.known:
            self.pass_time(end)
            self.result.profiles.append(self._profile())

    # -- records
    def record(self, event: Event, at: int) -> None:
        """An event that the log took at `at`."""
        own = at if event.time is None else event.time
        if own < at - self.late:
            return self._refuse(event, "too_late")
        name = self.playbook.catalogue.resolve().get(event.name)
        if name is None and self.playbook.catalogue.reject_unknown:
            return self._refuse(event, "unknown_event")
        try:
            kept = self._kept(event, name, min(own, at))
            traits = self._traits(event) if name == "person.updated" else {}
        except Refused as refused:
            return self._refuse(event, refused.code)
        if event.id and (event.source, event.id) in self.seen:
            self.result.duplicates += 1
            return None
        self.seen.add((event.source, event.id))
        self.now = max(self.now, at)
        self.pass_time(self.now - 1)
        return self.happen(kept, traits, 0)

    def _refuse(self, event: Event, code: str) -> None:
        self.result.dead_letters.append({"person": event.person, "event_id": event.id, "code": code})

    def _kept(self, event: Event, name: str | None, time: int) -> Kept:
        kind = RESERVED_EVENTS.get(name or "") or self.playbook.catalogue.events.get(name or "") or EventType(event.name)
        props = typed_properties(kind, event.properties, self.playbook.workspace.currency)
        return Kept(event.id, event.source, name or event.name, time, props, name is not None, kind.interaction)

    def _traits(self, event: Event) -> dict[str, Value]:
        """The traits that a `person.updated` sets; null takes one back."""
        known = self.playbook.catalogue.traits
        return {
            name: None if raw is None else self._trait(known[name].type if name in known else "text", raw)
            for name, raw in event.properties.items()
        }

    def _trait(self, kind: Any, raw: Any) -> Value:  # noqa: ANN401 - a JSON value
        return typed_value(PropertyType(kind), raw, self.playbook.workspace.currency)

    def happen(self, event: Kept, traits: dict[str, Value], depth: int) -> None:
        """Apply an event at `now`: core semantics 2, (a) to (e), then 6."""
        self.known = True
        self.person.events.append(event)
        for name, value in traits.items():
            self.person.set_trait(name, value, event.time)
        self.fired = set()
        self.cause = "event"
        self._end_waits(event)
        self._on_changes(self._settle_memberships(), event)
        for rule in self.rules:
            if rule.trigger.kind == "event" and event.known and event.name in rule.trigger.names:
                self._consider(rule, event, f"event:{event.source}:{event.id}")
        self._settle(event, depth)

    def scheduled(self, rule: Rule, at: int) -> None:
        """A schedule is due for this person."""
        self.now = max(self.now, at)
        self.pass_time(self.now - 1)
        self.fired = set()
        self.cause = "time"
        self._on_changes(self._settle_memberships(), None)
        if self._view(None).truth(rule.trigger.audience) is True:
            self._consider(rule, None, f"schedule:{rule.id}:{at}")
        self._settle(None, 0)

    def pass_time(self, until: int) -> None:
        """Everything due in (passed, until], each at its own moment."""
        while self.known and self.passed < until:
            moments = self.clockwork.between(self.person, self.passed, until)
            before = len(self.person.events), dict(self.person.traits)
            for moment in sorted({*moments, *(run.due for run in self.waiting if run.due <= until)}):
                if moment > self.passed:
                    self._due(moment)
                if (len(self.person.events), self.person.traits) != before or self._overlooked(moments, until):
                    break
            else:
                self.passed = until
        self.passed = max(self.passed, until)
        self.now = max(self.now, until)

    def _overlooked(self, moments: list[int], until: int) -> bool:
        return any(self.passed < run.due <= until and run.due not in moments for run in self.waiting)
