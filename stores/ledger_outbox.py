"""Step 3 of the protocol and the results of dispatching, as functions of a connection in a transaction."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import bindparam, case, delete, select, update

from schemas.errors import NamedStop
from schemas.tables import table
from stores.codec import pack, storable
from stores.ledger_rows import add_rows, insert_into, padded
from stores.ledger_touches import UNSENT, forget_touches

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Select, Update

    from schemas.decisions import DeadLetter, Decision, Outcome, Withdrawal
    from stores.ledger_rows import Insert
    from stores.ports import Result

__all__ = ["advance", "finish", "forget_dead_letters", "progress", "record", "refuse", "rows_of"]


def record(connection: Connection, partition: int, log_id: str, position: int, log_end: int, outcome: Outcome) -> None:
    """Insert what a batch yielded, withdraw what it took back, raise the high-water mark. Raises `NamedStop`."""
    for name, rows in rows_of(partition, log_end, outcome).items():
        add_rows(connection, name, rows)
    _withdraw(connection, outcome.withdrawals)
    advance(connection, partition, log_id, position)


def rows_of(partition: int, log_end: int, outcome: Outcome) -> dict[str, list[dict[str, Any]]]:
    """What a batch yielded, as rows by table, each in the order of its key.

    So two who insert the same ones never wait for each other in a ring.
    """
    live = (_row(d) | _task(d, partition, log_end) for d in outcome.decisions if not d.shadow)
    shadow = (_row(d) for d in outcome.decisions if d.shadow)
    return {
        "outbox": _ordered(live, "decision_id"),
        "shadow": _ordered(shadow, "decision_id"),
        "contact": _ordered(map(msgspec.structs.asdict, outcome.contacts), "person", "channel", "order"),
        "consent": _ordered(map(msgspec.structs.asdict, outcome.consents), "person", "purpose", "channel", "order"),
        "change": _ordered(map(msgspec.structs.asdict, outcome.changes), "person", "order"),
        "dead_letter": _ordered(map(_letter, outcome.dead_letters), "partition", "offset", "code"),
    }


def _ordered(rows: Iterable[dict[str, Any]], *key: str) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: tuple(row[column] for column in key))


def _row(decision: Decision) -> dict[str, Any]:
    return {
        "decision_id": decision.id,
        "person": decision.person,
        "rule": decision.rule,
        "step": decision.step,
        "kind": decision.kind,
        "occurrence": decision.occurrence,
        "event_id": decision.event_id,
        "time": decision.time,
        "order": decision.order,
        "program": decision.program,
        "params": pack(decision.params),
    }


def _task(decision: Decision, partition: int, log_end: int) -> dict[str, Any]:
    """What the outbox adds to a decision."""
    return {
        "partition": partition,
        "variables": pack(decision.variables),
        "needs": pack(decision.needs),
        "valid_until": decision.valid_until,
        "release_at": log_end if decision.release else 0,
        "status": "pending" if decision.effect else "done",
        "ready_at": decision.time,
        "done_at": None if decision.effect else decision.time,
    }


def _withdraw(connection: Connection, withdrawals: Sequence[Withdrawal]) -> None:
    """Take back what no provider has had."""
    outbox = table("outbox")
    taken_back = sorted((decision, w.reason, w.time) for w in withdrawals for decision in w.decisions)
    if taken_back:
        statement = (
            update(outbox)
            .where(outbox.c.decision_id == bindparam("id"), outbox.c.status == "pending", outbox.c.attempts == 0)
            .values(status="withdrawn", reason=bindparam("why"), done_at=bindparam("at"))
        )
        connection.execute(statement, [{"id": d, "why": why, "at": at} for d, why, at in taken_back])


def refuse(connection: Connection, letters: Iterable[DeadLetter]) -> None:
    """Keep refusals made before the log."""
    add_rows(connection, "dead_letter", _ordered(map(_letter, letters), "partition", "code", "time"))


def forget_dead_letters(connection: Connection, numbers: Sequence[int]) -> int:
    """Delete refusals by the rows' numbers; gives how many were there."""
    t = table("dead_letter")
    return connection.execute(delete(t).where(t.c.id.in_(sorted(numbers)))).rowcount


def _letter(letter: DeadLetter) -> dict[str, Any]:
    return msgspec.structs.asdict(letter) | {"message": storable(letter.message)}


def progress(connection: Connection, partition: int) -> tuple[str, int] | None:
    """(log id, high-water mark) of a partition."""
    row = connection.execute(_progress(), {"of": partition}).first()
    return None if row is None else (row.log_id, row.position)


@cache
def _progress() -> Select[Any]:
    t = table("partition_progress")
    return select(t.c.log_id, t.c.position).where(t.c.partition == bindparam("of"))


def advance(connection: Connection, partition: int, log_id: str, position: int) -> None:
    """Raise the high-water mark; it never falls. Raises `NamedStop` `LOG_MISMATCH` for another log."""
    values = {"partition": partition, "log_id": log_id, "position": position}
    if connection.execute(_advancing(connection.dialect.name), values).rowcount != 1:
        message = f"partition {partition}: the ledger belongs to another log than {log_id}"
        raise NamedStop(message, code="LOG_MISMATCH", hint="the three stores must come from one installation")


@cache
def _advancing(dialect: str) -> Insert:
    t, insert = table("partition_progress"), insert_into(dialect, "partition_progress")
    new = insert.excluded.position
    return insert.on_conflict_do_update(
        index_elements=[t.c.partition],
        set_={"position": case((t.c.position < new, new), else_=t.c.position)},
        where=t.c.log_id == insert.excluded.log_id,
    )


def finish(connection: Connection, results: Sequence[Result], now: int) -> int:
    """Write down the results whose lease still holds; returns how many counted."""
    held = _held(connection, [result.decision_id for result in results])
    counted = {
        result.decision_id: {
            "id": result.decision_id,
            "result": result.status,
            "why": storable(result.reason),
            "proof": storable(result.receipt),
            "next": now if result.retry_at is None else result.retry_at,
            "by": result.channel or held[result.decision_id][1],
        }
        for result in results
        if result.decision_id in held and held[result.decision_id][0] == result.token
    }
    if counted:
        connection.execute(_finishing(), [values | {"at": now} for _, values in sorted(counted.items())])
        forget_touches(connection, (decision for decision, row in counted.items() if row["result"] in UNSENT))
    return len(counted)


def _held(connection: Connection, decisions: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Leased rows of these and their (token, channel), kept from changing until the transaction ends."""
    found = connection.execute(_holding(), {"decisions": padded(decisions)})
    return {row.decision_id: (row.token, row.channel) for row in found}


@cache
def _holding() -> Select[Any]:
    outbox = table("outbox")
    return (
        select(outbox.c.decision_id, outbox.c.token, outbox.c.channel)
        .where(outbox.c.decision_id.in_(bindparam("decisions", expanding=True)), outbox.c.status == "leased")
        .order_by(outbox.c.decision_id)
        .with_for_update()
    )


@cache
def _finishing() -> Update:
    outbox = table("outbox")
    return (
        update(outbox)
        .where(outbox.c.decision_id == bindparam("id"))
        .values(
            status=bindparam("result"),
            reason=bindparam("why"),
            receipt=bindparam("proof"),
            ready_at=bindparam("next"),
            channel=bindparam("by"),
            done_at=bindparam("at"),
        )
    )
