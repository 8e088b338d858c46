"""The ledger on PostgreSQL: any number of processes may have it open, each transaction on a connection of its own."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Self, TypeVar

import asyncpg
from sqlalchemy import inspect, literal, select

from schemas.decisions import Outcome
from schemas.errors import SettingsError, StoreUnavailable
from schemas.tables import METADATA
from stores import ledger_outbox
from stores.ledger import SqlLedger
from stores.migrate import migrate
from stores.postgres import Server
from stores.postgres_statements import DECIDED, FINISH, TELL, finish_values, record_statement
from stores.sqlite import Database
from stores.sqlite_ledger import SqliteLedger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from stores.ports import Result

__all__ = ["PostgresLedger"]

P = ParamSpec("P")
T = TypeVar("T")

_CHUNK = 1_000


class PostgresLedger(SqlLedger):
    """A ledger on PostgreSQL. Every method raises `StoreUnavailable` where the server is away or busy for too long."""

    tells = True

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

    async def record(self, partition: int, log_id: str, position: int, log_end: int, outcome: Outcome) -> None:
        """Step 3 of the protocol, in one journey to the server where nothing is withdrawn. Raises `NamedStop`."""
        if not outcome.withdrawals:  # a statement does not see what itself inserts, and that may be withdrawn too
            rows = ledger_outbox.rows_of(partition, log_end, outcome)
            text, values = record_statement(rows, partition, log_id, position)
            with suppress(asyncpg.DivisionByZeroError):  # another log: the transaction says so
                await self._server.statement(text, *values)
                return
        await super().record(partition, log_id, position, log_end, outcome)
        await self._server.statement(TELL)

    async def advance(self, partition: int, log_id: str, position: int) -> None:
        """Raise the high-water mark without rows. Raises `NamedStop` `LOG_MISMATCH`."""
        await self.record(partition, log_id, position, 0, Outcome())

    async def finish(self, results: Sequence[Result], now: int) -> int:
        """Record results whose token is still the row's; returns how many counted."""
        if not results:
            return 0
        counted: int = (await self._server.statement(FINISH, *finish_values(results, now)))[0][0]
        return counted

    async def listen(self, told: Callable[[], None]) -> None:
        """Call `told` for decisions of other processes until the connection is lost."""
        await self._server.listen(DECIDED, told)

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
