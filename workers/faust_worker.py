"""The worker on Kafka: a Faust app that shares the partitions with other workers and brings this one its batches."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import faust
from faust.exceptions import ConsumerNotStarted
from yarl import URL

from schemas.errors import NamedStop, StoreUnavailable
from workers.faust_sensors import Sensors
from workers.faust_transport import BatchConsumer, BatchSchema, BatchTransport, NoTables
from workers.folding import Folding
from workers.log import logger
from workers.partitions import Partitions
from workers.running import AGAIN, pause

if TYPE_CHECKING:
    from stores.kafka_address import KafkaAddress
    from stores.kafka_log import KafkaLog
    from workers.workspace import Workspace

__all__ = ["folding_of", "make_app", "run_worker"]

_LOOK = 1.0
_BATCH = 2_000
"""Records folded at a time when so many wait: each batch costs three round trips to servers, however large it is."""
_STUCK = 60.0
"""Seconds with partitions and without a flow of records, after which Faust has lost its way."""
_END = 2.5
"""Seconds that Faust has to leave the group."""
_NEVER = 1e6
"""Seconds: a worker that has no partition at the moment does not ask for records, and must stay in the group."""


class WorkerApp(faust.App):
    """A Faust app with the transport of batches."""

    partitions: Partitions

    @property
    def batches(self) -> BatchConsumer:
        """Its consumer."""
        return cast("BatchConsumer", self.consumer)

    def _new_transport(self) -> BatchTransport:
        return BatchTransport(self.conf.broker_consumer, self)


def folding_of(workspace: Workspace, decided: asyncio.Event | None = None) -> Folding:
    """How batches are folded that come from Kafka: without a rest, for they were let gather before their fetch."""
    return Folding(workspace, decided, batch=_BATCH, rest=0.0)


async def run_worker(workspace: Workspace, stop: asyncio.Event, folding: Folding | None = None) -> None:
    """Fold the partitions that this process is given, until `stop` is set. While Kafka is away it waits for it.

    Raises `NamedStop`, also `GROUP_LOST` for what Faust does not notice.
    """
    folding = folding or folding_of(workspace)
    while not stop.is_set():
        try:
            await _join(workspace, folding, stop)
        except StoreUnavailable as error:  # it went away in the very moment of the start
            folding.away.missed(error.message)
            await pause(stop, AGAIN)


async def _join(workspace: Workspace, folding: Folding, stop: asyncio.Event) -> None:
    """Be in the group until `stop` is set. Raises `StoreUnavailable`, `NamedStop`."""
    log = cast("KafkaLog", workspace.log)
    await log.check()
    partitions = Partitions(log.address.topic, log, folding)
    with tempfile.TemporaryDirectory(prefix="touchline-") as folder:  # Faust wants one, and puts nothing into it
        app = make_app(log.address, partitions, folder, session_ms=workspace.settings.kafka_session)
        await _run(app, partitions, stop)


def make_app(address: KafkaAddress, partitions: Partitions, folder: str, *, session_ms: int) -> WorkerApp:
    """The app, whose one agent hands batches on to the partitions' workers."""
    app = WorkerApp(
        address.group,
        broker=[URL(f"kafka://{server}") for server in address.servers],
        broker_credentials=_credentials(address),
        broker_session_timeout=session_ms / 1000,
        broker_heartbeat_interval=session_ms / 1000 / 5,
        broker_max_poll_interval=_NEVER,
        broker_max_poll_records=4_000,
        consumer_auto_offset_reset="earliest",  # only until the first seek; what it brings is checked by the feed
        stream_buffer_maxsize=8,
        stream_wait_empty=False,  # a batch is in safe hands as soon as its feed has it
        table_standby_replicas=0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        store="memory://",
        datadir=folder,
        web_enabled=False,
        worker_redirect_stdouts=False,
        autodiscover=False,
        Monitor=Sensors,
        TableManager=NoTables,
    )
    app.partitions = partitions

    async def deliver(stream: Any) -> None:  # noqa: ANN401 - Faust's stream
        async for event in stream.events():
            partitions.put(event.message.partition, event.value)

    app.agent(app.topic(address.topic, schema=BatchSchema()), name="deliver")(deliver)
    return app


def _credentials(address: KafkaAddress) -> Any:  # noqa: ANN401 - one of Faust's
    """The address's way in, as Faust wants it told."""
    if address.has_login:
        return faust.SASLCredentials(
            username=address.user, password=address.password, ssl_context=address.tls(), mechanism=address.mechanism
        )
    return faust.SSLCredentials(address.tls()) if address.has_tls else None


async def _run(app: WorkerApp, partitions: Partitions, stop: asyncio.Event) -> None:
    app.finalize()
    starting = asyncio.create_task(app.start())  # returns with the first assignment, which may never come
    watching = asyncio.create_task(_watch(app, starting, stop))
    try:
        await asyncio.wait({watching, partitions.failed}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await partitions.release_all()
        await _end(app, starting, watching)
    for ended in (partitions.failed, watching):
        if ended.done() and not ended.cancelled():
            ended.result()


async def _end(app: WorkerApp, *tasks: asyncio.Task[None]) -> None:
    """Leave the group, as long as Kafka answers."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    with suppress(TimeoutError):
        await asyncio.wait_for(app.stop(), _END)
    app.batches.let_go()


async def _watch(app: WorkerApp, starting: asyncio.Task[None], stop: asyncio.Event) -> None:
    """Return when `stop` is set. Raises `StoreUnavailable`, `NamedStop` `GROUP_LOST`."""
    stuck = 0.0
    while not stop.is_set():
        await pause(stop, _LOOK)
        if starting.done() and (error := starting.exception()) is not None:
            raise StoreUnavailable(f"Kafka cannot be used: {error}", hint="is it running?") from None
        _check(app)
        stuck = stuck + _LOOK if _is_stuck(app) else 0.0
        if stuck >= _STUCK:
            raise _lost("partitions are assigned and no records flow")


def _check(app: WorkerApp) -> None:
    if app.crashed:
        raise _lost(str(app.crash_reason or "Faust has crashed"))
    consumer = getattr(app.batches._thread, "_consumer", None)  # noqa: SLF001 - aiokafka parks such errors
    coordinator = getattr(consumer, "_coordinator", None)
    task = getattr(coordinator, "_coordination_task", None)
    parked = getattr(coordinator, "_pending_exception", None)
    if parked is not None:
        raise _lost(f"Kafka refused the group: {parked or type(parked).__name__}")
    if task is not None and task.done():
        raise _lost("the group's coordination has ended")


def _is_stuck(app: WorkerApp) -> bool:
    try:
        return bool(app.batches.assignment()) and not app.batches.flow_active
    except ConsumerNotStarted:  # as long as Kafka does not answer
        return False


def _lost(reason: str) -> NamedStop:
    """The consumer is out of its group for good; Faust would go on idling, and only a new process helps."""
    message = f"this worker is not in its group any more: {reason}; start it again"
    logger().error("stopped", code="GROUP_LOST", reason=message)
    return NamedStop(message, code="GROUP_LOST")
