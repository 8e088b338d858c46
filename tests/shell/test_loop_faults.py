"""A worker that dies, or hears of a failure, at any call; two workers on one partition: nothing changes."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

import pytest

from schemas.errors import StoreUnavailable
from tests.helpers.faults import Crash, Faults, Slow
from tests.helpers.folded import Folded, fold_all
from tests.helpers.told import BEFORE, MINUTE, SHOP, Told

if TYPE_CHECKING:
    from pathlib import Path

    from workers.loop import PartitionWorker

BATCH = 5


@pytest.fixture
async def told(tmp_path: Path) -> Told:
    told = Told(tmp_path)
    await told.tell()
    return told


async def _undisturbed(told: Told) -> tuple[Any, list[str]]:
    """What comes of the story, and every call that a worker makes."""
    shop, faults = told.fresh(), Faults()
    await fold_all(shop.worker(batch=BATCH, around=faults.around))
    found = await shop.found()
    await shop.ledger.close()
    return found, faults.calls


async def _folded_in_spite(shop: Folded, faults: Faults, *, goes_on: bool) -> PartitionWorker:
    """Fold to the end; after a failure the same worker goes on, or a new process starts."""
    while True:
        worker = shop.worker(batch=BATCH, around=faults.around)
        while True:
            try:
                return await fold_all(worker)
            except StoreUnavailable:
                assert goes_on
            except Crash:
                assert not goes_on
                break


def _away() -> StoreUnavailable:
    return StoreUnavailable("the store is away")


async def test_the_story_has_everything_in_it(told: Told) -> None:
    (rows, profiles), calls = await _undisturbed(told)

    assert len(profiles) == 7
    assert {row["rule"] for row in rows["decisions"]} == {"cart", "vip", "gone", "monday"}
    assert {row["rule"] for row in rows["shadow"]} == {"tried"}
    assert {row["status"] for row in rows["deliveries"]} == {"pending", "done", "withdrawn"}
    assert {row["cause"] for row in rows["changes"]} == {"event", "time", "program"}
    assert [row["code"] for row in rows["dead_letters"]] == ["below_minimum", "wrong_partition"]
    assert {call.split(".")[1] for call in calls} > {"begin", "scan", "advance", "record", "write"}


@pytest.mark.parametrize("goes_on", [False, True], ids=["a new process", "the same worker"])
async def test_a_failure_at_any_call_changes_nothing(told: Told, goes_on: bool) -> None:
    wanted, calls = await _undisturbed(told)
    writes = {"begin", "write", "record", "advance"}

    for number, call in enumerate(calls):
        for done in [False, True] if call.split(".")[1] in writes else [False]:
            shop = told.fresh()
            faults = Faults(number, done=done, error=_away if goes_on else Crash)
            await _folded_in_spite(shop, faults, goes_on=goes_on)
            assert await shop.found() == wanted, f"call {number}, {call}, done: {done}"
            await shop.ledger.close()


@pytest.mark.parametrize("seed", range(6))
async def test_two_workers_on_one_partition_change_nothing(told: Told, seed: int) -> None:
    wanted, _ = await _undisturbed(told)
    rng = random.Random(seed)
    shop = told.fresh()
    slow = Slow(lambda: rng.randrange(6))
    workers = [shop.worker(batch=batch, around=slow.around) for batch in (2, 3)]

    await asyncio.gather(*(fold_all(worker) for worker in workers))

    assert await shop.found() == wanted
    assert sum(worker.counts.moved for worker in workers) > 0
    await shop.ledger.close()


@pytest.mark.parametrize("batch", [1, 2, 3, 500])
async def test_the_size_of_batches_changes_nothing(told: Told, batch: int) -> None:
    wanted, _ = await _undisturbed(told)
    shop = told.fresh()

    await fold_all(shop.worker(batch=batch))

    assert await shop.found() == wanted
    await shop.ledger.close()


async def test_a_state_that_fell_back_yields_the_same_rows_again(told: Told) -> None:
    wanted, _ = await _undisturbed(told)
    shop = told.fresh()
    worker = shop.worker(batch=BATCH)
    while worker.position is None or worker.position.offset < 9:
        await worker.step()
    position, log_id = await shop.state.position(0) or pytest.fail("nothing was folded")
    kept = dict(await shop.state.people(0))
    await fold_all(worker)

    older = shop.again(ledger=shop.ledger)  # a copy of the profiles as they were then
    await older.state.begin(0, log_id, position)
    await older.state.write(0, position, position, kept)
    again = await fold_all(older.worker(batch=BATCH))

    assert await older.found() == wanted
    assert again.counts.rollbacks == 1
    await shop.ledger.close()


async def test_a_state_that_is_lost_yields_the_same_rows_again(told: Told) -> None:
    wanted, _ = await _undisturbed(told)
    shop = told.fresh()
    await fold_all(shop.worker(batch=BATCH))

    empty = shop.again(ledger=shop.ledger)
    again = await fold_all(empty.worker(batch=BATCH + 1))

    assert await empty.found() == wanted
    assert again.counts.rollbacks == 1
    await shop.ledger.close()


async def test_decisions_of_waits_are_released_on_a_quiet_partition_though_their_worker_died(told: Told) -> None:
    wanted, calls = await _undisturbed(told)
    end = (await told.shop.log.ends(0))[1]
    last = len(calls) - 1 - calls[::-1].index("SqliteLedger.record")  # what comes behind it leaves no row
    shop = told.fresh()

    await _folded_in_spite(shop, Faults(last + 1, done=True), goes_on=False)

    assert (await shop.found(), await shop.ledger.progress(0)) == (wanted, ("this-log", end))
    await shop.ledger.close()


async def test_a_worker_that_was_overtaken_by_several_playbooks_lets_the_waits_of_each_end() -> None:
    shop = Folded.new()
    await shop.activate(BEFORE)
    slow = await fold_all(shop.worker())
    for number, wait in enumerate(["20m", "40m", "90m"]):
        await shop.activate({"shop.yaml": SHOP.replace("WAIT", wait)})
        await shop.send(f"p{number}", "cart.added", cart_total=70)
    await fold_all(shop.worker())  # somebody else

    await shop.tick(95 * MINUTE)
    await fold_all(slow)

    sent = [d["person"] for d in await shop.ledger.fetch("decisions") if (d["rule"], d["kind"]) == ("cart", "send")]
    assert sent == ["p0", "p1", "p2"]
    await shop.ledger.close()
