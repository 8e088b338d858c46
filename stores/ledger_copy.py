"""A ledger's tables row by row, as they are: to copy one ledger into another, and to compare the two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, literal, select, tuple_

from schemas.tables import METADATA, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

__all__ = ["TABLES", "fill", "page"]

TABLES = tuple(sorted(METADATA.tables))
"""Everything that a ledger holds."""


def page(connection: Connection, name: str, after: Mapping[str, Any] | None, limit: int) -> list[dict[str, Any]]:
    """Rows of a table in the order of its key, from the one behind the row `after` on, at most `limit`."""
    t = table(name)
    key = list(t.primary_key.columns)
    query = select(t).order_by(*key).limit(limit)
    if after is not None:
        behind = tuple_(*(literal(after[column.name], column.type) for column in key))
        query = query.where(tuple_(*key) > behind)
    return [dict(row) for row in connection.execute(query).mappings()]


def fill(connection: Connection, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put rows into a table as they are; columns that they lack get their defaults."""
    if rows:
        connection.execute(insert(table(name)), [dict(row) for row in rows])
