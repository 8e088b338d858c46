"""What `stores.ledger_outbox` does in a transaction of several journeys to the server, as one statement: one journey.

A statement is all or nothing like a transaction. What it inserts goes in the order of the keys, as there.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from schemas.tables import table
from stores.codec import storable
from stores.ledger_touches import UNSENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Column

    from stores.ports import Result

__all__ = ["DECIDED", "FINISH", "TELL", "finish_values", "record_statement"]

DECIDED = "touchline_decided"
"""The channel on which processes tell each other that there may be rows to lease."""
TELL = f"SELECT pg_notify('{DECIDED}', '')"

_ARRAYS = {int: "bigint[]", str: "text[]", bytes: "bytea[]", bool: "boolean[]"}

FINISH = """
WITH told AS (
  SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[])
    AS t (id, token, status, reason, receipt, ready_at, channel)
), written AS (
  UPDATE outbox SET status = t.status, reason = t.reason, receipt = t.receipt, ready_at = t.ready_at, done_at = $8,
    channel = coalesce(nullif(t.channel, ''), outbox.channel)
  FROM told t WHERE outbox.decision_id = t.id AND outbox.status = 'leased' AND outbox.token = t.token
  RETURNING outbox.decision_id, outbox.status
), given_back AS (
  DELETE FROM touch USING written w WHERE touch.decision_id = w.decision_id AND w.status = ANY($9::text[])
)
SELECT count(*) FROM written
"""
"""Write down the results whose lease still holds, and give back the places in the caps of what nobody got."""

_MARK = """
WITH mark AS (
  INSERT INTO partition_progress AS p (partition, log_id, position) VALUES ($1::bigint, $2::text, $3::bigint)
  ON CONFLICT (partition) DO UPDATE SET position = greatest(p.position, excluded.position)
    WHERE p.log_id = excluded.log_id
  RETURNING 1
)"""
"""Nothing comes of it where the ledger belongs to another log: then the division fails, and with it all the rest."""


def record_statement(
    rows: Mapping[str, Sequence[Mapping[str, Any]]], partition: int, log_id: str, position: int
) -> tuple[str, list[Any]]:
    """The statement that inserts rows by table, unless they are there, and raises the mark; with its values.

    It divides by zero where the ledger belongs to another log. Whoever listens is told of new rows of the outbox, and
    of a mark that was raised alone: it may release some.
    """
    shapes = tuple((name, tuple(each[0])) for name, each in rows.items() if each)
    values: list[Any] = [partition, log_id, position]
    for name, columns in shapes:
        values += ([row[column] for row in rows[name]] for column in columns)
    return _record_text(shapes), values


@cache
def _record_text(shapes: tuple[tuple[str, tuple[str, ...]], ...]) -> str:
    parts, number = [_MARK], 4
    for name, columns in shapes:
        names = ", ".join(f'"{column}"' for column in columns)
        arrays = ", ".join(f"${at}::{_array(table(name).c[column])}" for at, column in enumerate(columns, number))
        insert = f"INSERT INTO {name} ({names}) SELECT * FROM unnest({arrays})"  # noqa: S608 - names of our own tables
        parts.append(f"new_{name} AS ({insert} ON CONFLICT DO NOTHING)")
        number += len(columns)
    tells = not shapes or any(name == "outbox" for name, _ in shapes)
    told = f", pg_notify('{DECIDED}', '')" if tells else ""
    return ",\n".join(parts) + f"\nSELECT 1 / count(*){told} FROM mark"


def _array(column: Column[Any]) -> str:
    return _ARRAYS[column.type.python_type]


def finish_values(results: Sequence[Result], now: int) -> list[Any]:
    """The values of `FINISH`; of several results for one lease the last one counts."""
    told = sorted({(each.decision_id, each.token): each for each in results}.items())
    rows = [
        (
            each.decision_id,
            each.token,
            each.status,
            storable(each.reason),
            storable(each.receipt),
            now if each.retry_at is None else each.retry_at,
            each.channel,
        )
        for _, each in told
    ]
    return [*map(list, zip(*rows, strict=True)), now, sorted(UNSENT)]
