"""Kill switches: texts "off" of the workspace that every lease looks at, and those who turn them.

Whoever turns a switch waits for the leases under way, and leases that begin later wait for them; so what is leased
after the switch was turned knows of it. On PostgreSQL that is an advisory lock, which leases share; SQLite has one
writer at a time anyway. A switch that somebody writes into the table by hand counts from the next lease on too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select

from schemas.tables import table
from stores.ledger_workspace import set_meta

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement, Connection

__all__ = ["OFF", "SWITCH", "holding_switches", "switch", "switches"]

SWITCH = "switch:"
"""A kill switch is the text "off" under this prefix and its name: `switch:all`, `switch:rule:cart`."""
OFF = "off"
_LOCK = 0x544C4B53


def switches(connection: Connection) -> frozenset[str]:
    """The names of the switches that are off: `all`, `rule:cart`, `channel:sms`, `purpose:marketing`."""
    t = table("meta")
    query = select(t.c.name).where(t.c.name.startswith(SWITCH), t.c.value == OFF)
    return frozenset(name.removeprefix(SWITCH) for name in connection.execute(query).scalars())


def holding_switches() -> ColumnElement[bool]:
    """True on PostgreSQL, and nobody turns a switch until the transaction ends; look at them in a later statement."""
    return select(func.pg_advisory_xact_lock_shared(_LOCK)).scalar_subquery().is_not(None)


def switch(connection: Connection, names: Iterable[str], *, off: bool) -> list[str]:
    """Turn switches off or on again, when no lease is under way; gives those that were not so already."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    known = switches(connection)
    changed = sorted(name for name in set(names) if (name in known) != off)
    t = table("meta")
    for name in changed:
        if off:
            set_meta(connection, SWITCH + name, OFF)
        else:
            connection.execute(delete(t).where(t.c.name == SWITCH + name))
    return changed
