"""The log in memory: for tests and simulations, gone with its process."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from schemas.ids import partition_of
from schemas.records import Record
from stores.appending import check_items, gap
from stores.ports import LogInfo, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stores.ports import Appendable

__all__ = ["MemoryLog"]


@dataclass(slots=True)
class _Partition:
    """Records from offset `first` on, and the append time of the last one there ever was."""

    first: int = 0
    last: int = 0
    records: list[Record] = field(default_factory=list)

    @property
    def next(self) -> int:
        return self.first + len(self.records)


class MemoryLog:
    """A log in memory. `clock` gives unix ms, `new_id` the log's id. `virtual_time`: appenders may name the time."""

    def __init__(
        self, *, clock: Callable[[], int], new_id: Callable[[], str], partitions: int = 1, virtual_time: bool = False
    ) -> None:
        self.info = LogInfo(new_id(), partitions)
        self._clock = clock
        self._is_virtual = virtual_time
        self._partitions = [_Partition() for _ in range(partitions)]
        self._change = asyncio.Event()

    async def append(self, items: Sequence[Appendable]) -> list[Place]:
        """Append all or nothing. Raises `ValueError` for a partition that does not exist, or a time in a real log."""
        check_items(items, self.info.partitions, is_virtual=self._is_virtual)
        now = self._clock()
        places = []
        for item in items:
            number = partition_of(item.key, self.info.partitions) if item.partition is None else item.partition
            partition = self._partitions[number]
            partition.last = max(now if item.at is None else item.at, partition.last)
            places.append(Place(number, partition.next))
            partition.records.append(Record(partition.next, partition.last, item.key, item.value))
        change, self._change = self._change, asyncio.Event()
        change.set()
        return places

    async def read(self, partition: int, start: int, limit: int = 500) -> list[Record]:
        """Records from offset `start` on, in order. Raises `NamedStop` `STATE_GAP` when `start` was trimmed."""
        kept = self._partitions[partition]
        if start < kept.first:
            raise gap(partition, start, kept.first)
        at = start - kept.first
        return kept.records[at : at + limit]

    async def ends(self, partition: int) -> tuple[int, int]:
        """(first kept offset, next offset to be written)."""
        kept = self._partitions[partition]
        return kept.first, kept.next

    async def wait(self, partition: int, start: int, timeout: float) -> None:
        """Return when a record at `start` is there, at the latest after `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                while self._partitions[partition].next <= start:
                    await self._change.wait()
        except TimeoutError:
            return

    async def trim(self, partition: int, before: int) -> int:
        """Delete records before offset `before`; returns how many went."""
        kept = self._partitions[partition]
        gone = max(min(before, kept.next) - kept.first, 0)
        del kept.records[:gone]
        kept.first += gone
        return gone

    async def settle(self) -> None:
        """End virtual time."""
        self._is_virtual = False

    async def close(self) -> None:
        """Nothing to close."""
