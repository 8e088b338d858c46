"""Messages that were handed to a provider, counted for the caps: one a decision, in the transaction of its lease.

Two dispatchers that hold different messages for one person must not both find the last free place. On PostgreSQL each
lease therefore has an advisory lock for every person whom it may write to (`stores.ledger_lease`) before it looks at
what they got. SQLite has one writer at a time anyway.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete

from schemas.tables import table
from stores.ledger_rows import add_rows, padded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Delete

    from messaging.policy import Touch
    from messaging.ports import OutboxRow

__all__ = ["UNSENT", "Touches", "forget_touches"]

UNSENT = frozenset({"failed", "suppressed", "expired", "refused", "withdrawn"})
"""Statuses of a message that no provider accepted: it gives its place in the caps back."""


class Touches:
    """The messages of the people of some rows, as of this transaction, and those that it adds."""

    def __init__(self, connection: Connection, known: dict[str, dict[str, Touch]]) -> None:
        """`known`: by person and decision."""
        self._connection = connection
        self._added: dict[str, tuple[str, Touch]] = {}
        self._of = known

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
        rows = [
            {"decision_id": decision, "person": person} | touch._asdict()
            for decision, (person, touch) in sorted(self._added.items())
        ]
        add_rows(self._connection, "touch", rows)


def forget_touches(connection: Connection, decisions: Iterable[str]) -> None:
    """Give the places of messages back that nobody got."""
    wanted = sorted(decisions)
    if wanted:
        connection.execute(_forgetting(), {"decisions": padded(wanted)})


@cache
def _forgetting() -> Delete:
    t = table("touch")
    return delete(t).where(t.c.decision_id.in_(bindparam("decisions", expanding=True)))
