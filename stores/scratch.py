"""A ledger in memory that is used again and again: made without Alembic, which takes long, and emptied in between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import create_engine, text
from sqlalchemy.pool import StaticPool

from schemas.tables import METADATA, OPEN
from stores import queries
from stores.migrate import HEAD
from stores.sqlite import Database, Thread
from stores.sqlite_ledger import SqliteLedger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection

    from messaging.policy import Facts, Verdict
    from messaging.ports import OutboxRow
    from stores.ports import LeasedRow

__all__ = ["ScratchLedger", "open_scratch"]

_CLEAR = "BEGIN IMMEDIATE; " + " ".join(f'DELETE FROM "{table.name}";' for table in METADATA.sorted_tables) + " COMMIT;"  # noqa: S608 - our own tables
_TABLES = {
    "changes": "change", "coupons": "outbox", "dead_letters": "dead_letter", "decisions": "outbox",
    "deliveries": "outbox", "shadow": "shadow",
}  # fmt: skip
"""Query → the table that its rows come from."""
_NAMES = sorted(set(_TABLES.values()))
_EXIST = "SELECT " + ", ".join(f'EXISTS (SELECT 1 FROM "{name}")' for name in _NAMES)  # noqa: S608 - our own tables
_DUE = f"SELECT EXISTS (SELECT 1 FROM outbox WHERE {OPEN.text} AND ready_at <= ?)"  # noqa: S608 - our own text
_ISSUED = "INSERT INTO coupon_pool (pool, issued, refused, cost) VALUES (?, ?, 0, 0)"
P = ParamSpec("P")
T = TypeVar("T")


class _NoThread(Thread):
    """Works where it is asked: what is in memory never waits, and going to another thread costs more than the work."""

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return function(*args, **kwargs)


class ScratchLedger(SqliteLedger):
    """A ledger that can be emptied. Nobody else works while it does: it blocks the event loop.

    From the first time on that it is emptied, all that is asked of it is one transaction, which is taken back the next
    time: a test of a playbook asks often for little.
    """

    _held: Connection | None = None

    async def _write(self, function: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._held is None:
            return await super()._write(function, *args, **kwargs)
        return function(self._held, *args, **kwargs)

    async def _read(self, function: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._held is None:
            return await super()._read(function, *args, **kwargs)
        return function(self._held, *args, **kwargs)

    async def lease(
        self,
        now: int,
        limit: int,
        lease_ms: int,
        gate: Callable[[OutboxRow, Facts], Verdict],
        *,
        own_time: bool = False,
    ) -> list[LeasedRow]:
        """As everywhere; where nothing is due it is not looked for at length."""
        if not self._database.connection.execute(_DUE, (now,)).fetchone()[0]:
            return []
        return await super().lease(now, limit, lease_ms, gate, own_time=own_time)

    async def fetch_all(self, names: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        """The rows of several queries, by their names, as of one moment. What has no rows is not asked for."""
        filled = self._filled()
        asked = [name for name in names if _TABLES[name] in filled]
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
        if asked:
            found |= await self._read(lambda connection: {name: queries.fetch(connection, name) for name in asked})
        return found

    def _filled(self) -> set[str]:
        """The tables that have rows."""
        found = self._database.connection.execute(_EXIST).fetchone()
        return {name for name, exists in zip(_NAMES, found, strict=True) if exists}

    async def count_issued(self, issued: Mapping[str, int]) -> None:
        """Begin with so many coupons of these pools issued. Only after it was emptied."""
        for pool, number in issued.items():
            self._database.connection.execute(_ISSUED, (pool, number))

    async def clear(self) -> None:
        """Forget every row of every table."""
        if self._held is None:
            self._database.connection.executescript(_CLEAR)
            self._held = self._engine.connect()
        else:
            self._held.rollback()
        self._held.begin()

    async def close(self) -> None:
        """Let go."""
        if self._held is not None:
            self._held.close()
        await super().close()


def open_scratch() -> ScratchLedger:
    """An empty ledger in memory. Its tables are those that the migrations make: a test compares them."""
    database = Database(None, "ledger")
    database.thread = _NoThread("ledger")
    engine = create_engine(
        "sqlite://", module=database.module, creator=lambda: database.connection, poolclass=StaticPool
    )
    with engine.begin() as connection:
        METADATA.create_all(connection)
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
        connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})
    return ScratchLedger(database)
