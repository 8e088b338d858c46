"""SIGTERM under load: workers and dispatchers end in order and in time, and nobody is called twice."""

from __future__ import annotations

import asyncio
import random
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.fakes.receiver import Receiver
from tests.helpers.server_shop import moment, shop_on_servers
from tests.helpers.waiting import wait_until_async

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.http import Reply, Request

NAMES = ("worker", "dispatch")
SECONDS = 10


@dataclass(slots=True)
class SlowReceiver(Receiver):
    """Takes a message at once and says so a while later, so that a dispatcher is always waiting for answers.

    `seconds`: how long they wait; `under_way`: how many do at the moment; `calls`: all that came.
    """

    seconds: float = field(default=0.3)
    under_way: int = field(default=0)
    calls: int = field(default=0)

    async def answer(self, request: Request) -> Reply:
        """Take it, wait, answer."""
        self.calls += 1
        self.under_way += 1
        try:
            reply = await Receiver.answer(self, request)
            await moment(self.seconds)
            return reply
        finally:
            self.under_way -= 1


async def stop_again_and_again(folder: Path, times: int, seed: int) -> None:
    sys.stdout.write(f"seed {seed}\n")
    rng, receiver, took = random.Random(seed), SlowReceiver(), []
    async with shop_on_servers(folder, seed, receiver) as shop:
        for _ in range(times):
            for name in NAMES:
                shop.start(name)
            for name in NAMES:
                await shop.at_work(name)
            await moment(rng.random() * 0.5)
            await wait_until_async(lambda: receiver.under_way > 0, 30, "a call to be under way")
            took += await asyncio.gather(*(shop.stop(name) for name in NAMES))
        sys.stdout.write(f"seconds {[round(each, 1) for each in sorted(took)]}\n")
        assert max(took) < SECONDS
        receiver.seconds = 0
        for name in NAMES:
            shop.start(name)
        await shop.settle()
        await shop.compare()
    assert (receiver.repeats, receiver.calls) == (0, len(receiver.seen))


async def test_five_stops_under_load_end_in_time_and_repeat_no_call(tmp_path: Path) -> None:
    await stop_again_and_again(tmp_path, 5, random.SystemRandom().randrange(10_000))


@pytest.mark.crash
async def test_twenty_stops_under_load_end_in_time_and_repeat_no_call(tmp_path: Path) -> None:
    await stop_again_and_again(tmp_path, 20, random.SystemRandom().randrange(10_000))
