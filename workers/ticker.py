"""The clock process: APScheduler wakes a function that appends ticks and due schedule firings, and does nothing else.

Any number may run: a tick carries no time of its own, and a firing that came already starts nothing twice, because its
occurrence is named by the nominal time.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rules.schedule import nominal_times
from schemas.errors import StoreUnavailable
from schemas.records import ScheduleFired, Tick, encode
from stores.ports import Appendable
from workers.log import logger
from workers.playbooks import zone_names

if TYPE_CHECKING:
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
        schedules = [rule.rule.trigger.schedule for rule in program.schedules.values()]
        zones = self._zones(now) if any(s is not None and s.zone == "person" for s in schedules) else []
        found = [
            (at, name)
            for name, rule in program.schedules.items()
            if rule.rule.trigger.schedule is not None
            for at in nominal_times(rule.rule.trigger.schedule, zone, after, now, zones)
        ]
        return [encode(ScheduleFired(name, at)) for at, name in sorted(found)]

    def _zones(self, now: int) -> list[str]:
        """One zone of each offset from UTC there is now: what is due in any zone is due in one of these."""
        moment = datetime.fromtimestamp(now / 1000, UTC)
        by_offset = {moment.astimezone(ZoneInfo(name)).utcoffset(): name for name in sorted(zone_names())}
        return sorted(by_offset.values())

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
