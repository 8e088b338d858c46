"""Lines into events: each line is judged alone, those of one group are folded as they come and not kept."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from rules.mapping import Outcome
from rules.mapping_expressions import Line
from rules.mapping_values import DIVIDED_BY_ZERO, Cache, as_id, as_moment, as_property
from schemas.errors import EventRefused
from schemas.events import Event, event_from
from schemas.ids import check_id

if TYPE_CHECKING:
    from rules.mapping import Mapping

__all__ = ["Mapper"]


@dataclass(slots=True)
class _Group:
    """The accepted lines of one group so far. `event`: what its first line alone becomes, if anything."""

    person: str
    time: int
    first: Line
    outcome: Outcome | None
    totals: tuple[Decimal, ...]
    event: Event | None
    places: array[int] = field(default_factory=lambda: array("Q"))
    other: str = ""
    """A second person, if the lines are of two."""

    def join(self, line: Line, person: str, time: int) -> None:
        """Take in another line; nothing of it, if one of its values is faulty."""
        if self.outcome is not None:
            folded = [
                total.fold(so_far, total.value(line))
                for total, so_far in zip(self.outcome.totals, self.totals, strict=True)
            ]
            self.totals = tuple(folded)
        self.time = min(self.time, time)
        if person != self.person:
            self.other = person


class Mapper:
    """Applies a mapping to all lines of an input.

    A line's `place` is the caller's number for it. `events` (place, event) is filled by `add` where every line is an
    event, and by `finish` where lines are grouped, in the order of the groups' first accepted lines. `refused` (place,
    code, message): lines that `add` took in and whose group then could not be an event.
    """

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self.events: list[tuple[int, Event]] = []
        self.refused: list[tuple[int, str, str]] = []
        self._groups: dict[str, _Group] = {}
        self._people = Cache(_person)
        self._times = Cache(lambda text: as_moment(text, mapping.zone))

    def add(self, line: Line, place: int) -> None:
        """Take in one line. Raises `EventRefused` if the line is faulty; it then counts for nothing."""
        mapping = self.mapping
        try:
            person = self._people[mapping.person(line)]
            time = self._times[mapping.time(line)]
            if mapping.group is None:
                self.events.append((place, self._single(line, person, time)))
                return
            key = mapping.group(line)
            if not key:
                raise EventRefused("the line has nothing to group it by", code="no_group")
            group = self._groups.get(key)
            if group is None:
                group = self._groups[key] = self._begin(line, person, time)
            else:
                group.join(line, person, time)
        except ArithmeticError:
            raise _too_long() from None
        group.places.append(place)

    def _single(self, line: Line, person: str, time: int) -> Event:
        event = self._begin(line, person, time).event
        if event is None:
            raise _no_event()
        return event

    def _begin(self, line: Line, person: str, time: int) -> _Group:
        """A group of one line. Its event is made at once, so that a fault in it is this line's alone."""
        outcome = next((o for o in self.mapping.outcomes if o.when is None or o.when(line)), None)
        if outcome is None:
            return _Group(person, time, line, None, (), None)
        totals = tuple(total.value(line) for total in outcome.totals)
        try:
            event = self._event(outcome, line, person, time, totals)
        except EventRefused as fault:
            if fault.code != DIVIDED_BY_ZERO or self.mapping.group is None:
                raise
            for run in outcome.scalars:
                run(line)
            event = None  # only a total is zero, and with more lines it need not be
        return _Group(person, time, line, outcome, totals, event)

    def _event(self, outcome: Outcome, line: Line, person: str, time: int, totals: tuple[Decimal, ...]) -> Event:
        properties = {name: as_property(run((*line, totals))) for name, run in outcome.properties}
        return event_from(
            {
                "id": as_id(self.mapping.id(line)) if self.mapping.id is not None else None,
                "person": person,
                "event": outcome.event,
                "time": time,
                "properties": {name: value for name, value in properties.items() if value is not None},
                "source": self.mapping.source,
            }
        )

    def finish(self) -> None:
        """Make the events of the groups; the lines of a group that cannot be one are refused, all of them."""
        for group in self._groups.values():
            try:
                self.events.append((group.places[0], self._finished(group)))
            except EventRefused as fault:
                self.refused += [(place, fault.code, fault.message) for place in group.places]
        self._groups.clear()

    def _finished(self, group: _Group) -> Event:
        if group.other:
            message = f"the lines of this group are of two people, {group.person!r} and {group.other!r}"
            raise EventRefused(message, code="mixed_person")
        if group.outcome is None:
            raise _no_event()
        if group.event is not None and len(group.places) == 1:
            return group.event
        try:
            return self._event(group.outcome, group.first, group.person, group.time, group.totals)
        except ArithmeticError:
            raise _too_long() from None


def _person(text: str) -> str:
    person = as_id(text)
    if not person:
        raise EventRefused("the line names no person", code="no_person")
    return check_id(person, "person")


def _no_event() -> EventRefused:
    return EventRefused("no entry of `events:` in the mapping is for this line", code="no_event")


def _too_long() -> EventRefused:
    return EventRefused("a result has too many digits", code="bad_number")
