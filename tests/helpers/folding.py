"""The product's fold, driven by hand: a playbook and a history in, the lines of a simulation out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rules.compile import compile_playbook
from rules.fold import LATENESS, Fold
from rules.schedule import nominal_times
from schemas.decisions import Decision, MembershipChange, Outcome
from schemas.errors import EventRefused
from schemas.profile import decode_profile, encode_profile
from schemas.records import behaviour
from schemas.times import format_time
from tests.reference.fold import Result
from workers.output import profile_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rules.model import Playbook
    from schemas.events import Event

__all__ = ["product_outcome", "product_run", "product_states"]


def product_run(
    playbook: Playbook,
    events: Sequence[tuple[int, Event]],
    until: int | None = None,
    late: int = LATENESS,
    workspace: str = "simulate",
    ticks: Iterable[int] = (),
    zones: Iterable[str] = (),
) -> Result:
    """What `tests.reference.fold.run` promises, by the product.

    `ticks`: moments at which time alone is told to pass; `zones`: those of people, for schedules in their zones.
    """
    end = max((at for at, _ in events), default=0) if until is None else until
    driver = _Driver(playbook, late, workspace)
    for record in _records(driver, events, end, ticks, zones):
        driver.fold_record(*record)
    driver.pass_time(end)
    return driver.result(end)


def product_outcome(
    playbook: Playbook, events: Sequence[tuple[int, Event]], until: int, zones: Iterable[str] = ()
) -> Outcome:
    """The rows as the ledger gets them."""
    driver = _Driver(playbook, LATENESS, "simulate")
    for record in _records(driver, events, until, (), zones):
        driver.fold_record(*record)
    driver.pass_time(until)
    return driver.outcome


def product_states(
    playbook: Playbook,
    events: Sequence[tuple[int, Event]],
    until: int,
    zones: Iterable[str] = (),
    cut: int | None = None,
) -> tuple[Result, dict[str, bytes]]:
    """The same, with everybody's profile as it is stored.

    After `cut` records another process goes on: all that it has is a program compiled anew and the stored profiles.
    """
    driver = _Driver(playbook, LATENESS, "simulate")
    for number, record in enumerate(_records(driver, events, until, (), zones)):
        if number == cut:
            driver = driver.again(playbook)
        driver.fold_record(*record)
    driver.pass_time(until)
    return driver.result(until), driver.stored


def _records(
    driver: _Driver, events: Sequence[tuple[int, Event]], end: int, ticks: Iterable[int], zones: Iterable[str]
) -> list[tuple[int, int, Any]]:
    """Events, firings of schedules and ticks as (moment, kind, what), in the order in which they are told."""
    played = [(at, event) for at, event in events if at <= end]
    begin = played[0][0] if played else end
    records: list[tuple[int, int, Any]] = [(at, 0, event) for at, event in played]
    zone = driver.program.playbook.workspace.zone
    for name, rule in driver.scheduled():
        records += [(at, 1, name) for at in nominal_times(rule, zone, begin - 1, end, zones)]
    records += [(at, 2, None) for at in ticks if at <= end]
    return sorted(records, key=lambda record: record[:2])


class _Driver:
    """People under one program; every profile goes through its stored form after every record."""

    def __init__(self, playbook: Playbook, late: int, workspace: str) -> None:
        self.program = compile_playbook(playbook)
        self.fold = Fold(self.program, workspace, {self.program.hash: self.program}.get, late)
        self.stored: dict[str, bytes] = {}
        self.outcome = Outcome()
        self.refused: list[dict[str, Any]] = []

    def again(self, playbook: Playbook) -> _Driver:
        """Another process that finds what this one has stored."""
        other = _Driver(playbook, self.fold.lateness, self.fold.workspace)
        other.stored, other.outcome, other.refused = dict(self.stored), self.outcome, self.refused
        return other

    def fold_record(self, at: int, kind: int, what: Any) -> None:  # noqa: ANN401 - an event, a rule's id, or nothing
        """Fold one of `_records`."""
        if kind == 0:
            self.event(what, at)
        elif kind == 1:
            self.schedule(what, at)
        else:
            self.pass_time(at - 1)

    def scheduled(self) -> list[tuple[str, Any]]:
        """Schedules by rule, in the order in which rules run."""
        rules = sorted(self.program.schedules.items(), key=lambda item: (-item[1].rule.priority, item[0]))
        return [(name, compiled.rule.trigger.schedule) for name, compiled in rules]

    def event(self, event: Event, at: int) -> None:
        """Fold an event that the log took at `at`."""
        state = self.stored.get(event.person)
        profile = self.program.empty_profile() if state is None else decode_profile(state)
        try:
            self.fold.event(event.person, profile, behaviour(event), at, self.outcome)
        except EventRefused as error:
            self.refused.append({"person": event.person, "event_id": event.id, "code": error.code})
            return
        self.stored[event.person] = encode_profile(profile)

    def schedule(self, rule: str, at: int) -> None:
        """Fire a rule's schedule for everybody."""
        for person, state in sorted(self.stored.items()):
            profile = decode_profile(state)
            self.fold.schedule(person, profile, rule, at, at, self.outcome)
            self.stored[person] = encode_profile(profile)

    def pass_time(self, to: int) -> None:
        """Let time pass for everybody."""
        for person, state in sorted(self.stored.items()):
            profile = decode_profile(state)
            self.fold.pass_time(person, profile, to, self.outcome)
            self.stored[person] = encode_profile(profile)

    def result(self, end: int) -> Result:
        """The lines."""
        out = self.outcome
        decided = sorted(out.decisions, key=lambda d: (d.time, d.person, d.order))
        changed = sorted(out.changes, key=lambda c: (c.time, c.person, c.order))
        return Result(
            decisions=[_decision(decision) for decision in decided if not decision.shadow],
            shadow=[_decision(decision) for decision in decided if decision.shadow],
            changes=[_change(change) for change in changed],
            profiles=[profile_line(self.program, person, state, end) for person, state in sorted(self.stored.items())],
            duplicates=out.counts.get("duplicates", 0),
            dead_letters=sorted(self.refused, key=lambda line: (line["person"], line["event_id"])),
            failed=len(out.failures),
        )


def _decision(row: Decision) -> dict[str, Any]:
    return {
        "id": row.id,
        "time": format_time(row.time),
        "person": row.person,
        "rule": row.rule,
        "step": row.step,
        "kind": row.kind,
        "occurrence": row.occurrence,
        "event_id": row.event_id,
        "params": row.params,
    }


def _change(row: MembershipChange) -> dict[str, Any]:
    return {
        "time": format_time(row.time),
        "person": row.person,
        "segment": row.segment,
        "change": row.change,
        "cause": row.cause,
    }
