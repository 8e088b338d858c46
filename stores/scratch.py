"""A ledger in memory that is used again and again: made without Alembic, which takes long, and emptied in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import create_engine, text
from sqlalchemy.pool import StaticPool

from schemas.tables import METADATA
from stores.migrate import HEAD
from stores.sqlite import Database
from stores.sqlite_ledger import SqliteLedger

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["ScratchLedger", "open_scratch"]


class ScratchLedger(SqliteLedger):
    """A ledger that can be emptied."""

    async def clear(self) -> None:
        """Delete every row of every table."""
        await self._write(_clear)


def open_scratch() -> ScratchLedger:
    """An empty ledger in memory. Its tables are those that the migrations make: a test compares them."""
    database = Database(None, "ledger")
    engine = create_engine(
        "sqlite://", module=database.module, creator=lambda: database.connection, poolclass=StaticPool
    )
    with engine.begin() as connection:
        METADATA.create_all(connection)
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
        connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})
    return ScratchLedger(database)


def _clear(connection: Connection) -> None:
    for table in METADATA.sorted_tables:
        connection.execute(table.delete())
