"""The state in an SQLite file: guarded read and guarded write of profiles, timers and position.

Commits are not flushed one by one: after a power cut the file may be older than it was, which the guards and a replay
repair. Each person has one next moment, so there is no table of timers.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from stores.guards import moved
from stores.ports import Position, Saved
from stores.sqlite import Database, immediate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["SqliteState"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS position(
    partition INTEGER PRIMARY KEY, next INTEGER NOT NULL, chunk INTEGER NOT NULL, cursor TEXT NOT NULL,
    program TEXT NOT NULL, sequence INTEGER NOT NULL, log_id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS person(
    partition INTEGER NOT NULL, person TEXT NOT NULL, due INTEGER, state BLOB NOT NULL,
    PRIMARY KEY(partition, person)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS person_due ON person(partition, due) WHERE due IS NOT NULL;
"""
_POSITION = "SELECT next, chunk, cursor, program, sequence, log_id FROM position WHERE partition = ?"
_OF_PEOPLE = """
SELECT person, state, due FROM person WHERE partition = ? AND person IN (SELECT value FROM json_each(?))"""
_DUE = """
SELECT person, state, due FROM person WHERE partition = ? AND due < ? ORDER BY due, person LIMIT ?"""
_EVERYBODY = """
SELECT person, state, due FROM person WHERE partition = ? AND person > ? ORDER BY person LIMIT ?"""
_MOVE = """
UPDATE position SET next = ?, chunk = ?, cursor = ?, program = ?, sequence = ?
WHERE partition = ? AND next = ? AND chunk = ?"""
_SAVE = """
INSERT INTO person VALUES(?, ?, ?, ?) ON CONFLICT DO UPDATE SET due = excluded.due, state = excluded.state"""
_ALL = -1
"""LIMIT of SQLite: none."""

Rows = list[tuple[str, bytes, int | None]]


class SqliteState:
    """A state in an SQLite file. Raises `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.sentences(), immediate(database.connection):
            for statement in _SCHEMA.split(";"):
                database.connection.execute(statement)

    async def position(self, partition: int) -> tuple[Position, str] | None:
        """(position, log id) as stored, None when this partition was never begun."""
        return await self._database.run(self._position, partition)

    def _position(self, partition: int) -> tuple[Position, str] | None:
        row = self._database.connection.execute(_POSITION, (partition,)).fetchone()
        return None if row is None else (Position(*row[:-1]), row[-1])

    async def begin(self, partition: int, log_id: str, position: Position) -> None:
        """Store a first position; does nothing if there is one."""
        await self._database.run(self._begin, partition, log_id, position)

    def _begin(self, partition: int, log_id: str, position: Position) -> None:
        insert = "INSERT INTO position VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
        with immediate(self._database.connection):
            self._database.connection.execute(insert, (partition, *position, log_id))

    async def read(
        self,
        partition: int,
        position: Position,
        people: Iterable[str],
        due_before: int | None = None,
        due_limit: int = 0,
    ) -> dict[str, Saved]:
        """Guarded read of `people` and of those due before `due_before` (unix ms). Raises `Moved`."""
        names = msgspec.json.encode(list(people)).decode()
        return await self._database.run(self._read, partition, position, names, due_before, due_limit)

    def _read(
        self, partition: int, position: Position, names: str, due_before: int | None, due_limit: int
    ) -> dict[str, Saved]:
        with self._snapshot(partition, position):
            rows: Rows = self._database.connection.execute(_OF_PEOPLE, (partition, names)).fetchall()
            if due_before is not None and due_limit:
                rows += self._database.connection.execute(_DUE, (partition, due_before, due_limit)).fetchall()
        return dict(_saved(rows))

    @contextmanager
    def _snapshot(self, partition: int, position: Position) -> Iterator[None]:
        """One state of the file for all that is read within, and it is the one of `position`. Raises `Moved`."""
        connection = self._database.connection
        connection.execute("BEGIN")
        try:
            stored = self._position(partition)
            if stored is None or stored[0][:2] != position[:2]:
                raise moved(partition, position, stored and stored[0])
            yield
        finally:
            if connection.in_transaction:
                connection.execute("COMMIT")  # nothing was written: this only lets the snapshot go

    async def scan(self, partition: int, position: Position, after: str, limit: int) -> list[tuple[str, Saved]]:
        """Guarded read of everybody in the order of person ids, from the one behind `after` on. Raises `Moved`."""
        return await self._database.run(self._scan, partition, position, after, limit)

    def _scan(self, partition: int, position: Position, after: str, limit: int) -> list[tuple[str, Saved]]:
        with self._snapshot(partition, position):
            return self._people(partition, after, limit)

    def _people(self, partition: int, after: str, limit: int) -> list[tuple[str, Saved]]:
        rows = self._database.connection.execute(_EVERYBODY, (partition, after, limit)).fetchall()
        return list(_saved(rows))

    async def write(self, partition: int, position: Position, new: Position, states: Mapping[str, Saved]) -> None:
        """Guarded write: profiles, timers and the position, all or nothing. Raises `Moved`."""
        rows = [(partition, person, saved.due, saved.state) for person, saved in sorted(states.items())]
        await self._database.run(self._write, partition, position, new, rows)

    def _write(
        self, partition: int, position: Position, new: Position, rows: list[tuple[int, str, int | None, bytes]]
    ) -> None:
        connection = self._database.connection
        with immediate(connection):
            if connection.execute(_MOVE, (*new, partition, *position[:2])).rowcount != 1:
                stored = self._position(partition)
                raise moved(partition, position, stored and stored[0])
            connection.executemany(_SAVE, rows)

    async def person(self, partition: int, person: str) -> Saved | None:
        """A look at one person, unguarded."""
        return await self._database.run(self._person, partition, person)

    def _person(self, partition: int, person: str) -> Saved | None:
        query = "SELECT state, due FROM person WHERE partition = ? AND person = ?"
        row = self._database.connection.execute(query, (partition, person)).fetchone()
        return None if row is None else Saved(*row)

    async def people(self, partition: int) -> list[tuple[str, Saved]]:
        """A look at everybody, in the order of person ids."""
        return await self._database.run(self._people, partition, "", _ALL)

    async def checkpoint(self) -> bool:
        """Put on the disk what was written so far; False while somebody else is at work in the file."""
        return await self._database.run(self._checkpoint)

    def _checkpoint(self) -> bool:
        # Passive: it waits for nobody. The write-ahead log is flushed before, the file after all of it was moved there.
        busy, written, moved_over = self._database.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return not busy and written == moved_over

    async def close(self) -> None:
        """Close the file."""
        await self._database.close()


def _saved(rows: Rows) -> Iterator[tuple[str, Saved]]:
    return ((person, Saved(state, due)) for person, state, due in rows)
