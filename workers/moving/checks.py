"""What must hold before a workspace is moved, and still when it has been copied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from schemas.errors import InputError, NamedStop
from stores.ledger_copy import TABLES
from stores.ports import Position
from workers.startup import LOG_CUT, first_position
from workers.workspace import CLOSED, check_open

if TYPE_CHECKING:
    from workers.simulation import Stores

__all__ = ["Mark", "changed", "check_moved", "check_source", "check_target", "check_unchanged", "is_cut"]


class Mark(NamedTuple):
    """What changes when somebody works on a workspace."""

    ends: list[tuple[int, int]]
    positions: list[tuple[Position, str] | None]
    outbox: list[dict[str, Any]]


async def _mark_of(stores: Stores) -> Mark:
    """The mark as it is now."""
    partitions = range(stores.log.info.partitions)
    ends = [await stores.log.ends(partition) for partition in partitions]
    positions = [await stores.state.position(partition) for partition in partitions]
    return Mark(ends, positions, await stores.ledger.fetch("outbox_by_state"))


async def check_source(source: Stores, listen: float) -> Mark:
    """What the workspace is like, if it can be moved: open, folded to its end, and nobody at work for `listen` seconds.

    Raises `InputError`; `NamedStop` where it is broken or closed.
    """
    await check_open(source.ledger)
    mark = await _mark_of(source)
    for partition, stored in enumerate(mark.positions):
        if stored is not None:
            await first_position(source.log, source.state, source.ledger, partition)
        await _check_folded(source, mark, partition)
    await source.log.wait(0, mark.ends[0][1], listen)
    if (await _mark_of(source)).ends != mark.ends:
        message = "somebody still writes to the log, if only the clock that tells it the time each second"
        raise InputError(message, hint="stop every process of this workspace first: web, clock, worker, dispatch, up")
    return mark


async def _check_folded(source: Stores, mark: Mark, partition: int) -> None:
    first, end = mark.ends[partition]
    stored = mark.positions[partition]
    offset, chunk = (first, 0) if stored is None else stored[0][:2]
    if chunk or await source.log.read(partition, offset, 1):  # on Kafka not every offset has a record
        message = f"partition {partition} is folded up to record {offset} of {end}"
        hint = "run `touchline worker` until `touchline status` shows no lag, stop it, and move then"
        raise InputError(message, hint=hint)


async def check_moved(target: Stores) -> None:
    """Raise `NamedStop` `COPY_DIFFERS` unless state and ledger of a copy stand at the end of its log."""
    log_id = target.log.info.log_id
    for partition in range(target.log.info.partitions):
        end = (await target.log.ends(partition))[1]
        stored = await target.state.position(partition)
        stands = (Position(0), "") if stored is None else stored
        marked = await target.ledger.progress(partition)
        if end and (stands[0][:2], stands[1], marked) != ((end, 0), log_id, (log_id, end)):
            message = f"the copy differs: partition {partition} ends at {end}, its state and ledger do not"
            raise NamedStop(message, code="COPY_DIFFERS", hint="go on with the old stores, and report this")


async def check_unchanged(source: Stores, mark: Mark) -> None:
    """Raise `NamedStop` `SOURCE_CHANGED` if somebody has worked on the workspace since."""
    if await _mark_of(source) != mark:
        raise changed()


def changed() -> NamedStop:
    """The stop when somebody has worked on a workspace that was being copied."""
    message = "somebody worked on the old stores while they were copied; the copy is closed and not to be used"
    hint = "stop every process, name new empty stores, and move again"
    return NamedStop(message, code="SOURCE_CHANGED", hint=hint)


async def check_target(source: Stores, target: Stores) -> None:
    """Raise `InputError` unless the target is empty and its count of partitions can take the workspace."""
    here, there = source.log.info.partitions, target.log.info.partitions
    if here not in {1, there}:
        message = f"people of {here} partitions cannot be moved to {there}: only from 1 to any count, or to the same"
        raise InputError(message, hint=f"move to a log with {here} partitions: --partitions {here}")
    if await target.ledger.get_meta(CLOSED):
        message = "an earlier move into this ledger was not finished"
        raise InputError(message, hint="drop its database or file, its log and its state, and name empty ones")
    what = await _held(target)
    if what:
        message = f"the target is not empty: {what}"
        raise InputError(message, hint="name a log, a state and a ledger that nobody has used")


async def _held(stores: Stores) -> str:
    """What is in stores that should be empty."""
    for partition in range(stores.log.info.partitions):
        if (await stores.log.ends(partition))[1]:
            return f"its log holds records in partition {partition}"
        if await stores.state.position(partition) is not None:
            return f"its state knows partition {partition}"
    for table in TABLES:
        if await stores.ledger.page(table, None, 1):
            return f"its ledger holds rows in {table}"
    return ""


async def is_cut(source: Stores, mark: Mark) -> bool:
    """Whether the log lacks its beginning, so that a state cannot be made of a copy."""
    return any(first > 0 for first, _ in mark.ends) or await source.ledger.get_meta(LOG_CUT) == source.log.info.log_id
