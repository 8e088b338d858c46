"""The named read-only queries of the ledger: rows as dicts, in an order that is the same on every engine.

The order of happening is (time, person, order). Times are unix ms.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from schemas.tables import OPEN, table
from stores import ledger_switches
from stores.codec import content_of, unpack

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Select

__all__ = ["QUERIES", "fetch"]

Rows = list[dict[str, Any]]

_DECISION = ("decision_id", "time", "person", "order", "rule", "step", "kind", "occurrence", "event_id", "params")
_DELIVERY = (
    "decision_id", "time", "person", "order", "rule", "kind", "channel", "status", "reason", "params", "body",
    "deferred_until", "ready_at",
)  # fmt: skip
_DELIVERED = ("send", "invite", "assign")
_OF_A_PERSON = (*_DECISION, "status", "reason", "channel", "attempts", "ready_at", "done_at", "deferred_until")
_QUIET = "quiet_hours"


_UNDONE = frozenset({"pending", "leased"})
"""One whose last attempt was lost waits as `leased`."""


def fetch(connection: Connection, query: str, /, **arguments: Any) -> Rows:  # noqa: ANN401 - each query has its own
    """Rows of a query. Raises `ValueError` for a name that is not one."""
    if query not in QUERIES:
        message = f"there is no query {query!r}; there are {', '.join(sorted(QUERIES))}"
        raise ValueError(message)
    return QUERIES[query](connection, **arguments)


def _rows(connection: Connection, query: Select[Any]) -> Rows:
    """Rows with what they hold in JSON decoded."""
    return [_decoded(dict(row)) for row in connection.execute(query).mappings()]


def _decoded(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"params": unpack(row["params"])} if "params" in row else row


@cache
def _of(name: str, *columns: str) -> Select[Any]:
    t = table(name)
    return select(*(t.c[column] for column in columns)) if columns else select(t)


def _happening(name: str) -> list[Any]:
    t = table(name)
    return [t.c.time, t.c.person, t.c.order]


@cache
def _as_it_happened(name: str, *columns: str) -> Select[Any]:
    return _of(name, *columns).order_by(*_happening(name))


def decisions(connection: Connection) -> Rows:
    """Every decision that was carried out or is to be."""
    return _rows(connection, _as_it_happened("outbox", *_DECISION))


def shadow(connection: Connection) -> Rows:
    """Decisions of rules that are tried out."""
    return _rows(connection, _as_it_happened("shadow", *_DECISION))


def deliveries(connection: Connection) -> Rows:
    """What became of messages and assignments; `time`: the decision's, or when the quiet hours ended that held it."""
    return [_delivery(row) for row in _rows(connection, _delivered())]


@cache
def _delivered() -> Select[Any]:
    return _as_it_happened("outbox", *_DELIVERY).where(table("outbox").c.kind.in_(_DELIVERED))


def _delivery(row: dict[str, Any]) -> dict[str, Any]:
    content = content_of(row["body"])
    deferred, ready = row.pop("deferred_until"), row.pop("ready_at")
    return row | {
        "time": row["time"] if deferred is None else deferred,
        "reason": _QUIET if row["status"] in _UNDONE and deferred == ready else row["reason"],
        "template": row.pop("params").get("template"),
        "body": None if content is None else content.body,
        "subject": None if content is None else content.subject,
    }


def coupons(connection: Connection) -> Rows:
    """Coupons that were issued, and refused ones without a code, in the order of their decisions."""
    return [_coupon(row) for row in _rows(connection, _issued())]


@cache
def _issued() -> Select[Any]:
    o, c = table("outbox"), table("coupon")
    decided = [o.c[name] for name in ("decision_id", "time", "person", "order", "reason", "params")]
    issued = [c.c[name] for name in ("code", "pool", "status", "expires")]
    return (
        select(*decided, *issued)
        .select_from(o.outerjoin(c, o.c.decision_id == c.c.decision_id))
        .where(o.c.kind == "issue_coupon", o.c.status.in_(("done", "refused")))
        .order_by(*_happening("outbox"))
    )


def _coupon(row: dict[str, Any]) -> dict[str, Any]:
    pool = row.pop("params").get("pool")
    return row | {"pool": row["pool"] or pool, "status": row["status"] or "refused"}


def changes(connection: Connection) -> Rows:
    """Who entered and left what."""
    return _rows(connection, _as_it_happened("change"))


def dead_letters(connection: Connection) -> Rows:
    """Refused records, in the order of the log; those from before the log first."""
    t = table("dead_letter")
    return _rows(
        connection, _of("dead_letter").order_by(t.c.partition, func.coalesce(t.c.offset, -1), t.c.code, t.c.id)
    )


