"""What tests ask of a ledger again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from messaging.policy import Facts, Verdict
from stores.ports import LeasedRow, Result
from tests.helpers.stores import go, outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from messaging.ports import OutboxRow
    from schemas.decisions import Decision
    from stores.ports import Ledger

__all__ = ["LEASE", "NOW", "ids", "lease", "record", "sent", "states", "stop"]

NOW = 1_000_000


LEASE = 30_000


async def record(
    ledger: Ledger,
    *decisions: Decision,
    position: int = 1,
    log_end: int = 1,
    **rows: Any,  # noqa: ANN401 - as the class
) -> None:
    await ledger.record(0, "log", position, log_end, outcome(*decisions, **rows))


async def lease(
    ledger: Ledger, now: int = NOW, limit: int = 100, gate: Callable[[OutboxRow, Facts], Verdict] = go, **how: bool
) -> list[LeasedRow]:
    return await ledger.lease(now, limit, LEASE, gate, **how)


async def states(ledger: Ledger) -> dict[str, tuple[str, str]]:
    return {row["decision_id"]: (row["status"], row["reason"]) for row in await ledger.fetch("deliveries")}


def ids(rows: list[LeasedRow]) -> list[str]:
    return [row.row.decision_id for row in rows]


def sent(leased: LeasedRow) -> Result:
    return Result(leased.row.decision_id, leased.token, "sent", receipt="r")


def stop(status: str, reason: str) -> Callable[[OutboxRow, Facts], Verdict]:
    return lambda *_: Verdict("stop", status=status, reason=reason)
