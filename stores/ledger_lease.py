"""Leasing: rows that are ready are judged and taken in one transaction, so that what was committed before it counts."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import bindparam, or_, select, update

from messaging.policy import CouponFact
from messaging.ports import OutboxRow
from schemas.tables import OPEN, table
from stores.codec import content_of, needs_of, pack, unpack
from stores.ledger_coupons import issue
from stores.ledger_facts import Known
from stores.ports import LeasedRow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, Row, Select

    from messaging.policy import Facts, Verdict

__all__ = ["lease", "ready_rows"]

_log = logging.getLogger(__name__)


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
    leasing = _Leasing(connection, now, now + lease_ms, gate, own_time=own_time)
    ready = leasing.readable(connection.execute(ready_rows(now, limit, own_time=own_time)).all())
    if ready:
        known = Known(connection, [row.row for row in ready])
        for row in ready:
            leasing.judge(row, known)
    leasing.write()
    return leasing.leased


def ready_rows(now: int, limit: int, *, own_time: bool) -> Select[Any]:
    """Rows that are due and released, and leases that ran out, oldest first."""
    o, p = table("outbox"), table("partition_progress")
    reached = select(p.c.position).where(p.c.partition == o.c.partition).scalar_subquery()
    order = [o.c.time, o.c.person, o.c.order]
    due = o.c.ready_at + 0 if own_time else o.c.ready_at  # a sum has no index: those in the order of time are walked
    return (
        select(o)
        .where(OPEN, due <= now, or_(o.c.release_at == 0, o.c.release_at <= reached))
        .order_by(*(order if own_time else [o.c.ready_at, *order]))
        .limit(limit)
        .with_for_update(skip_locked=True, of=o)
    )


class _Leasing:
    """One lease under way: what it takes, and what becomes of the other rows."""

    def __init__(
        self,
        connection: Connection,
        now: int,
        until: int,
        gate: Callable[[OutboxRow, Facts], Verdict],
        *,
        own_time: bool,
    ) -> None:
        self.leased: list[LeasedRow] = []
        self._connection = connection
        self._now = now
        self._until = until
        self._gate = gate
        self._own_time = own_time
        self._ended: list[dict[str, Any]] = []
        self._waiting: list[dict[str, Any]] = []

    def readable(self, found: Sequence[Row[Any]]) -> list[LeasedRow]:
        """Decode rows, each as it is before this lease; one that cannot be read is dead, and the others go on."""
        rows = []
        for each in found:
            try:
                rows.append(LeasedRow(_outbox_row(each), each.token, each.attempts))
            except msgspec.MsgspecError:
                self._end(each.decision_id, "dead", "unreadable", self._now)
        return rows

    def judge(self, before: LeasedRow, known: Known) -> None:
        """Ask the gates about a row and do what they say."""
        row = before.row
        moment = row.time if self._own_time else self._now
        verdict = self._verdict(row, known.facts(row, moment))
        if verdict is None:
            self._end(row.decision_id, "dead", "gate_error", moment)
            known.note(row.decision_id, CouponFact("dead"))
        elif verdict.kind == "wait":
            self._waiting.append({"id": row.decision_id, "at": verdict.until})
        elif verdict.kind == "stop":
            self._end(row.decision_id, verdict.status, verdict.reason, moment)
            known.note(row.decision_id, CouponFact(verdict.status))
        elif verdict.coupon is not None:
            fact, reason = issue(self._connection, row, verdict.coupon)
            self._end(row.decision_id, fact.status, reason, moment)
            known.note(row.decision_id, fact)
        else:
            self._take(before, verdict)

    def _verdict(self, row: OutboxRow, facts: Facts) -> Verdict | None:
        try:
            return self._gate(row, facts)
        except Exception:  # noqa: BLE001 - whatever a gate does, only its row may suffer
            _log.exception("The gates failed at decision %s; it is not carried out.", row.decision_id)
            return None

    def _take(self, before: LeasedRow, verdict: Verdict) -> None:
        content = before.row.body or verdict.content
        row = msgspec.structs.replace(before.row, body=content, channel=verdict.channel)
        self.leased.append(LeasedRow(row, before.token + 1, before.attempts + 1))

    def _end(self, decision: str, status: str, reason: str, moment: int) -> None:
        self._ended.append({"id": decision, "result": status, "why": reason, "at": moment})

    def write(self) -> None:
        """Write down what was decided."""
        outbox = table("outbox")
        mine = update(outbox).where(outbox.c.decision_id == bindparam("id"))
        if self._ended:
            ended = mine.values(status=bindparam("result"), reason=bindparam("why"), done_at=bindparam("at"))
            self._connection.execute(ended, self._ended)
        if self._waiting:
            waiting = mine.values(status="pending", ready_at=bindparam("at"))
            self._connection.execute(waiting, self._waiting)
        if self.leased:
            names = ("token", "attempts", "channel", "body")
            taken = mine.values({name: bindparam(f"new_{name}") for name in names})
            taken = taken.values(status="leased", ready_at=self._until)
            self._connection.execute(taken, [_taken(leased) for leased in self.leased])


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
