"""The pace of fetches: a few records gather before the next fetch, and what came is never held back."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from workers.clock import elapsed
from workers.fetch_pace import APART, Paced

_RESOLUTION = 0.001


class Asked(NamedTuple):
    """A fetch, and when it came."""

    broker: int
    at: float


class Broker:
    """Takes fetches at once, and notes when."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []

    async def fetch(self, assignment: object, broker: int, request: object) -> bool:
        """Something is always there."""
        assert (assignment, request) == ("assignment", "request")
        self.asked.append(Asked(broker, elapsed()))
        return True


async def test_fetches_from_a_broker_begin_apart() -> None:
    broker = Broker()
    paced = Paced(broker.fetch)
    begin = elapsed()

    assert [await paced("assignment", 1, "request") for _ in range(4)] == [True, True, True, True]

    assert broker.asked[-1].at - begin >= 3 * APART - _RESOLUTION


async def test_the_first_fetch_and_that_of_another_broker_wait_for_nobody() -> None:
    broker = Broker()
    paced = Paced(broker.fetch)
    await paced("assignment", 1, "request")
    after_it = asyncio.create_task(paced("assignment", 1, "request"))

    await paced("assignment", 2, "request")

    assert [each.broker for each in broker.asked] == [1, 2]
    await after_it
    assert [each.broker for each in broker.asked] == [1, 2, 1]


async def test_a_fetch_that_is_called_off_while_it_waits_asks_nobody() -> None:
    broker = Broker()
    paced = Paced(broker.fetch)
    await paced("assignment", 1, "request")
    waiting = asyncio.create_task(paced("assignment", 1, "request"))
    await asyncio.sleep(0)

    waiting.cancel()

    assert await waiting is False
    assert len(broker.asked) == 1
