"""What the gates want to know, read once for all rows of a lease."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, String, bindparam, case, cast, literal, select, union_all

from messaging.policy import CouponFact, Facts, Touch
from schemas.offers import LONGEST_CAP
from schemas.tables import table
from stores.ledger_rows import among, is_among
from stores.ledger_switches import OFF, SWITCH

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import CompoundSelect, Connection, Select

    from messaging.ports import OutboxRow

__all__ = ["Known"]

_GIVEN = "given"
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
        asked = {"people": among(connection, people), "after": earliest - LONGEST_CAP}
        if needed:
            asked["needed"] = among(connection, needed)
        found = connection.execute(_query(connection.dialect.name, is_needy=bool(needed)), asked)
        for what, whose, at, one, two, three, _ in found:
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


@cache
def _query(dialect: str, *, is_needy: bool) -> CompoundSelect[Any]:
    """Everything in one journey to the server: what it is, whose, when, three texts; older ones first."""
    contact, consent, touch, meta = (table(name).c for name in ("contact", "consent", "touch", "meta"))
    given = case((consent.given, literal(_GIVEN)), else_=literal(""))
    after = bindparam("after", type_=BigInteger)
    asked = [
        _fact("address", contact.person, contact.since, contact.order, contact.channel, contact.address, _NOTHING)
        .where(is_among(dialect, contact.person, "people")),
        _fact("consent", consent.person, consent.since, consent.order, consent.purpose, consent.channel, given)
        .where(is_among(dialect, consent.person, "people")),
        _fact("touch", touch.person, touch.time, touch.time, touch.decision_id, touch.purpose, touch.channel)
        .where(is_among(dialect, touch.person, "people"), touch.time > after),
        _fact("switch", meta.name, _ZERO, _ZERO, _NOTHING, _NOTHING, _NOTHING)
        .where(meta.name.startswith(SWITCH), meta.value == OFF),
    ]  # fmt: skip
    return union_all(*asked, *([_needs(dialect)] if is_needy else [])).order_by("at", "number")


def _needs(dialect: str) -> Select[Any]:
    o, c = table("outbox"), table("coupon")
    found = _fact("need", o.c.decision_id, c.c.expires, o.c.order, o.c.status, c.c.code, c.c.pool)
    joined = found.select_from(o.outerjoin(c, o.c.decision_id == c.c.decision_id))
    return joined.where(is_among(dialect, o.c.decision_id, "needed"))


def _fact(what: str, whose: Any, at: Any, number: Any, *texts: Any) -> Select[Any]:  # noqa: ANN401 - columns
    columns = (literal(what).label("what"), whose.label("whose"), at.label("at"))
    named = (text.label(name) for name, text in zip(("one", "two", "three"), texts, strict=True))
    return select(*columns, *named, number.label("number"))
