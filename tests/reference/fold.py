"""The decision core by brute force: every event is kept, and at every moment everything is asked from scratch."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

from rules.model import (
    Branch,
    Playbook,
    Rule,
    Schedule,
    Split,
    Step,
    Stop,
    Wait,
    WaitStep,
)
from schemas.events import Event
from schemas.ids import decision_id
from schemas.times import DAY, format_time
from tests.reference.evaluate import View
from tests.reference.later import is_always_done
from tests.reference.moments import Clockwork
from tests.reference.people import Kept, Person
from tests.reference.reading import read
from tests.reference.result import Change, Result
from tests.reference.runs import Run
from tests.reference.schedules import due_times, next_showing, texts_set
from tests.reference.shares import acts_for, arm_of, is_held_out
from tests.reference.steps import Acting, act
from tests.reference.values import Refused, Value, show

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

__all__ = ["LATE", "Result", "run"]

LATE = 3 * DAY
_DEEPEST = 8
"""How many events may follow from one another by `emit`."""


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
        deciding = [rule for rule in playbook.rules.values() if rule.status in {"live", "shadow"}]
        self.rules = sorted(deciding, key=lambda rule: (-rule.priority, rule.id))
        self.known = False
        self.now = self.passed = -1
        self.stage: str | None = None
        self.segments: frozenset[str] = frozenset()
        self.seen: set[tuple[str, str]] = set()
        self.waiting: list[Run] = []
        self.starts: dict[str, list[Run]] = {}
        self.fired: set[str] = set()
        self.effects: list[Acting] = []
        self.cause = ""
        self.agenda: list[int] = []
        self.basis: tuple[int, int, dict[str, Any]] | None = None

    def play(self, events: list[tuple[int, Event]], begin: int, end: int) -> None:
        records: list[tuple[int, int, int, Any]] = [(at, 0, i, event) for i, (at, event) in enumerate(events)]
        for i, rule in enumerate(self.rules):
            if rule.trigger.schedule is not None:
                records += [(at, 1, i, rule) for at in self._due_times(rule.trigger.schedule, events, begin, end)]
        for at, kind, _, what in sorted(records, key=lambda record: record[:3]):
            if kind == 0:
                self.record(what, at)
            elif self.known and self._is_due(what.trigger.schedule, at):
                self.scheduled(what, at)
        if self.known:
            self.pass_time(end)
            self.result.profiles.append(self._profile())

    def _is_due(self, schedule: Schedule, at: int) -> bool:
        """Whether it is due for this person at this very moment."""
        of = None if schedule.anniversary is None else self.person.traits.get(schedule.anniversary, (None, 0))[0]
        if schedule.anniversary is not None and of is None:
            return False
        born = None if of is None else date.fromisoformat(str(of))
        return at in due_times(schedule, self._zone_of(schedule), at, at, born)

    def _zone_of(self, schedule: Schedule) -> ZoneInfo:
        default = self.playbook.workspace.zone
        return self.person.zone(default) if schedule.zone == "person" else ZoneInfo(default)

    def _due_times(self, schedule: Schedule, events: list[tuple[int, Event]], begin: int, end: int) -> set[int]:
        """When a schedule may be due: in the person's zone that is any which the history or a rule ever sets."""
        zones = {self.playbook.workspace.zone}
        if schedule.zone == "person":
            named = {str(event.properties.get("zone")) for _, event in events} | texts_set(self.rules)
            zones |= named & available_timezones()
        return {at for zone in sorted(zones) for at in due_times(schedule, ZoneInfo(zone), begin, end)}

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
            kept, traits = read(self.playbook, event, name, min(own, at))
        except Refused as refused:
            return self._refuse(event, refused.code)
        if event.id and (event.source, event.id) in self.seen:
            self.result.duplicates += 1
            return None
        self.seen.add((event.source, event.id))
        now = max(self.now, at)
        self.pass_time(now - 1)
        self.now = now
        return self.happen(kept, traits, 0)

    def _refuse(self, event: Event, code: str) -> None:
        self.result.dead_letters.append({"person": event.person, "event_id": event.id, "code": code})

    def happen(self, event: Kept, traits: dict[str, Value], depth: int) -> None:
        """Apply an event at `now`: core semantics 2, (a) to (e), then 6."""
        self.known = True
        for name, value in traits.items():
            self.person.set_trait(name, value, event.time)
        self.person.keep(event, self.playbook.workspace.zone)
        self.fired = set()
        self.cause = "event"
        answered = self._end_waits(event)
        changes = self._renew()
        for run in answered:
            self._proceed(run, event)
        self._on_changes(changes, event)
        for rule in self.rules:
            if rule.trigger.kind == "event" and event.known and event.name in rule.trigger.names:
                self._consider(rule, event, f"event:{event.source}:{event.id}")
        self._settle(event, depth)

    def scheduled(self, rule: Rule, at: int) -> None:
        """A schedule is due for this person."""
        now = max(self.now, at)
        self.pass_time(now - 1)
        self.now = now
        self.fired = set()
        self.cause = "time"
        self._on_changes(self._renew(), None)
        if self._view(None).truth(rule.trigger.audience) is True:
            self._consider(rule, None, f"schedule:{rule.id}:{at}")
        self._settle(None, 0)

    def pass_time(self, until: int) -> None:
        """Everything due in (passed, until], each at its own moment."""
        while self.known and (moment := self._next(until)) is not None:
            self._due(moment)
        self.passed = max(self.passed, until)
        self.now = max(self.now, until)

    def _next(self, until: int) -> int | None:
        """The first moment behind the last one at which something may be due."""
        basis = until, len(self.person.events), dict(self.person.traits)
        if basis != self.basis:
            self.basis, self.agenda = basis, self.clockwork.between(self.person, self.passed, until)
        at = bisect_right(self.agenda, self.passed)
        waits = (run.due for run in self.waiting if run.due <= until)
        return min([*self.agenda[at : at + 1], *waits], default=None)

    def _due(self, moment: int) -> None:
        """Core semantics 4: stage and segments anew, the rules on what changed, then waits that are over."""
        self.now, self.cause, self.fired = moment, "time", set()
        self._on_changes(self._renew(), None)
        while over := [run for run in self.waiting if run.due <= moment]:
            self.waiting.remove(over[0])
            self._proceed(over[0])
        self._settle(None, 0)
        self.passed = moment

    # -- memberships and the rules on them
    def _view(self, event: Kept | None, reply: Kept | None = None) -> View:
        return View(self.playbook, self.person, self.now, event, {} if reply is None else {"reply": reply.props})

    def _renew(self) -> list[Change]:
        """The stage and all segments anew; what changed, in the order in which it is recorded."""
        stage, segments = self._view(None).memberships()
        before = self._names(self.stage, self.segments)
        after = self._names(stage, segments)
        self.stage, self.segments = stage, segments
        changes = [Change("leaves", name) for name in before if name not in after]
        changes += [Change("enters", name) for name in after if name not in before]
        self.result.changes += [
            {
                "time": format_time(self.now),
                "person": self.person.id,
                "segment": change.segment,
                "change": change.kind.removesuffix("s"),
                "cause": self.cause,
            }
            for change in changes
        ]
        return changes

    def _names(self, stage: str | None, segments: frozenset[str]) -> list[str]:
        return [*([] if stage is None else [f"stage:{stage}"]), *sorted(segments)]

    def _on_changes(self, changes: list[Change], event: Kept | None, *, again: bool = False) -> None:
        """Rules on changes. When effects settle (`again`), a rule that has fired in this record does not run again."""
        done = frozenset(self.fired) if again else frozenset()
        for rule in self.rules:
            for change in changes:
                if rule.id not in done and rule.trigger.kind == change.kind and change.segment in rule.trigger.names:
                    cause = self.now if event is None else event.id
                    self._consider(rule, event, f"{change.kind.removesuffix('s')}:{change.segment}:{cause}")

    # -- rules
    def _consider(self, rule: Rule, event: Kept | None, occurrence: str) -> None:
        """Start an occurrence, if the conditions hold and the limit allows."""
        view = self._view(event)
        if view.truth(rule.when) is not True or (rule.unless is not None and view.truth(rule.unless) is not False):
            return
        if rule.valid is not None and self.now not in range(rule.valid.start or 0, rule.valid.end or 2**50):
            return
        run = Run(rule, occurrence, event, self.now, acts_for(rule, self.person.id))
        others = [other for other in self.waiting if other.rule is rule and rule.if_running != "parallel"]
        if (others and rule.if_running == "ignore") or not self._allowed(run, others):
            return
        for other in others:
            self.waiting.remove(other)
            self._free(other)
        self.fired.add(rule.id)
        self.starts.setdefault(rule.id, []).append(run)
        run.way = self._way(run)
        self._proceed(run)

    def _allowed(self, run: Run, ending: Sequence[Run]) -> bool:
        """Whether the limit allows it; runs in their rule's own wait that would end leave their places to it."""
        limit, held = run.rule.limit, self.starts.get(run.rule.id, [])
        held = [other for other in held if other not in ending or not other.before_all]
        if limit.once_per is not None and (run.key is None or any(other.key == run.key for other in held)):
            return False
        if limit.once_within is not None and any(other.start > self.now - limit.once_within for other in held):
            return False
        if limit.max_count is not None:
            after = -1 if limit.max_within is None else self.now - limit.max_within
            if sum(other.start > after for other in held) >= limit.max_count:
                return False
        return not (limit.once and held)

    def _end_waits(self, event: Kept) -> list[Run]:
        """End waits that name this event; those which it answers. One at the head of a rule gives its place back."""
        ended = [run for run in self.waiting if run.ended_by(event)]
        for run in ended:
            self.waiting.remove(run)
            self._free(run)
        answered = [run for run in self.waiting if run.answered_by(event)]
        for run in answered:
            self.waiting.remove(run)
        return answered

    def _free(self, run: Run) -> None:
        if run.before_all:
            self.starts[run.rule.id].remove(run)

    def _proceed(self, run: Run, answer: Kept | None = None) -> None:
        """Go on to the next wait, unless what must hold at the end of the last one does not."""
        assert run.way is not None
        if self._view(run.event, run.reply).truth(run.wait.condition) is not True:
            return self._free(run)
        try:
            run.wait = run.way.send(answer) if run.acted else next(run.way)
        except StopIteration:
            return None
        run.acted, run.due = True, self._end_of(run.wait)
        return self.waiting.append(run)

    def _end_of(self, wait: Wait) -> int:
        if wait.until is None:
            return self.now + wait.duration
        return next_showing(self.person.zone(self.playbook.workspace.zone), wait.until, self.now)

    def _way(self, run: Run) -> Generator[Wait, Kept | None, None]:
        """All that a run does; it gives out each wait and is told the event that answered it, if one did."""
        if run.rule.wait is not None:
            yield run.rule.wait
        yield from self._steps(run, run.rule.then, "", None)

    def _steps(
        self, run: Run, steps: Sequence[Step], path: str, reply: Kept | None
    ) -> Generator[Wait, Kept | None, bool]:
        """A list of steps; True: the run has stopped."""
        for index, step in enumerate(steps):
            run.reply = reply
            here = f"{path}{index}"
            inner: tuple[str, Sequence[Step], Kept | None] = ("", (), reply)
            match step:
                case Stop():
                    return True
                case WaitStep(wait):
                    answer = yield wait
                    inner = ("else", step.otherwise, reply) if answer is None else ("then", step.then, answer)
                case Branch():
                    held = self._view(run.event, reply).truth(step.condition) is True
                    inner = ("then", step.then, reply) if held else ("else", step.otherwise, reply)
                case Split():
                    name, arm = arm_of(step, run, self.person.id)
                    inner = (f"arms.{name}", arm, reply)
                case _:
                    self._decide(run, here, step, reply)
            if (yield from self._steps(run, inner[1], f"{here}.{inner[0]}.", inner[2])):
                return True
        return False

    def _decide(self, run: Run, path: str, step: Step, reply: Kept | None) -> None:
        key = path if step.id is None else step.id
        identity = decision_id(self.workspace, run.rule.id, self.person.id, run.occurrence, key)
        acting = act(step, self._view(run.event, reply), identity)
        line = {
            "id": identity,
            "time": format_time(self.now),
            "person": self.person.id,
            "rule": run.rule.id,
            "step": key,
            "kind": acting.kind,
            "occurrence": run.occurrence,
            "event_id": None if run.event is None else run.event.id,
            "params": acting.params,
        }
        held = is_held_out(self.playbook.workspace, self.person.id) and not is_always_done(
            self.playbook, run.rule.then, path, step
        )
        if held:
            acting.params["holdout"] = True
        if not run.acts:
            self.result.shadow.append(line)
        else:
            self.result.decisions.append(line)
            self.effects += [] if held else [acting]

    # -- effects
    def _settle(self, event: Kept | None, depth: int) -> None:
        """Core semantics 6: effects, the changes they mean, the rules on those; then what was emitted."""
        emitted: list[dict[str, Any]] = []
        while self.effects:
            effects, self.effects = self.effects, []
            for acting in effects:
                self._apply(acting)
            emitted += [acting.params for acting in effects if acting.kind == "emit"]
            self._on_changes(self._renew(), event, again=True)
        for params in emitted:
            sent = Event(params["id"], params["person"], params["event"], self.now, params["properties"], "touchline")
            if sent.person == self.person.id and depth == _DEEPEST:
                self.result.failed += 1
            elif sent.person == self.person.id:
                self.happen(*read(self.playbook, sent, sent.name, self.now), depth + 1)

    def _apply(self, acting: Acting) -> None:
        if acting.kind == "tag":
            self.person.tags.update(acting.params["tags"])
        elif acting.kind == "untag":
            self.person.tags.difference_update(acting.params["tags"])
        for name, value in acting.values.items():
            if value is not None:
                self.person.set_trait(name, value, self.now)

    def _profile(self) -> dict[str, Any]:
        view = self._view(None)
        names = sorted({*self.person.traits, *self.playbook.catalogue.traits})
        traits = {name: show(view.trait(name), view.currency) for name in names}
        return {
            "person": self.person.id,
            "stage": self.stage,
            "segments": sorted(self.segments),
            "tags": sorted(self.person.tags),
            "traits": {name: value for name, value in traits.items() if value is not None},
        }
