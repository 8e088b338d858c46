"""Faust's Kafka transport, changed so that an agent gets one event for each fetched batch, not one for each record.

What is overridden here, and why, is held by tests/shell/test_faust_internals.py against the pinned versions.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from aiokafka.errors import IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata
from faust.serializers.schemas import Schema
from faust.tables import TableManager
from faust.transport.consumer import Fetcher
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from mode import Service
from mode.threads import WorkerThread

from schemas.errors import StoreUnavailable
from stores.kafka_records import Fetches
from workers.fetch_pace import Paced
from workers.log import logger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.partitions import Partitions

__all__ = ["BatchConsumer", "BatchSchema", "BatchTransport", "NoTables"]

_FETCH_WAIT_MS = 100
"""The longest that a broker holds a fetch back when there is nothing; Faust hard-codes 1,500. A seek waits for it."""
_POLL, _HURRY = 0.25, 0.02
"""Seconds to wait for records; less while a partition is left out because its feed is full."""
_IDLE = 0.1
"""Seconds before it is looked again whether any partition is wanted."""
_ANSWER = 10.0
"""Seconds that the consumer's thread has for an answer."""


class BatchSchema(Schema[Any, Any]):
    """The value of an event is a fetched batch as the consumer made it; nothing is decoded here."""

    def compile(self, app: Any, **_: Any) -> Any:  # noqa: ANN401 - Faust's types
        """The function that makes an event of a message."""

        async def decode(message: Any, *, propagate: bool = False) -> Any:  # noqa: ANN401, ARG001 - as Faust calls it
            return app.create_event(None, message.value, None, message)

        return decode


class LooseThread(WorkerThread):
    """A thread that keeps no process from ending, for Kafka may not answer, and that dies without a traceback."""

    def __init__(self, service: Any, **kwargs: Any) -> None:  # noqa: ANN401 - mode's signature
        super().__init__(service, **kwargs)
        self.daemon = True

    def run(self) -> None:
        """Run; how it ended the service has told already."""
        with suppress(Exception):
            super().run()


class BatchThread(driver.AIOKafkaConsumerThread):
    """The thread of aiokafka's consumer."""

    Worker = LooseThread

    async def on_start(self) -> None:
        """Open the consumer. Its fetches give records of ours: one object for each, made once."""
        await super().on_start()
        fetcher = self._ensure_consumer()._fetcher  # noqa: SLF001 - it has no settings
        fetcher._records = Fetches()  # noqa: SLF001 - still empty: nothing is assigned yet
        fetcher._proc_fetch_request = Paced(fetcher._proc_fetch_request)  # noqa: SLF001

    def _create_worker_consumer(self, transport: Any) -> Any:  # noqa: ANN401 - aiokafka's consumer
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = _FETCH_WAIT_MS  # noqa: SLF001 - Faust has no setting
        consumer._isolation_level = "read_committed"  # noqa: SLF001 - Faust ties it to its own transactions
        return consumer

    async def _commit(self, offsets: Mapping[Any, int]) -> bool:
        """Tell Kafka how far we are, for lag graphs only: no failure of it is worth a crash."""
        told = {driver.ensure_aiokafka_TP(tp): OffsetAndMetadata(offset, "") for tp, offset in offsets.items()}
        try:
            await self._ensure_consumer().commit(told)
        except KafkaError:
            return False
        return True

    def on_crash(self, msg: str, *_: object, **__: object) -> None:
        """Print no traceback: the error goes on to the app, and is named there."""

    def let_go(self) -> None:
        """Close the loop of a thread that was never started, as a started one does itself."""
        if not self._thread_started.is_set():
            self.thread_loop.close()


