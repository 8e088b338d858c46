"""What the gates want to know, read once for all rows of a lease."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select

from messaging.policy import CouponFact, Facts
from schemas.tables import table
from stores.ledger_rows import padded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Select

    from messaging.ports import OutboxRow

__all__ = ["SWITCH", "Known"]

SWITCH = "switch:"
"""A kill switch is the text "off" under this prefix and its name: `switch:all`, `switch:rule:cart`."""
_OFF = "off"


class Known:
    """The ledger's knowledge of the people and needed decisions of some rows, as of this transaction."""

    def __init__(self, connection: Connection, rows: Iterable[OutboxRow]) -> None:
        rows = list(rows)
        people = sorted({row.person for row in rows})
        self._addresses = _addresses(connection, people)
        self._consents = _consents(connection, people)
        self._needs = _needs(connection, sorted({needed for row in rows for needed in row.needs}))
        self._switches = _switches(connection)

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
    found: dict[str, list[tuple[int, str, str | None]]] = {}
    for person, *entry in connection.execute(_history("contact", "channel", "address"), {"people": padded(people)}):
        found.setdefault(person, []).append((entry[0], entry[1], entry[2]))
    return found


def _consents(connection: Connection, people: Sequence[str]) -> dict[str, list[tuple[int, tuple[str, str], bool]]]:
    """(since, (purpose, channel), given) of each person, older ones first."""
    query = _history("consent", "purpose", "channel", "given")
    found: dict[str, list[tuple[int, tuple[str, str], bool]]] = {}
    for person, since, purpose, channel, given in connection.execute(query, {"people": padded(people)}):
        found.setdefault(person, []).append((since, (purpose, channel), given))
    return found


@cache
def _history(name: str, *columns: str) -> Select[Any]:
    """Person, since when, and these columns of the rows of people, in the order in which they came to hold."""
    t = table(name)
    return (
        select(t.c.person, t.c.since, *(t.c[column] for column in columns))
        .where(t.c.person.in_(bindparam("people", expanding=True)))
        .order_by(t.c.person, t.c.since, t.c.order)
    )


def _needs(connection: Connection, decisions: Sequence[str]) -> dict[str, CouponFact | None]:
    found: dict[str, CouponFact | None] = dict.fromkeys(decisions)
    if not found:
        return found
    for decision, status, code, expires, pool in connection.execute(_needed(), {"decisions": padded(decisions)}):
        found[decision] = CouponFact(status, code, expires, pool or "")
    return found


@cache
def _needed() -> Select[Any]:
    o, c = table("outbox"), table("coupon")
    return (
        select(o.c.decision_id, o.c.status, c.c.code, c.c.expires, c.c.pool)
        .select_from(o.outerjoin(c, o.c.decision_id == c.c.decision_id))
        .where(o.c.decision_id.in_(bindparam("decisions", expanding=True)))
    )


def _switches(connection: Connection) -> frozenset[str]:
    return frozenset(name.removeprefix(SWITCH) for name in connection.execute(_switched_off()).scalars())


@cache
def _switched_off() -> Select[str]:
    t = table("meta")
    return select(t.c.name).where(t.c.name.startswith(SWITCH), t.c.value == _OFF)
