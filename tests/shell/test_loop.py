"""The worker's loop of one partition: where it begins, what it refuses, time, schedules and activations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schemas.errors import NamedStop
from schemas.ids import partition_of
from schemas.records import Behaviour, ProgramActivated, Tick, encode
from schemas.times import HOUR, MINUTE
from stores.open import open_log
from stores.ports import Appendable, Position, Saved
from tests.helpers.folded import LOG_ID, Folded, fold_all
from tests.helpers.loop_shops import REPORT, SHOP, shop_of, stop_of
from tests.helpers.stores import STATES, state_in
from workers.startup import LOG_CUT, check_partitions

if TYPE_CHECKING:
    from pathlib import Path


# ---------------------------------------------------------------- where it begins


async def test_a_state_that_is_new_begins_at_the_first_record() -> None:
    shop = await shop_of()
    await shop.send("p1", "cart.added")

    worker = await fold_all(shop.worker())

    assert (worker.counts.records, worker.counts.rollbacks, list(await shop.profiles())) == (2, 0, ["p1"])


async def test_a_state_beyond_the_end_of_the_log_is_a_stop() -> None:
    shop = await shop_of()
    await shop.send("p1", "cart.added")
    await shop.fold()
    shorter = open_log("memory://", clock=shop.clock, new_id=lambda: LOG_ID)
    await shorter.append([Appendable("", encode(Tick()), 0)])

    assert await stop_of(Folded(shorter, shop.state, shop.ledger, shop.clock)) == "LOG_MISMATCH"


async def test_a_state_of_another_log_is_a_stop() -> None:
    shop = await shop_of()
    await shop.state.begin(0, "another-log", Position(0))

    assert await stop_of(shop) == "LOG_MISMATCH"


async def test_a_ledger_of_another_log_is_a_stop() -> None:
    shop = await shop_of()
    await shop.ledger.advance(0, "another-log", 1)

    assert await stop_of(shop) == "LOG_MISMATCH"


async def test_a_state_before_the_first_kept_record_is_a_stop() -> None:
    shop = await shop_of()
    await shop.fold()
    for _ in range(3):
        await shop.tick()
    await shop.log.trim(0, 3)

    assert await stop_of(shop) == "STATE_GAP"


async def test_a_lost_state_whose_records_are_gone_too_is_a_stop() -> None:
    shop = await shop_of()
    await shop.tick()
    await shop.fold()
    await shop.log.trim(0, 1)

    assert await stop_of(shop.again(ledger=shop.ledger)) == "STATE_GAP"


async def test_a_lost_state_of_a_log_that_was_moved_without_its_beginning_is_a_stop() -> None:
    shop = await shop_of()
    await shop.ledger.set_meta(LOG_CUT, "another-log")
    await shop.fold()
    await shop.ledger.set_meta(LOG_CUT, LOG_ID)
    await shop.fold()  # a state that is there is all it needs

    assert await stop_of(shop.again(ledger=shop.ledger)) == "STATE_GAP"


async def test_a_program_that_the_ledger_lacks_is_a_stop() -> None:
    shop = Folded.new()
    await shop.control(ProgramActivated("f" * 64, 1))

    assert await stop_of(shop) == "PROGRAM_MISSING"


async def test_another_count_of_partitions_is_a_stop() -> None:
    shop = await shop_of()
    await check_partitions(shop.log, shop.ledger)

    with pytest.raises(NamedStop) as stopped:
        await check_partitions(Folded.new(partitions=2).log, shop.ledger)

    assert stopped.value.code == "PARTITIONS_CHANGED"


async def test_a_record_from_far_ahead_of_the_clock_is_a_stop_and_is_not_folded() -> None:
    shop = await shop_of()
    await shop.fold()
    await shop.send("p1", "cart.added")
    behind = shop.clock.now - 5 * MINUTE

    with pytest.raises(NamedStop) as stopped:
        await shop.worker(clock=lambda: behind - 1).step()

    assert (stopped.value.code, await shop.profiles()) == ("CLOCK_JUMP", {})
    assert await shop.worker(clock=lambda: behind).step() == 1


# ---------------------------------------------------------------- what it refuses


async def test_events_before_the_first_activation_are_kept_as_dead_letters() -> None:
    shop = Folded.new()
    await shop.send("p1", "cart.added")
    await shop.tick()
    await shop.activate({"shop.yaml": SHOP})
    await shop.send("p2", "cart.added")
    await shop.fold()

    assert (await shop.letters(), list(await shop.profiles())) == ([(0, "no_program")], ["p2"])


async def test_a_record_under_the_wrong_key_is_a_dead_letter_and_the_others_go_on() -> None:
    shop = await shop_of()
    value = encode(Behaviour("1", "p1", "cart.added", None, {}))
    await shop.log.append([Appendable("somebody", value), Appendable("p1", b"\xff"), Appendable("p1", value)])
    await shop.fold()

    assert (await shop.letters(), list(await shop.profiles())) == ([(1, "wrong_partition"), (2, "bad_json")], ["p1"])


async def test_a_record_in_a_partition_that_is_not_its_persons_is_a_dead_letter() -> None:
    shop = await shop_of(partitions=4)
    wrong = (partition_of("p1", 4) + 1) % 4
    await shop.log.append([Appendable("p1", encode(Behaviour("1", "p1", "cart.added", None, {})), wrong)])
    await shop.fold()

    assert (await shop.letters(), await shop.profiles()) == ([(1, "wrong_partition")], {})


async def test_a_record_that_cannot_be_folded_is_a_dead_letter_and_the_others_go_on() -> None:
    shop = await shop_of()
    await shop.send("p2", "cart.added")
    await shop.fold()
    position, _ = await shop.state.position(0) or pytest.fail("nothing was folded")
    await shop.state.write(0, position, position, {"p2": Saved(b"damaged", None)})
    for person in ("p1", "p2", "p3"):
        await shop.send(person, "cart.added")
    await shop.fold()

    assert await shop.letters() == [(3, "fold_failed")]
    profiles = await shop.profiles()
    assert (sorted(profiles), profiles["p2"]) == (["p1", "p2", "p3"], b"damaged")


@pytest.mark.parametrize("batch", [500, 1])
async def test_a_person_whose_time_cannot_pass_is_set_aside_for_a_day_and_the_others_go_on(batch: int) -> None:
    shop = await shop_of()
    for person in ("p1", "p2", "p3"):
        await shop.send(person, "cart.added")
    await shop.fold()
    position, _ = await shop.state.position(0) or pytest.fail("nothing was folded")
    begun = shop.clock.now
    await shop.state.write(0, position, position, {"p2": Saved(b"damaged", begun + MINUTE)})
    for minutes in (11, 20, 24 * 60, 60):
        await shop.tick(minutes * MINUTE)
        await shop.fold(batch=batch)

    rows = await shop.ledger.fetch("decisions")
    assert {(r["person"], r["rule"]) for r in rows} == {(p, rule) for p in ("p1", "p3") for rule in ("cart", "gone")}
    letters = await shop.ledger.fetch("dead_letters")
    assert [(r["offset"], r["code"]) for r in letters] == [(4, "person_failed"), (6, "person_failed")]
    assert "'p2'" in letters[0]["message"]
    assert (await shop.profiles())["p2"] == b"damaged"


@pytest.mark.parametrize("engine", STATES)
async def test_a_damaged_profile_that_is_due_is_a_dead_letter_once_a_day_on_every_state(
    engine: str, tmp_path: Path
) -> None:
    """Ticks go on every second; each other person's time passes as ever, and what is damaged stays as it is."""
    shop = Folded.new()
    shop.state = await state_in(engine, tmp_path)
    await shop.activate({"shop.yaml": SHOP})
    for person in ("p1", "p2", "p3"):
        await shop.send(person, "cart.added")
    await shop.fold()
    position, _ = await shop.state.position(0) or pytest.fail("nothing was folded")
    await shop.state.write(0, position, position, {"p2": Saved(b"damaged", shop.clock.now + MINUTE)})
    for _ in range(30):
        await shop.tick(2 * MINUTE)
        await shop.fold()
    first = [row["code"] for row in await shop.ledger.fetch("dead_letters")]
    for _ in range(36):
        await shop.tick(2 * HOUR)
        await shop.fold()
    saved = dict(await shop.state.people(0))
    await shop.state.close()

    assert first == ["person_failed"]
    assert [row["code"] for row in await shop.ledger.fetch("dead_letters")] == ["person_failed"] * 3
    rows = await shop.ledger.fetch("decisions")
    assert {(r["person"], r["rule"]) for r in rows} == {(p, rule) for p in ("p1", "p3") for rule in ("cart", "gone")}
    assert saved["p2"].state == b"damaged"
    assert saved["p2"].due is not None


async def test_a_schedule_and_an_activation_pass_over_a_profile_that_cannot_be_read() -> None:
    shop = await shop_of(REPORT.replace("LIMIT", ""))
    for person in ("p1", "p2", "p3"):
        await shop.send(person, "cart.added")
    await shop.fold()
    position, _ = await shop.state.position(0) or pytest.fail("nothing was folded")
    await shop.state.write(0, position, position, {"p2": Saved(b"damaged", None)})
    await shop.fire("report")
    await shop.activate({"shop.yaml": SHOP})
    await shop.fold()

    assert {row["person"] for row in await shop.ledger.fetch("decisions")} == {"p1", "p3"}
    assert await shop.letters() == [(4, "person_failed"), (5, "person_failed")]
