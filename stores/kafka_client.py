"""Requests to Kafka for one topic: records by offset, the ends of a partition, what the topic is and how it is made.

No consumer and no group: the log port is read by whoever knows where to begin.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    NoError,
    OffsetOutOfRangeError,
    TopicAlreadyExistsError,
    for_code,
)
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.record import MemoryRecords
from aiokafka.structs import TopicPartition

from schemas.errors import StoreUnavailable
from stores.kafka_protocol import TopicIdRequest
from stores.kafka_records import Unpacked
from stores.kafka_refusal import refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from schemas.records import Record
    from stores.kafka_address import KafkaAddress

__all__ = ["Fetched", "KafkaClient", "TopicFacts", "unreachable"]

_REQUEST_MS = 10_000
_FETCHED_BYTES = 1 << 20
_EVERYTHING, _COMMITTED_ONLY = 0, 1
_EARLIEST, _LATEST = -2, -1
_TRIES, _LOOKS, _PAUSE = 3, 100, 0.1
_UNKNOWN_TOPIC = 3


class Fetched(NamedTuple):
    """Records, and the offset to go on from: behind the last one, or behind what is no record of anybody's."""

    records: list[Record]
    next: int


class TopicFacts(NamedTuple):
    """A topic's id, its partitions, and its settings by Kafka's names."""

    id: str
    partitions: int
    settings: Mapping[str, str]


