"""The ledger on PostgreSQL: any number of processes may have it open, each transaction on a connection of its own."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import inspect, literal, select

from schemas.errors import SettingsError, StoreUnavailable
from schemas.tables import METADATA
from stores.ledger import SqlLedger
from stores.migrate import migrate
from stores.postgres import Server
from stores.sqlite import Database
from stores.sqlite_ledger import SqliteLedger

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

__all__ = ["PostgresLedger"]

P = ParamSpec("P")
T = TypeVar("T")

_CHUNK = 1_000


class PostgresLedger(SqlLedger):
    """A ledger on PostgreSQL. Every method raises `StoreUnavailable` where the server is away or busy for too long."""

    def __init__(self, server: Server) -> None:
        self._server = server

    @classmethod
    async def open(cls, url: str, *, empty: bool = False) -> Self:
        """Connect and bring the tables up to date. Raises `SettingsError`, `StoreUnavailable`, `NamedStop`.

        `empty`: refuse, before anything is changed, a database that holds rows of a ledger.
        """
        server = Server(url)
        try:
            await server.open(partial(_migrate_empty, server.name) if empty else migrate)
        except BaseException:
            await server.close()
            raise
        return cls(server)

    async def _write(self, function: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._server.transaction(lambda connection: function(connection, *args, **kwargs))

    async def _read(self, function: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._server.transaction(lambda connection: function(connection, *args, **kwargs), reads=True)

    async def save(self, path: str) -> None:
        """Write all rows, as they are at one moment, into a new SQLite file."""
        copy = _new_file(Path(path))
        try:
            async with self._server.snapshot() as connection:
                for table in METADATA.sorted_tables:
                    rows = await connection.stream(select(table))
                    async for chunk in rows.mappings().partitions(_CHUNK):
                        await copy.fill(table.name, [dict(row) for row in chunk])
        finally:
            await copy.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._server.close()


def _migrate_empty(name: str, connection: Connection) -> None:
    there = set(inspect(connection).get_table_names())
    for table in METADATA.sorted_tables:
        if table.name in there and connection.execute(select(literal(1)).select_from(table).limit(1)).first():
            message = f"{name} is not empty: its table {table.name} holds rows"
            raise SettingsError(message, hint="make a new one with createdb, and name that")
    migrate(connection)


def _new_file(path: Path) -> SqliteLedger:
    if path.exists():
        message = f"the file {path} exists already"
        raise StoreUnavailable(message, hint="name another one")
    return SqliteLedger(Database(path, "ledger"))
