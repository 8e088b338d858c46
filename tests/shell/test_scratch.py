"""The ledger of a playbook's tests is empty whenever it was emptied; that its tables are right is asked of the migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.tables import METADATA
from stores.scratch import open_scratch

if TYPE_CHECKING:
    from sqlalchemy import Connection


async def test_emptied_it_holds_nothing() -> None:
    ledger = open_scratch()
    try:
        await ledger.put_program("h", b"{}")
        await ledger.activate("h", 1)
        await ledger.set_meta("switch:all", "off")

        await ledger.clear()

        def count(connection: Connection) -> int:
            return sum(len(connection.execute(table.select()).all()) for table in METADATA.sorted_tables)

        assert await ledger._read(count) == 0
        assert await ledger.activate("h", 1) == 1
    finally:
        await ledger.close()
