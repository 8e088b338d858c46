"""Leasing: rows that are ready are judged and taken in one transaction, so that what was committed before it counts."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import cache
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from sqlalchemy import BigInteger, Integer, and_, bindparam, case, func, or_, select, true, update

from messaging.policy import CouponFact, Touch
from messaging.ports import OutboxRow
from schemas.tables import OPEN, table
from stores.codec import content_of, needs_of, pack, unpack
from stores.ledger_coupons import issue
from stores.ledger_facts import Known
from stores.ledger_switches import holding_switches
from stores.ledger_touches import UNSENT, Touches, forget_touches
from stores.ports import LeasedRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import BindParameter, Connection, Row, Select, Update

    from messaging.policy import Facts, Verdict

__all__ = ["lease", "ready_rows"]

_log = logging.getLogger(__name__)

_MESSAGES = ("assign", "invite", "send")
_SEED = 7
"""Of the hash by which a person is locked."""


def lease(
    connection: Connection,
    now: int,
    limit: int,
    lease_ms: int,
    gate: Callable[[OutboxRow, Facts], Verdict],
    *,
    own_time: bool = False,
) -> list[LeasedRow]:
    """Judge up to `limit` ready rows and take those that may go. Times unix ms."""
    found = _found(connection, now, limit)
    leasing = _Leasing(connection, now, now + lease_ms, gate)
    ready = leasing.readable(found, own_time=own_time)
    if ready:
        # What quiet hours put off to a moment that this lease has rows of, or rows after, is judged at that moment.
        horizon = (ready[-1].moment if len(found) == limit else now) if own_time else 0
        leasing.judge(ready, horizon)
    leasing.write()
    return leasing.leased


@cache
def ready_rows() -> Select[Any]:
    """Rows that are due `now` and released, and leases that ran out, oldest first, `most` of them."""
    o, p = table("outbox"), table("partition_progress")
    reached = select(p.c.position).where(p.c.partition == o.c.partition).scalar_subquery()
    now, most = bindparam("now", type_=BigInteger), bindparam("most", type_=Integer)
    return (
        select(o)
        .where(OPEN, o.c.ready_at <= now, or_(o.c.release_at == 0, o.c.release_at <= reached))
        .order_by(o.c.ready_at, o.c.time, o.c.person, o.c.order)
        .limit(most)
        .with_for_update(skip_locked=True, of=o)
    )


def _found(connection: Connection, now: int, limit: int) -> Sequence[Row[Any]]:
    """Rows of people to whom no other dispatcher is about to write: those are its, like rows that it has locked."""
    asked = {"now": now, "most": limit}
    if connection.dialect.name != "postgresql":
        return connection.execute(ready_rows(), asked).all()
    return [row for row in connection.execute(_ready_and_ours(), asked) if row.is_ours]


@cache
def _ready_and_ours() -> Select[Any]:
    """Ready rows, and whether their person is locked for this transaction: nobody waits, so nobody waits in a ring."""
    r = ready_rows().subquery()
    key = func.hashtextextended(r.c.person, _SEED, type_=BigInteger)
    is_ours = case((r.c.kind.in_(_MESSAGES), func.pg_try_advisory_xact_lock(key)), else_=true())
    return select(r, and_(holding_switches(), is_ours).label("is_ours")).order_by(
        r.c.ready_at, r.c.time, r.c.person, r.c.order
    )


class _Ready(NamedTuple):
    """A row that is ready, in the order of judging: the moment at which it is judged, then the order of happening."""

    moment: int
    time: int
    person: str
    order: int
    before: LeasedRow


class _Leasing:
    """One lease under way: what it takes, and what becomes of the other rows."""

    def __init__(
        self, connection: Connection, now: int, until: int, gate: Callable[[OutboxRow, Facts], Verdict]
    ) -> None:
        self.leased: list[LeasedRow] = []
        self._connection = connection
        self._now = now
        self._until = until
        self._gate = gate
        self._touches: Touches | None = None
        self._ended: list[dict[str, Any]] = []
        self._waiting: list[dict[str, Any]] = []
        self._deferred: dict[str, int] = {}

    def readable(self, found: Sequence[Row[Any]], *, own_time: bool) -> list[_Ready]:
        """Decode rows, each as it is before this lease; one that cannot be read is dead, and the others go on."""
        rows = []
        for each in found:
            try:
                before = LeasedRow(_outbox_row(each), each.token, each.attempts, each.status == "leased")
            except msgspec.MsgspecError:
                self._end(each.decision_id, "dead", "unreadable", self._now)
                continue
            moment = each.ready_at if own_time else self._now
            rows.append(_Ready(moment, each.time, each.person, each.order, before))
        return rows

    def judge(self, ready: Sequence[_Ready], horizon: int) -> None:
        """Ask the gates about each row, in order; one that is put off to `horizon` or earlier comes again then."""
        rows = [each.before.row for each in ready]
        known = Known(self._connection, rows, min(each.moment for each in ready))
        self._touches = Touches(self._connection, known.touches)
        queue = list(ready)
        if horizon:
            heapify(queue)
        for each in _popping(queue, is_heap=horizon > 0):
            until = self._judge(each, known, self._touches)
            if each.moment < until <= horizon:
                heappush(queue, each._replace(moment=until))
            elif until:
                self._waiting.append({"id": each.before.row.decision_id, "at": until})

    def _judge(self, each: _Ready, known: Known, touches: Touches) -> int:
        """Do what the gates say of a row; until when it waits, 0 if it does not."""
        row, moment = each.before.row, each.moment
        verdict = self._verdict(row, replace(known.facts(row, moment), touches=touches.others(row)))
        if verdict is None:
            self._end(row.decision_id, "dead", "gate_error", moment)
            known.note(row.decision_id, CouponFact("dead"))
        elif verdict.kind == "wait":
            if verdict.reason == "quiet_hours":
                self._deferred[row.decision_id] = verdict.until
            return verdict.until
        elif verdict.kind == "stop":
            self._end(row.decision_id, verdict.status, verdict.reason, moment)
            known.note(row.decision_id, CouponFact(verdict.status))
        elif verdict.coupon is not None:
            fact, reason = issue(self._connection, row, verdict.coupon)
            self._end(row.decision_id, fact.status, reason, moment)
            known.note(row.decision_id, fact)
        else:
            self._take(each.before, verdict)
            if verdict.purpose:
                touches.add(row, Touch(moment, verdict.purpose, verdict.channel))
        return 0

    def _verdict(self, row: OutboxRow, facts: Facts) -> Verdict | None:
        try:
            return self._gate(row, facts)
        except Exception:  # noqa: BLE001 - whatever a gate does, only its row may suffer
            _log.exception("The gates failed at decision %s; it is not carried out.", row.decision_id)
            return None

    def _take(self, before: LeasedRow, verdict: Verdict) -> None:
        content = before.row.body or verdict.content
        row = msgspec.structs.replace(before.row, body=content, channel=verdict.channel)
        self.leased.append(LeasedRow(row, before.token + 1, before.attempts + 1, before.lost))

    def _end(self, decision: str, status: str, reason: str, moment: int) -> None:
        self._ended.append({"id": decision, "result": status, "why": reason, "at": moment})

    def write(self) -> None:
        """Write down what was decided."""
        changes: dict[str, list[dict[str, Any]]] = {
            "ended": self._ended,
            "waiting": self._waiting,
            "deferred": [{"id": decision, "at": until} for decision, until in self._deferred.items()],
            "taken": [_taken(leased) | {"until": self._until} for leased in self.leased],
        }
        for name, rows in changes.items():
            if rows:
                self._connection.execute(_change(name), rows)
        if self._touches is not None:
            self._touches.write()
            forget_touches(self._connection, (row["id"] for row in self._ended if row["result"] in UNSENT))


@cache
def _change(name: str) -> Update:
    """What is written of a row. One that waits stays leased if it was: what became of its last attempt is not known."""
    outbox = table("outbox")
    at: BindParameter[int] = bindparam("at")
    lost = case((outbox.c.status == "leased", 1), else_=0)
    values: dict[str, dict[str, Any]] = {
        "ended": {"status": bindparam("result"), "reason": bindparam("why"), "done_at": at},
        "waiting": {"ready_at": at, "token": outbox.c.token + lost},
        "deferred": {"deferred_until": at},
        "taken": {"status": "leased", "ready_at": bindparam("until")}
        | {each: bindparam(f"new_{each}") for each in ("token", "attempts", "channel", "body")},
    }
    return update(outbox).where(outbox.c.decision_id == bindparam("id")).values(values[name])


def _popping(queue: list[_Ready], *, is_heap: bool) -> Iterator[_Ready]:
    """Rows in order, those included that are pushed meanwhile."""
    if not is_heap:
        yield from queue
        return
    while queue:
        yield heappop(queue)


def _taken(leased: LeasedRow) -> dict[str, Any]:
    body = leased.row.body
    return {
        "id": leased.row.decision_id,
        "new_token": leased.token,
        "new_attempts": leased.attempts,
        "new_channel": leased.row.channel,
        "new_body": None if body is None else pack(body),
    }


def _outbox_row(row: Row[Any]) -> OutboxRow:
    return OutboxRow(
        decision_id=row.decision_id,
        person=row.person,
        rule=row.rule,
        kind=row.kind,
        time=row.time,
        params=unpack(row.params),
        variables=unpack(row.variables),
        needs=needs_of(row.needs),
        valid_until=row.valid_until,
        program=row.program,
        body=content_of(row.body),
        channel=row.channel,
        order=row.order,
    )
