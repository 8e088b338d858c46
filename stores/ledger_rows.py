"""Inserting rows that may be there already, and asking for many at once, the same way on every database."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import postgresql, sqlite

from schemas.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    Insert = sqlite.Insert | postgresql.Insert

__all__ = ["add_row", "add_rows", "insert_into", "padded"]


def insert_into(dialect: str, name: str) -> Insert:
    """An INSERT that knows `ON CONFLICT`."""
    return postgresql.insert(table(name)) if dialect == "postgresql" else sqlite.insert(table(name))


@cache
def _insert_new(dialect: str, name: str) -> Insert:
    return insert_into(dialect, name).on_conflict_do_nothing()


def add_row(connection: Connection, name: str, row: Mapping[str, Any]) -> bool:
    """Insert a row unless one of its keys is taken; whether it was inserted."""
    return connection.execute(_insert_new(connection.dialect.name, name), dict(row)).rowcount == 1


def add_rows(connection: Connection, name: str, rows: Iterable[Mapping[str, Any]], *key: str) -> None:
    """Insert rows in the order of their key, so that two who insert the same ones never wait for each other in a ring.

    Rows that exist already stay as they are.
    """
    ordered = sorted(rows, key=lambda row: tuple(row[column] for column in key))
    if ordered:
        connection.execute(_insert_new(connection.dialect.name, name), ordered)


def padded(values: Sequence[str]) -> list[str]:
    """Values for an IN, the last one repeated up to a power of two: a server prepares a statement for each length."""
    missing = (1 << (len(values) - 1).bit_length()) - len(values) if values else 0
    return [*values, *[values[-1] for _ in range(missing)]]
