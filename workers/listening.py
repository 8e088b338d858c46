"""Hearing of new decisions from other processes, where the ledger tells of them: then nobody has to look so often."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from schemas.errors import StoreUnavailable
from workers.log import logger
from workers.running import pause

if TYPE_CHECKING:
    from stores.ports import Ledger

__all__ = ["keep_listening"]

_AGAIN = 1.0
"""Seconds before it is tried again after the connection was lost; as long the dispatcher takes to look by itself."""


async def keep_listening(ledger: Ledger, decided: asyncio.Event, stop: asyncio.Event) -> None:
    """Set `decided` for what other processes record, until `stop` is set. A connection that is lost is made anew."""
    stopping = asyncio.create_task(stop.wait())
    try:
        while not stop.is_set():
            decided.set()  # for what came while nobody listened
            listening = asyncio.create_task(ledger.listen(decided.set))
            await asyncio.wait({listening, stopping}, return_when=asyncio.FIRST_COMPLETED)
            await _ended(listening)
            await pause(stop, _AGAIN)
    finally:
        stopping.cancel()


async def _ended(listening: asyncio.Task[None]) -> None:
    listening.cancel()
    try:
        with suppress(asyncio.CancelledError):
            await listening
    except StoreUnavailable as error:  # the dispatcher, which looks by itself as long, says it aloud
        logger().debug("not_listening", reason=error.message)
