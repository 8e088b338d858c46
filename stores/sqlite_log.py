"""The log in an SQLite file: group commit for many callers, append times that never fall, tails across processes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from schemas.errors import SettingsError, StoreUnavailable
from schemas.ids import partition_of
from schemas.records import Record
from stores.appending import check_items, check_partitions, gap
from stores.ports import LogInfo, Place
from stores.sqlite import Database, immediate

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from stores.ports import Appendable

__all__ = ["SqliteLog"]

_SHIFT = 40
"""Row id = partition << 40 | offset, so that appends go to the right edge of their partition's rows."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS head(
    partition INTEGER PRIMARY KEY, first INTEGER NOT NULL, next INTEGER NOT NULL, last INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS record(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL);
"""
_COMMITTED_AT_ONCE = 2_000
_MOST_WAITING = 20_000
_TRIMMED_AT_ONCE = 1_000
_TRIM_PAUSE = 0.02
"""Seconds between two deletions: an appender that waits for the file gets its turn."""
_SHORTEST_POLL, _LONGEST_POLL, _SLOWER = 0.010, 0.025, 1.2
"""Seconds between two looks for records of another process."""


class SqliteLog:
    """A log in an SQLite file, of `partitions` partitions if it is new (1 unless said).

    `clock` gives unix ms, `new_id` the log's id, asked once. `virtual_time`: appenders may name the time. All
    methods belong to one event loop. Raises `StoreUnavailable`; `SettingsError` where virtual time is asked of a log
    with its own clock; `NamedStop` `PARTITIONS_CHANGED` if it has another count of partitions than the one asked for.
    """

    longest_poll = _LONGEST_POLL
    """Seconds between two looks for records of another process, when there were none for a while."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], int],
        new_id: Callable[[], str],
        partitions: int | None = None,
        virtual_time: bool = False,
    ) -> None:
        self._database = database
        self._clock = clock
        with database.sentences():
            meta = _create(database.connection, new_id, partitions or 1, virtual_time=virtual_time)
        self.info = LogInfo(meta["log_id"], int(meta["partitions"]))
        check_partitions(self.info, partitions)
        self._is_virtual = meta["virtual_time"] == "1"
        if virtual_time and not self._is_virtual:
            message = f"{database.name} holds a log with its own clock"
            raise SettingsError(message, hint="name a file that is not there yet")
        self._waiting: list[tuple[Sequence[Appendable], asyncio.Future[list[Place]]]] = []
        self._waiting_records = 0
        self._flushing: asyncio.Task[None] | None = None
        self._change = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._watchers = 0
        self._look = database.watch() if database.shared else None
        self._version = 0

    async def append(self, items: Sequence[Appendable]) -> list[Place]:
        """Append all or nothing; durable on return. A caller that is cancelled may find its records in the log.

        Raises `StoreUnavailable`, also when 20,000 records are waiting already; `ValueError` for a partition that does
        not exist, or a time where the log has its own clock.
        """
        check_items(items, self.info.partitions, is_virtual=self._is_virtual)
        if self._waiting_records >= _MOST_WAITING:
            message = f"the log is behind: {self._waiting_records} records wait to be written"
            raise StoreUnavailable(message, hint="send again in a second")
        future: asyncio.Future[list[Place]] = asyncio.get_running_loop().create_future()
        self._waiting.append((items, future))
        self._waiting_records += len(items)
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush())
        return await future

    async def _flush(self) -> None:
        """Write what has gathered, one transaction after another, until nothing waits."""
        try:
            while self._waiting:
                await self._commit(self._gathered())
        finally:
            self._flushing = None

    def _gathered(self) -> list[tuple[Sequence[Appendable], asyncio.Future[list[Place]]]]:
        """The calls of the next transaction: at least one, and as many as stay within 2,000 records."""
        count = taken = 0
        for items, _ in self._waiting:
            if count and taken + len(items) > _COMMITTED_AT_ONCE:
                break
            count, taken = count + 1, taken + len(items)
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        self._waiting_records -= taken
        return batch

    async def _commit(self, batch: list[tuple[Sequence[Appendable], asyncio.Future[list[Place]]]]) -> None:
        items = [item for call, _ in batch for item in call]
        try:
            places = await self._database.run(self._write, items)
        except Exception as error:  # noqa: BLE001 - every caller hears of it
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        start = 0
        for call, future in batch:
            if not future.done():
                future.set_result(places[start : start + len(call)])
            start += len(call)
        self._announce()

    def _write(self, items: Sequence[Appendable]) -> list[Place]:
        connection = self._database.connection
        places, rows = [], []
        with immediate(connection):
            heads = {p: (n, last) for p, n, last in connection.execute("SELECT partition, next, last FROM head")}
            now = self._clock()
            for item in items:
                partition = partition_of(item.key, len(heads)) if item.partition is None else item.partition
                offset, last = heads[partition]
                at = max(now if item.at is None else item.at, last)
                heads[partition] = offset + 1, at
                places.append(Place(partition, offset))
                rows.append((partition << _SHIFT | offset, at, item.key, item.value))
            connection.executemany("INSERT INTO record VALUES(?, ?, ?, ?)", rows)
            touched = sorted({place.partition for place in places})
            moved = [(*heads[partition], partition) for partition in touched]
            connection.executemany("UPDATE head SET next = ?, last = ? WHERE partition = ?", moved)
        return places

    async def read(self, partition: int, start: int, limit: int = 500) -> list[Record]:
        """Records from offset `start` on, in order. Raises `NamedStop` `STATE_GAP` when `start` was trimmed."""
        return await self._database.run(self._read, partition, start, limit)

    def _read(self, partition: int, start: int, limit: int) -> list[Record]:
        base = partition << _SHIFT
        rows = self._database.connection.execute(
            "SELECT id, at, key, value FROM record WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
            (base | start, partition + 1 << _SHIFT, limit),
        ).fetchall()
        if not rows or rows[0][0] != base | start:
            first, _ = self._ends(partition)
            if start < first:
                raise gap(partition, start, first)
        return [Record(row_id - base, at, key, value) for row_id, at, key, value in rows]

    async def ends(self, partition: int) -> tuple[int, int]:
        """(first kept offset, next offset to be written)."""
        return await self._database.run(self._ends, partition)

    def _ends(self, partition: int) -> tuple[int, int]:
        query = "SELECT first, next FROM head WHERE partition = ?"
        first, end = self._database.connection.execute(query, (partition,)).fetchone()
        return first, end

    async def wait(self, partition: int, start: int, timeout: float) -> None:
        """Return when a record at `start` is there, at the latest after `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                while True:
                    change = self._change  # taken before the look, so that nothing is missed between the two
                    if (await self.ends(partition))[1] > start:
                        return
                    await self._until(change)
        except TimeoutError:
            return

    async def _until(self, change: asyncio.Event) -> None:
        """Wait for a change, while one task for all who wait looks for those of other connections."""
        self._watchers += 1
        if self._watching is None and self._look is not None:
            self._watching = asyncio.create_task(self._watch(self._look))
        try:
            await change.wait()
        finally:
            self._watchers -= 1

    async def _watch(self, look: Callable[[], int]) -> None:
        pause = _SHORTEST_POLL
        try:
            while self._watchers:
                version = look()
                if version != self._version:
                    self._version, pause = version, _SHORTEST_POLL
                    self._announce()
                await asyncio.sleep(pause)
                pause = min(pause * _SLOWER, self.longest_poll)
        finally:
            self._watching = None

    def _announce(self) -> None:
        change, self._change = self._change, asyncio.Event()
        change.set()

    async def trim(self, partition: int, before: int) -> int:
        """Delete records before offset `before` in small steps; returns how many went.

        Trim only below positions that are on the disk: the state may fall back in a power cut.
        """
        gone = 0
        while deleted := await self._database.run(self._trim, partition, before):
            gone += deleted
            await asyncio.sleep(_TRIM_PAUSE)
        return gone

    def _trim(self, partition: int, before: int) -> int:
        connection = self._database.connection
        with immediate(connection):
            first, end = self._ends(partition)
            new = min(before, end, first + _TRIMMED_AT_ONCE)
            if new <= first:
                return 0
            base = partition << _SHIFT
            connection.execute("DELETE FROM record WHERE id >= ? AND id < ?", (base | first, base | new))
            connection.execute("UPDATE head SET first = ? WHERE partition = ?", (new, partition))
        connection.execute("PRAGMA incremental_vacuum(64)").fetchall()
        return int(new - first)

    async def settle(self) -> None:
        """End virtual time."""
        await self._database.run(self._settle)
        self._is_virtual = False

    def _settle(self) -> None:
        with immediate(self._database.connection):
            self._database.connection.execute("UPDATE meta SET value = '0' WHERE name = 'virtual_time'")

    async def close(self) -> None:
        """Write what waits, then close the file."""
        if self._flushing is not None:
            await self._flushing
        if self._watching is not None:
            self._watching.cancel()
        await self._database.close()


def _create(
    connection: sqlite3.Connection, new_id: Callable[[], str], partitions: int, *, virtual_time: bool
) -> dict[str, str]:
    """Make the tables and what never changes, unless they are there; gives the latter."""
    with immediate(connection):
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        known = dict(connection.execute("SELECT name, value FROM meta").fetchall())
        if not known:
            known = {"log_id": new_id(), "partitions": str(partitions), "virtual_time": str(int(virtual_time))}
            connection.executemany("INSERT INTO meta VALUES(?, ?)", sorted(known.items()))
            connection.executemany("INSERT INTO head VALUES(?, 0, 0, 0)", [(p,) for p in range(partitions)])
    return known
