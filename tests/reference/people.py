"""What the reference keeps of a person: every event, nothing forgotten."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tests.reference.values import Value

__all__ = ["Kept", "Person", "local_date", "shown"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Kept:
    """An event that was accepted. `time`: effective, unix ms; `known`: the catalogue has its name."""

    id: str
    source: str
    name: str
    time: int
    props: dict[str, Any]
    known: bool
    interaction: bool

    def counts_for(self, name: str) -> bool:
        """Whether it is one of `name`, which may be "*"."""
        return self.known and (self.interaction if name == "*" else self.name == name)


@dataclass(slots=True)
class Person:
    """One person. Traits with the moment they were set; a value None was taken back.

    `days`: by event (or "*") the local days, in the zone that was the person's when the event came.
    """

    id: str
    events: list[Kept] = field(default_factory=list)
    days: dict[str, set[date]] = field(default_factory=dict)
    traits: dict[str, tuple[Value, int]] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)

    def keep(self, event: Kept, default_zone: str) -> None:
        """One event more."""
        self.events.append(event)
        for name in (event.name, "*"):
            if event.counts_for(name):
                self.days.setdefault(name, set()).add(local_date(event.time, self.zone(default_zone)))

    def set_trait(self, name: str, value: Value, at: int) -> None:
        """The value set last, by the time it was set, is the one that holds; of one moment the later record's."""
        if name not in self.traits or self.traits[name][1] <= at:
            self.traits[name] = value, at

    def zone(self, default: str) -> ZoneInfo:
        """The person's zone, else the workspace's."""
        name = self.traits.get("zone", (None, 0))[0]
        if isinstance(name, str):
            try:
                return ZoneInfo(name)
            except (ZoneInfoNotFoundError, ValueError):
                pass
        return ZoneInfo(default)


def shown(ms: int, zone: ZoneInfo) -> datetime:
    """What a clock in the zone shows."""
    return (_EPOCH + timedelta(milliseconds=ms)).astimezone(zone)


@cache
def local_date(ms: int, zone: ZoneInfo) -> date:
    """The day of a moment; a day that has begun stays begun when the clock is put back over midnight."""
    now = shown(ms, zone)
    before = [shown(ms - minutes * 60_000, zone) for minutes in range(1, 181)]
    if before[-1].utcoffset() == now.utcoffset():
        return now.date()
    return max(now.date(), *(each.date() for each in before))
