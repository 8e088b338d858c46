"""The log on Kafka: one topic, written by an idempotent producer, read by offset."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.errors import EventRefused, NamedStop, StoreUnavailable
from schemas.ids import partition_of
from stores.appending import check_items, gap
from stores.kafka_address import KafkaAddress, read_address
from stores.kafka_client import KafkaClient, unreachable
from stores.kafka_topic import settle, topic_of
from stores.ports import LogInfo, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from schemas.records import Record
    from stores.ports import Appendable

__all__ = ["KafkaLog", "open_kafka_log"]

_MOST_WAITING = 20_000
_CLOSE_SECONDS = 1.5
_LARGEST = 1_000_000
"""Bytes of a key and value: with what Kafka adds it stays below the broker's own limit."""
_SHORTEST_POLL, _LONGEST_POLL, _SLOWER = 0.010, 0.100, 1.3


async def open_kafka_log(
    url: str, *, clock: Callable[[], int], partitions: int | None = None, virtual_time: bool = False
) -> KafkaLog:
    """Open or make the log of a URL `kafka://HOST:9092/TOPIC`.

    Raises `SettingsError` for the URL and for a topic with the wrong settings, `StoreUnavailable`, `NamedStop`
    `PARTITIONS_CHANGED`.
    """
    client = KafkaClient(read_address(url))
    await client.open()
    try:
        info = await topic_of(client, partitions, virtual_time=virtual_time)
    except BaseException:
        await client.close()
        raise
    return KafkaLog(client, info, clock, virtual_time=virtual_time)


