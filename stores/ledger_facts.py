"""What the gates want to know, read once for all rows of a lease."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, String, case, cast, literal, select, union_all

from messaging.policy import CouponFact, Facts, Touch
from schemas.offers import LONGEST_CAP
from schemas.tables import table
from stores.ledger_rows import padded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import CompoundSelect, Connection, Select

    from messaging.ports import OutboxRow

__all__ = ["SWITCH", "Known"]

SWITCH = "switch:"
"""A kill switch is the text "off" under this prefix and its name: `switch:all`, `switch:rule:cart`."""
_OFF, _GIVEN = "off", "given"
_NOTHING, _ZERO = cast(None, String), cast(0, BigInteger)


class Known:
    """The ledger's knowledge of the people and needed decisions of some rows, as of this transaction."""

    def __init__(self, connection: Connection, rows: Iterable[OutboxRow], earliest: int) -> None:
        """`earliest`: the first moment (unix ms) at which a row may be judged."""
        rows = list(rows)
        people = sorted({row.person for row in rows})
        needed = sorted({needed for row in rows for needed in row.needs})
        self.touches: dict[str, dict[str, Touch]] = {}
        self._addresses: dict[str, list[tuple[int, str, str | None]]] = {}
        self._consents: dict[str, list[tuple[int, tuple[str, str], bool]]] = {}
        self._needs: dict[str, CouponFact | None] = dict.fromkeys(needed)
        switches = set[str]()
        for what, whose, at, one, two, three, _ in connection.execute(_query(people, needed, earliest - LONGEST_CAP)):
            if what == "address":
                self._addresses.setdefault(whose, []).append((at, one, two))
            elif what == "consent":
                self._consents.setdefault(whose, []).append((at, (one, two), three == _GIVEN))
            elif what == "touch":
                self.touches.setdefault(whose, {})[one] = Touch(at, two, three)
            elif what == "need":
                self._needs[whose] = CouponFact(one, two, at, three or "")
            else:
                switches.add(whose.removeprefix(SWITCH))
        self._switches = frozenset(switches)

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


def _query(people: Sequence[str], needed: Sequence[str], after: int) -> CompoundSelect[Any]:
    """Everything in one journey to the server: what it is, whose, when, three texts; older ones first."""
    asked = [_addresses(people), _consents(people), _touches(people, after), _switches()]
    return union_all(*asked, *([_needs(needed)] if needed else [])).order_by("at", "number")


def _fact(what: str, whose: Any, at: Any, number: Any, *texts: Any) -> Select[Any]:  # noqa: ANN401 - columns
    columns = (literal(what).label("what"), whose.label("whose"), at.label("at"))
    named = (text.label(name) for name, text in zip(("one", "two", "three"), texts, strict=True))
    return select(*columns, *named, number.label("number"))


def _addresses(people: Sequence[str]) -> Select[Any]:
    t = table("contact").c
    found = _fact("address", t.person, t.since, t.order, t.channel, t.address, _NOTHING)
    return found.where(t.person.in_(padded(people)))


def _consents(people: Sequence[str]) -> Select[Any]:
    t = table("consent").c
    given = case((t.given, literal(_GIVEN)), else_=literal(""))
    return _fact("consent", t.person, t.since, t.order, t.purpose, t.channel, given).where(t.person.in_(padded(people)))


def _touches(people: Sequence[str], after: int) -> Select[Any]:
    t = table("touch").c
    found = _fact("touch", t.person, t.time, t.time, t.decision_id, t.purpose, t.channel)
    return found.where(t.person.in_(padded(people)), t.time > after)


def _needs(decisions: Sequence[str]) -> Select[Any]:
    o, c = table("outbox"), table("coupon")
    found = _fact("need", o.c.decision_id, c.c.expires, o.c.order, o.c.status, c.c.code, c.c.pool)
    joined = found.select_from(o.outerjoin(c, o.c.decision_id == c.c.decision_id))
    return joined.where(o.c.decision_id.in_(padded(decisions)))


def _switches() -> Select[Any]:
    t = table("meta").c
    found = _fact("switch", t.name, _ZERO, _ZERO, _NOTHING, _NOTHING, _NOTHING)
    return found.where(t.name.startswith(SWITCH), t.value == _OFF)
