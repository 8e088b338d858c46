"""What becomes of a ledger's rows in a copy that belongs to another log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from schemas.ids import partition_of
from workers.commands.history import restarted
from workers.startup import LOG_CUT
from workers.workspace import CLOSED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from stores.ports import Ledger, Place

__all__ = ["Rows", "comparable", "pages", "refused_places"]

AT_ONCE = 1_000
_OWN = frozenset({CLOSED, LOG_CUT})
"""Texts that each ledger has for itself."""

Row = dict[str, Any]


class Rows(NamedTuple):
    """A copy with this many partitions; `places`: (partition, offset) of a refused record → where it lies now."""

    partitions: int
    places: Mapping[tuple[int, int], Place]

    def of(self, table: str, row: Row) -> Row | None:
        """A row as the copy holds it; None where it has its own."""
        if table == "outbox":  # what waited for its partition to catch up has waited: everything is folded
            return row | {"partition": partition_of(row["person"], self.partitions), "release_at": 0}
        if table == "dead_letter":
            return self._letter(row)
        if table == "meta":
            return self._text(row)
        return None if table == "partition_progress" else row

    def _letter(self, row: Row) -> Row:
        """With the place of its record, so that a replay finds it there already; without one if that is not there."""
        row = {name: value for name, value in row.items() if name != "id"}
        place = self.places.get((row["partition"], row["offset"]))
        return row | {"partition": place.partition if place else 0, "offset": place.offset if place else None}

    def _text(self, row: Row) -> Row | None:
        name, value = row["name"], row["value"]
        if name in _OWN:
            return None
        if name == "partitions":
            value = str(self.partitions)
        if name.startswith("import:"):
            value = restarted(value, self.partitions)
        return {"name": name, "value": value}


def comparable(table: str, row: Row) -> Row | None:
    """What must be the same in both ledgers; None if nothing of it."""
    if table == "partition_progress" or (table == "meta" and row["name"] in _OWN):
        return None
    return {name: value for name, value in row.items() if (table, name) != ("dead_letter", "id")}


async def pages(ledger: Ledger, table: str) -> AsyncIterator[list[Row]]:
    """All rows of a table, a thousand at a time, in the order of its key."""
    after = None
    while found := await ledger.page(table, after, AT_ONCE):
        yield found
        after = found[-1]


async def refused_places(ledger: Ledger) -> set[tuple[int, int]]:
    """(partition, offset) of every record that is a dead letter."""
    rows = [row async for page in pages(ledger, "dead_letter") for row in page]
    return {(row["partition"], row["offset"]) for row in rows if row["offset"] is not None}
