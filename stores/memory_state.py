"""The state in memory: for tests and simulations, gone with its process."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stores.guards import moved
from stores.ports import Position, Saved

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["MemoryState"]


@dataclass(slots=True)
class _Partition:
    """Everybody, their ids in order, and (due, person) in order."""

    position: Position
    log_id: str
    saved: dict[str, Saved] = field(default_factory=dict)
    people: list[str] = field(default_factory=list)
    due: list[tuple[int, str]] = field(default_factory=list)

    def save(self, person: str, new: Saved) -> None:
        old = self.saved.get(person)
        if old is None:
            insort(self.people, person)
        elif old.due is not None:
            del self.due[bisect_left(self.due, (old.due, person))]
        if new.due is not None:
            insort(self.due, (new.due, person))
        self.saved[person] = new


class MemoryState:
    """A state in memory."""

    def __init__(self) -> None:
        self._partitions: dict[int, _Partition] = {}

    async def position(self, partition: int) -> tuple[Position, str] | None:
        """(position, log id) as stored, None when this partition was never begun."""
        kept = self._partitions.get(partition)
        return None if kept is None else (kept.position, kept.log_id)

    async def begin(self, partition: int, log_id: str, position: Position) -> None:
        """Store a first position; does nothing if there is one."""
        self._partitions.setdefault(partition, _Partition(position, log_id))

    def _guarded(self, partition: int, position: Position) -> _Partition:
        kept = self._partitions.get(partition)
        if kept is None or kept.position[:2] != position[:2]:
            raise moved(partition, position, None if kept is None else kept.position)
        return kept

    async def read(
        self,
        partition: int,
        position: Position,
        people: Iterable[str],
        due_before: int | None = None,
        due_limit: int = 0,
    ) -> dict[str, Saved]:
        """Guarded read of `people` and of those due before `due_before` (unix ms). Raises `Moved`."""
        kept = self._guarded(partition, position)
        found = {person: kept.saved[person] for person in people if person in kept.saved}
        if due_before is not None:
            end = bisect_left(kept.due, (due_before,))
            found.update((person, kept.saved[person]) for _, person in kept.due[: min(end, due_limit)])
        return found

    async def scan(self, partition: int, position: Position, after: str, limit: int) -> list[tuple[str, Saved]]:
        """Guarded read of everybody in the order of person ids, from the one behind `after` on. Raises `Moved`."""
        kept = self._guarded(partition, position)
        start = bisect_right(kept.people, after)
        return [(person, kept.saved[person]) for person in kept.people[start : start + limit]]

    async def write(self, partition: int, position: Position, new: Position, states: Mapping[str, Saved]) -> None:
        """Guarded write: profiles, timers and the position, all or nothing. Raises `Moved`."""
        kept = self._guarded(partition, position)
        for person, saved in sorted(states.items()):
            kept.save(person, saved)
        kept.position = new

    async def person(self, partition: int, person: str) -> Saved | None:
        """A look at one person, unguarded."""
        kept = self._partitions.get(partition)
        return None if kept is None else kept.saved.get(person)

    async def people(self, partition: int) -> list[tuple[str, Saved]]:
        """A look at everybody, in the order of person ids."""
        kept = self._partitions.get(partition)
        return [] if kept is None else [(person, kept.saved[person]) for person in kept.people]

    async def checkpoint(self) -> bool:
        """There is no disk, so nothing falls back."""
        return True

    async def close(self) -> None:
        """Nothing to close."""
