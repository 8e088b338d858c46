"""The pace of fetches: a few records gather before the next fetch, and what came is never held back."""

from __future__ import annotations

import asyncio

from workers.fetch_pace import APART, Paced


class Broker:
    """Takes fetches at once, and notes of whom and when; its clock goes on while somebody waits."""

    def __init__(self) -> None:
        self.now = 100.0
        self.asked: list[tuple[int, float]] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    async def fetch(self, assignment: object, broker: int, request: object) -> bool:
        """Something is always there."""
        assert (assignment, request) == ("assignment", "request")
        self.asked.append((broker, self.now))
        return True


async def test_fetches_from_a_broker_begin_apart() -> None:
    broker = Broker()
    paced = Paced(broker.fetch, broker.clock, broker.sleep)

    assert [await paced("assignment", 1, "request") for _ in range(3)] == [True, True, True]

    assert broker.asked == [(1, 100.0), (1, 100.0 + APART), (1, 100.0 + APART + APART)]


async def test_a_fetch_that_comes_later_anyway_waits_no_longer() -> None:
    broker = Broker()
    paced = Paced(broker.fetch, broker.clock, broker.sleep)
    await paced("assignment", 1, "request")
    broker.now += 2 * APART

    await paced("assignment", 1, "request")

    assert broker.asked[-1] == (1, 100.0 + 2 * APART)


async def test_the_fetch_of_another_broker_waits_for_nobody() -> None:
    broker = Broker()
    paced = Paced(broker.fetch, broker.clock, broker.sleep)
    await paced("assignment", 1, "request")

    await paced("assignment", 2, "request")

    assert broker.asked == [(1, 100.0), (2, 100.0)]


async def test_a_fetch_that_is_called_off_while_it_waits_asks_nobody() -> None:
    broker = Broker()
    paced = Paced(broker.fetch, broker.clock)
    await paced("assignment", 1, "request")
    waiting = asyncio.create_task(paced("assignment", 1, "request"))
    await asyncio.sleep(0)

    waiting.cancel()

    assert await waiting is False
    assert len(broker.asked) == 1
