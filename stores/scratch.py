"""A ledger in memory that is used again and again: emptied, not opened anew, since making its tables takes a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.tables import METADATA
from stores.ledger import SqliteLedger
from stores.sqlite import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["ScratchLedger", "open_scratch"]


class ScratchLedger(SqliteLedger):
    """A ledger that can be emptied."""

    async def clear(self) -> None:
        """Delete every row of every table."""
        await self._write(_clear)


def _clear(connection: Connection) -> None:
    for table in METADATA.sorted_tables:
        connection.execute(table.delete())


def open_scratch() -> ScratchLedger:
    """An empty ledger in memory."""
    return ScratchLedger(Database(None, "ledger"))
