"""One batch in memory: people as they were read, folded record by record, timers born in the batch included."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Protocol

import msgspec

from rules.fold import next_moment
from schemas.decisions import Outcome
from schemas.errors import EventRefused
from schemas.profile import decode_profile, encode_profile
from schemas.records import Behaviour
from schemas.times import DAY, FOREVER
from stores.ports import Saved
from workers.decoding import letter_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.program import Program
    from schemas.profile import Profile
    from schemas.records import Decoded, Record

__all__ = ["Batch", "Folding"]

_NAMED = 5


class Folding(Protocol):
    """What a worker asks of a fold."""

    program: Program

    def event(self, person: str, p: Profile, event: Behaviour, at: int, out: Outcome) -> None:
        """Fold an event that the log took at `at`. Raises `EventRefused`."""

    def schedule(self, person: str, p: Profile, rule_id: str, nominal: int, at: int, out: Outcome) -> None:
        """Fold the firing of a rule's schedule."""

    def pass_time(self, person: str, p: Profile, to: int, out: Outcome) -> None:
        """Let time pass up to and including `to`."""

    def activate(self, person: str, p: Profile, at: int, out: Outcome, *, fire_entries: bool = False) -> None:
        """Bring a profile of an earlier program to this one."""


class Batch:
    """Folds decoded records over the profiles that were read for them."""

    def __init__(self, fold: Folding, partition: int, saved: Mapping[str, Saved]) -> None:
        self.fold, self.partition, self.saved = fold, partition, saved
        self.people: dict[str, Profile] = {}
        self.due = {person: s.due for person, s in saved.items() if s.due is not None}
        self.heap = [(due, person) for person, due in self.due.items()]
        heapify(self.heap)
        self.moved: set[str] = set()
        self.outcome = Outcome()
        self.aside: dict[str, Saved] = {}
        self.failed: dict[str, str] = {}

    def records(self, decoded: list[Decoded]) -> None:
        """Fold records one by one. What a rule raised becomes a dead letter of its record."""
        outcome = self.outcome
        for each in decoded:
            payload, record = each.payload, each.record
            failures = len(outcome.failures)
            if each.letter is not None:
                outcome.dead_letters.append(each.letter)
            elif isinstance(payload, Behaviour):
                self.event(record, payload)
            else:
                self.tick(record)
            if len(outcome.failures) > failures:
                rule, message = outcome.failures[failures]
                refused = EventRefused(f"rule {rule}: {message}", code="rule_failed")
                outcome.dead_letters.append(letter_of(record, self.partition, refused))

    def event(self, record: Record, event: Behaviour) -> None:
        """Fold one event; a refused one becomes a dead letter and leaves nobody behind."""
        person = event.person
        known = person in self.people or person in self.saved
        p = self.profile(person)
        try:
            self.fold.event(person, p, event, record.at, self.outcome)
        except EventRefused as error:
            self.outcome.dead_letters.append(letter_of(record, self.partition, error))
            if not known:
                del self.people[person]
                return
        self.moved.add(person)

    def tick(self, record: Record) -> None:
        """Everything due before the record happens, person by person in the order of their moments."""
        for person in self.moved:  # only a tick asks for their moments
            self._schedule(person, self.people[person])
        self.moved.clear()
        while self.heap and self.heap[0][0] < record.at:
            due, person = heappop(self.heap)
            if self.due.get(person) == due:
                self._pass_time(person, record.at)
        self.report(record)

    def _pass_time(self, person: str, at: int) -> None:
        """Time up to `at` for one person. If that fails they are set aside for a day: they must not hold up others."""
        mark, touched = self.outcome.mark(), person in self.people
        try:
            p = self.profile(person)
            self.fold.pass_time(person, p, at - 1, self.outcome)
        except Exception as error:
            if touched:  # not to lose what came before: the worker looks at each record alone
                raise
            self.outcome.back_to(mark)
            self.people.pop(person, None)
            self._set_aside(person, error, at + DAY)
        else:
            self._schedule(person, p)

    def readable(self, person: str) -> Profile | None:
        """The working copy of a person; None if it cannot be read: it stays in the store as it is, and is reported."""
        try:
            return self.profile(person)
        except msgspec.MsgspecError as error:
            self._set_aside(person, error, self.saved[person].due)
            return None

    def _set_aside(self, person: str, error: Exception, due: int | None) -> None:
        self.failed[person] = f"{type(error).__name__}: {error}"
        self.aside[person] = Saved(self.saved[person].state, due)
        self.due.pop(person, None)
        if due is not None:
            self.due[person] = due
            heappush(self.heap, (due, person))

    def report(self, record: Record) -> None:
        """One dead letter for all who were set aside at a record."""
        if not self.failed:
            return
        people, first = sorted(self.failed), self.failed[min(self.failed)]
        named = ", ".join(map(repr, people[:_NAMED])) + (f" and {len(people) - _NAMED} more" * (len(people) > _NAMED))
        message = (
            f"the profile of {named} could not be folded and stays as it is ({first}); time is tried again in a day"
        )
        self.outcome.dead_letters.append(letter_of(record, self.partition, EventRefused(message, code="person_failed")))
        self.failed.clear()

    def profile(self, person: str) -> Profile:
        """The working copy of a person."""
        p = self.people.get(person)
        if p is None:
            saved = self.saved.get(person)
            p = self.fold.program.empty_profile() if saved is None else decode_profile(saved.state)
            self.people[person] = p
        return p

    def _schedule(self, person: str, p: Profile) -> None:
        due = next_moment(p)
        if due >= FOREVER:
            self.due.pop(person, None)
        elif self.due.get(person) != due:
            self.due[person] = due
            heappush(self.heap, (due, person))

    def states(self) -> dict[str, Saved]:
        """The profiles that were touched, as they go back to the store."""
        out = dict(self.aside)
        for person, p in self.people.items():
            due = next_moment(p)
            out[person] = Saved(encode_profile(p), due if due < FOREVER else None)
        return out
