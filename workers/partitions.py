"""The partitions that this process folds at the moment: each with a feed, a worker, and a task that runs it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workers import metrics
from workers.feed import Feed, Parcel
from workers.log import logger
from workers.loop import PartitionWorker

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from schemas.records import Record
    from stores.ports import Readable
    from workers.feed import Seek
    from workers.folding import Folding

__all__ = ["Partitions"]

_FINISH = 4.0
"""Seconds that the batch in hand has when a partition is taken away; after that it is given up, which harms nothing."""


@dataclass(slots=True)
class _Held:
    feed: Feed
    worker: PartitionWorker
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Partitions:
    """Taken and released as a group's coordinator says. `failed` holds the first error that ended a task."""

    def __init__(self, topic: str, log: Readable, folding: Folding) -> None:
        self.topic = topic
        self.held: dict[int, _Held] = {}
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._log, self._folding = log, folding

    def take(self, assigned: Collection[int], seek: Seek) -> None:
        """Begin with those that are new; called again with the same ones it does nothing.

        `seek` sends the consumer to an offset of a partition.
        """
        for partition in sorted(set(assigned) - set(self.held)):
            feed = Feed(self._log, partition, seek)
            held = self.held[partition] = _Held(feed, self._folding.worker(feed, partition))
            held.task = asyncio.create_task(self._folding.run(held.worker, held.stop))
            held.task.add_done_callback(self._ended)
        metrics.process.add("touchline_rebalances_total")
        metrics.process.set("touchline_assigned_partitions", len(self.held))
        logger().info("partitions_assigned", count=len(self.held))

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and not self.failed.done():
            self.failed.set_exception(error)

    async def release(self, partitions: Collection[int]) -> None:
        """Let the batches in hand end, but not for long."""
        going = [self.held.pop(partition) for partition in sorted(partitions) if partition in self.held]
        for each in going:
            each.stop.set()
            each.feed.wake()
        tasks = [each.task for each in going if each.task is not None]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=_FINISH)
            for task in late:
                task.cancel()
        metrics.process.set("touchline_assigned_partitions", len(self.held))

    async def release_all(self) -> None:
        """At the end of the process."""
        await self.release(list(self.held))

    def wanted(self) -> dict[int, int]:
        """The partitions to fetch, with the seek that is in force."""
        return {partition: held.feed.epoch for partition, held in self.held.items() if held.feed.is_wanted}

    def parcel(self, partition: int, epoch: int, records: Sequence[Record]) -> Parcel | None:
        """What was fetched, marked with its place; None when nobody wants it any more."""
        held = self.held.get(partition)
        return None if held is None else held.feed.parcel(epoch, records)

    def put(self, partition: int, parcel: Parcel) -> None:
        """Hand a parcel to its worker."""
        held = self.held.get(partition)
        if held is not None:
            held.feed.put(parcel)

    def positions(self) -> Mapping[int, int]:
        """How far each is folded."""
        places = {partition: held.worker.position for partition, held in self.held.items()}
        return {partition: place.offset for partition, place in places.items() if place is not None}
