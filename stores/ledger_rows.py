"""Inserting rows that may be there already, and asking for many at once, the same way on every database."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import String, any_, bindparam
from sqlalchemy.dialects import postgresql, sqlite

from schemas.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Column, ColumnElement, Connection

    Insert = sqlite.Insert | postgresql.Insert

__all__ = ["add_row", "add_rows", "among", "insert_into", "is_among", "padded"]


def insert_into(dialect: str, name: str) -> Insert:
    """An INSERT that knows `ON CONFLICT`."""
    return postgresql.insert(table(name)) if dialect == "postgresql" else sqlite.insert(table(name))


@cache
def _insert_new(dialect: str, name: str) -> Insert:
    return insert_into(dialect, name).on_conflict_do_nothing()


def add_row(connection: Connection, name: str, row: Mapping[str, Any]) -> bool:
    """Insert a row unless one of its keys is taken; whether it was inserted."""
    return connection.execute(_insert_new(connection.dialect.name, name), dict(row)).rowcount == 1


def add_rows(connection: Connection, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, which come in the order of their key; those that exist already stay as they are."""
    if rows:
        connection.execute(_insert_new(connection.dialect.name, name), rows)


def is_among(dialect: str, column: Column[Any], name: str) -> ColumnElement[bool]:
    """Whether a column is one of the texts of the parameter `name`, which `among` makes."""
    if dialect == "postgresql":
        return column == any_(bindparam(name, type_=postgresql.ARRAY(String)))
    return column.in_(bindparam(name, expanding=True))


def among(connection: Connection, values: Sequence[str]) -> Sequence[str]:
    """Texts for `is_among`: an array where there are some, else padded."""
    return values if connection.dialect.name == "postgresql" else padded(values)


def padded(values: Sequence[str]) -> list[str]:
    """Values for an IN, the last one repeated up to a power of two: a server prepares a statement for each length."""
    missing = (1 << (len(values) - 1).bit_length()) - len(values) if values else 0
    return [*values, *[values[-1] for _ in range(missing)]]
