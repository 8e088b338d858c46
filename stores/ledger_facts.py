"""What the gates want to know, read once for all rows of a lease."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from messaging.policy import CouponFact, Facts
from schemas.tables import table
from stores.ledger_rows import padded
from stores.ledger_switches import switches_of_a_lease

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from messaging.ports import OutboxRow

__all__ = ["Known"]


class Known:
    """The ledger's knowledge of the people and needed decisions of some rows, as of this transaction."""

    def __init__(self, connection: Connection, rows: Iterable[OutboxRow]) -> None:
        rows = list(rows)
        people = sorted({row.person for row in rows})
        self._addresses = _addresses(connection, people)
        self._consents = _consents(connection, people)
        self._needs = _needs(connection, sorted({needed for row in rows for needed in row.needs}))
        self._switches = switches_of_a_lease(connection)

    def note(self, decision: str, fact: CouponFact) -> None:
        """Something was settled in this very transaction: later rows of the lease see it."""
        if decision in self._needs:
            self._needs[decision] = fact

    def facts(self, row: OutboxRow, now: int) -> Facts:
        """What holds for a row at `now` (unix ms)."""
        addresses = {name: value for since, name, value in self._addresses.get(row.person, ()) if since <= now}
        return Facts(
            now=now,
            addresses={name: value for name, value in addresses.items() if value is not None},
            consents={key: given for since, key, given in self._consents.get(row.person, ()) if since <= now},
            needs={needed: self._needs[needed] for needed in row.needs},
            switches=self._switches,
        )


def _addresses(connection: Connection, people: Sequence[str]) -> dict[str, list[tuple[int, str, str | None]]]:
    """(since, channel, address) of each person, older ones first."""
    t = table("contact")
    query = (
        select(t.c.person, t.c.since, t.c.channel, t.c.address)
        .where(t.c.person.in_(padded(people)))
        .order_by(t.c.person, t.c.since, t.c.order)
    )
    found: dict[str, list[tuple[int, str, str | None]]] = {}
    for person, *entry in connection.execute(query):
        found.setdefault(person, []).append((entry[0], entry[1], entry[2]))
    return found


def _consents(connection: Connection, people: Sequence[str]) -> dict[str, list[tuple[int, tuple[str, str], bool]]]:
    """(since, (purpose, channel), given) of each person, older ones first."""
    t = table("consent")
    query = (
        select(t.c.person, t.c.since, t.c.purpose, t.c.channel, t.c.given)
        .where(t.c.person.in_(padded(people)))
        .order_by(t.c.person, t.c.since, t.c.order)
    )
    found: dict[str, list[tuple[int, tuple[str, str], bool]]] = {}
    for person, since, purpose, channel, given in connection.execute(query):
        found.setdefault(person, []).append((since, (purpose, channel), given))
    return found


def _needs(connection: Connection, decisions: Sequence[str]) -> dict[str, CouponFact | None]:
    found: dict[str, CouponFact | None] = dict.fromkeys(decisions)
    if not found:
        return found
    o, c = table("outbox"), table("coupon")
    query = (
        select(o.c.decision_id, o.c.status, c.c.code, c.c.expires, c.c.pool)
        .select_from(o.outerjoin(c, o.c.decision_id == c.c.decision_id))
        .where(o.c.decision_id.in_(padded(decisions)))
    )
    for decision, status, code, expires, pool in connection.execute(query):
        found[decision] = CouponFact(status, code, expires, pool or "")
    return found