class KafkaClient:
    """A connection to the brokers of an address. Every method raises `StoreUnavailable`."""

    def __init__(self, address: KafkaAddress) -> None:
        self.address = address
        self._client = AIOKafkaClient(
            client_id="touchline", request_timeout_ms=_REQUEST_MS, metadata_max_age_ms=60_000, **address.connection()
        )

    async def open(self) -> None:
        """Find the brokers. Raises `SettingsError` where they let nobody in with these settings."""
        try:
            await self._client.bootstrap()
            await self._client.set_topics([self.address.topic])
        except KafkaError as error:
            await self._client.close()
            raise await refusal(self.address) or unreachable(self.address, error) from None

    async def close(self) -> None:
        """Let go."""
        await self._client.close()

    async def fetch(self, partition: int, start: int, limit: int | None = None) -> Fetched | None:
        """The records from `start` on that one answer holds; None when the log has no such offset (any more, yet).

        `limit`: no more than so many; the answer is then as small as Kafka can make it.
        """
        size = _FETCHED_BYTES if limit is None else 1
        place = (partition, start, size)
        request = FetchRequest(0, 0, size, _COMMITTED_ONLY, [(self.address.topic, [place])])
        answer = await self._ask(partition, request)
        *_, aborted, _, data = answer if len(answer) > 6 else [*answer[:-1], None, answer[-1]]  # v11 names a replica
        if answer[1] == OffsetOutOfRangeError.errno:
            return None
        tp = TopicPartition(self.address.topic, partition)
        unpacked = Unpacked(tp, MemoryRecords(data), aborted, start, None, None, True, _COMMITTED_ONLY)  # noqa: FBT003 - aiokafka's order
        return Fetched(list(islice(unpacked, limit)), unpacked.next_fetch_offset)

    async def ends(self, partition: int) -> tuple[int, int]:
        """(first kept offset, next offset to be written)."""
        first, end = await asyncio.gather(self._offset(partition, _EARLIEST), self._offset(partition, _LATEST))
        return first, end

    async def readable_end(self, partition: int) -> int:
        """The offset up to which no transaction is open."""
        return await self._offset(partition, _LATEST, _COMMITTED_ONLY)

    async def _offset(self, partition: int, which: int, isolation: int = _EVERYTHING) -> int:
        request = OffsetRequest(-1, isolation, [(self.address.topic, [(partition, which)])])
        answer = await self._ask(partition, request)
        offset: int = answer[-1]
        return offset

    async def _ask(self, partition: int, request: Any) -> list[Any]:  # noqa: ANN401 - one of aiokafka's requests
        """The answer of the partition's leader about this partition, asked again when another has become leader."""
        error: Exception = KafkaError("no broker leads the partition")
        for number in range(_TRIES):
            if number:
                await asyncio.sleep(_PAUSE)
                await self._client.force_metadata_update()
            leader = self._client.cluster.leader_for_partition(TopicPartition(self.address.topic, partition))
            if leader in {None, -1}:
                continue
            try:
                answer = await self._client.send(leader, request)
            except (KafkaError, OSError, TimeoutError) as failed:
                error = failed
                continue
            found: list[Any] = answer.topics[0][1][0]
            kind = for_code(found[1])
            if kind in {NoError, OffsetOutOfRangeError}:
                return list(found)
            error = kind()
        raise unreachable(self.address, error)

    async def facts(self) -> TopicFacts | None:
        """What the topic is, None when there is none."""
        async with self._sentences():
            answer = await self._client.send(self._client.get_random_node(), TopicIdRequest(self.address.topic))
            code, _, identity, _, partitions, *_ = answer.topics[0]
            if code == _UNKNOWN_TOPIC:
                return None
            if code:
                raise for_code(code)
            return TopicFacts(identity, len(partitions), await self._settings())

    async def _settings(self) -> dict[str, str]:
        async with self._admin() as admin:
            answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, self.address.topic)])
        code, reason, _, _, entries = answers[0].resources[0]
        if code:
            raise for_code(code)(reason)
        return {entry[0]: entry[1] for entry in entries}

    async def brokers(self) -> int:
        """How many brokers there are."""
        return len(self._client.cluster.brokers())

    async def make(self, partitions: int, replication: int, settings: Mapping[str, str]) -> None:
        """Make the topic; nothing happens when somebody else has just made it."""
        topic = NewTopic(self.address.topic, partitions, replication, topic_configs=dict(settings))
        async with self._sentences(), self._admin() as admin:
            answer = await admin.create_topics([topic])
            _, code, reason = answer.topic_errors[0][:3]
            if code not in {0, TopicAlreadyExistsError.errno}:
                raise for_code(code)(reason)

    async def alter(self, settings: Mapping[str, str]) -> None:
        """Give the topic these settings and no others, and return when the brokers go by them."""
        resource = ConfigResource(ConfigResourceType.TOPIC, self.address.topic, configs=dict(settings))
        async with self._sentences(), self._admin() as admin:
            for answer in await admin.alter_configs([resource]):
                code, reason, *_ = answer.resources[0]
                if code:
                    raise for_code(code)(reason)
        for _ in range(_LOOKS):
            facts = await self.facts()
            if facts is not None and settings.items() <= facts.settings.items():
                return
            await asyncio.sleep(_PAUSE)
        raise StoreUnavailable(f"the topic {self.address.topic} does not take its settings", hint="try again")

    async def appeared(self) -> TopicFacts:
        """What a new topic is, as soon as all brokers know of it and each of its partitions has a leader."""
        for _ in range(_LOOKS):
            with suppress(StoreUnavailable):
                facts = await self.facts()
                if facts is not None:
                    await asyncio.gather(*(self.ends(partition) for partition in range(facts.partitions)))
                    return facts
            await asyncio.sleep(_PAUSE)
        raise StoreUnavailable(f"the topic {self.address.topic} was made and does not appear", hint="start again")

    async def trim(self, partition: int, before: int) -> None:
        """Delete the records before an offset of the log."""
        place = {TopicPartition(self.address.topic, partition): RecordsToDelete(before)}
        async with self._sentences(), self._admin() as admin:
            await admin.delete_records(place)

    @asynccontextmanager
    async def _admin(self) -> AsyncIterator[Any]:
        admin = AIOKafkaAdminClient(client_id="touchline", request_timeout_ms=_REQUEST_MS, **self.address.connection())
        try:
            await admin.start()
            yield admin
        finally:
            await admin.close()

    @asynccontextmanager
    async def _sentences(self) -> AsyncIterator[None]:
        try:
            yield
        except (KafkaError, OSError, TimeoutError) as error:
            raise unreachable(self.address, error) from None


def unreachable(address: KafkaAddress, error: Exception) -> StoreUnavailable:
    """The sentence for a Kafka that does not do what it is asked for."""
    name = f"Kafka at {','.join(address.servers)}"
    if isinstance(error, KafkaConnectionError | KafkaTimeoutError | OSError | TimeoutError):
        return StoreUnavailable(f"{name} does not answer", hint="see whether it runs and can be reached from here")
    return StoreUnavailable(f"{name} cannot be used: {str(error) or type(error).__name__}", hint="see its log")
