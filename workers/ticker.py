"""The clock process: APScheduler wakes a function that appends ticks and due schedule firings, and does nothing else.

Any number may run: a tick carries no time of its own, and a firing that came already starts nothing twice, because its
occurrence is named by the nominal time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.schedule import nominal_times
from schemas.errors import StoreUnavailable
from schemas.records import ScheduleFired, Tick, encode
from stores.ports import Appendable
from workers.log import logger

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from stores.ports import Ledger, Log
    from workers.programs import Programs

__all__ = ["Ticker"]

_MARK = "clock_told"
_LOOK_BACK = 86_400_000
"""Schedules that came due while no clock ran are told when one runs again, if not more than a day has passed (ms)."""


class Ticker:
    """Tells a log that time passes. `told`: schedules are told up to this moment (unix ms), kept in the ledger."""

    def __init__(self, log: Log, ledger: Ledger, programs: Programs, clock: Callable[[], int]) -> None:
        self.log, self.ledger, self.programs, self.clock = log, ledger, programs, clock

    async def tell(self) -> None:
        """Append one tick to every partition, and the schedules that came due since the last time."""
        now = self.clock()
        values = [*await self._due(now), encode(Tick())]
        partitions = range(self.log.info.partitions)
        await self.log.append([Appendable("", value, partition) for partition in partitions for value in values])
        if len(values) > 1:
            await self.ledger.set_meta(_MARK, str(now))

    async def _due(self, now: int) -> list[bytes]:
        active = await self.ledger.active()
        if active is None:
            return []
        program = await self.programs.load(active[0])
        if not program.schedules:
            return []
        told = await self.ledger.get_meta(_MARK)
        after = max(int(told), now - _LOOK_BACK) if told is not None else now - 1_000
        if told is None:
            await self.ledger.set_meta(_MARK, str(now))
        zone = program.playbook.workspace.zone
        found = [
            (at, name)
            for name, rule in program.schedules.items()
            if rule.rule.trigger.schedule is not None
            for at in nominal_times(rule.rule.trigger.schedule, zone, after, now)
        ]
        return [encode(ScheduleFired(name, at)) for at, name in sorted(found)]

    async def run(self, stop: asyncio.Event) -> None:
        """Tell the time once a second until `stop` is set."""
        from apscheduler.schedulers.asyncio import AsyncIOScheduler

        scheduler = AsyncIOScheduler(timezone="UTC")
        scheduler.add_job(self._tell_safely, "interval", seconds=1, max_instances=1, coalesce=True)
        scheduler.start()
        try:
            await stop.wait()
        finally:
            scheduler.shutdown(wait=False)

    async def _tell_safely(self) -> None:
        try:
            await self.tell()
        except StoreUnavailable as error:
            logger().warning("tick_failed", reason=error.message)
        except asyncio.CancelledError:  # the process stops; there will be another tick
            return
