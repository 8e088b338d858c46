"""The worker's loop of one partition: where it begins, what it refuses, time, schedules and activations."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from schemas.errors import NamedStop
from schemas.ids import partition_of
from schemas.records import Behaviour, ProgramActivated, Tick, encode
from stores.open import open_log
from stores.ports import Appendable, Position, Saved
from tests.helpers.faults import Faults
from tests.helpers.folded import LOG_ID, Folded, fold_all
from tests.helpers.stores import STATES, state_in
from workers.startup import LOG_CUT, check_partitions
from workers.ticker import Ticker

if TYPE_CHECKING:
    from pathlib import Path

    from workers.programs import Programs

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
SHOP = """\
workspace: {name: Shop, zone: Europe/London, currency: GBP}
events:
  cart.added: {properties: {cart_total: {type: money}}}
  order.paid: {properties: {amount: {type: money}}}
segments:
  here: {when: 'last("*") > now - duration("30m")'}
rules:
  cart: {event: cart.added, wait: {for: 10m, unless: [order.paid]}, then: [{tag: reminded}]}
  gone: {leaves: here, then: [{assign: {to: team}}]}
"""
MANY = """\
workspace: {name: Shop, zone: Europe/London, currency: GBP}
events: {cart.added: {}}
segments: {any: {when: 'count("*", "30d") >= LEAST'}}
rules: {r: {enters: any, then: [{tag: t}]}}
"""
EMPTY = "workspace: {name: Shop, zone: Europe/London, currency: GBP}\nevents: {cart.added: {}}\n"
REPORT = """\
workspace: {name: Shop, zone: Europe/London, currency: GBP}
events: {cart.added: {}}
rules: {report: {schedule: {cron: "* * * * *"}, LIMITthen: [{assign: {to: team}}]}}
"""


async def _shop(text: str = SHOP, partitions: int = 1) -> Folded:
    """An active playbook, and nothing folded yet."""
    shop = Folded.new(partitions)
    await shop.activate({"shop.yaml": text})
    return shop


async def _stop(shop: Folded) -> str:
    """The name of the stop at which a worker ends."""
    with pytest.raises(NamedStop) as stopped:
        await fold_all(shop.worker())
    assert "; " in stopped.value.message  # what is wrong, and what to do
    return stopped.value.code


# ---------------------------------------------------------------- where it begins


async def test_a_state_that_is_new_begins_at_the_first_record() -> None:
    shop = await _shop()
    await shop.send("p1", "cart.added")

    worker = await fold_all(shop.worker())

    assert (worker.counts.records, worker.counts.rollbacks, list(await shop.profiles())) == (2, 0, ["p1"])


async def test_a_state_beyond_the_end_of_the_log_is_a_stop() -> None:
    shop = await _shop()
    await shop.send("p1", "cart.added")
    await shop.fold()
    shorter = open_log("memory://", clock=shop.clock, new_id=lambda: LOG_ID)
    await shorter.append([Appendable("", encode(Tick()), 0)])

    assert await _stop(Folded(shorter, shop.state, shop.ledger, shop.clock)) == "LOG_MISMATCH"


async def test_a_state_of_another_log_is_a_stop() -> None:
    shop = await _shop()
    await shop.state.begin(0, "another-log", Position(0))

    assert await _stop(shop) == "LOG_MISMATCH"


async def test_a_ledger_of_another_log_is_a_stop() -> None:
    shop = await _shop()
    await shop.ledger.advance(0, "another-log", 1)

    assert await _stop(shop) == "LOG_MISMATCH"


async def test_a_state_before_the_first_kept_record_is_a_stop() -> None:
    shop = await _shop()
    await shop.fold()
    for _ in range(3):
        await shop.tick()
    await shop.log.trim(0, 3)

    assert await _stop(shop) == "STATE_GAP"


async def test_a_lost_state_whose_records_are_gone_too_is_a_stop() -> None:
    shop = await _shop()
    await shop.tick()
    await shop.fold()
    await shop.log.trim(0, 1)

    assert await _stop(shop.again(ledger=shop.ledger)) == "STATE_GAP"


async def test_a_lost_state_of_a_log_that_was_moved_without_its_beginning_is_a_stop() -> None:
    shop = await _shop()
    await shop.ledger.set_meta(LOG_CUT, "another-log")
    await shop.fold()
    await shop.ledger.set_meta(LOG_CUT, LOG_ID)
    await shop.fold()  # a state that is there is all it needs

    assert await _stop(shop.again(ledger=shop.ledger)) == "STATE_GAP"


async def test_a_program_that_the_ledger_lacks_is_a_stop() -> None:
    shop = Folded.new()
    await shop.control(ProgramActivated("f" * 64, 1))

    assert await _stop(shop) == "PROGRAM_MISSING"


async def test_another_count_of_partitions_is_a_stop() -> None:
    shop = await _shop()
    await check_partitions(shop.log, shop.ledger)

    with pytest.raises(NamedStop) as stopped:
        await check_partitions(Folded.new(partitions=2).log, shop.ledger)

    assert stopped.value.code == "PARTITIONS_CHANGED"


async def test_a_record_from_far_ahead_of_the_clock_is_a_stop_and_is_not_folded() -> None:
    shop = await _shop()
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
    shop = await _shop()
    value = encode(Behaviour("1", "p1", "cart.added", None, {}))
    await shop.log.append([Appendable("somebody", value), Appendable("p1", b"\xff"), Appendable("p1", value)])
    await shop.fold()

    assert (await shop.letters(), list(await shop.profiles())) == ([(1, "wrong_partition"), (2, "bad_json")], ["p1"])


async def test_a_record_in_a_partition_that_is_not_its_persons_is_a_dead_letter() -> None:
    shop = await _shop(partitions=4)
    wrong = (partition_of("p1", 4) + 1) % 4
    await shop.log.append([Appendable("p1", encode(Behaviour("1", "p1", "cart.added", None, {})), wrong)])
    await shop.fold()

    assert (await shop.letters(), await shop.profiles()) == ([(1, "wrong_partition")], {})


async def test_a_record_that_cannot_be_folded_is_a_dead_letter_and_the_others_go_on() -> None:
    shop = await _shop()
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
    shop = await _shop()
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
    shop = await _shop(REPORT.replace("LIMIT", ""))
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


# ---------------------------------------------------------------- time


async def test_a_tick_reaches_more_people_than_a_batch_holds_and_each_at_their_own_moment() -> None:
    shop = await _shop()
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
    shop = await _shop(REPORT.replace("LIMIT", limit))
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
    shop = await _shop(REPORT.replace("* * * * *", "0 9 * * *").replace("LIMIT", ""))
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
    shop = await _shop(MANY.replace("LEAST", "5"))
    everybody = [f"p{number}" for number in range(7)]
    for person in everybody:
        await shop.send(person, "cart.added")
    await shop.activate({"shop.yaml": MANY.replace("LEAST", "1")}, fire_entries=fire_entries)
    await shop.fold(batch=2)

    changes = (await shop.rows())["changes"]
    assert [(c["person"], c["change"], c["cause"]) for c in changes] == [(p, "enter", "program") for p in everybody]
    assert await shop.decided() == ([(p, "r", "tag") for p in everybody] if fire_entries else [])


async def test_a_playbook_with_the_sequence_of_an_older_one_is_passed_over() -> None:
    shop = await _shop(EMPTY)
    newer = await shop.activate({"shop.yaml": SHOP})
    older = ProgramActivated((await shop.ledger.fetch("activations"))[0]["hash"], 1)
    await shop.control(older)
    await shop.fold()

    position, _ = await shop.state.position(0) or pytest.fail("nothing was folded")
    assert (position.program, position.sequence, position.offset) == (newer.hash, 2, 3)


async def test_waits_end_on_the_playbook_they_began_with() -> None:
    shop = await _shop()
    await shop.send("p1", "cart.added")
    await shop.activate({"shop.yaml": SHOP.replace("for: 10m", "for: 5h").replace("reminded", "later")})
    await shop.send("p2", "cart.added")
    await shop.tick(20 * MINUTE)
    await shop.fold()

    rows = await shop.ledger.fetch("decisions")
    assert [(r["person"], r["params"]) for r in rows] == [("p1", {"tags": ["reminded"]})]


async def test_a_wait_ends_without_effect_when_its_rule_is_gone() -> None:
    shop = await _shop()
    await shop.send("p1", "cart.added")
    await shop.activate({"shop.yaml": EMPTY})
    await shop.tick(20 * MINUTE)
    worker = await fold_all(shop.worker())

    assert (await shop.decided(), worker.counts.by_name["ended_runs"]) == ([], 1)


async def test_the_old_playbook_decides_up_to_the_record_of_the_new_one() -> None:
    text = SHOP.split("segments", maxsplit=1)[0] + "rules: {r: {event: cart.added, then: [{assign: {to: NAME}}]}}\n"
    shop = await _shop(text.replace("NAME", "v1"))
    for version in ("v1", "v2", "v3"):
        await shop.activate({"shop.yaml": text.replace("NAME", version)})
        for _ in range(3):
            await shop.send("p1", "cart.added")
            shop.clock.now += 1
    await shop.fold()

    teams = [row["params"]["to"] for row in await shop.ledger.fetch("decisions")]
    assert teams == ["v1"] * 3 + ["v2"] * 3 + ["v3"] * 3


async def test_a_dispatcher_is_told_of_decisions_once_they_are_in_the_ledger_and_only_then() -> None:
    shop = await _shop(MANY.replace("LEAST", "2"))
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
        shop, faults = await _shop(playbook), Faults()
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
    shop = await _shop()
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
    shop = await _shop()
    idle = await fold_all(shop.worker())
    await idle.look()
    await shop.tick()
    await fold_all(shop.worker())

    await idle.look()
    assert await idle.step() == 0

    assert (idle.counts.moved, idle.counts.rollbacks) == (1, 0)
    assert idle.position == (await shop.state.position(0) or pytest.fail("nothing was folded"))[0]
    await shop.ledger.close()
