"""The loop that folds one partition until it is told to stop, over any log; who drives it is the engine's affair."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from schemas.errors import StoreUnavailable
from workers import metrics
from workers.clock import elapsed, now_ms
from workers.loop import Options, PartitionWorker
from workers.running import AGAIN, Away, pause
from workers.turns import Turns

if TYPE_CHECKING:
    from stores.ports import Readable
    from workers.workspace import Workspace

__all__ = ["Folding", "keep_folding"]

_WAIT = 1.0
"""Seconds a worker waits for a record before it looks whether it is to stop."""
_FEW, _REST = 50, 0.008
"""After a step of fewer records a worker rests for as long as the step took, at most so many seconds.

More records gather meanwhile, and a step costs the same for one as for ten: without it a trickle takes a whole core.
"""
_GLANCE = 2.0
"""Seconds without a record after which a worker looks whether the state is still where it left it."""


class Folding:
    """Folds partitions of a workspace, at most `batch` records at a time. `decided` is set for new decisions.

    `rest`: seconds that a worker rests at most after a few records; 0 where records come several at a time anyway.
    `away` says that a store is away, and with the next step that it is back.
    """

    def __init__(
        self, workspace: Workspace, decided: asyncio.Event | None = None, *, batch: int = 500, rest: float = _REST
    ) -> None:
        self._workspace, self._decided, self._batch, self._rest = workspace, decided, batch, rest
        self.away, self._turns = Away(), Turns()

    def worker(self, log: Readable, partition: int) -> PartitionWorker:
        """A worker of one partition, whose records come from `log`."""
        here = self._workspace
        return PartitionWorker(log, here.state, here.ledger, here.programs, here.id, partition, self.options())

    def options(self) -> Options:
        """How a live worker works."""
        settings = self._workspace.settings
        return Options(
            batch=self._batch,
            lateness=settings.lateness,
            record_changes=settings.record_changes,
            clock=now_ms,
            decided=None if self._decided is None else self._decided.set,
            spent=_spent,
            turns=self._turns,
        )

    async def run(self, worker: PartitionWorker, stop: asyncio.Event) -> None:
        """Fold one partition; see `keep_folding`."""
        await keep_folding(worker, stop, self.away, self._rest)


async def keep_folding(
    worker: PartitionWorker, stop: asyncio.Event, away: Away | None = None, rest: float = _REST
) -> None:
    """Step until `stop` is set; the batch in hand is finished. Raises `NamedStop`. `away` says that a store is away."""
    looked, away = elapsed(), away or Away()
    while not stop.is_set():
        began = elapsed()
        try:
            moved = await _step(worker, began)
            if moved:
                looked = elapsed()  # each step looks, too
            elif elapsed() - looked >= _GLANCE:
                looked = elapsed()
                await worker.look()
        except StoreUnavailable as error:
            away.missed(error.message)
            await pause(stop, AGAIN)
            continue
        away.back()
        if rest and 0 < moved < _FEW:
            await asyncio.sleep(min(elapsed() - began, rest))
        if not moved and worker.position is not None and not worker.position.chunk:
            await worker.log.wait(worker.partition, worker.position.offset, _WAIT)


async def _step(worker: PartitionWorker, began: float) -> int:
    moved = await worker.step()
    if moved:
        partition = str(worker.partition)
        metrics.process.observe("touchline_batch_seconds", elapsed() - began, partition=partition)
        metrics.process.observe("touchline_batch_records", moved, partition=partition)
    metrics.folded(worker)
    return moved


def _spent(step: str, seconds: float) -> None:
    metrics.process.observe("touchline_step_seconds", seconds, step=step)
