"""Where a worker begins: the start-up cases of the protocol, each a position or a named stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.errors import NamedStop
from stores.ports import Position

if TYPE_CHECKING:
    from stores.ports import Ledger, Readable, State

__all__ = ["LOG_CUT", "check_partitions", "first_position"]

LOG_CUT = "log_cut"
"""Meta of the ledger: the id of a log that lacks the records from before a move, as the log it came from had lost some.
Its first record is not the beginning: a state that is gone cannot be made of it."""


async def first_position(log: Readable, state: State, ledger: Ledger, partition: int) -> tuple[Position, bool]:
    """(the position to go on from, whether the state had fallen back behind the ledger).

    Raises `NamedStop`: `LOG_MISMATCH`, `STATE_GAP`.
    """
    first, end = await log.ends(partition)
    progress = await ledger.progress(partition)
    if progress is not None and progress[0] != log.info.log_id:
        raise _mismatch(partition, f"the ledger belongs to log {progress[0]}, this is {log.info.log_id}")
    stored = await state.position(partition)
    if stored is None:
        if first > 0:
            raise _gap(partition, 0, first - 1)
        if await ledger.get_meta(LOG_CUT) == log.info.log_id:
            raise _cut(partition)
        await state.begin(partition, log.info.log_id, Position(0))
        return Position(0), progress is not None and progress[1] > 0
    position, log_id = stored
    if log_id != log.info.log_id:
        raise _mismatch(partition, f"the state belongs to log {log_id}, this is {log.info.log_id}")
    if position.offset > end:
        raise _mismatch(partition, f"the state is at record {position.offset}, the log ends at {end}")
    if position.offset < first:
        raise _gap(partition, position.offset, first - 1)
    return position, progress is not None and position.offset < progress[1]


def _gap(partition: int, start: int, last: int) -> NamedStop:
    message = (
        f"partition {partition}: records {start} to {last} are needed and the log does not have them any more; "
        "restore a state or a log that reaches them"
    )
    return NamedStop(message, code="STATE_GAP")


def _cut(partition: int) -> NamedStop:
    message = (
        f"partition {partition}: its state is gone, and this log does not hold all records from before the move to "
        "these stores; restore a copy of the state"
    )
    return NamedStop(message, code="STATE_GAP")


def _mismatch(partition: int, what: str) -> NamedStop:
    message = f"partition {partition}: {what}; the three stores must come from one installation"
    return NamedStop(message, code="LOG_MISMATCH")


async def check_partitions(log: Readable, ledger: Ledger) -> None:
    """The count of partitions is fixed: it says where people are. Raises `NamedStop` `PARTITIONS_CHANGED`."""
    count = str(log.info.partitions)
    known = await ledger.keep_meta("partitions", count)
    if known != count:
        message = f"the log has {count} partitions, the ledger was made with {known}"
        hint = "people would be looked for in the wrong place; go back to the old count"
        raise NamedStop(message, code="PARTITIONS_CHANGED", hint=hint)
