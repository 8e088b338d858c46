"""A simulation on servers: a topic, a prefix and a database of its own, folded by worker processes like live ones."""

from __future__ import annotations

import asyncio
import multiprocessing
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from schemas.errors import NamedStop, SettingsError, StoreUnavailable, TouchlineError
from stores.connect import REDIS, connect_log, connect_state, scheme_of
from workers.clock import now_ms
from workers.folding import Folding
from workers.log import set_up_logging
from workers.loop import Options, PartitionWorker
from workers.running import until_stopped
from workers.simulation import Stores
from workers.workspace import open_workspace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from multiprocessing.connection import Connection

    from stores.ports import Log, Readable, State
    from workers.settings import Settings
    from workers.simulation import Played
    from workers.workspace import Workspace

__all__ = ["Crew", "open_servers"]

_SCHEMES = {"log": {"kafka"}, "state": REDIS, "ledger": {"postgresql", "postgres"}}
_LOOK = 0.05
_END = 20.0
"""Seconds that a worker has to leave its group and end."""


# -- the stores
async def open_servers(settings: Settings, partitions: int | None) -> Stores:
    """The three stores, if nobody has used them. Raises `SettingsError`, `StoreUnavailable`, `NamedStop`."""
    for port, schemes in _SCHEMES.items():
        if scheme_of(settings.url(port)) not in schemes:
            message = f"TOUCHLINE_SIM_{port.upper()} is no URL of a server: it begins with {min(schemes)}://"
            raise SettingsError(message)
    from stores.postgres_ledger import PostgresLedger

    async with AsyncExitStack() as opened:
        log = await _new_log(settings.log, partitions)
        opened.push_async_callback(log.close)
        state = await connect_state(settings.state)
        opened.push_async_callback(state.close)
        await _check_empty(log, state)
        ledger = await PostgresLedger.open(settings.ledger, empty=True)
        opened.pop_all()
    return Stores(log, state, ledger)


async def _new_log(url: str, partitions: int | None) -> Log:
    try:
        return await connect_log(url, clock=now_ms, new_id=lambda: "never", partitions=partitions, virtual_time=True)
    except SettingsError as error:  # perhaps the topic of an installation: nobody is told how to change that one
        hint = "name a topic that nobody has used, it is made: kafka://HOST:9092/NEW_TOPIC"
        raise SettingsError(f"TOUCHLINE_SIM_LOG: {error.message}", hint=hint) from None


async def _check_empty(log: Log, state: State) -> None:
    for partition in range(log.info.partitions):
        if (await log.ends(partition))[1]:
            raise _used("LOG", "its topic holds records", "kafka://HOST:9092/NEW_TOPIC")
        if await state.position(partition) is not None or await state.people(partition):
            raise _used("STATE", "its prefix holds profiles", "redis://HOST:PORT?prefix=NEW_NAME")


def _used(port: str, what: str, hint: str) -> SettingsError:
    message = f"TOUCHLINE_SIM_{port} is not empty: {what}; a simulation begins with nothing"
    return SettingsError(message, hint=f"name another one: {hint}")


# -- the parent's side
class Report(NamedTuple):
    """What a worker says when it ends: what it has counted, which rules failed, why it could not go on."""

    records: int = 0
    decisions: int = 0
    counts: dict[str, int] = {}  # noqa: RUF012 - never changed
    failures: Sequence[tuple[str, str]] = ()
    error: tuple[str, str, str] | None = None


class Crew:
    """`count` worker processes, started when there is something to fold."""

    def __init__(self, settings: Settings, count: int, batch: int) -> None:
        self._settings, self._count, self._batch = settings, count, batch

    async def fold(self, stores: Stores, played: Played, progress: Callable[[str, int, int], None]) -> None:
        """Have everything folded. Raises what stopped a worker."""
        ends = [(await stores.log.ends(partition))[1] for partition in range(stores.log.info.partitions)]
        async with self._started() as workers:
            while (done := await _folded(stores.state, len(ends))) < sum(ends):
                progress("fold", done, sum(ends))
                for worker in workers:
                    worker.check()
                await asyncio.sleep(_LOOK)
            reports = await asyncio.gather(*(asyncio.to_thread(worker.end) for worker in workers))
        if sum(report.records for report in reports) != sum(ends):
            message = "a worker was cut off after it had written and before it had counted"
            raise StoreUnavailable(message, hint="run it again on new stores; is a server overloaded?")
        for report in reports:
            played.decisions += report.decisions
            played.counts.update(report.counts)
            played.failures += report.failures

    @asynccontextmanager
    async def _started(self) -> AsyncIterator[list[_Worker]]:
        workers = [_Worker(self._settings, self._batch) for _ in range(self._count)]
        try:
            yield workers
        finally:
            for worker in workers:
                worker.close()


