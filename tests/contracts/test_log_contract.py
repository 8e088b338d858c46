"""What every log promises."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import NamedStop, SettingsError
from schemas.ids import partition_of
from schemas.records import Record
from stores.ports import Appendable, Place
from tests.helpers.stores import CLOCKED, LASTING_LOGS, LOGS, Clock, log_in
from tests.helpers.waiting import wait_until_async

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from stores.ports import Log


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=LOGS)
async def log(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> AsyncIterator[Log]:
    log = await log_in(request.param, tmp_path, clock=clock, partitions=3)
    yield log
    await log.close()


@pytest.fixture(params=CLOCKED)
async def clocked(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> AsyncIterator[Log]:
    """A log that takes its clock from whoever opens it."""
    log = await log_in(request.param, tmp_path, clock=clock, partitions=3)
    yield log
    await log.close()


async def values(log: Log, partition: int = 0, start: int = 0) -> list[bytes]:
    return [record.value for record in await log.read(partition, start, 10_000)]


async def times(log: Log, partition: int = 0) -> list[int]:
    return [record.at for record in await log.read(partition, 0, 10_000)]


async def test_a_new_log_has_an_id_and_the_partitions_asked_for(log: Log) -> None:
    assert log.info.log_id
    assert log.info.partitions == 3
    assert [await log.ends(partition) for partition in range(3)] == [(0, 0)] * 3


async def test_a_log_that_asks_for_its_id_keeps_it(clocked: Log) -> None:
    assert clocked.info.log_id == "log-1"


async def test_a_record_is_read_back_where_its_place_says(log: Log) -> None:
    (place,) = await log.append([Appendable("ada", b"\x00\xff{")])

    (record,) = await log.read(place.partition, place.offset)

    assert record == Record(place.offset, record.at, "ada", b"\x00\xff{")


async def test_an_event_goes_to_the_partition_of_its_person_and_control_where_it_is_sent(log: Log) -> None:
    people = [f"p{n}" for n in range(20)]

    places = await log.append([*(Appendable(person, b"e") for person in people), Appendable("", b"tick", 2)])

    assert [place.partition for place in places[:-1]] == [partition_of(person, 3) for person in people]
    assert places[-1].partition == 2


async def test_offsets_count_up_without_gaps_in_each_partition(log: Log) -> None:
    first = await log.append([Appendable("", b"a", 0), Appendable("", b"b", 1), Appendable("", b"c", 0)])
    second = await log.append([Appendable("", b"d", 0)])

    assert first + second == [Place(0, 0), Place(1, 0), Place(0, 1), Place(0, 2)]
    assert await log.ends(0) == (0, 3)


async def test_reading_gives_at_most_what_is_asked_for_and_nothing_beyond_the_end(log: Log) -> None:
    await log.append([Appendable("", b"%d" % n, 0) for n in range(10)])

    assert [record.value for record in await log.read(0, 4, 3)] == [b"4", b"5", b"6"]
    assert await log.read(0, 10) == []
    assert await log.read(0, 99) == []
    assert await log.read(1, 0) == []


async def test_append_time_is_the_time_of_appending_and_never_falls(log: Log) -> None:
    before = time.time_ns() // 1_000_000
    for _ in range(5):
        await log.append([Appendable("", b"x", 0), Appendable("", b"y", 0)])
    after = time.time_ns() // 1_000_000

    seen = await times(log)
    assert seen == sorted(seen)
    if log.info.log_id != "log-1":  # it has its own clock
        assert before <= seen[0] <= seen[-1] <= after


async def test_append_time_is_the_logs_clock_and_never_falls(clocked: Log, clock: Clock) -> None:
    start = clock.now
    for step in (0, 5, -60_000, 7):
        clock.now = start + step
        await clocked.append([Appendable("", b"x", 0)])

    assert await times(clocked) == [start, start + 5, start + 5, start + 7]


async def test_a_partition_that_was_quiet_has_its_own_last_time(clocked: Log, clock: Clock) -> None:
    clock.now += 10_000
    await clocked.append([Appendable("", b"x", 0)])
    clock.now -= 10_000
    await clocked.append([Appendable("", b"y", 0), Appendable("", b"z", 1)])

    assert [await times(clocked, partition) for partition in (0, 1)] == [[clock.now + 10_000] * 2, [clock.now]]


async def test_a_log_with_a_clock_takes_no_time_from_outside(log: Log) -> None:
    with pytest.raises(ValueError, match="own clock"):
        await log.append([Appendable("ada", b"x", None, 5)])

    assert await log.ends(partition_of("ada", 3)) == (0, 0)


async def test_a_partition_that_does_not_exist_is_refused_with_the_whole_call(log: Log) -> None:
    with pytest.raises(ValueError, match="no partition 3"):
        await log.append([Appendable("", b"x", 0), Appendable("", b"y", 3)])

    assert await log.ends(0) == (0, 0)


async def test_concurrent_appenders_lose_nothing(log: Log) -> None:
    async def caller(name: int) -> list[tuple[Place, bytes]]:
        mine = []
        for n in range(20):
            call = [Appendable(f"p{name}", b"%d:%d:%d" % (name, n, i)) for i in range(1 + n % 3)]
            mine += list(zip(await log.append(call), (item.value for item in call), strict=True))
        return mine

    told = [entry for entries in await asyncio.gather(*map(caller, range(40))) for entry in entries]

    kept = {Place(p, r.offset): r.value for p in range(3) for r in await log.read(p, 0, 10_000)}
    assert dict(told) == kept
    assert len(told) == len(kept) == 40 * 39
    assert [(await log.ends(p))[1] for p in range(3)] == [sum(place.partition == p for place in kept) for p in range(3)]


async def test_a_call_of_many_records_is_one_append(log: Log) -> None:
    places = await log.append([Appendable("", b"%d" % n, 1) for n in range(5_000)])

    assert places == [Place(1, n) for n in range(5_000)]
    assert await values(log, 1, 4_998) == [b"4998", b"4999"]


async def test_waiting_for_a_record_that_is_there_returns_at_once(log: Log) -> None:
    await log.append([Appendable("", b"x", 0)])

    await asyncio.wait_for(log.wait(0, 0, 60), 5)


async def test_waiting_ends_when_a_record_comes(log: Log) -> None:
    waiting = asyncio.create_task(log.wait(0, 1, 60))
    await log.append([Appendable("", b"x", 0), Appendable("", b"y", 1)])
    await asyncio.sleep(0)
    assert not waiting.done()

    await log.append([Appendable("", b"z", 0)])

    await wait_until_async(waiting.done, 5, "the tail to notice")


async def test_waiting_ends_when_its_time_is_over(log: Log) -> None:
    await asyncio.wait_for(log.wait(0, 0, 0.05), 5)

    assert await log.read(0, 0) == []


async def test_many_may_wait_and_all_are_woken(log: Log) -> None:
    waiting = [asyncio.create_task(log.wait(p, 0, 60)) for p in range(3) for _ in range(5)]
    await asyncio.sleep(0)

    await log.append([Appendable("", b"x", partition) for partition in range(3)])

    await wait_until_async(lambda: all(task.done() for task in waiting), 5, "all of them")


async def test_what_was_trimmed_is_a_named_stop_that_says_what_is_missing(log: Log) -> None:
    await log.append([Appendable("", b"%d" % n, 0) for n in range(10)])

    assert await log.trim(0, 6) == 6

    with pytest.raises(NamedStop, match=r"partition 0: records 2 to 5 are needed") as stop:
        await log.read(0, 2)
    assert stop.value.code == "STATE_GAP"
    assert await log.ends(0) == (6, 10)
    assert await values(log, 0, 6) == [b"6", b"7", b"8", b"9"]


async def test_trimming_goes_no_further_than_the_end_and_never_back(log: Log) -> None:
    await log.append([Appendable("", b"%d" % n, 0) for n in range(4)])

    assert [await log.trim(0, before) for before in (3, 1, 99)] == [3, 0, 1]

    assert await log.ends(0) == (4, 4)
    assert await log.append([Appendable("", b"next", 0)]) == [Place(0, 4)]
    assert await values(log, 0, 4) == [b"next"]


async def test_append_time_does_not_fall_after_everything_was_trimmed(clocked: Log, clock: Clock) -> None:
    await clocked.append([Appendable("", b"x", 0)])
    await clocked.trim(0, 1)
    clock.now -= 5_000
    await clocked.append([Appendable("", b"y", 0)])

    assert [record.at for record in await clocked.read(0, 1)] == [clock.now + 5_000]


@pytest.mark.parametrize("engine", LOGS)
async def test_in_virtual_time_the_appender_names_the_time_and_it_never_falls_either(
    engine: str, tmp_path: Path
) -> None:
    log = await log_in(engine, tmp_path, partitions=1, virtual_time=True)

    await log.append([Appendable("ada", b"x", None, at) for at in (50, 40, 60)])

    assert await times(log) == [50, 50, 60]
    await log.close()


@pytest.mark.parametrize("engine", LOGS)
async def test_a_log_that_is_settled_keeps_its_times_and_has_its_own_clock_from_then_on(
    engine: str, tmp_path: Path, clock: Clock
) -> None:
    log = await log_in(engine, tmp_path, clock=clock, partitions=2, virtual_time=True)
    old = [Appendable("", b"old", 0, 1_000), Appendable("", b"older", 1, 5)]
    await log.append(old)

    await log.settle()
    await log.settle()

    with pytest.raises(ValueError, match="own clock"):
        await log.append(old)
    before = time.time_ns() // 1_000_000
    await log.append([Appendable("", b"new", partition) for partition in (0, 1)])
    found = [await log.read(partition, 0, 1) + await log.read(partition, 1) for partition in (0, 1)]
    assert [[record.value for record in records] for records in found] == [[b"old", b"new"], [b"older", b"new"]]
    assert [records[0].at for records in found] == [1_000, 5]
    for records in found:
        assert records[1].at == clock.now or before <= records[1].at <= time.time_ns() // 1_000_000
    await log.close()


@pytest.mark.parametrize("engine", LASTING_LOGS)
async def test_a_settled_log_is_opened_again_as_one_with_its_own_clock(engine: str, tmp_path: Path) -> None:
    log = await log_in(engine, tmp_path, partitions=2, virtual_time=True)
    await log.append([Appendable("", b"old", 0, 1_000)])
    await log.settle()
    await log.close()

    again = await log_in(engine, tmp_path, partitions=2)

    assert again.info == log.info
    with pytest.raises(ValueError, match="own clock"):
        await again.append([Appendable("", b"x", 0, 2_000)])
    assert await times(again) == [1_000]
    await again.close()


@pytest.mark.parametrize("engine", LASTING_LOGS)
async def test_a_log_with_its_own_clock_is_not_opened_in_virtual_time(engine: str, tmp_path: Path) -> None:
    await (await log_in(engine, tmp_path, partitions=2)).close()

    with pytest.raises(SettingsError):
        await log_in(engine, tmp_path, partitions=2, virtual_time=True)


@pytest.mark.parametrize("engine", sorted(set(LASTING_LOGS) & set(CLOCKED)))
async def test_the_times_of_a_log_that_is_opened_again_do_not_fall_either(
    engine: str, tmp_path: Path, clock: Clock
) -> None:
    log = await log_in(engine, tmp_path, clock=clock, partitions=2)
    await log.append([Appendable("", b"x", 0)])
    await log.close()
    clock.now -= 1_000

    again = await log_in(engine, tmp_path, clock=clock, new_id=lambda: "another")
    await again.append([Appendable("", b"y", 0)])

    assert again.info == log.info
    assert await values(again) == [b"x", b"y"]
    assert await times(again) == [clock.now + 1_000] * 2
    await again.close()


@pytest.mark.parametrize("engine", LASTING_LOGS)
async def test_a_log_that_is_opened_again_is_the_same(engine: str, tmp_path: Path) -> None:
    log = await log_in(engine, tmp_path, partitions=2)
    await log.append([Appendable("", b"x", 0)])
    await log.close()

    again = await log_in(engine, tmp_path, new_id=lambda: "another")
    await again.append([Appendable("", b"y", 0)])

    assert again.info == log.info
    assert await values(again) == [b"x", b"y"]
    await again.close()


@pytest.mark.parametrize("engine", LASTING_LOGS)
async def test_in_virtual_time_the_last_time_is_known_when_it_is_opened_again(engine: str, tmp_path: Path) -> None:
    log = await log_in(engine, tmp_path, partitions=1, virtual_time=True)
    await log.append([Appendable("", b"x", 0, 70)])
    await log.close()

    again = await log_in(engine, tmp_path, partitions=1, virtual_time=True)
    await again.append([Appendable("", b"y", 0, 60)])

    assert await times(again) == [70, 70]
    await again.close()


@pytest.mark.parametrize("engine", LASTING_LOGS)
async def test_the_count_of_partitions_cannot_change(engine: str, tmp_path: Path) -> None:
    await (await log_in(engine, tmp_path, partitions=2)).close()

    with pytest.raises(NamedStop, match="2 partitions, not 3") as stop:
        await log_in(engine, tmp_path, partitions=3)

    assert stop.value.code == "PARTITIONS_CHANGED"


@pytest.mark.parametrize("engine", CLOCKED)
@given(calls=st.lists(st.tuples(st.integers(-1_000, 1_000), st.lists(st.integers(0, 2), max_size=6)), max_size=8))
def test_whatever_the_clock_does_every_record_is_kept_in_order(engine: str, calls: list[tuple[int, list[int]]]) -> None:
    async def run() -> None:
        clock = Clock()
        with tempfile.TemporaryDirectory() as folder:
            log = await log_in(engine, Path(folder), clock=clock, partitions=3)
            sent: dict[int, list[bytes]] = {0: [], 1: [], 2: []}
            for number, (drift, partitions) in enumerate(calls):
                clock.now += drift
                items = [Appendable("", b"%d:%d" % (number, n), p) for n, p in enumerate(partitions)]
                await log.append(items)
                for item in items:
                    sent[item.partition or 0].append(item.value)
            for partition, expected in sent.items():
                assert await values(log, partition) == expected
                seen = await times(log, partition)
                assert seen == sorted(seen)
            await log.close()

    asyncio.run(run())


@settings(max_examples=12)
@given(calls=st.lists(st.lists(st.integers(0, 2), max_size=6), max_size=8))
def test_on_a_server_every_record_is_kept_in_order(calls: list[list[int]]) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            log = await log_in("kafka", Path(folder), partitions=3)
            sent: dict[int, list[bytes]] = {0: [], 1: [], 2: []}
            for number, partitions in enumerate(calls):
                items = [Appendable("", b"%d:%d" % (number, n), p) for n, p in enumerate(partitions)]
                await log.append(items)
                for item in items:
                    sent[item.partition or 0].append(item.value)
            for partition, expected in sent.items():
                assert await values(log, partition) == expected
                seen = await times(log, partition)
                assert seen == sorted(seen)
            await log.close()

    asyncio.run(run())
