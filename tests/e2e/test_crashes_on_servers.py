"""Workers and a dispatcher on Kafka, Valkey and PostgreSQL are killed and stopped while they are at work.

The outcome is that of a run without any fault.
"""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING

import pytest

from tests.helpers.server_shop import ServerShop, shop_on_servers

if TYPE_CHECKING:
    from pathlib import Path

WORKERS = ("one", "two")
EACH = 10
"""After so many kills a worker is stopped in order, and the other one takes over for a while."""


async def crash_run(folder: Path, kills: int, seed: int) -> None:
    sys.stdout.write(f"seed {seed}\n")
    rng = random.Random(seed)
    async with shop_on_servers(folder, seed) as shop:
        for name in (*WORKERS, "dispatch"):
            shop.start(name)
        for number in range(kills):
            name = "dispatch" if number % 2 else rng.choice(WORKERS)
            await shop.kill(name, rng.random() * 0.4)
            if number % EACH == EACH - 1:
                await hand_over(shop, rng.choice(WORKERS))
        assert len(shop.faults) == kills + 2 * (kills // EACH), "a fault missed its aim, so this run proves nothing"
        await shop.settle()
        await shop.compare()


async def hand_over(shop: ServerShop, name: str) -> None:
    """Stop a worker in order, let the other one do everything, kill that one too when it does, start both."""
    other = next(worker for worker in WORKERS if worker != name)
    await shop.at_work(name)
    assert await shop.stop(name) < 10
    await shop.kill(other, 0.1)
    shop.start(name)


async def test_ten_kills_and_a_hand_over_change_nothing(tmp_path: Path) -> None:
    await crash_run(tmp_path, kills=10, seed=random.SystemRandom().randrange(10_000))


@pytest.mark.crash
async def test_forty_kills_and_four_hand_overs_change_nothing(tmp_path: Path) -> None:
    await crash_run(tmp_path, kills=40, seed=random.SystemRandom().randrange(10_000))
