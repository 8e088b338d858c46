"""The ledger on any SQL database: each method is one transaction.

What happens in a transaction stands in the `ledger_*` modules, as functions of a SQLAlchemy connection; how one is run
is each database's own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from stores import ledger_copy, ledger_lease, ledger_outbox, ledger_switches, ledger_workspace, queries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    from messaging.policy import Facts, Verdict
    from messaging.ports import OutboxRow
    from schemas.decisions import DeadLetter, Outcome
    from stores.ports import LeasedRow, Result

__all__ = ["SqlLedger"]

P = ParamSpec("P")
T = TypeVar("T")


class SqlLedger(ABC):
    """What `stores.ports.Ledger` promises, in transactions of `_write` and `_read`. Raises `StoreUnavailable`."""

    tells: bool

    @abstractmethod
    async def _write(self, function: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call it in a transaction of its own; all or nothing."""

    @abstractmethod
    async def _read(self, function: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call it in a transaction that only reads."""

    @abstractmethod
    async def save(self, path: str) -> None:
        """Write a copy of everything into a new SQLite file."""

    @abstractmethod
    async def listen(self, told: Callable[[], None]) -> None:
        """Call `told` for decisions of other processes until the connection is lost; at once where nobody tells."""

    @abstractmethod
    async def close(self) -> None:
        """Let go."""

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
        """Judge up to `limit` ready rows and take those that may go; `gate` runs where the transaction does."""
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

    async def forget_dead_letters(self, numbers: Sequence[int]) -> int:
        """Delete refusals; gives how many were there."""
        return await self._write(ledger_outbox.forget_dead_letters, numbers)

    async def get_meta(self, name: str) -> str | None:
        """A named text of the workspace."""
        return await self._read(ledger_workspace.get_meta, name)

    async def set_meta(self, name: str, value: str) -> None:
        """Set it."""
        await self._write(ledger_workspace.set_meta, name, value)

    async def keep_meta(self, name: str, value: str) -> str:
        """Set it unless it is set, and give what stands."""
        return await self._write(ledger_workspace.keep_meta, name, value)

    async def switch(self, names: Iterable[str], *, off: bool) -> list[str]:
        """Turn kill switches off or on again; gives those that were not so already."""
        return await self._write(ledger_switches.switch, tuple(names), off=off)

    async def fetch(self, query: str, **arguments: object) -> list[dict[str, Any]]:
        """Rows of one of the queries of `stores.queries`."""
        return await self._read(queries.fetch, query, **arguments)

    async def page(self, table: str, after: Mapping[str, Any] | None, limit: int) -> list[dict[str, Any]]:
        """Rows of a table as they are, in the order of its key, from the one behind `after` on."""
        return await self._read(ledger_copy.page, table, after, limit)

    async def fill(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Put rows into a table as they are, all or nothing."""
        await self._write(ledger_copy.fill, table, rows)
