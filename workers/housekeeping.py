"""What grows old in the ledger and is to go: dead letters after thirty days.

The dispatcher's process does it, since it is the one that works in the ledger. It reads and deletes a few hundred rows
at a time, each in a short transaction, and rests in between, so that nobody waits for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.errors import StoreUnavailable
from schemas.times import DAY, HOUR, SECOND
from workers.log import logger
from workers.running import pause

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from stores.ports import Ledger

__all__ = ["KEPT", "keep_house", "purge_dead_letters"]

KEPT = 30 * DAY
"""How long a dead letter is kept (ms)."""
_EVERY = HOUR
_MARK = "purged"
"""Meta of the ledger: when somebody last began to look for what is old; several dispatchers need not all do it."""
_AT_ONCE = 500
_REST = 0.02
"""Seconds between two transactions."""


async def purge_dead_letters(ledger: Ledger, now: int, stop: asyncio.Event) -> int:
    """Delete the dead letters that are thirty days old at `now` (unix ms); gives how many went."""
    gone = after = 0
    while not stop.is_set() and (page := await ledger.fetch("dead_letter_times", after=after, limit=_AT_ONCE)):
        after = page[-1]["id"]
        old = [row["id"] for row in page if row["time"] <= now - KEPT]
        if old:
            gone += await ledger.forget_dead_letters(old)
        await pause(stop, _REST)
    return gone


async def keep_house(ledger: Ledger, clock: Callable[[], int], stop: asyncio.Event) -> None:
    """Once an hour, whichever process comes first, until `stop` is set."""
    while not stop.is_set():
        try:
            await _look(ledger, clock(), stop)
        except StoreUnavailable as error:
            logger().warning("housekeeping_failed", reason=error.message)
        await pause(stop, _EVERY / SECOND)


async def _look(ledger: Ledger, now: int, stop: asyncio.Event) -> None:
    last = await ledger.get_meta(_MARK)
    if last is not None and now - _EVERY < int(last) <= now:
        return
    await ledger.set_meta(_MARK, str(now))
    gone = await purge_dead_letters(ledger, now, stop)
    if gone:
        logger().info("dead_letters_purged", count=gone)
