"""Letting go of old records of a log in a file, where `TOUCHLINE_LOG_KEEP` asks for it.

A record goes when it is old enough and the state is past it for good: the state in a file may fall back in a power
cut, so its position is read, then the file is put on the disk, and only then the log is cut below that position.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from schemas.errors import NamedStop, StoreUnavailable
from schemas.times import HOUR, SECOND
from workers.clock import now_ms
from workers.log import logger
from workers.running import pause

if TYPE_CHECKING:
    from stores.ports import Log, State
    from workers.workspace import Workspace

__all__ = ["keep_trimming", "trim_log"]

_EVERY = HOUR


async def trim_log(log: Log, state: State, before: int) -> int:
    """Delete the records that were appended before `before` (unix ms) and are folded for good; gives how many went."""
    folded: dict[int, int] = {}
    for partition in range(log.info.partitions):
        stored = await state.position(partition)
        folded[partition] = 0 if stored is None or stored[1] != log.info.log_id else stored[0].offset
    if not await state.checkpoint():
        return 0  # somebody is at work in the file; there will be another time
    gone = 0
    for partition, offset in folded.items():
        gone += await log.trim(partition, await _first_after(log, partition, offset, before))
    return gone


async def _first_after(log: Log, partition: int, end: int, before: int) -> int:
    """The first offset up to `end` whose record is not older than `before`; append time never falls."""
    first, last = await log.ends(partition)
    end = min(end, last)
    while first < end:
        middle = (first + end) // 2
        try:
            (record,) = await log.read(partition, middle, 1)
        except NamedStop:  # another process was faster: it is not there any more
            return (await log.ends(partition))[0]
        if record.at < before:
            first = middle + 1
        else:
            end = middle
    return first


async def keep_trimming(workspace: Workspace, keep: int, stop: asyncio.Event) -> None:
    """Once an hour, until `stop` is set; what is under way then is broken off, and goes on next time."""
    while not stop.is_set():
        try:
            gone = await _unless_stopped(workspace, keep, stop)
        except StoreUnavailable as error:
            logger().warning("trimming_failed", reason=error.message)
        else:
            if gone:
                logger().info("log_trimmed", count=gone)
        await pause(stop, _EVERY / SECOND)


async def _unless_stopped(workspace: Workspace, keep: int, stop: asyncio.Event) -> int:
    trimming = asyncio.create_task(trim_log(workspace.log, workspace.state, now_ms() - keep))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({trimming, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if trimming.done():
        return trimming.result()
    trimming.cancel()
    await asyncio.gather(trimming, stopping, return_exceptions=True)
    return 0
