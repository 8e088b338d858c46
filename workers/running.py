"""Coroutines that run beside each other until they are told to stop, stores that are away for a while, and memory."""

from __future__ import annotations

import asyncio
import gc
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from schemas.errors import NamedStop
from workers.clock import elapsed
from workers.log import logger

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["AGAIN", "Away", "collect_seldom", "pause", "together", "until_stopped"]

AGAIN = 1.0
"""Seconds before a store that was away is asked again."""
_GRACE = 10
"""Seconds that the others have to end."""
_REPEAT = 30.0
"""Seconds between two lines that say the same."""
_NEW, _YOUNG, _OLD = 50_000, 20, 50
"""New objects before the collector looks at them; such looks before one at older ones, and those before a full one."""


class Away:
    """Says that a store is away: at once, then every half minute, and when it is back."""

    def __init__(self) -> None:
        self._said: float | None = None

    def missed(self, reason: str) -> None:
        """A store did not do what it was asked for."""
        now = elapsed()
        if self._said is None or now - self._said >= _REPEAT:
            logger().warning("store_unavailable", reason=reason)
            self._said = now

    def back(self) -> None:
        """It does."""
        if self._said is not None:
            logger().info("store_back")
            self._said = None


async def together(stop: asyncio.Event, *parts: Coroutine[Any, Any, None]) -> None:
    """Run coroutines until all end; the first that fails stops the others, and its error is raised."""
    tasks = [asyncio.create_task(part) for part in parts]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    failed = next((task.exception() for task in done if task.exception() is not None), None)
    stop.set()
    if pending:
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*pending, return_exceptions=True), _GRACE)
    if failed is not None:
        if isinstance(failed, NamedStop):
            logger().error("stopped", code=failed.code, reason=failed.message)
        raise failed


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Return after `seconds`, or as soon as `stop` is set."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


def until_stopped() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


def collect_seldom() -> None:
    """Let the collector look at what is here never again, and at what comes seldom: for a process that has started.

    Folding makes many objects that all live as long as their batch, and none in a ring: looking for rings took a
    quarter of a worker's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW, _YOUNG, _OLD)
