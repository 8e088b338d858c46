"""The fold: a person's profile and one record in, the profile changed and rows out. Pure, and the same on every replay.

Order of things (core semantics 2-6): everything due strictly before the record's moment, each at its own; then waits
that the event ends, stage and segments anew, changes recorded, rules on changes, rules on the event, effects, and
emitted events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rules.applying import apply_effects, apply_event, first_evaluation
from rules.changing import change_runs
from rules.compile_rule import OWN
from rules.journey import may_go_on, proceed, tell
from rules.limits import first_telling
from rules.run import restore, restored_occasion
from rules.schedule import concerns
from rules.starting import begin
from rules.turn import Turn
from rules.waits import cancel, end_waits, kept_until
from schemas.errors import EventRefused
from schemas.ids import event_key
from schemas.profile import Occasion
from schemas.times import DAY, FOREVER
from segments.windows import holds_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from rules.program import CompiledRule, Program
    from rules.run import Run
    from schemas.decisions import MembershipChange, Outcome
    from schemas.profile import Profile, Waiting
    from schemas.records import Behaviour

__all__ = ["LATENESS", "Fold", "next_moment"]

LATENESS: Final = 3 * DAY
"""How late an event may be, and for how long repeats are recognised (ms); a setting."""

_MAX_DEPTH: Final = 8
_MAX_KEYS: Final = 8 * 8192
"""Keys of 8,192 events: a longer burst within a lateness period may count a repeat twice, but not fill the store."""


def next_moment(p: Profile) -> int:
    """The next moment at which time alone concerns this person; FOREVER if none."""
    wait, wake = p.next_wait, p.wake
    return wait if 0 < wait < wake else wake


class Fold:
    """Folds records of one workspace under one program.

    `programs` finds the program that a waiting run began with. `workspace` enters every decision id.
    """

    def __init__(
        self, program: Program, workspace: str, programs: Callable[[str], Program | None], lateness: int = LATENESS
    ) -> None:
        self.program, self.workspace, self.programs, self.lateness = program, workspace, programs, lateness

    # -- records
    def event(self, person: str, p: Profile, event: Behaviour, at: int, out: Outcome, depth: int = 0) -> None:
        """Fold an event that the log took at `at`. Raises `EventRefused` before anything has changed."""
        history, own = event.history, event.time
        if own is None:
            own = at
        if own < at - self.lateness and not history:
            message = (
                f"the event is more than {self.lateness // 3_600_000} h old; older ones belong to `touchline import`"
            )
            raise EventRefused(message, code="too_late")
        identity, source, raw = event.id, event.source, event.properties
        name, props = self._typed(event.name, raw)
        now = max(p.now, at)
        if next_moment(p) < now:
            self.pass_time(person, p, now - 1, out)
        p.now = now
        ts = min(at, own)
        # An import knows what it has imported; live repeats of so old an event are refused as too late.
        if not (history and ts < now - self.lateness) and self._repeated(p, event_key(source, identity), now):
            out.count("duplicates")
            return
        counts = out.counts
        counts["events"] = counts.get("events", 0) + 1
        occasion = Occasion(identity, name, ts, source, props, raw)
        turn = Turn(self.program, self.workspace, person, p, out, occasion, "event", depth)
        turn.quiet = history
        if history:
            p.quiet = max(p.quiet, at)
        self._happen(turn, name, ts, history=history)

    def _typed(self, given: str, raw: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        name = self.program.names.get(given)
        if name is None:
            if self.program.playbook.catalogue.reject_unknown:
                message = f"the catalogue has no event {given!r}"
                raise EventRefused(message, code="unknown_event")
            return given, {}
        coerce = self.program.coercions.get(name)
        return name, coerce(raw) if coerce is not None else {}

    def _repeated(self, p: Profile, key: bytes, now: int) -> bool:
        """Whether the event came before, in this or the previous lateness period; if not, its key is remembered."""
        period = now // self.lateness
        if period != p.seen_period:
            p.seen_before = p.seen if period == p.seen_period + 1 else b""
            p.seen, p.seen_period = b"", period
        seen, before = p.seen, p.seen_before
        if (seen and holds_key(seen, key)) or (before and holds_key(before, key)):
            return True
        p.seen = seen + key if len(seen) < _MAX_KEYS else seen[8:] + key
        return False

    def _happen(self, turn: Turn, name: str, ts: int, *, history: bool) -> None:
        p, program = turn.p, turn.program
        answered = end_waits(turn, self.programs, ts) if p.waits_raw else []
        lateness = FOREVER if history else self.lateness
        true, unknown = apply_event(turn, name, ts, lateness) if p.known else self._first(turn, name, ts, lateness)
        changes = turn.adopt(true, unknown)
        if not turn.quiet:
            for waiting in answered:
                self._resume(turn, waiting, answered=True)
            if changes:
                self._on_changes(turn, changes)
            match = program.on_event.get(name)
            if match is not None:
                rules = self._matching(turn, match)
                occurrence = f"event:{turn.occasion.source}:{turn.occasion.id}" if rules else ""
                for rule in rules:
                    self._start(turn, rule, occurrence)
        if turn.effects or turn.emitted:
            self._settle_effects(turn)

    def _first(self, turn: Turn, name: str, ts: int, lateness: int) -> tuple[int, int]:
        """The first event of a person, who was in no segment: the truths after it."""
        p, plan = turn.p, self.program.plan
        p.known = True
        if plan.of_nobody is None or p.is_described:
            apply_event(turn, name, ts, lateness)
            return plan.settle(p, *plan.evaluate_all(p, turn.now, 0, 0))
        p.true, p.unknown = plan.of_nobody  # the others stay like that: only what the event touches is evaluated
        found = apply_event(turn, name, ts, lateness)
        p.true = p.unknown = 0
        return found

    def schedule(self, person: str, p: Profile, rule_id: str, nominal: int, at: int, out: Outcome) -> None:
        """A schedule fired: start its rule for this person, if the audience holds."""
        self.pass_time(person, p, max(p.now, at) - 1, out)
        p.now = max(p.now, at)
        turn = Turn(self.program, self.workspace, person, p, out)
        self._settle_due(turn)
        rule = self.program.schedules.get(rule_id)
        # Two clocks tell one firing twice: the second is the same occurrence and takes no place in a limit.
        if rule is not None and self._concerned(turn, rule, nominal) and first_telling(p, rule_id, nominal):
            self._start(turn, rule, f"schedule:{rule_id}:{nominal}", nominal)
        self._settle_effects(turn)

    def _concerned(self, turn: Turn, rule: CompiledRule, nominal: int) -> bool:
        """Whether a firing is for this person: known, in the zone that it is for, of its audience, and `when` holds."""
        p, schedule = turn.p, rule.rule.trigger.schedule
        if not p.known or turn.quiet:
            return False
        if schedule is not None:
            of = p.traits.get(schedule.anniversary) if schedule.anniversary is not None else None
            if not concerns(schedule, p.zone or self.program.playbook.workspace.zone, nominal, of):
                return False
        return (rule.audience is None or self._holds(turn, rule, rule.audience)) and self._holds(turn, rule, rule.test)

    def _settle_due(self, turn: Turn) -> None:
        """Stage and segments anew, where time alone changes them at this very moment, and the rules on what changed."""
        p = turn.p
        if p.wake <= p.now:
            true, unknown = self.program.plan.settle(p, int(p.true), int(p.unknown))
            changes = turn.adopt(true, unknown)
            if changes and not turn.quiet:
                self._on_changes(turn, changes)

    def pass_time(self, person: str, p: Profile, to: int, out: Outcome) -> None:
        """Let time pass up to and including `to`: everything due happens, each at its own moment."""
        while True:
            moment = next_moment(p)
            if moment > to or moment >= FOREVER:
                return
            p.now = max(p.now, moment)
            turn = Turn(self.program, self.workspace, person, p, out)
            self._settle_due(turn)
            if p.waits_raw:
                self._end_of_waits(turn)
            self._settle_effects(turn)

    def activate(self, person: str, p: Profile, at: int, out: Outcome, *, fire_entries: bool = False) -> None:
        """Bring a profile of an earlier program to this one; changes have cause `program` and start no rule."""
        p.now = max(p.now, at)
        turn = Turn(self.program, self.workspace, person, p, out, cause="program")
        first_evaluation(turn, self.programs(p.program))
        true, unknown = self.program.plan.evaluate_all(p, turn.now, 0, 0) if p.known else (0, 0)
        changes = turn.adopt(*self.program.plan.settle(p, true, unknown))
        change_runs(turn, self.programs)
        turn.quiet = not fire_entries
        if fire_entries:
            self._on_changes(turn, [change for change in changes if change.change == "enter"])
            self._settle_effects(turn)

    # -- rules
    def _matching(self, turn: Turn, match: Any) -> list[CompiledRule]:  # noqa: ANN401 - generated code
        p = turn.p
        try:
            return match(p, turn.now, turn.occasion, p.true, p.unknown)  # type: ignore[no-any-return]
        except Exception:  # noqa: BLE001 - one rule must not stop the others: ask them one by one
            name = turn.occasion.name
            rules = [
                r
                for r in self.program.rules.values()
                if r.rule.trigger.kind == "event" and name in r.rule.trigger.names
            ]
            return [rule for rule in rules if self._holds(turn, rule, rule.test)]

    def _holds(self, turn: Turn, rule: CompiledRule, test: Any) -> bool:  # noqa: ANN401 - generated code
        p = turn.p
        try:
            return bool(test(p, p.now, turn.occasion, p.true, p.unknown))
        except Exception as error:  # noqa: BLE001 - a rule that raises is reported, the others go on
            turn.out.failures.append((rule.id, f"{type(error).__name__}: {error}"))
            return False

    def _on_changes(self, turn: Turn, changes: list[MembershipChange], done: frozenset[str] = frozenset()) -> None:
        """Rules on each change, by priority, then id, then the order of the changes."""
        on_change = self.program.on_change
        starts = [
            (-rule.rule.priority, rule.id, at, rule)
            for at, change in enumerate(changes)
            for rule in on_change.get((change.change, change.segment), ())
            if rule.id not in done
        ]
        if not starts:
            return
        for _, _, at, rule in sorted(starts, key=lambda s: s[:3]):
            change = changes[at]
            cause = turn.occasion.id if turn.occasion.id is not None else str(turn.p.now)
            if self._holds(turn, rule, rule.test):
                self._start(turn, rule, f"{change.change}:{change.segment}:{cause}")

    def _start(self, turn: Turn, rule: CompiledRule, occurrence: str, due: int | None = None) -> None:
        """Start one occurrence, if its dates, runs under way and the limit allow."""
        run = begin(turn, rule, occurrence, turn.now if due is None else due)
        if run is not None:
            turn.fired.add(rule.id)
            self._guarded(turn, run, turn.occasion)

    def _guarded(self, turn: Turn, run: Run, occasion: Occasion, at: int = OWN) -> list[str]:
        """Carry out the steps from `at` on, -1 being the rule's own wait; a run that raises leaves no trace."""
        marks = len(turn.out.decisions), len(turn.effects), len(turn.emitted)
        try:
            return proceed(turn, run, occasion, at)
        except Exception as error:  # noqa: BLE001 - a rule that raises is reported, the others go on
            del turn.out.decisions[marks[0] :], turn.effects[marks[1] :], turn.emitted[marks[2] :]
            turn.out.failures.append((run.rule.id, f"{type(error).__name__}: {error}"))
            return []

    def _end_of_waits(self, turn: Turn) -> None:
        """Waits that are over go on, in the order in which they began; some are kept while a withdrawal may come."""
        p = turn.p
        due = [w for w in p.waits if w.due <= p.now]
        if not due:
            return
        p.waits[:] = [w for w in p.waits if w.due > p.now]
        p.store_waits()
        for waiting in due:
            if not waiting.decisions:
                self._resume(turn, waiting)

    def _resume(self, turn: Turn, waiting: Waiting, *, answered: bool = False) -> None:
        """Go on with a run, on the program it began with; a rule that decides nothing any more ends it."""
        current = self.program.rules.get(waiting.rule)
        program = self.program if waiting.program == self.program.id else self.programs(waiting.program)
        rule = program.rules.get(waiting.rule) if program is not None else None
        if current is None or rule is None:
            turn.out.count("ended_runs")
            if rule is not None:
                turn.tell("gone", rule, waiting.occurrence, waiting.wait)
            return
        run, occasion = (
            restore(turn, rule, waiting, turn.p.now if answered else waiting.due),
            restored_occasion(turn, waiting.event),
        )
        if not self._still(turn, run, occasion, waiting):
            return
        turn.fired.add(waiting.rule)
        tell(turn, run, occasion, waiting.wait, "answered" if answered else "over", turn.occasion.name or "")
        if answered:
            run.replies[waiting.wait] = turn.occasion
            self._guarded(turn, run, occasion, rule.stations[waiting.wait].ways["then"])
            return
        mark = len(turn.out.decisions)
        made = self._guarded(turn, run, occasion, waiting.step)
        waiting.due = kept_until(turn.out.decisions[mark:], turn.p.now + self.lateness)
        if made and rule.endings[waiting.wait] and not run.shadow and waiting.due > turn.p.now:
            waiting.decisions = made
            turn.p.waits.append(waiting)
            turn.p.store_waits()

    def _still(self, turn: Turn, run: Run, occasion: Occasion, waiting: Waiting) -> bool:
        """Whether the run goes on now that its wait is over: its `while` is true, or it has none."""
        try:
            held = may_go_on(turn, run, occasion, waiting.wait)
        except Exception as error:  # noqa: BLE001 - a rule that raises is reported, the others go on
            turn.out.failures.append((run.rule.id, f"{type(error).__name__}: {error}"))
            held = False
        if not held:
            turn.out.count("ended_by_while")
            tell(turn, run, occasion, waiting.wait, "while")
            cancel(turn, waiting)
        return held

    # -- effects
    def _settle_effects(self, turn: Turn) -> None:
        """Effects on the profile, the changes they mean and the rules on those, until nothing changes.

        Then emitted events.
        """
        p, plan = turn.p, self.program.plan
        while turn.effects:
            evaluate = apply_effects(turn)
            if evaluate is None or not p.known:
                continue
            changes = turn.adopt(*plan.settle(p, *evaluate(p, p.now, p.true, p.unknown)))
            if changes and not turn.quiet:
                self._on_changes(turn, changes, frozenset(turn.fired))
        emitted, turn.emitted = turn.emitted, []
        for identity, event in emitted:
            if turn.depth >= _MAX_DEPTH:
                turn.out.failures.append(
                    (event.name, f"a chain of emitted events is deeper than {_MAX_DEPTH} ({identity})")
                )
                continue
            try:
                self.event(turn.person, p, event, p.now, turn.out, turn.depth + 1)
            except EventRefused as error:
                turn.out.failures.append((event.name, f"an emitted event was refused: {error.message}"))
