"""Hearing of new decisions from other processes, where the ledger tells of them: then nobody has to look so often."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from schemas.errors import StoreUnavailable
from workers.log import logger
from workers.running import AGAIN, pause

if TYPE_CHECKING:
    from stores.ports import Ledger

__all__ = ["keep_listening"]


async def keep_listening(ledger: Ledger, decided: asyncio.Event, stop: asyncio.Event) -> None:
    """Set `decided` for what other processes record, until `stop` is set. A connection that is lost is made anew.

    Meanwhile the dispatcher looks by itself.
    """
    while not stop.is_set():
        decided.set()  # for what came while nobody listened
        try:
            await _listen(ledger, decided, stop)
        except StoreUnavailable as error:  # the dispatcher, which looks by itself, says it aloud
            logger().debug("not_listening", reason=error.message)
        await pause(stop, AGAIN)


async def _listen(ledger: Ledger, decided: asyncio.Event, stop: asyncio.Event) -> None:
    """Until the connection is lost, or `stop` is set."""
    tasks = [asyncio.create_task(ledger.listen(decided.set)), asyncio.create_task(stop.wait())]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
