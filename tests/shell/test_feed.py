"""What a consumer delivers, as a worker reads it: nothing twice, nothing left out, whatever goes missing on the way."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import Moved, NamedStop
from stores.open import open_log
from stores.ports import Appendable
from tests.helpers.stores import Clock
from tests.helpers.waiting import wait_until_async
from workers.feed import Feed

if TYPE_CHECKING:
    from schemas.records import Record
    from stores.ports import Log


class Consumer:
    """A consumer of one partition: goes where it is sent, fetches in order, and may lose what it fetched."""

    def __init__(self, log: Log) -> None:
        self.log, self.at, self.seeks = log, 0, 0
        self.feed = Feed(log, 0, self.seek)

    async def seek(self, _partition: int, offset: int) -> None:
        self.seeks += 1
        self.at = offset

    async def fetch(self, limit: int, *, lose: bool = False, epoch: int | None = None) -> None:
        if not self.feed.is_wanted:
            return
        records = await self.log.read(0, self.at, limit)
        if not records:
            return
        self.at = records[-1].offset + 1
        parcel = self.feed.parcel(self.feed.epoch if epoch is None else epoch, records)
        if parcel is not None and not lose:
            self.feed.put(parcel)


async def consumer_of(records: int, trimmed: int = 0) -> Consumer:
    log = open_log("memory://", clock=Clock(), new_id=lambda: "log")
    await log.append([Appendable("", b"%d" % number, 0) for number in range(records)])
    await log.trim(0, trimmed)
    return Consumer(log)


def offsets(records: list[Record]) -> list[int]:
    return [record.offset for record in records]


async def test_the_first_read_sends_the_consumer_there_and_the_next_has_its_records() -> None:
    consumer = await consumer_of(9)

    assert not consumer.feed.is_wanted
    assert await consumer.feed.read(0, 4) == []
    await consumer.fetch(3)
    assert offsets(await consumer.feed.read(0, 4)) == [4, 5, 6]
    assert consumer.seeks == 1


async def test_a_record_stays_until_the_worker_is_past_it() -> None:
    consumer = await consumer_of(9)
    await consumer.feed.read(0, 0)
    await consumer.fetch(9)

    for _ in range(3):  # chunk by chunk
        assert offsets(await consumer.feed.read(0, 2, 1)) == [2]
    assert offsets(await consumer.feed.read(0, 3, 2)) == [3, 4]
    assert consumer.seeks == 1


async def test_going_back_or_far_ahead_is_a_seek() -> None:
    consumer = await consumer_of(30)
    await consumer.feed.read(0, 0)
    await consumer.fetch(9)
    await consumer.feed.read(0, 5)

    for start in (4, 20):
        assert await consumer.feed.read(0, start) == []
        await consumer.fetch(2)
        assert offsets(await consumer.feed.read(0, start)) == [start, start + 1]
    assert consumer.seeks == 3


async def test_what_was_fetched_before_a_seek_is_void() -> None:
    consumer = await consumer_of(30)
    await consumer.feed.read(0, 0)
    old = consumer.feed.epoch
    await consumer.fetch(5)
    await consumer.feed.read(0, 20)
    await consumer.fetch(5, epoch=old)

    assert await consumer.feed.read(0, 20) == []


async def test_a_batch_that_goes_missing_is_noticed_and_fetched_again() -> None:
    consumer = await consumer_of(9)
    await consumer.feed.read(0, 0)
    await consumer.fetch(3)
    await consumer.fetch(3, lose=True)
    await consumer.fetch(3)

    assert offsets(await consumer.feed.read(0, 0)) == [0, 1, 2]
    with pytest.raises(Moved):
        await consumer.feed.read(0, 3)
    assert await consumer.feed.read(0, 3) == []
    await consumer.fetch(9)
    assert offsets(await consumer.feed.read(0, 3)) == [3, 4, 5, 6, 7, 8]


async def until_missed(consumer: Consumer, start: int) -> None:
    """Wait as a worker does, again and again, until the feed sends the consumer back."""
    seeks = consumer.seeks
    for _ in range(3):
        await consumer.feed.wait(0, start, 0.01)
        with suppress(Moved):
            assert await consumer.feed.read(0, start) == []
    assert consumer.seeks == seeks + 1


async def test_a_last_batch_that_goes_missing_is_noticed_though_nothing_follows_it() -> None:
    consumer = await consumer_of(9)
    await consumer.feed.read(0, 0)
    await consumer.fetch(3)
    await consumer.fetch(9, lose=True)
    await consumer.feed.read(0, 3)

    await until_missed(consumer, 3)

    await consumer.fetch(9)
    assert offsets(await consumer.feed.read(0, 3)) == [3, 4, 5, 6, 7, 8]


async def test_records_that_a_void_fetch_took_are_noticed_though_nothing_follows_them() -> None:
    consumer = await consumer_of(9)
    await consumer.feed.read(0, 3)
    consumer.at = 9

    await until_missed(consumer, 3)

    await consumer.fetch(9)
    assert offsets(await consumer.feed.read(0, 3)) == [3, 4, 5, 6, 7, 8]


async def test_waiting_at_the_end_of_a_log_sends_nobody_back() -> None:
    consumer = Consumer(cast("Log", Holes((await consumer_of(9)).log, 7, 8)))
    await consumer.feed.read(0, 0)
    await consumer.fetch(9)

    for _ in range(3):
        await consumer.feed.wait(0, 7, 0.01)
        assert await consumer.feed.read(0, 7) == []
    assert consumer.seeks == 1


class Holes:
    """A log in which some offsets have no record, as where transactions ended."""

    def __init__(self, log: Log, *holes: int) -> None:
        self.info, self.ends, self._log, self._holes = log.info, log.ends, log, set(holes)

    async def read(self, partition: int, start: int, limit: int = 500) -> list[Record]:
        found = await self._log.read(partition, start, limit + len(self._holes))
        return [record for record in found if record.offset not in self._holes][:limit]


async def test_offsets_without_a_record_are_passed_over() -> None:
    consumer = Consumer(cast("Log", Holes((await consumer_of(9)).log, 3, 4)))
    await consumer.feed.read(0, 0)
    await consumer.fetch(3)
    await consumer.fetch(9)

    assert offsets(await consumer.feed.read(0, 2)) == [2, 5, 6, 7, 8]
    assert offsets(await consumer.feed.read(0, 3)) == [5, 6, 7, 8]
    assert consumer.seeks == 1


async def test_records_that_the_consumer_had_before_the_feed_was_there_are_fetched_again() -> None:
    consumer = await consumer_of(9)
    await consumer.feed.read(0, 0)
    await consumer.fetch(3)
    consumer.at = 5  # a fetch from before a rebalance came back after the seek: what it held is nobody's
    await consumer.fetch(3)

    with pytest.raises(Moved):
        await consumer.feed.read(0, 3)
    assert await consumer.feed.read(0, 3) == []
    await consumer.fetch(9)
    assert offsets(await consumer.feed.read(0, 3)) == [3, 4, 5, 6, 7, 8]


async def test_records_that_were_deleted_under_a_consumer_are_a_gap_with_their_numbers() -> None:
    consumer = await consumer_of(9)
    await consumer.feed.read(0, 0)
    await consumer.fetch(3)
    await consumer.log.trim(0, 6)
    consumer.at = 6  # Kafka's client goes on at the first record there is
    await consumer.fetch(3)

    with pytest.raises(NamedStop, match="records 3 to 5") as stop:
        await consumer.feed.read(0, 3)
    assert stop.value.code == "STATE_GAP"


async def test_records_from_before_the_place_that_was_asked_for_are_not_taken() -> None:
    consumer = await consumer_of(9)
    await consumer.feed.read(0, 6)
    consumer.at = 0  # Kafka's client begins anew behind the end of a log
    await consumer.fetch(9)

    with pytest.raises(Moved):
        await consumer.feed.read(0, 6)


async def test_a_full_feed_is_not_fetched_until_it_is_read() -> None:
    consumer = await consumer_of(9_000)
    await consumer.feed.read(0, 0)
    await consumer.fetch(8_000)
    assert not consumer.feed.is_wanted

    await consumer.feed.read(0, 1)

    assert consumer.feed.is_wanted


async def test_waiting_ends_when_something_comes_when_it_is_woken_and_when_time_is_up() -> None:
    consumer = await consumer_of(9)
    await consumer.feed.read(0, 0)
    waiting = [asyncio.create_task(consumer.feed.wait(0, 0, 60)) for _ in range(3)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    await consumer.fetch(9)
    await wait_until_async(lambda: all(task.done() for task in waiting), 5, "them to end")
    await asyncio.wait_for(consumer.feed.wait(0, 8, 60), 5)

    woken = asyncio.create_task(consumer.feed.wait(0, 9, 60))
    await asyncio.sleep(0)
    consumer.feed.wake()
    await wait_until_async(woken.done, 5, "it to end")
    await asyncio.wait_for(consumer.feed.wait(0, 9, 0.01), 5)


@given(st.lists(st.tuples(st.sampled_from(["fetch", "lose", "read", "again", "back"]), st.integers(1, 7))))
def test_whatever_goes_missing_every_record_is_read_once_and_in_order(steps: list[tuple[str, int]]) -> None:
    async def run() -> None:
        consumer, position = await consumer_of(40), 0
        seen: list[int] = []
        for what, number in [*steps, *[("fetch", 7), ("read", 7)] * 30]:
            if what in {"fetch", "lose"}:
                await consumer.fetch(number, lose=what == "lose")
                continue
            if what == "back":  # another worker was slower than we thought
                position = max(0, position - number)
                seen = seen[:position]
            try:
                found = await consumer.feed.read(0, position, number)
            except Moved:
                continue
            if what == "read" and found:
                assert found[0].offset == position
                seen += offsets(found)
                position = found[-1].offset + 1
        assert seen == list(range(40))

    asyncio.run(run())
