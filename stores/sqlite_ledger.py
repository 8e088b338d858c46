"""The ledger in an SQLite file or in memory: each transaction runs in the file's own thread."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from sqlalchemy import create_engine, event
from sqlalchemy.pool import StaticPool

from stores.ledger import SqlLedger
from stores.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine

    from stores.sqlite import Database

__all__ = ["SqliteLedger"]

P = ParamSpec("P")
T = TypeVar("T")

_READS = "touchline_reads"
"""Execution option of transactions that only read: they take no lock."""


class SqliteLedger(SqlLedger):
    """A ledger on SQLite; its tables are brought up to date at once. Raises `StoreUnavailable`, `NamedStop`."""

    tells = False

    def __init__(self, database: Database) -> None:
        self._database = database
        self._engine = _engine(database)
        with database.sentences(), self._engine.begin() as connection:
            migrate(connection)

    async def _write(self, function: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        work = partial(_transaction, self._engine, lambda connection: function(connection, *args, **kwargs))
        return await self._database.run(work)

    async def _read(self, function: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        reading = self._engine.execution_options(**{_READS: True})
        work = partial(_transaction, reading, lambda connection: function(connection, *args, **kwargs))
        return await self._database.run(work)

    async def listen(self, told: Callable[[], None]) -> None:
        """Return at once: a file tells nobody."""

    async def save(self, path: str) -> None:
        """Write a copy of everything into a new file."""
        await self._database.run(self._database.connection.execute, "VACUUM INTO ?", (path,))

    async def close(self) -> None:
        """Close the file."""
        await self._database.close()


def _engine(database: Database) -> Engine:
    """An engine on the one connection of an open file."""
    engine = create_engine(
        "sqlite://", module=database.module, creator=lambda: database.connection, poolclass=StaticPool
    )
    event.listen(engine, "begin", _begin)
    return engine


def _transaction(engine: Engine, work: Callable[[Connection], T]) -> T:
    with engine.begin() as connection:
        return work(connection)


def _begin(connection: Connection) -> None:
    """Begin as SQLite should: who will write takes the lock first, and then never fails to get it half-way."""
    reads = connection.get_execution_options().get(_READS)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
