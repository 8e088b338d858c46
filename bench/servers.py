"""The worker on servers against what it stands on: `python -m bench.servers [--events N] [--rounds N] [--json]`.

Three stages take turns over the same topic of Kafka, each in a process of its own: a bare consumer that decodes, an
agent of stock Faust that decodes, and our worker with its state on Valkey and its ledger on PostgreSQL (or both in
SQLite files). The servers are those of the tests.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.table import Table

from bench import worker as embedded
from schemas.records import ProgramActivated, decode, encode
from stores.connect import connect_log
from stores.ports import Appendable
from workers.clock import now_ms

if TYPE_CHECKING:
    from stores.ports import Log

__all__ = ["STAGES", "main"]

STAGES = ("aiokafka", "faust", "worker")
_APPENDED = 5_000


def main() -> None:
    """Fill a topic, let the stages take turns, print events a second and their ratios to the first."""
    options = _options()
    if options.stage:
        print(json.dumps(asyncio.run(_stage(options))))
        return
    url = f"kafka://{options.kafka or _broker()}/bench.{os.getpid()}?partitions={options.partitions}"
    asyncio.run(_fill(url, options.events))
    figures: dict[str, list[float]] = {stage: [] for stage in STAGES}
    for number in range(options.rounds):
        for stage in STAGES:
            figures[stage].append(_run(stage, url, options, number))
    _show({stage: statistics.median(rates) for stage, rates in figures.items()}, figures, as_json=options.json)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.servers", description="The worker on servers.")
    parser.add_argument("--events", type=int, default=100_000, help="events in the topic")
    parser.add_argument("--partitions", type=int, default=4, help="partitions of the topic")
    parser.add_argument("--rounds", type=int, default=3, help="turns of every stage")
    parser.add_argument("--kafka", default="", help="HOST:PORT (default: a broker of the tests)")
    parser.add_argument("--stores", choices=("servers", "files"), default="servers", help="state and ledger")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)
    parser.add_argument("--log", help=argparse.SUPPRESS)
    parser.add_argument("--state", default="", help=argparse.SUPPRESS)
    parser.add_argument("--ledger", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def _broker() -> str:
    from tests.servers.kafka import shared_kafka

    return shared_kafka().address


async def _fill(url: str, events: int) -> None:
    """An activation for every partition, then events that happened when they came."""
    log = await connect_log(url, clock=now_ms, new_id=str)
    activation = encode(ProgramActivated(embedded.trivial().hash, 1))
    await log.append([Appendable("", activation, partition) for partition in range(log.info.partitions)])
    history = [msgspec.structs.replace(event, time=None) for event in embedded.history(events)]
    for start in range(0, events, _APPENDED):
        await log.append([Appendable(e.person, encode(e)) for e in history[start : start + _APPENDED]])
    await log.close()


def _run(stage: str, url: str, options: argparse.Namespace, number: int) -> float:
    """Events a second of one turn."""
    words = [sys.executable, "-m", "bench.servers", "--stage", stage, "--log", url]
    if stage == "worker" and options.stores == "servers":
        words += _stores(number)
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        raise SystemExit(f"the stage {stage} failed: {done.stderr[-2_000:]}")
    return float(json.loads(done.stdout.splitlines()[-1]))


def _stores(number: int) -> list[str]:
    """A prefix on Valkey and a database on PostgreSQL for one turn."""
    from tests.servers.postgres import ledger_url
    from tests.servers.valkey import state_url

    place = Path(f"bench-{os.getpid()}-{number}")
    return ["--state", state_url(place), "--ledger", ledger_url(place)]


async def _stage(options: argparse.Namespace) -> float:
    log = await connect_log(options.log, clock=now_ms, new_id=str)
    ends = [(await log.ends(partition))[1] for partition in range(log.info.partitions)]
    run = {"aiokafka": _aiokafka, "faust": _faust, "worker": _worker}[options.stage]
    seconds = await run(options, log, ends)
    await log.close()
    return sum(ends) / seconds


async def _aiokafka(options: argparse.Namespace, _: Log, ends: list[int]) -> float:
    from aiokafka import AIOKafkaConsumer

    from stores.kafka_address import read_address

    address = read_address(options.log)
    consumer = AIOKafkaConsumer(address.topic, auto_offset_reset="earliest", **address.connection())
    await consumer.start()
    seen, begin = 0, 0.0
    while seen < sum(ends):
        for records in (await consumer.getmany(timeout_ms=1_000, max_records=4_000)).values():
            begin = begin or perf_counter()
            for record in records:
                decode(record.value)
            seen += len(records)
    seconds = perf_counter() - begin
    await consumer.stop()
    return seconds


async def _faust(options: argparse.Namespace, _: Log, ends: list[int]) -> float:
    import faust
    from yarl import URL

    from stores.kafka_address import read_address

    address = read_address(options.log)
    with tempfile.TemporaryDirectory() as folder:
        app = faust.App(
            f"bench-{os.getpid()}", broker=[URL(f"kafka://{server}") for server in address.servers],
            topic_allow_declare=False, topic_disable_leader=True, table_standby_replicas=0, web_enabled=False,
            consumer_auto_offset_reset="earliest", store="memory://", datadir=folder, broker_session_timeout=10.0,
        )  # fmt: skip
        moments: list[float] = []
        done = asyncio.Event()
        left = sum(ends)

        async def only_decode(stream: faust.StreamT) -> None:
            nonlocal left
            async for value in stream:
                if not moments:
                    moments.append(perf_counter())
                decode(value)
                left -= 1
                if not left:
                    moments.append(perf_counter())
                    done.set()

        topic = app.topic(address.topic, value_type=bytes, value_serializer="raw", key_serializer="raw", key_type=bytes)
        app.agent(topic)(only_decode)
        app.finalize()
        starting = asyncio.create_task(app.start())
        await done.wait()
        with suppress(TimeoutError):
            await asyncio.wait_for(app.stop(), 10)
        starting.cancel()
        return moments[1] - moments[0]


async def _worker(options: argparse.Namespace, log: Log, ends: list[int]) -> float:
    """From the first batch that is stored to the last."""
    from rules.compile import compile_playbook
    from workers.processes import worker
    from workers.settings import Settings
    from workers.workspace import open_workspace

    with tempfile.TemporaryDirectory() as folder:
        group = f"{options.log}&group=bench-{os.getpid()}"
        settings = Settings(log=group, state=options.state, ledger=options.ledger, data=Path(folder))
        workspace = await open_workspace(settings)
        program = embedded.trivial()
        workspace.programs.compiled[program.hash] = compile_playbook(program)
        stop = asyncio.Event()
        running = asyncio.create_task(worker(workspace, stop))
        begin, first = 0.0, 0
        while True:
            await asyncio.sleep(0.005)
            if running.done():
                running.result()
            stored = [await workspace.state.position(partition) for partition in range(log.info.partitions)]
            at = sum(each[0].offset for each in stored if each is not None)
            if at and not begin:
                begin, first = perf_counter(), at
            if at >= sum(ends):
                break
        seconds = (perf_counter() - begin) * sum(ends) / (sum(ends) - first)
        stop.set()
        await running
        await workspace.close()
        return seconds


def _show(medians: dict[str, float], figures: dict[str, list[float]], *, as_json: bool) -> None:
    if as_json:
        print(
            json.dumps(
                {stage: {"events_per_second": round(medians[stage]), "runs": figures[stage]} for stage in STAGES}
            )
        )
        return
    table = Table("stage", "events/s (median)", "of the bare consumer", "runs", title="One process, one topic of Kafka")
    for stage in STAGES:
        ratios = [mine / bare for mine, bare in zip(figures[stage], figures["aiokafka"], strict=True)]
        runs = " ".join(f"{rate:,.0f}" for rate in figures[stage])
        table.add_row(stage, f"{medians[stage]:,.0f}", f"{statistics.median(ratios):.3f}", runs)
    Console().print(table)


if __name__ == "__main__":
    main()
