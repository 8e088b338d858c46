"""The processes of `bench.servers`: a bare consumer, an agent of stock Faust, our worker and our dispatcher.

Each prints one line of JSON whenever there is something to say; ours end at SIGTERM, the others by themselves.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import tempfile
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

from bench.sampling import Sampler, thread_seconds
from bench.server_playbooks import PLAYBOOKS
from messaging.adapters.memory import CAPABILITIES
from messaging.dispatch import Dispatcher
from messaging.ports import Answer, SendRequest
from rules.compile import compile_playbook
from schemas.records import decode
from stores.connect import connect_log
from stores.kafka_address import read_address
from workers import metrics
from workers.clock import now_ms
from workers.listening import keep_listening
from workers.processes import clock, worker
from workers.running import collect_seldom, pause, together
from workers.settings import Settings
from workers.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    import argparse
    from collections.abc import AsyncIterator, Mapping, Sequence

    from stores.ports import Position, Saved

__all__ = ["STAGES", "say"]

_LOOK = 0.05


def say(**what: object) -> None:
    """One line for the process that started this one."""
    print(json.dumps(what), flush=True)


class _Begin:
    """The first record of a stage."""

    def __init__(self) -> None:
        self._at: tuple[float, float] | None = None

    def now(self) -> None:
        """Unless it has come already."""
        if self._at is None:
            self._at = perf_counter(), process_time()

    def say(self, events: int) -> None:
        """Events a second, and seconds of CPU, since then."""
        assert self._at is not None
        say(rate=events / (perf_counter() - self._at[0]), cpu=process_time() - self._at[1])


async def _ends(url: str) -> int:
    log = await connect_log(url, clock=now_ms, new_id=str)
    ends = [(await log.ends(partition))[1] for partition in range(log.info.partitions)]
    await log.close()
    return sum(ends)


async def bare(options: argparse.Namespace) -> None:
    """A consumer of aiokafka that decodes what it gets."""
    from aiokafka import AIOKafkaConsumer

    address, wanted = read_address(options.log), await _ends(options.log)
    consumer = AIOKafkaConsumer(address.topic, auto_offset_reset="earliest", **address.connection())
    await consumer.start()
    seen, begin = 0, _Begin()
    while seen < wanted:
        for records in (await consumer.getmany(timeout_ms=1_000, max_records=4_000)).values():
            begin.now()
            for record in records:
                decode(record.value)
            seen += len(records)
    begin.say(wanted)
    await consumer.stop()


async def stock(options: argparse.Namespace) -> None:
    """An agent of Faust as it comes, one event at a time, that decodes."""
    import faust
    from yarl import URL

    address, left = read_address(options.log), await _ends(options.log)
    wanted, begin, done = left, _Begin(), asyncio.Event()
    with tempfile.TemporaryDirectory() as folder:
        app = faust.App(
            f"bench-{os.getpid()}", broker=[URL(f"kafka://{server}") for server in address.servers],
            topic_allow_declare=False, topic_disable_leader=True, table_standby_replicas=0, web_enabled=False,
            consumer_auto_offset_reset="earliest", store="memory://", datadir=folder, broker_session_timeout=60.0,
            broker_heartbeat_interval=5.0,
        )  # fmt: skip

        async def only_decode(stream: faust.StreamT) -> None:
            nonlocal left
            async for value in stream:
                begin.now()
                decode(value)
                left -= 1
                if not left:
                    begin.say(wanted)
                    done.set()

        topic = app.topic(address.topic, value_type=bytes, value_serializer="raw", key_serializer="raw", key_type=bytes)
        app.agent(topic)(only_decode)
        app.finalize()
        starting = asyncio.create_task(app.start())
        await done.wait()
        with suppress(TimeoutError):
            await asyncio.wait_for(app.stop(), 10)
        starting.cancel()


class Watched:
    """A state that counts what went through it; everything else is the state's own."""

    def __init__(self, state: Any) -> None:  # noqa: ANN401 - any state
        self._state = state
        self.counts = {"people_read": 0, "people_written": 0, "batches": 0}

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as the state has it
        return getattr(self._state, name)

    async def read(self, partition: int, position: Position, people: Sequence[str], *due: Any) -> Any:  # noqa: ANN401
        """Count and read."""
        found = await self._state.read(partition, position, people, *due)
        self.counts["people_read"] += len(found)
        return found

    async def write(self, partition: int, position: Position, new: Position, states: Mapping[str, Saved]) -> None:
        """Count and write."""
        self.counts["people_written"] += len(states)
        self.counts["batches"] += 1
        await self._state.write(partition, position, new, states)