class KafkaLog:
    """A topic as a log. Its clock is the brokers': `clock` only dates what is appended in virtual time without a time.

    `append` is all or nothing only as far as Kafka goes: what was refused for its form is refused whole; a call that
    ends in `StoreUnavailable` may have left any part of its records, or leave it later. Append times never fall as far
    as the brokers' clocks agree; in virtual time this appender sees to it, and there may be only one.
    """

    append_seconds = 15.0
    """After this an append is given up; the producer may still get it through when the brokers are back."""

    def __init__(self, client: KafkaClient, info: LogInfo, clock: Callable[[], int], *, virtual_time: bool) -> None:
        self.info = info
        self._client, self._clock, self._is_virtual = client, clock, virtual_time
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._waiting = 0
        self._last: dict[int, int] = {}
        self._ahead: dict[int, list[Record]] = {}

    @property
    def address(self) -> KafkaAddress:
        """Where it is."""
        return self._client.address

    # -- append
    async def append(self, items: Sequence[Appendable]) -> list[Place]:
        """Append; durable on return (`acks=all`).

        Raises `StoreUnavailable`: then any part of the records may be in the log, or get there within a minute, and the
        caller appends all of them again. Repeats are recognised: events by their (source, id), activations by their
        sequence, schedules by their nominal time, and ticks are harmless. `ValueError` as every log; `EventRefused`
        `too_large` for a record that Kafka would not take.
        """
        check_items(items, self.info.partitions, is_virtual=self._is_virtual)
        _check_sizes(items)
        if self._waiting + len(items) > _MOST_WAITING and self._waiting:
            message = f"Kafka is behind: {self._waiting} records wait to be written"
            raise StoreUnavailable(message, hint="send again in a second")
        self._waiting += len(items)
        try:
            async with asyncio.timeout(self.append_seconds):
                return await self._sent(items)
        except (KafkaError, OSError) as error:  # TimeoutError is one too
            raise unreachable(self.address, error) from None
        finally:
            self._waiting -= len(items)

    async def _sent(self, items: Sequence[Appendable]) -> list[Place]:
        producer = await self._started()
        times = await self._times(items)
        futures = []
        for item, at in zip(items, times, strict=True):
            key = item.key.encode() or None
            partition = self._partition_of(item)
            futures.append(await producer.send(self.address.topic, item.value, key, partition, at))
        if futures:
            await asyncio.wait(futures)  # which, given up, leaves them to the producer
        for error in [future.exception() for future in futures]:
            if error is not None:
                raise error
        return [Place(each.partition, each.offset) for each in (future.result() for future in futures)]

    def _partition_of(self, item: Appendable) -> int:
        return partition_of(item.key, self.info.partitions) if item.partition is None else item.partition

    async def _times(self, items: Sequence[Appendable]) -> list[int | None]:
        """The times of an append: the brokers' own, or in virtual time the appender's, which never fall."""
        if not self._is_virtual:
            return [None] * len(items)
        times: list[int | None] = []
        for item in items:
            partition = self._partition_of(item)
            last = await self._last_time(partition)
            self._last[partition] = max(self._clock() if item.at is None else item.at, last)
            times.append(self._last[partition])
        return times

    async def _last_time(self, partition: int) -> int:
        """The time of a partition's last record."""
        if partition not in self._last:
            first, end = await self.ends(partition)
            found = await self.read(partition, end - 1, 1) if end > first else []
            self._last[partition] = found[-1].at if found else 0
        return self._last[partition]

    async def _started(self) -> AIOKafkaProducer:
        """The producer; a new one when the last one has failed for good."""
        async with self._starting:
            if self._producer is not None and self._producer._sender.sender_task.done():  # noqa: SLF001 - it does not say so otherwise
                await self._producer.client.close()
                self._producer = None
            if self._producer is None:
                producer = _producer(self.address)
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer

    # -- read
    async def read(self, partition: int, start: int, limit: int = 500) -> list[Record]:
        """Records from offset `start` on, in order. Raises `NamedStop` `STATE_GAP` when `start` was trimmed."""
        found = self._ahead.pop(partition, [])
        if not found or found[0].offset != start:
            found = await self._fetched(partition, start, limit if limit == 1 else None)
        if len(found) > limit:
            self._ahead[partition] = found[limit:]
        return found[:limit]

    async def _fetched(self, partition: int, start: int, limit: int | None) -> list[Record]:
        while True:
            fetched = await self._client.fetch(partition, start, limit)
            if fetched is None:
                first, _ = await self.ends(partition)
                if start < first:
                    raise gap(partition, start, first)
                return []
            if fetched.records or fetched.next == start:
                return fetched.records
            start = fetched.next  # nothing but marks of transactions

    async def ends(self, partition: int) -> tuple[int, int]:
        """(first kept offset, next offset to be written)."""
        return await self._client.ends(partition)

    async def wait(self, partition: int, start: int, timeout: float) -> None:
        """Return when a record at `start` may be there, at the latest after `timeout` seconds."""
        pause = _SHORTEST_POLL
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while await self._client.readable_end(partition) <= start:
                    await asyncio.sleep(pause)
                    pause = min(pause * _SLOWER, _LONGEST_POLL)

    # -- the rest
    async def check(self) -> None:
        """Raise `NamedStop` `LOG_MISMATCH` when the topic has been made anew since it was opened."""
        facts = await self._client.facts()
        if facts is None or facts.id != self.info.log_id:
            now = "is gone" if facts is None else f"was made anew (its id is {facts.id}, it was {self.info.log_id})"
            message = f"the topic {self.address.topic} {now}; the three stores must come from one installation"
            raise NamedStop(message, code="LOG_MISMATCH")

    async def trim(self, partition: int, before: int) -> int:
        """Delete records before offset `before`; returns how many went."""
        self._ahead.pop(partition, None)
        first, end = await self.ends(partition)
        before = min(before, end)
        if before <= first:
            return 0
        await self._client.trim(partition, before)
        return before - first

    async def settle(self) -> None:
        """End virtual time: the brokers' clocks date what comes, and old records go when their time is over."""
        await settle(self._client)
        self._is_virtual = False

    async def close(self) -> None:
        """Write what waits, as long as the brokers answer, then let go."""
        if self._producer is not None:
            try:
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await self._producer.stop()
            except (TimeoutError, KafkaError):
                await self._producer.client.close()
        await self._client.close()


def _producer(address: KafkaAddress) -> Any:  # noqa: ANN401 - aiokafka has no types
    return AIOKafkaProducer(
        client_id="touchline",
        acks="all",
        enable_idempotence=True,
        compression_type="zstd",
        max_batch_size=256 * 1024,
        max_request_size=2 * _LARGEST,
        **address.connection(),
    )


def _check_sizes(items: Sequence[Appendable]) -> None:
    for item in items:
        size = len(item.value) + len(item.key)
        if size > _LARGEST:
            message = f"a record of {size} bytes does not fit into Kafka, which takes {_LARGEST}"
            raise EventRefused(message, code="too_large")
