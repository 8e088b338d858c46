"""The ledger in an SQLite file or in memory: each method is one transaction in the file's own thread.

What happens in a transaction stands in the `ledger_*` modules, as functions of a SQLAlchemy connection.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import create_engine, event
from sqlalchemy.pool import StaticPool

from stores import ledger_lease, ledger_outbox, ledger_workspace, queries
from stores.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, Engine

    from messaging.policy import Facts, Verdict
    from messaging.ports import OutboxRow
    from schemas.decisions import DeadLetter, Outcome
    from stores.ports import LeasedRow, Result
    from stores.sqlite import Database

__all__ = ["SqliteLedger"]

P = ParamSpec("P")
T = TypeVar("T")

_READS = "touchline_reads"
"""Execution option of transactions that only read: they take no lock."""


class SqliteLedger:
    """A ledger on SQLite; its tables are brought up to date at once. Raises `StoreUnavailable`, `NamedStop`."""

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

    async def record(self, partition: int, log_id: str, position: int, log_end: int, outcome: Outcome) -> None:
        """Step 3 of the protocol. Raises `NamedStop` `LOG_MISMATCH`."""
        await self._write(ledger_outbox.record, partition, log_id, position, log_end, outcome)

    async def progress(self, partition: int) -> tuple[str, int] | None:
        """(log id, high-water mark) of a partition, None if it never wrote a row."""
        return await self._read(ledger_outbox.progress, partition)

    async def advance(self, partition: int, log_id: str, position: int) -> None:
        """Raise the high-water mark without rows. Raises `NamedStop` `LOG_MISMATCH`."""
        await self._write(ledger_outbox.advance, partition, log_id, position)

    async def lease(
        self,
        now: int,
        limit: int,
        lease_ms: int,
        gate: Callable[[OutboxRow, Facts], Verdict],
        *,
        own_time: bool = False,
    ) -> list[LeasedRow]:
        """Judge up to `limit` ready rows and take those that may go; `gate` runs in the ledger's thread."""
        return await self._write(ledger_lease.lease, now, limit, lease_ms, gate, own_time=own_time)

    async def finish(self, results: Sequence[Result], now: int) -> int:
        """Record results whose token is still the row's; returns how many counted."""
        return await self._write(ledger_outbox.finish, results, now)

    async def put_program(self, hash_: str, text: bytes) -> None:
        """Keep a playbook's text under its hash."""
        await self._write(ledger_workspace.put_program, hash_, text)

    async def program(self, hash_: str) -> bytes | None:
        """A playbook's text."""
        return await self._read(ledger_workspace.program, hash_)

    async def activate(self, hash_: str, now: int) -> int:
        """Note an activation; returns its sequence number."""
        return await self._write(ledger_workspace.activate, hash_, now)

    async def active(self) -> tuple[str, int] | None:
        """(hash, sequence) of the newest activation."""
        return await self._read(ledger_workspace.active)

    async def refuse(self, letters: Sequence[DeadLetter]) -> None:
        """Keep refusals made before the log."""
        await self._write(ledger_outbox.refuse, letters)

    async def get_meta(self, name: str) -> str | None:
        """A named text of the workspace."""
        return await self._read(ledger_workspace.get_meta, name)

    async def set_meta(self, name: str, value: str) -> None:
        """Set it."""
        await self._write(ledger_workspace.set_meta, name, value)

    async def keep_meta(self, name: str, value: str) -> str:
        """Set it unless it is set, and give what stands."""
        return await self._write(ledger_workspace.keep_meta, name, value)

    async def fetch(self, query: str, **arguments: object) -> list[dict[str, Any]]:
        """Rows of one of the queries of `stores.queries`."""
        return await self._read(queries.fetch, query, **arguments)

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
