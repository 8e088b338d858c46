"""A dispatcher at work in an office."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from messaging.dispatch import Dispatcher
    from tests.helpers.dispatching import Office

__all__ = ["LEASE", "MINUTE", "running"]

LEASE = 30_000


MINUTE = 60_000


@asynccontextmanager
async def running(
    office: Office, dispatcher: Dispatcher, wake: asyncio.Event | None = None
) -> AsyncIterator[asyncio.Event]:
    """A dispatcher at work while time passes; it is stopped at the end of the block."""
    office.let_time_run()
    stop = asyncio.Event()
    task = asyncio.create_task(dispatcher.run(stop, wake))
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)