async def _folded(state: State, partitions: int) -> int:
    """How many records are folded."""
    stored = [await state.position(partition) for partition in range(partitions)]
    return sum(each[0].offset for each in stored if each is not None)


class _Worker:
    """A process, seen from the one that started it. It ends when it is told to, or when nobody holds the pipe."""

    def __init__(self, settings: Settings, batch: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(settings, batch, theirs), daemon=True)
        self._process.start()
        theirs.close()

    def check(self) -> None:
        """Raise what has ended it."""
        if self._pipe.poll():
            self._report()
            raise _ended(self._process.exitcode)

    def end(self) -> Report:
        """Ask it to end; what it says. Raises what kept it from ending in order."""
        self._pipe.send(None)
        if not self._pipe.poll(_END):
            raise _ended(None)
        return self._report()

    def _report(self) -> Report:
        try:
            report: Report = self._pipe.recv()
        except EOFError:
            self._process.join(_END)
            raise _ended(self._process.exitcode) from None
        if report.error is not None:
            message, code, hint = report.error
            raise NamedStop(message, code=code, hint=hint) if code else StoreUnavailable(message, hint=hint)
        return report

    def close(self) -> None:
        """Leave nothing running."""
        self._pipe.close()
        self._process.join(_END / 10)
        self._process.kill()
        self._process.join()


def _ended(code: int | None) -> StoreUnavailable:
    how = "does not end" if code is None else f"has ended with exit code {code}"
    return StoreUnavailable(f"a worker of the simulation {how}", hint="run it again on new stores")


# -- the workers' side
class _Counting(Folding):
    """Folds as live workers do, only that nothing happens but in virtual time, and that it keeps what was counted."""

    def __init__(self, workspace: Workspace, batch: int) -> None:
        super().__init__(workspace)
        self._batch = batch
        self.made: list[PartitionWorker] = []

    def options(self) -> Options:
        """Those of a simulation."""
        return Options(batch=self._batch, record_changes=True, immediate=True)

    def worker(self, log: Readable, partition: int) -> PartitionWorker:
        """A worker of one partition, not forgotten when another process takes it over."""
        self.made.append(super().worker(log, partition))
        return self.made[-1]

    def report(self) -> Report:
        """All that was counted here."""
        counts: dict[str, int] = {}
        for worker in self.made:
            for name, number in worker.counts.by_name.items():
                counts[name] = counts.get(name, 0) + number
        records, decisions = (sum(getattr(w.counts, name) for w in self.made) for name in ("records", "decisions"))
        failures = [failure for worker in self.made for failure in worker.counts.failures]
        return Report(records, decisions, counts, failures)


def _work(settings: Settings, batch: int, pipe: Connection[Any, Any]) -> None:
    """A process of a crew."""
    set_up_logging("error")
    try:
        report = asyncio.run(_fold(settings, batch, pipe))
    except TouchlineError as error:
        code = error.code if isinstance(error, NamedStop) else ""
        report = Report(error=(error.message, code, error.hint))
    pipe.send(report)


async def _fold(settings: Settings, batch: int, pipe: Connection[Any, Any]) -> Report:
    from workers.faust_worker import run_worker

    stop, loop = until_stopped(), asyncio.get_running_loop()

    def told() -> None:
        loop.remove_reader(pipe.fileno())
        stop.set()

    loop.add_reader(pipe.fileno(), told)
    workspace = await open_workspace(settings)
    try:
        folding = _Counting(workspace, batch)
        await run_worker(workspace, stop, folding)
        return folding.report()
    finally:
        await workspace.close()