def dead_letter_times(connection: Connection, *, after: int, limit: int) -> Rows:
    """When records were refused, by the rows' own numbers, from the one behind `after` on."""
    t = table("dead_letter")
    return _rows(connection, _of("dead_letter", "id", "time").where(t.c.id > after).order_by(t.c.id).limit(limit))


def dead_letter_counts(connection: Connection) -> Rows:
    """How many records were refused, by code."""
    code = table("dead_letter").c.code
    return _rows(connection, select(code, func.count().label("number")).group_by(code).order_by(code))


def outbox_by_state(connection: Connection) -> Rows:
    """How many rows there are in each status."""
    status = table("outbox").c.status
    return _rows(connection, select(status, func.count().label("number")).group_by(status).order_by(status))


def oldest_pending(connection: Connection, *, now: int) -> Rows:
    """The age (ms) of the oldest decision that could be carried out by now and is not; no row if there is none."""
    o = table("outbox")
    query = select(func.min(o.c.time)).where(OPEN, o.c.ready_at <= now, o.c.time <= now)
    oldest = connection.execute(query).scalar()
    return [] if oldest is None else [{"age": now - oldest}]


def pools(connection: Connection) -> Rows:
    """What went out of each coupon pool; `cost` in minor units."""
    return _rows(connection, _of("coupon_pool").order_by(table("coupon_pool").c.pool))


def decisions_of(connection: Connection, *, person: str, limit: int) -> Rows:
    """The newest decisions about a person, newest first, with what became of them; `until`: when it is looked at again.

    What has not been done yet and was put off by quiet hours has their name as its reason.
    """
    o = table("outbox")
    query = _of("outbox", *_OF_A_PERSON).where(o.c.person == person)
    found = _rows(connection, query.order_by(o.c.time.desc(), o.c.order.desc()).limit(limit))
    return [_put_off(row) for row in found]


def _put_off(row: dict[str, Any]) -> dict[str, Any]:
    quiet = row.pop("deferred_until") == row["ready_at"] and row["status"] in _UNDONE
    waits = quiet or row["status"] == "pending"
    until = row["ready_at"] if waits and row["ready_at"] > row["time"] else None
    return row | {"reason": _QUIET if quiet else row["reason"], "until": until}


def quiet(connection: Connection, *, now: int) -> Rows:
    """How many messages quiet hours hold back, and when the first of them may go; no row if there is none."""
    o = table("outbox")
    waiting = (o.c.deferred_until == o.c.ready_at, o.c.ready_at > now)
    number, until = connection.execute(select(func.count(), func.min(o.c.ready_at)).where(OPEN, *waiting)).one()
    return [{"number": number, "until": until}] if number else []


def changes_of(connection: Connection, *, person: str, limit: int) -> Rows:
    """The newest membership changes of a person, newest first."""
    t = table("change")
    query = _of("change").where(t.c.person == person)
    return _rows(connection, query.order_by(t.c.time.desc(), t.c.order.desc()).limit(limit))


def contacts_of(connection: Connection, *, person: str) -> Rows:
    """A person's addresses with their history, by channel, older ones first."""
    t = table("contact")
    return _rows(connection, _of("contact").where(t.c.person == person).order_by(t.c.channel, t.c.since, t.c.order))


def consents_of(connection: Connection, *, person: str) -> Rows:
    """A person's consents and withdrawals, by purpose and channel, older ones first."""
    t = table("consent")
    query = _of("consent").where(t.c.person == person)
    return _rows(connection, query.order_by(t.c.purpose, t.c.channel, t.c.since, t.c.order))


def activations(connection: Connection) -> Rows:
    """Which program was activated when, in sequence."""
    return _rows(connection, _of("activation").order_by(table("activation").c.sequence))


def open_rules(connection: Connection) -> Rows:
    """The rules of rows that are still to be carried out."""
    rule = table("outbox").c.rule
    return _rows(connection, select(rule).where(OPEN).distinct().order_by(rule))


def switches(connection: Connection) -> Rows:
    """The kill switches that are off, by name."""
    return [{"name": name} for name in sorted(ledger_switches.switches(connection))]


QUERIES: dict[str, Callable[..., Rows]] = {
    query.__name__: query
    for query in (
        activations,
        changes,
        changes_of,
        consents_of,
        contacts_of,
        coupons,
        dead_letter_counts,
        dead_letter_times,
        dead_letters,
        decisions,
        decisions_of,
        deliveries,
        oldest_pending,
        open_rules,
        outbox_by_state,
        pools,
        quiet,
        shadow,
        switches,
    )
}
