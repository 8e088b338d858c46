"""Moving a workspace: copy, compare what is read back, and only then close the one and open the other.

Until then the source is only read. The target is closed by the first thing that is written to it, so that nobody can
work on half a copy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from schemas.errors import Moved
from stores.ports import Position
from workers.moving.checks import changed, check_moved, check_source, check_target, check_unchanged, is_cut
from workers.moving.compare import compare, sums
from workers.moving.copy import copy_log, copy_people, copy_rows
from workers.moving.rows import Rows, refused_places
from workers.startup import LOG_CUT
from workers.workspace import CLOSED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workers.moving.checks import Mark
    from workers.moving.compare import Sum
    from workers.simulation import Stores

    Progress = Callable[[str, int, int], None]

__all__ = ["Copied", "move"]

_UNFINISHED = "a move into these stores was not finished; the workspace is still where it was"
_HOLD = "all"
_LISTEN = 1.5
"""Seconds in which a clock that still runs would have told the time."""


class Copied(NamedTuple):
    """What was moved. `cut`: a state that is lost cannot be made anew of the new log."""

    partitions: int
    sums: Mapping[str, Sum]
    cut: bool


async def move(
    source: Stores, target: Stores, where: str, progress: Progress = lambda *_: None, *, listen: float = _LISTEN
) -> Copied:
    """Move a workspace into empty stores, whose log is in virtual time. `where`: what to tell whoever starts it here.

    Raises `InputError` before anything is written; `NamedStop` `COPY_DIFFERS`, `SOURCE_CHANGED`, and those of a start.
    """
    mark = await check_source(source, listen)
    await check_target(source, target)
    await target.ledger.set_meta(CLOSED, _UNFINISHED)
    try:
        copied = await _copied(source, target, mark, progress)
    except Moved:
        raise changed() from None
    await check_unchanged(source, mark)
    await target.log.settle()
    await source.ledger.switch([_HOLD], off=True)  # a dispatcher that was forgotten sends nothing more
    await source.ledger.set_meta(CLOSED, f"it was moved to {where}")
    await target.ledger.set_meta(CLOSED, "")
    return copied


async def _copied(source: Stores, target: Stores, mark: Mark, progress: Progress) -> Copied:
    partitions = target.log.info.partitions
    cut = await is_cut(source, mark)
    if cut:
        await target.ledger.set_meta(LOG_CUT, target.log.info.log_id)
    wanted = await refused_places(source.ledger)
    rows = Rows(partitions, await copy_log(source.log, target.log, wanted, progress))
    await copy_people(source, target, progress)
    await copy_rows(source.ledger, target.ledger, rows, progress)
    await _advance(target)
    here = await sums(source, partitions, progress, rows.of)
    there = await sums(target, partitions, progress)
    compare(here, there)
    await check_moved(target)
    return Copied(partitions, there, cut)


async def _advance(target: Stores) -> None:
    """The ledger is where the state is."""
    for partition in range(target.log.info.partitions):
        position, log_id = await target.state.position(partition) or (Position(0), "")
        if log_id:
            await target.ledger.advance(partition, log_id, position.offset)
