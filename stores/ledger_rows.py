"""Inserting rows that may be there already, the same way on every database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import postgresql, sqlite

from schemas.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection

__all__ = ["add_rows", "insert_into"]


def insert_into(connection: Connection, name: str) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows `ON CONFLICT`."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table(name))
    return sqlite.insert(table(name))


def add_rows(connection: Connection, name: str, rows: Iterable[Mapping[str, Any]], *key: str) -> None:
    """Insert rows in the order of their key, so that two who insert the same ones never wait for each other in a ring.

    Rows that exist already stay as they are.
    """
    ordered = sorted(rows, key=lambda row: tuple(row[column] for column in key))
    if ordered:
        connection.execute(insert_into(connection, name).on_conflict_do_nothing(), ordered)
