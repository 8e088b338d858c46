"""Programs, activations and named texts of the workspace, as functions of a connection in a transaction."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, func, select

from schemas.tables import table
from stores.ledger_rows import add_row, insert_into

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

__all__ = ["activate", "active", "get_meta", "keep_meta", "program", "put_program", "set_meta"]


def put_program(connection: Connection, hash_: str, text: bytes) -> None:
    """Keep a playbook's text under its hash."""
    add_row(connection, "program", {"hash": hash_, "text": text})


def program(connection: Connection, hash_: str) -> bytes | None:
    """A playbook's text."""
    t = table("program")
    return connection.execute(select(t.c.text).where(t.c.hash == hash_)).scalar()


def activate(connection: Connection, hash_: str, now: int) -> int:
    """Note an activation; returns its sequence number."""
    while True:
        sequence: int = connection.execute(_newest()).scalar_one() + 1
        if add_row(connection, "activation", {"sequence": sequence, "hash": hash_, "at": now}):
            return sequence  # else somebody else was first: the number is theirs


@cache
def _newest() -> Select[int]:
    return select(func.coalesce(func.max(table("activation").c.sequence), 0))


def active(connection: Connection) -> tuple[str, int] | None:
    """(hash, sequence) of the newest activation."""
    t = table("activation")
    row = connection.execute(select(t.c.hash, t.c.sequence).order_by(t.c.sequence.desc()).limit(1)).first()
    return None if row is None else (row.hash, row.sequence)


def get_meta(connection: Connection, name: str) -> str | None:
    """A named text."""
    return connection.execute(_meta(), {"of": name}).scalar()


@cache
def _meta() -> Select[str]:
    t = table("meta")
    return select(t.c.value).where(t.c.name == bindparam("of"))


def set_meta(connection: Connection, name: str, value: str) -> None:
    """Set it."""
    statement = insert_into(connection.dialect.name, "meta")
    statement = statement.on_conflict_do_update(index_elements=["name"], set_={"value": statement.excluded.value})
    connection.execute(statement, {"name": name, "value": value})


def keep_meta(connection: Connection, name: str, value: str) -> str:
    """Set it unless it is set; gives what stands."""
    add_row(connection, "meta", {"name": name, "value": value})
    stands: str = connection.execute(_meta(), {"of": name}).scalar_one()
    return stands
