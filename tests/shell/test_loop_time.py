"""The worker loop: time, activations, and what others are told of it."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from schemas.records import ProgramActivated
from schemas.times import DAY, HOUR, MINUTE
from tests.helpers.faults import Faults
from tests.helpers.folded import Folded, fold_all
from tests.helpers.loop_shops import EMPTY, MANY, REPORT, SHOP, shop_of
from workers.ticker import Ticker

if TYPE_CHECKING:
    from workers.programs import Programs


# ---------------------------------------------------------------- time


async def test_a_tick_reaches_more_people_than_a_batch_holds_and_each_at_their_own_moment() -> None:
    shop = await shop_of()
    for number in range(10):
        await shop.send(f"p{number}", "cart.added")
        shop.clock.now += 1_000
    await shop.tick(31 * MINUTE)
    await shop.fold(batch=3)

    rows = await shop.ledger.fetch("decisions")
    begun = shop.clock.now - 31 * MINUTE - 10_000
    assert [(r["person"], r["time"]) for r in rows if r["rule"] == "cart"] == [
        (f"p{number}", begun + number * 1_000 + 10 * MINUTE) for number in range(10)
    ]
    assert {r["person"] for r in rows if r["rule"] == "gone"} == {f"p{number}" for number in range(10)}


async def _told(tickers: int, limit: str = "") -> list[int]:
    """The moments of the decisions of a rule that is due every minute, told by so many clocks for four minutes."""
    shop = await shop_of(REPORT.replace("LIMIT", limit))
    await shop.send("p1", "cart.added")
    for _ in range(4):
        shop.clock.now += MINUTE
        await asyncio.gather(*(_ticker(shop).tell() for _ in range(tickers)))
    await shop.fold()
    return [row["time"] // MINUTE for row in await shop.ledger.fetch("decisions")]


async def test_the_clock_told_by_two_processes_is_the_clock_told_by_one() -> None:
    assert len(await _told(1)) == 3  # what was due before there was a clock is not told
    assert await _told(2) == await _told(1)


async def test_a_schedule_that_is_told_twice_takes_one_place_in_a_limit() -> None:
    limit = "limit: {max: {count: 2, within: 1h}}, "

    assert len(await _told(1, limit)) == 2
    assert await _told(2, limit) == await _told(1, limit)


def _ticker(shop: Folded) -> Ticker:
    programs: Programs = shop.worker().programs
    return Ticker(shop.log, shop.ledger, programs, shop.clock)


async def test_a_schedule_that_came_due_while_no_clock_ran_is_told_when_one_runs_again() -> None:
    shop = await shop_of(REPORT.replace("* * * * *", "0 9 * * *").replace("LIMIT", ""))
    await shop.send("p1", "cart.added")
    await _ticker(shop).tell()
    told = []
    for pause in (20 * HOUR, 5 * DAY, 1_000):
        shop.clock.now += pause
        await _ticker(shop).tell()
        await shop.fold()
        told.append(len(await shop.decided()))

    assert told == [1, 2, 2]  # of five days only the last one


# ---------------------------------------------------------------- activations


@pytest.mark.parametrize("fire_entries", [False, True])
async def test_an_activation_reaches_everybody_in_chunks_and_starts_rules_only_if_it_says_so(
    fire_entries: bool,
) -> None:
    shop = await shop_of(MANY.replace("LEAST", "5"))
    everybody = [f"p{number}" for number in range(7)]
    for person in everybody:
        await shop.send(person, "cart.added")
    await shop.activate({"shop.yaml": MANY.replace("LEAST", "1")}, fire_entries=fire_entries)
    await shop.fold(batch=2)

    changes = (await shop.rows())["changes"]
    assert [(c["person"], c["change"], c["cause"]) for c in changes] == [(p, "enter", "program") for p in everybody]
    assert await shop.decided() == ([(p, "r", "tag") for p in everybody] if fire_entries else [])


async def test_a_playbook_with_the_sequence_of_an_older_one_is_passed_over() -> None:
    shop = await shop_of(EMPTY)
    newer = await shop.activate({"shop.yaml": SHOP})
    older = ProgramActivated((await shop.ledger.fetch("activations"))[0]["hash"], 1)
    await shop.control(older)
    await shop.fold()

    position, _ = await shop.state.position(0) or pytest.fail("nothing was folded")
    assert (position.program, position.sequence, position.offset) == (newer.hash, 2, 3)


async def test_waits_end_on_the_playbook_they_began_with() -> None:
    shop = await shop_of()
    await shop.send("p1", "cart.added")
    await shop.activate({"shop.yaml": SHOP.replace("for: 10m", "for: 5h").replace("reminded", "later")})
    await shop.send("p2", "cart.added")
    await shop.tick(20 * MINUTE)
    await shop.fold()

    rows = await shop.ledger.fetch("decisions")
    assert [(r["person"], r["params"]) for r in rows] == [("p1", {"tags": ["reminded"]})]


async def test_a_wait_ends_without_effect_when_its_rule_is_gone() -> None:
    shop = await shop_of()
    await shop.send("p1", "cart.added")
    await shop.activate({"shop.yaml": EMPTY})
    await shop.tick(20 * MINUTE)
    worker = await fold_all(shop.worker())

    assert (await shop.decided(), worker.counts.by_name["ended_runs"]) == ([], 1)


async def test_the_old_playbook_decides_up_to_the_record_of_the_new_one() -> None:
    text = SHOP.split("segments", maxsplit=1)[0] + "rules: {r: {event: cart.added, then: [{assign: {to: NAME}}]}}\n"
    shop = await shop_of(text.replace("NAME", "v1"))
    for version in ("v1", "v2", "v3"):
        await shop.activate({"shop.yaml": text.replace("NAME", version)})
        for _ in range(3):
            await shop.send("p1", "cart.added")
            shop.clock.now += 1
    await shop.fold()

    teams = [row["params"]["to"] for row in await shop.ledger.fetch("decisions")]
    assert teams == ["v1"] * 3 + ["v2"] * 3 + ["v3"] * 3


async def test_a_dispatcher_is_told_of_decisions_once_they_are_in_the_ledger_and_only_then() -> None:
    shop = await shop_of(MANY.replace("LEAST", "2"))
    faults = Faults()
    await shop.send("p1", "cart.added")
    await fold_all(shop.worker(around=faults.around, decided=lambda: faults.calls.append("told")))
    assert "told" not in faults.calls

    await shop.send("p1", "cart.added")
    await fold_all(shop.worker(around=faults.around, decided=lambda: faults.calls.append("told")))
    at = faults.calls.index("told")
    assert [call.partition(".")[2] for call in faults.calls[at - 1 : at + 2]] == ["record", "", "write"]


async def test_the_end_of_the_log_is_asked_for_only_where_decisions_of_waits_depend_on_it() -> None:
    asked = []
    for playbook in (MANY.replace("LEAST", "1"), SHOP):
        shop, faults = await shop_of(playbook), Faults()
        await fold_all(shop.worker())
        await shop.send("p1", "cart.added")
        await shop.tick(45 * MINUTE)
        worker = shop.worker(around=faults.around)
        await worker.step()
        begun = faults.calls.index(next(call for call in faults.calls if call.endswith(".read")))
        asked.append((worker.counts.decisions, sum(call.endswith(".ends") for call in faults.calls[begun:])))
        await shop.ledger.close()

    assert asked == [(1, 0), (2, 1)]


async def test_positions_only_ever_move_forward() -> None:
    shop = await shop_of()
    for number in range(9):
        await shop.send(f"p{number}", "cart.added")
    await shop.tick(45 * MINUTE)
    await shop.activate({"shop.yaml": EMPTY})
    worker, seen = shop.worker(batch=2), [(0, 0)]
    while seen[-1][0] < (await shop.log.ends(0))[1]:
        await worker.step()
        seen.append(worker.position[:2] if worker.position is not None else seen[-1])

    assert all(before < after for before, after in pairwise(seen))


async def test_a_worker_that_looks_while_nothing_comes_sees_that_somebody_went_on() -> None:
    shop = await shop_of()
    idle = await fold_all(shop.worker())
    await idle.look()
    await shop.tick()
    await fold_all(shop.worker())

    await idle.look()
    assert await idle.step() == 0

    assert (idle.counts.moved, idle.counts.rollbacks) == (1, 0)
    assert idle.position == (await shop.state.position(0) or pytest.fail("nothing was folded"))[0]
    await shop.ledger.close()
