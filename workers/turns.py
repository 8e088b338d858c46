"""Turns of batches that are folded on one event loop, with everybody else's between them.

Folding uses the processor and waits for nothing. A large batch in one piece would hold up whatever else this thread
does: fetching, the rows of other partitions, the dispatcher.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from workers.clock import elapsed

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Turns"]

_SLICE = 0.003
"""Seconds of folding after which the others have their turn."""


class Turns:
    """One batch after another, each in slices: so the first is done early, and none is interrupted for long."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def take(self, steps: Iterator[None]) -> None:
        """Go through the steps of a batch when it is its turn."""
        async with self._lock:
            end = elapsed() + _SLICE
            for _ in steps:
                if elapsed() >= end:
                    await asyncio.sleep(0)
                    end = elapsed() + _SLICE
