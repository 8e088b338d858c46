"""Waiting for real processes: the only place of the tests that sleeps."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["wait_until", "wait_until_answer", "wait_until_async"]

PAUSE_SECONDS = 0.02


def wait_until(predicate: Callable[[], bool], timeout: float, what: str) -> None:
    """Return as soon as `predicate` is true; `what` completes the sentence "waited for …".

    Raises:
        AssertionError: it was not true within `timeout` seconds.
    """
    end = time.monotonic() + timeout
    while not predicate():
        if time.monotonic() >= end:
            raise AssertionError(f"waited {timeout:g} seconds for {what}")
        time.sleep(PAUSE_SECONDS)


async def wait_until_async(predicate: Callable[[], bool], timeout: float, what: str) -> None:
    """Do as `wait_until` does while other tasks of the loop run."""
    end = time.monotonic() + timeout
    while not predicate():
        if time.monotonic() >= end:
            raise AssertionError(f"waited {timeout:g} seconds for {what}")
        await asyncio.sleep(PAUSE_SECONDS)


async def wait_until_answer(question: Callable[[], Awaitable[bool]], timeout: float, what: str) -> None:
    """Do as `wait_until_async` does with something that must be asked."""
    end = time.monotonic() + timeout
    while not await question():
        if time.monotonic() >= end:
            raise AssertionError(f"waited {timeout:g} seconds for {what}")
        await asyncio.sleep(PAUSE_SECONDS)
