"""The servers of a benchmark, the processes that work on them, and what CPU each of them takes."""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from stores.connect import connect_log
from stores.redis_state import connect_redis
from tests.servers.kafka import shared_kafka
from tests.servers.postgres import ledger_url, postgres
from tests.servers.valkey import state_url, valkey
from workers.clock import now_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stores.kafka_log import KafkaLog
    from stores.ports import Appendable

__all__ = ["PARTITIONS", "Place", "Process", "run_stage", "server_seconds"]

PARTITIONS = 4
_APPENDED = 5_000
_READY_SECONDS = 60.0


class Place:
    """A topic, a prefix on Valkey and a database on PostgreSQL of one measurement. Raises `ServerMissing`."""

    def __init__(self, name: str) -> None:
        for server in (shared_kafka, valkey, postgres):
            server()  # or the reason why not, before anything else is begun
        self.name = f"bench.{os.getpid()}.{name}"
        self.log = f"kafka://{shared_kafka().address}/{self.name}?partitions={PARTITIONS}"
        self.state, self.ledger = state_url(Path(self.name)), ledger_url(Path(self.name))

    async def append(self, items: Sequence[Appendable]) -> None:
        """Write to the topic, which is made if need be."""
        log = await self.open_log()
        for start in range(0, len(items), _APPENDED):
            await log.append(items[start : start + _APPENDED])
        await log.close()

    async def open_log(self) -> KafkaLog:
        """The topic."""
        return await connect_log(self.log, clock=now_ms, new_id=str)  # type: ignore[return-value]

    async def reach(self, offsets: int, seconds: float = 600.0) -> None:
        """Return when so many records are folded and stored."""
        state = await connect_redis(self.state)
        async with asyncio.timeout(seconds):
            while await self._folded(state) < offsets:  # noqa: ASYNC110 - another process folds
                await asyncio.sleep(0.05)
        await state.close()

    async def _folded(self, state: Any) -> int:  # noqa: ANN401 - the state
        found = [await state.position(partition) for partition in range(PARTITIONS)]
        return sum(each[0].offset for each in found if each is not None)


class Process:
    """A process of ours on a place: a stage of `bench.server_stages`. What it says at its end is in `told`."""

    def __init__(self, place: Place, playbook: str, stage: str = "worker") -> None:
        where = {"log": place.log, "state": place.state, "ledger": place.ledger, "group": place.name}
        words = [sys.executable, "-m", "bench.servers", "--stage", stage, "--playbook", playbook]
        words += [word for name, value in where.items() for word in (f"--{name}", value)]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        atexit.register(self.process.kill)
        self.told: dict[str, Any] = {}
        self._begin = 0.0

    def wait_for(self, **said: object) -> None:
        """Return when it has said this."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("{") and said.items() <= json.loads(line).items():
                return
        raise SystemExit("a process of the benchmark has ended; its lines above say why")

    def begin(self) -> None:
        """From here on it counts."""
        self.process.send_signal(signal.SIGUSR1)
        self._begin = self.cpu()

    def hold(self) -> None:
        """Let it stand still."""
        self.process.send_signal(signal.SIGSTOP)

    def go(self) -> None:
        """Let it go on."""
        self.process.send_signal(signal.SIGCONT)

    def cpu(self) -> float:
        """Seconds of CPU since `begin`."""
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system) - self._begin

    def end(self) -> dict[str, Any]:
        """Stop it in order; what it has to tell."""
        self.process.send_signal(signal.SIGTERM)
        out, _ = self.process.communicate(timeout=60)
        self.told = json.loads([line for line in out.splitlines() if line.startswith("{")][-1])
        return self.told


def run_stage(stage: str, place: Place) -> dict[str, float]:
    """What a stage says that ends by itself: events a second, and its seconds of CPU."""
    words = [sys.executable, "-m", "bench.servers", "--stage", stage, "--log", place.log]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=600)
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if not said:
        raise SystemExit(f"the stage {stage} failed: {(done.stdout + done.stderr)[-2_000:]}")
    return dict(said[0])


def server_seconds() -> dict[str, float]:
    """Seconds of CPU that the servers have taken so far."""
    kafka, store, ledger = shared_kafka()._process, valkey()._pid, psutil.Process(postgres().pid)  # noqa: SLF001 - the tests' own
    assert kafka is not None
    found = {"kafka": _seconds(psutil.Process(kafka.pid)), "valkey": _seconds(psutil.Process(store)), "postgres": 0.0}
    for each in (ledger, *ledger.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = each.cpu_times()
            found["postgres"] += times.user + times.system + times.children_user + times.children_system
    return found


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
