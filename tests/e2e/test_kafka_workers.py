"""Workers on a real Kafka as processes, which are killed, stopped and frozen: the outcome is that of an undisturbed fold."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from stores.open import open_ledger, open_state
from tests.helpers.installation import Installation
from tests.helpers.kafka_shop import PLAYBOOK, Feeder, found, log_of, tick, undisturbed
from tests.helpers.stores import kafka, kafka_url
from tests.helpers.waiting import wait_until_answer, wait_until_async

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine
    from pathlib import Path

    from stores.ports import Log

PARTITIONS = 4
SESSION = 6
_ASK = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=2, isolation_level=None).execute('BEGIN IMMEDIATE')"


class Shop:
    """An installation on Kafka with its log open, state and ledger in files that its processes share."""

    def __init__(self, here: Installation, log: Log) -> None:
        self.here, self.log = here, log
        self.feeder = Feeder(log, seed=5)
        self.feeding = asyncio.create_task(self.feeder.run())
        self.state = open_state(f"sqlite:///{here.data / 'state.db'}")
        self.ledger = open_ledger(f"sqlite:///{here.data / 'ledger.db'}")

    async def position(self) -> int:
        """How many records are folded, in all partitions."""
        stored = [await self.state.position(partition) for partition in range(PARTITIONS)]
        return sum(each[0].offset for each in stored if each is not None)

    async def at_work(self, records: int = 1, timeout: float = 60) -> None:
        """Wait until so many more records are folded."""
        wanted = await self.position() + records

        async def is_there() -> bool:
            if self.feeding.done():
                self.feeding.result()  # nothing comes any more, and here is why
            return await self.position() >= wanted

        await self.until(wait_until_answer(is_there, timeout, "the workers to get on"))

    async def share(self, *names: str) -> None:
        """Wait until these workers have two partitions each."""
        for name in names:
            log = self.here.folder / f"{name}.log"
            waiting = wait_until_async(lambda log=log: _partitions(log) == 2, 60, f"{name} to have a share")  # type: ignore[misc]
            await self.until(waiting)

    async def until(self, waiting: Coroutine[Any, Any, None]) -> None:
        """Wait; if it is in vain, show what the processes have written."""
        try:
            await waiting
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.said()}") from None

    async def freeze(self, name: str) -> None:
        """Stop a process in its tracks, but not while it writes a file: that one nobody else could write then."""
        process = self.here.running[name]
        process.send_signal(signal.SIGSTOP)
        while any(_is_locked(self.here.data / file) for file in ("state.db", "ledger.db")):
            process.send_signal(signal.SIGCONT)
            await moment(0.05)
            process.send_signal(signal.SIGSTOP)

    async def settle(self) -> None:
        """Time passes beyond every wait, and everything is folded."""
        end = time.monotonic() + 2.5
        while time.monotonic() < end:
            await tick(self.log)
            await moment(0.2)
        ends = [(await self.log.ends(partition))[1] for partition in range(PARTITIONS)]
        await self.at_work(sum(ends) - await self.position())

    async def compare(self) -> None:
        """Hold what the processes made against a fold without any fault."""
        wanted = await undisturbed(self.log, self.ledger, self.here.folder)
        assert await found(self.state, self.ledger, PARTITIONS) == wanted
        assert len(wanted[0]) > 50

    def said(self) -> str:
        """What the processes have written, and that no traceback is among it."""
        texts = [path.read_text("utf-8") for path in sorted(self.here.folder.glob("*.log"))]
        assert not any("Traceback" in text for text in texts), texts
        return "\n".join(text[-1_500:] for text in texts)


def _partitions(log: Path) -> int:
    """How many partitions a worker was given last."""
    told = [json.loads(line) for line in log.read_text("utf-8").splitlines() if "partitions_assigned" in line]
    return told[-1]["count"] if told else 0


def _is_locked(path: Path) -> bool:
    """Whether somebody is writing a file and does not get on.

    A process of its own asks: here the stores have the file open by another library of SQLite, and this one would drop
    their locks as it closes it. The last worker that goes then takes the file's log away from under them.
    """
    return subprocess.run([sys.executable, "-c", _ASK, str(path)], capture_output=True, check=False).returncode != 0


async def moment(seconds: float) -> None:
    end = time.monotonic() + seconds
    await wait_until_async(lambda: time.monotonic() >= end, seconds + 5, "a moment to pass")


@asynccontextmanager
async def shop_in(folder: Path) -> AsyncIterator[Shop]:
    url = kafka_url(folder, f"?partitions={PARTITIONS}")
    here = Installation(folder, PLAYBOOK, {"LOG": url, "KAFKA_SESSION": f"{SESSION}s"})
    activated = await asyncio.to_thread(here.run, "activate", str(here.write_playbook()))
    assert activated.returncode == 0, activated.stderr
    shop = Shop(here, await log_of(url))
    try:
        yield shop
        shop.feeder.done.set()
        await shop.feeding
        await shop.settle()
        for name in list(here.running):
            await stopped(here, name)
        await shop.compare()
    finally:
        shop.feeding.cancel()
        here.close()
        shop.said()
        for store in (shop.log, shop.state, shop.ledger):
            await store.close()


async def stopped(here: Installation, name: str) -> None:
    """Ask a worker to stop: it does so in order, within ten seconds."""
    began = time.monotonic()
    assert await asyncio.to_thread(here.stop, name) == 0
    assert time.monotonic() - began < 10


async def test_workers_that_are_killed_stopped_and_frozen_lose_and_double_nothing(tmp_path: Path) -> None:
    async with shop_in(tmp_path) as shop:
        here = shop.here
        here.start("one", "worker")
        await shop.at_work(40)
        here.start("two", "worker")
        await shop.share("one", "two")
        await shop.at_work(40)

        here.kill("one")
        await shop.at_work(40, timeout=60)  # of what the other one has, and soon of everything
        here.start("one", "worker")
        await shop.share("one", "two")
        await shop.at_work(40)
        await stopped(here, "two")
        here.start("two", "worker")
        await shop.share("one", "two")
        await shop.at_work(40)

        await shop.freeze("one")
        await moment(SESSION + 2)
        await shop.at_work(40)
        here.running["one"].send_signal(signal.SIGCONT)  # it believes that it still has its partitions
        await shop.share("one", "two")
        await shop.at_work(80)


@pytest.mark.crash
async def test_a_worker_without_partitions_stays_and_takes_over(tmp_path: Path) -> None:
    async with shop_in(tmp_path) as shop:
        for number in range(PARTITIONS + 1):
            shop.here.start(f"worker-{number}", "worker")
        await shop.at_work(40)
        for number in range(PARTITIONS):
            shop.here.kill(f"worker-{number}")

        await shop.at_work(400, timeout=90)


@pytest.mark.crash
async def test_the_broker_dies_and_comes_back(tmp_path: Path) -> None:
    async with shop_in(tmp_path) as shop:
        shop.log.append_seconds = 60  # type: ignore[attr-defined]
        shop.here.start("one", "worker")
        await shop.at_work(40)

        await asyncio.to_thread(kafka().kill)
        await moment(2)
        await asyncio.to_thread(kafka().start)

        await shop.at_work(80, timeout=90)
        await stopped(shop.here, "one")
        shop.here.start("one", "worker")


async def test_a_worker_stops_in_time_while_the_broker_stands_still(tmp_path: Path) -> None:
    async with shop_in(tmp_path) as shop:
        shop.log.append_seconds = 60  # type: ignore[attr-defined]
        shop.here.start("one", "worker")
        await shop.at_work(40)

        kafka().pause()
        try:
            await moment(1)
            await stopped(shop.here, "one")
        finally:
            kafka().resume()
        shop.here.start("one", "worker")


async def test_a_worker_that_starts_before_kafka_waits_and_says_so_once(tmp_path: Path) -> None:
    async with shop_in(tmp_path) as shop:
        shop.log.append_seconds = 60  # type: ignore[attr-defined]
        await asyncio.to_thread(kafka().stop)
        shop.here.start("one", "worker")
        log = tmp_path / "one.log"
        await wait_until_async(lambda: "store_unavailable" in log.read_text("utf-8"), 30, "the worker to say it")
        await moment(4)
        assert log.read_text("utf-8").count("\n") == 1, log.read_text("utf-8")

        await asyncio.to_thread(kafka().start)

        await shop.at_work(40)


@pytest.mark.crash
async def test_ten_minutes_of_faults_lose_and_double_nothing(tmp_path: Path) -> None:
    rng = random.Random(3)
    async with shop_in(tmp_path) as shop:
        shop.log.append_seconds = 60  # type: ignore[attr-defined]
        names = ("one", "two")
        for name in names:
            shop.here.start(name, "worker")
        end = time.monotonic() + 600
        while time.monotonic() < end:
            await shop.at_work(40)
            await moment(rng.random() * 5)
            name = rng.choice(names)
            await fault(shop, name, rng.choice(["kill", "stop", "freeze", "restart broker"]))


async def fault(shop: Shop, name: str, what: str) -> None:
    process = shop.here.running[name]
    if what == "freeze":
        await shop.freeze(name)
        await moment(SESSION + 2)
        process.send_signal(signal.SIGCONT)
    elif what == "restart broker":
        await asyncio.to_thread(kafka().kill)
        await asyncio.to_thread(kafka().start)
    elif what == "kill":
        shop.here.kill(name)
        shop.here.start(name, "worker")
    else:
        await stopped(shop.here, name)
        shop.here.start(name, "worker")
