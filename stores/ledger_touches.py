"""Messages that were handed to a provider, counted for the caps: one a decision, in the transaction of its lease.

Two dispatchers that hold different messages for one person must not both find the last free place. On PostgreSQL each
lease therefore takes an advisory lock for every person whom it may write to, in one order, so that nobody waits in a
ring; it is let go with the transaction. SQLite has one writer at a time anyway.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, select, text

from messaging.policy import Touch
from schemas.offers import LONGEST_CAP
from schemas.tables import table
from stores.ledger_rows import add_rows, padded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Delete, Select

    from messaging.ports import OutboxRow

__all__ = ["UNSENT", "Touches", "forget_touches"]

UNSENT = frozenset({"failed", "suppressed", "expired", "refused", "withdrawn"})
"""Statuses of a message that no provider accepted: it gives its place in the caps back."""
_MESSAGES = frozenset({"send", "invite", "assign"})
_LOCKS = text(
    "SELECT pg_advisory_xact_lock(key) FROM "
    "(SELECT DISTINCT hashtextextended(person, 7) AS key FROM unnest(CAST(:people AS text[])) person ORDER BY key) k"
)


class Touches:
    """The messages of the people of some rows, as of this transaction, and those that it adds."""

    def __init__(self, connection: Connection, rows: Iterable[OutboxRow], earliest: int) -> None:
        """`earliest`: the first moment (unix ms) at which a row may be judged."""
        self._connection = connection
        self._added: dict[str, tuple[str, Touch]] = {}
        people = sorted({row.person for row in rows if row.kind in _MESSAGES})
        self._of: dict[str, dict[str, Touch]] = {}
        if people:
            self._read(people, earliest - LONGEST_CAP)

    def _read(self, people: Sequence[str], after: int) -> None:
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(_LOCKS, {"people": list(people)})
        for row in self._connection.execute(_touches(), {"people": padded(people), "after": after}):
            self._of.setdefault(row.person, {})[row.decision_id] = Touch(row.time, row.purpose, row.channel)

    def others(self, row: OutboxRow) -> tuple[Touch, ...]:
        """Messages of a row's person that belong to other decisions."""
        return tuple(touch for decision, touch in self._of.get(row.person, {}).items() if decision != row.decision_id)

    def add(self, row: OutboxRow, touch: Touch) -> None:
        """A message goes out; an attempt after the first changes nothing."""
        if row.decision_id not in self._of.setdefault(row.person, {}):
            self._of[row.person][row.decision_id] = touch
            self._added[row.decision_id] = (row.person, touch)

    def write(self) -> None:
        """Write down what was added."""
        rows = (
            {"decision_id": decision, "person": person} | touch._asdict()
            for decision, (person, touch) in self._added.items()
        )
        add_rows(self._connection, "touch", rows, "decision_id")


def forget_touches(connection: Connection, decisions: Iterable[str]) -> None:
    """Give the places of messages back that nobody got."""
    wanted = sorted(decisions)
    if wanted:
        connection.execute(_forgetting(), {"decisions": padded(wanted)})


@cache
def _touches() -> Select[Any]:
    t = table("touch")
    return select(t).where(t.c.person.in_(bindparam("people", expanding=True)), t.c.time > bindparam("after"))


@cache
def _forgetting() -> Delete:
    t = table("touch")
    return delete(t).where(t.c.decision_id.in_(bindparam("decisions", expanding=True)))
