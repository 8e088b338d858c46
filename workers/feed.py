"""One partition as a consumer delivers it: what a worker reads, kept until it does not ask for it any more.

A worker says where it reads. What does not follow on that is not guessed at: the consumer is sent there.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from schemas.errors import Moved, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from schemas.records import Record
    from stores.ports import Readable

    Seek = Callable[[int, int], Awaitable[None]]

__all__ = ["Feed", "Parcel"]

_ROOM = 8_000
"""Records that may wait; a partition that has more is not fetched."""


class Parcel(NamedTuple):
    """Records that were fetched from offset `start` on, after the seek number `epoch`."""

    epoch: int
    start: int
    records: Sequence[Record]


class Feed:
    """The records of a partition, by way of a consumer that can be sent to an offset by `seek`.

    `log` answers what a consumer does not know: the ends of the partition.
    """

    def __init__(self, log: Readable, partition: int, seek: Seek) -> None:
        self.info = log.info
        self._log, self._partition, self._seek = log, partition, seek
        self._records: deque[Record] = deque()
        self._begin, self._end = 0, -1
        self._fetched = 0
        self._skipped: deque[tuple[int, int]] = deque()
        self._lost = False
        self._log_end = -1  # of the log, as it was when a wait before had ended without a record
        self._is_there = False
        self._change = asyncio.Event()
        self.epoch = 0

    # -- the consumer's side
    @property
    def is_wanted(self) -> bool:
        """Whether to fetch: it is known from where, and there is room."""
        return self._is_there and not self._lost and len(self._records) < _ROOM

    def parcel(self, epoch: int, records: Sequence[Record]) -> Parcel | None:
        """What has just been fetched, marked with its place; None when a seek has made it void."""
        if epoch != self.epoch or not self._is_there:
            return None
        start, self._fetched = self._fetched, records[-1].offset + 1
        return Parcel(epoch, start, records)

    def put(self, parcel: Parcel) -> None:
        """Take a parcel in. One that does not follow on what is here shows that another one went missing."""
        if parcel.epoch != self.epoch or self._lost:
            return
        first = parcel.records[0].offset
        if parcel.start != self._end or first < parcel.start:
            self._lost = True
        else:
            if first > parcel.start:
                self._skipped.append((parcel.start, first))
            self._records.extend(parcel.records)
            self._end = parcel.records[-1].offset + 1
        self._log_end = -1
        self.wake()

    def wake(self) -> None:
        """Let everybody who waits look again."""
        change, self._change = self._change, asyncio.Event()
        change.set()

    # -- the worker's side
    async def read(self, partition: int, start: int, limit: int = 500) -> list[Record]:
        """Records from `start` on, nothing when the consumer has not brought them yet. They stay until they are passed.

        Raises `Moved` when some went missing on the way here: look again where to go on. `NamedStop` `STATE_GAP` when
        the log does not have them any more. `StoreUnavailable`.
        """
        if not self._begin <= start <= self._end:
            await self._go_to(partition, start)
            return []
        while self._records and self._records[0].offset < start:
            self._records.popleft()
        self._begin = start
        await self._check_skipped()
        if self._lost and not self._records:
            self._end = -1
            raise Moved("a batch went missing between Kafka and the worker")
        return list(islice(self._records, limit))

    async def _check_skipped(self) -> None:
        """Offsets that came without a record: nothing where a transaction ended, a gap where records were deleted.

        Only the log knows: a fetch that a rebalance has made void may have taken records with it, and the next one
        begins behind them.
        """
        while self._skipped:
            start, come = self._skipped[0]
            found = await self._log.read(self._partition, start, 1)
            if not found or found[0].offset != come:
                self._end = -1
                raise Moved("records went missing between Kafka and the consumer")
            self._skipped.popleft()

    async def _go_to(self, partition: int, start: int) -> None:
        self.epoch += 1
        self._is_there = self._lost = False
        self._log_end = -1
        self._skipped.clear()
        self._records.clear()
        await self._seek(partition, start)
        self._begin = self._end = self._fetched = start
        self._is_there = True

    async def ends(self, partition: int) -> tuple[int, int]:
        """(first kept offset, next offset to be written)."""
        return await self._log.ends(partition)

    async def wait(self, partition: int, start: int, timeout: float) -> None:  # noqa: ARG002 - as every log
        """Return when a record at `start` may be there, at the latest after `timeout` seconds. Raises `STATE_GAP`."""
        if self._lost or self._end > start:
            return
        try:
            async with asyncio.timeout(timeout):  # `wait_for` would make a task each time
                await self._change.wait()
        except TimeoutError:
            with suppress(StoreUnavailable):
                await self._look_for_more()

    async def _look_for_more(self) -> None:
        """Nothing came in all this time: were there records that the consumer should have brought meanwhile?

        A rebalance can drop what was fetched, and where nothing follows, nothing shows that it is missing.
        """
        end, known = self._end, self._log_end
        _, self._log_end = await self.ends(self._partition)
        if known > end and await self._log.read(self._partition, end, 1):
            self._lost = self._end == end
