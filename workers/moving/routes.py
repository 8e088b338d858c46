"""Which records of a log go to which partition of its copy, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from schemas.errors import EventRefused
from schemas.ids import partition_of
from schemas.records import Behaviour, Record, Tick, decode, encode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from stores.ports import Readable

__all__ = ["AT_ONCE", "Routed", "Routes", "routed"]

AT_ONCE = 2_000
"""Records, people or rows in hand at a time."""
_TICK = encode(Tick())


class Routed(NamedTuple):
    """A record of partition `old`, and the partition of the copy that it goes to."""

    old: int
    new: int
    record: Record


class Routes:
    """From `old` partitions to `new` ones: one to any number, or as many as before, each to its own.

    Events go to the partition of their key, ticks, schedules and activations to all. Of ticks that follow each other
    with nothing between them only the last one goes on: it says all that they said, and a log that was idle for a year
    holds 31 million of them.
    """

    def __init__(self, old: int, new: int) -> None:
        self._old, self._new = old, new
        self._ticks: dict[int, Routed] = {}

    def of(self, partition: int, records: Sequence[Record]) -> Iterator[Routed]:
        """Where the next records of a partition go, and ticks from before them that were held back."""
        for record in records:
            for new in self._targets(partition, record):
                routed = Routed(partition, new, record)
                if record.value == _TICK and not record.key:
                    self._ticks[new] = routed
                    continue
                held = self._ticks.pop(new, None)
                if held is not None:
                    yield held
                yield routed

    def rest(self) -> Iterator[Routed]:
        """Ticks that were held back at the end."""
        yield from (self._ticks.pop(new) for new in sorted(self._ticks))

    def _targets(self, partition: int, record: Record) -> Sequence[int]:
        if self._old == self._new:
            return (partition,)
        if record.key:
            return (partition_of(record.key, self._new),)
        return range(self._new) if _is_control(record.value) else (0,)


def _is_control(value: bytes) -> bool:
    """Whether a record without a key concerns everybody; else somebody sent an event without its key."""
    if value == _TICK:
        return True
    try:
        return not isinstance(decode(value), Behaviour)
    except EventRefused:
        return False


async def routed(
    log: Readable, partitions: int, told: Callable[[int], None] = lambda _: None
) -> AsyncIterator[list[Routed]]:
    """All that a log holds now, as it goes to a copy with this many partitions. `told` hears how many were read."""
    routes = Routes(log.info.partitions, partitions)
    for partition in range(log.info.partitions):
        at, end = await log.ends(partition)
        while at < end and (records := await log.read(partition, at, AT_ONCE)):
            told(len(records))
            yield list(routes.of(partition, records))
            at = records[-1].offset + 1
    yield list(routes.rest())
