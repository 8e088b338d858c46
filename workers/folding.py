"""The loop that folds one partition until it is told to stop, over any log; who drives it is the engine's affair."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from schemas.errors import StoreUnavailable
from workers import metrics
from workers.clock import elapsed, now_ms
from workers.loop import Options, PartitionWorker
from workers.running import Away, pause

if TYPE_CHECKING:
    from stores.ports import Readable
    from workers.workspace import Workspace

__all__ = ["Folding"]

_WAIT = 1.0
"""Seconds a worker waits for a record before it looks whether it is to stop."""
_FEW, _GATHER = 50, 0.008
"""After a step of fewer records, seconds in which more may gather: without it a trickle takes a whole core."""
_AGAIN = 1.0
"""Seconds before a store that was away is asked again."""


class Folding:
    """Folds partitions of a workspace. `decided` is set when there may be new decisions."""

    def __init__(self, workspace: Workspace, decided: asyncio.Event | None = None) -> None:
        self._workspace, self._decided = workspace, decided
        self._away = Away()

    def worker(self, log: Readable, partition: int) -> PartitionWorker:
        """A worker of one partition, whose records come from `log`."""
        here = self._workspace
        settings = here.settings
        options = Options(lateness=settings.lateness, record_changes=settings.record_changes, clock=now_ms)
        return PartitionWorker(log, here.state, here.ledger, here.programs, here.id, partition, options)

    async def run(self, worker: PartitionWorker, stop: asyncio.Event) -> None:
        """Step until `stop` is set; the batch in hand is finished. Raises `NamedStop`."""
        while not stop.is_set():
            try:
                moved = await self._step(worker)
            except StoreUnavailable as error:
                self._away.missed(error.message)
                await pause(stop, _AGAIN)
                continue
            self._away.back()
            if 0 < moved < _FEW:
                await asyncio.sleep(_GATHER)  # a step costs the same for one record and for ten
            if not moved and worker.position is not None and not worker.position.chunk:
                await worker.log.wait(worker.partition, worker.position.offset, _WAIT)

    async def _step(self, worker: PartitionWorker) -> int:
        began, before = elapsed(), worker.counts.decisions
        moved = await worker.step()
        if moved:
            metrics.process.observe("touchline_batch_seconds", elapsed() - began, partition=str(worker.partition))
        metrics.folded(worker)
        if self._decided is not None and worker.counts.decisions > before:
            self._decided.set()
        return moved