class Noting:
    """An adapter that takes every message at once and notes when its event was meant to be sent, and how long ago (ms).

    A message that says no moment counts from that of its decision.
    """

    name, capabilities = "noting", CAPABILITIES

    def __init__(self) -> None:
        self.delays: list[tuple[int, int]] = []

    async def send(self, request: SendRequest, timeout: float) -> Answer:  # noqa: ARG002 - as every adapter
        """Take it."""
        body = request.content.body
        sent = int(body) if body.isdecimal() else request.time
        self.delays.append((sent, now_ms() - sent))
        return Answer("sent")

    async def close(self) -> None:
        """Nothing is open."""


@asynccontextmanager
async def _workspace(options: argparse.Namespace) -> AsyncIterator[Workspace]:
    """The workspace of a process of ours; the program is there as if it came out of the ledger."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            log=f"{options.log}&group={options.group}", state=options.state, ledger=options.ledger, data=Path(folder),
            kafka_session=60_000,
        )  # fmt: skip
        here = await open_workspace(settings)
        playbook = PLAYBOOKS[options.playbook]()
        here.programs.compiled[playbook.hash] = compile_playbook(playbook)
        collect_seldom()  # as every process of ours does once it has started
        yield here
        await here.close()


async def folding(options: argparse.Namespace) -> None:
    """Our worker. At the end it tells what it read and wrote, and where its time went."""
    async with _workspace(options) as opened:
        watched = Watched(opened.state)
        here = replace(opened, state=watched)
        stop, begun, sampler = _stopped(), asyncio.Event(), Sampler()
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, lambda: _begin(sampler, watched, begun))
        await together(stop, worker(here, stop), _tell_assignments(stop, begun))
        say(profile=sampler.stop(), threads=thread_seconds(), **watched.counts)


async def dispatching(options: argparse.Namespace) -> None:
    """Our dispatcher, and a clock beside it to save a process. At the end it tells each message's delay."""
    async with _workspace(options) as here:
        stop, noting, decided = _stopped(), Noting(), asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, lambda: None)
        dispatcher = Dispatcher(here.ledger, here.programs.offers, {"webhook": noting}, now_ms, here.key)
        hearing = keep_listening(here.ledger, decided, stop)
        say(ready=True)
        await together(stop, dispatcher.run(stop, decided), hearing, clock(here, stop))
        say(delays=sorted(noting.delays))


def _stopped() -> asyncio.Event:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    return stop


def _begin(sampler: Sampler, watched: Watched, begun: asyncio.Event) -> None:
    """What was before is not counted."""
    begun.set()
    sampler.start()
    watched.counts = dict.fromkeys(watched.counts, 0)


async def _tell_assignments(stop: asyncio.Event, begun: asyncio.Event) -> None:
    """Say how many partitions this process has, whenever that changes, until it counts."""
    told = -1
    while not (stop.is_set() or begun.is_set()):
        (gauge,) = metrics.process.registry.restricted_registry(["touchline_assigned_partitions"]).collect()
        number = int(gauge.samples[0].value)
        if number != told:
            told = number
            say(assigned=number)
        await pause(begun, _LOOK)


STAGES = {"aiokafka": bare, "faust": stock, "worker": folding, "dispatch": dispatching}
