"""The pace of a consumer's fetches: a trickle of events is fetched several at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from workers.clock import elapsed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Fetch = Callable[[Any, int, Any], Awaitable[bool]]

__all__ = ["APART", "Paced"]

APART = 0.008
"""Seconds from the begin of one fetch to that of the next at least.

A fetch costs broker, worker and the way between their threads the same for one record as for a hundred.
"""


class Paced:
    """aiokafka's way to fetch from a broker (assignment, broker, request), no sooner than `APART` after the last one.

    aiokafka fetches ahead as soon as records were taken. Records gather here before the fetch, at the broker, and what
    it brings is handed on at once; whoever rests behind the fetch has what was fetched meanwhile wait for him.
    """

    def __init__(
        self,
        fetch: Fetch,
        clock: Callable[[], float] = elapsed,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    ) -> None:
        self._fetch, self._clock, self._sleep = fetch, clock, sleep
        self._next: dict[int, float] = {}

    async def __call__(self, assignment: Any, broker: int, request: Any) -> bool:  # noqa: ANN401 - aiokafka's
        """Whether new records came; none for a fetch that was called off, as aiokafka has it."""
        try:
            await self._sleep(max(0.0, self._next.get(broker, 0.0) - self._clock()))
        except asyncio.CancelledError:
            return False
        self._next[broker] = self._clock() + APART
        return await self._fetch(assignment, broker, request)