class BatchConsumer(driver.Consumer):
    """A consumer whose messages are batches, that starts and goes on where the partitions' workers say."""

    @property
    def _partitions(self) -> Partitions:
        partitions: Partitions = self.app.partitions  # type: ignore[attr-defined]  # of the worker's app
        return partitions

    def _new_consumer_thread(self) -> BatchThread:
        return BatchThread(self, loop=self.loop, beacon=self.beacon)

    def let_go(self) -> None:
        """Close what a stop leaves open where the start did not get as far as Kafka."""
        cast("BatchThread", self._thread).let_go()

    # -- where to read
    async def seek_to_committed(self) -> Mapping[Any, int]:
        """The last thing before the first fetch of an assignment: no offset of Kafka's is used, workers say theirs."""
        self._partitions.take({tp.partition for tp in self.assignment()}, self.go_to)
        return {}

    async def go_to(self, partition: int, offset: int) -> None:
        """Read a partition from an offset on. Raises `StoreUnavailable`, also when it is not ours any more."""
        place = {TP(self._partitions.topic, partition): offset}
        try:
            await asyncio.wait_for(self._thread.seek_wait(place), _ANSWER)
        except (KafkaError, IllegalStateError, TimeoutError) as error:
            message = f"Kafka does not let us read partition {partition}: {error or type(error).__name__}"
            raise StoreUnavailable(message) from None

    async def on_partitions_revoked(self, revoked: Any) -> None:  # noqa: ANN401 - Faust's TPs
        """Finish the batches in hand, or give them up."""
        await self._partitions.release({tp.partition for tp in revoked})
        await super().on_partitions_revoked(revoked)

    # -- batches
    def on_buffer_full(self, tp: Any) -> None:  # noqa: ANN401 - Faust's TP
        """Nothing: without a partition left Faust would sleep for a second; a feed says itself when it is full."""

    async def _fetched(self) -> list[Any]:
        """One message for each partition of which something came."""
        if not self.flow_active:
            await self.wait(self.can_resume_flow)  # type: ignore[arg-type]  # as Faust's own
        wanted = self._partitions.wanted()
        if not wanted or self.should_stop:
            await asyncio.sleep(_IDLE if not wanted else 0)
            return []
        generation = self.app.consumer_generation_id
        topic = self._partitions.topic
        patience = _POLL if len(wanted) == len(self._partitions.held) else _HURRY
        fetched = await self._getmany({TP(topic, partition) for partition in wanted}, patience)
        made = [self._message(tp, records, wanted, generation) for tp, records in fetched.items() if records]
        return [message for message in made if message.value is not None]

    def _message(self, tp: Any, records: list[Any], wanted: Mapping[int, int], generation: int) -> Any:  # noqa: ANN401 - Faust's types
        tp = TP(tp.topic, tp.partition)
        last = records[-1]
        self.app.monitor.track_tp_end_offset(tp, self.highwater(tp) or last.offset + 1)
        parcel = self._partitions.parcel(tp.partition, wanted.get(tp.partition, -1), records)
        headers, value = cast("Any", ()), cast("Any", parcel)
        return ConsumerMessage(
            tp.topic, tp.partition, last.offset, last.at / 1000, 0,
            headers, None, value, None, 0, len(records), tp, generation_id=generation,
        )  # fmt: skip

    async def _drain_messages(self, fetcher: Any) -> None:  # noqa: ANN401 - Faust's service
        """Hand every message on; no account is kept of offsets read, so that going back works."""
        try:
            while not (self._stopped.is_set() or fetcher._stopped.is_set()):  # noqa: SLF001 - as Faust's own
                await asyncio.sleep(0)
                if messages := await self._fetched():
                    await self.wait_first(self._hand_on(messages), self.suspend_flow.wait())
        except self.consumer_stopped_errors:
            if not self.app.should_stop:
                raise

    async def _hand_on(self, messages: list[Any]) -> None:
        """To the agent, together: each wait for Faust's flow costs four tasks."""
        for message in messages:
            if not self.flow_active or self.app.consumer_generation_id != message.generation_id:
                return
            await self.callback(message)

    # -- offsets in Kafka
    def ack(self, message: Any) -> bool:  # noqa: ANN401 - Faust's message
        """Nothing follows from an agent having seen a batch."""
        message.acked = True
        self._unacked_messages.discard(message)
        return True

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:  # noqa: ANN401, ARG002 - Faust's signature
        """Tell Kafka the positions that are stored with the profiles."""
        assigned = self.assignment()
        places = {TP(self._partitions.topic, p): offset for p, offset in self._partitions.positions().items()}
        offsets = {tp: at for tp, at in places.items() if tp in assigned and at > (self._committed_offset[tp] or 0)}
        if not offsets:
            return False
        began = self.app.sensors.on_commit_initiated(self)
        try:
            done: bool = await asyncio.wait_for(self._thread.commit(offsets), _ANSWER)
        except TimeoutError:
            return False
        if done:
            self.app.sensors.on_commit_completed(self, began)
            self._committed_offset.update(offsets)
        return done


class NoTables(TableManager):
    """Faust's tables, of which we have none: it waits a second at the start for some to be declared."""

    async def on_start(self) -> None:
        """Go on at once; what follows an assignment is still the manager's affair."""
        await self._update_channels()
        await self.recovery.start()


class QuietFetcher(Fetcher):
    """Faust's fetcher; a stop during a rebalance ends it instead of crashing the worker."""

    @Service.task
    async def _fetcher(self) -> None:
        try:
            await cast("BatchConsumer", self.app.consumer)._drain_messages(self)  # noqa: SLF001 - as Faust's own
        except asyncio.CancelledError:
            logger().debug("fetcher_cancelled")
        finally:
            self.set_shutdown()


class BatchTransport(driver.Transport):
    """The transport of batches."""

    Consumer = BatchConsumer
    Fetcher = QuietFetcher
