"""Copying what three stores hold into three others: records, people, rows."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from schemas.ids import partition_of
from stores.ledger_copy import TABLES
from stores.ports import Appendable
from workers.moving.routes import AT_ONCE, routed
from workers.moving.rows import pages

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection

    from stores.ports import Ledger, Log, Place, Position, Saved, State
    from workers.moving.rows import Rows
    from workers.simulation import Stores

    Progress = Callable[[str, int, int], None]

__all__ = ["copy_log", "copy_people", "copy_rows", "people"]


async def copy_log(
    source: Log, target: Log, wanted: Collection[tuple[int, int]], progress: Progress
) -> dict[tuple[int, int], Place]:
    """Append all records to an empty log in virtual time. Gives where the `wanted` ones, (partition, offset), are."""
    places: dict[tuple[int, int], Place] = {}
    ends = [await source.ends(partition) for partition in range(source.info.partitions)]
    done, total = 0, sum(end - first for first, end in ends)

    def told(number: int) -> None:
        nonlocal done
        done += number
        progress("log", done, total)

    async for records in routed(source, target.info.partitions, told):
        for start in range(0, len(records), AT_ONCE):
            some = records[start : start + AT_ONCE]
            found = await target.append([Appendable(r.key, r.value, new, r.at) for _, new, r in some])
            for (old, _, record), place in zip(some, found, strict=True):
                if (old, record.offset) in wanted:
                    places.setdefault((old, record.offset), place)
    return places


async def copy_people(source: Stores, target: Stores, progress: Progress) -> None:
    """Everybody into their new partitions, which begin where the new log ends. Raises `Moved`."""
    here, there = source.log.info, target.log.info
    positions: dict[int, Position] = {}
    done = 0
    for old in range(here.partitions):
        stored = await source.state.position(old)
        if stored is None:
            continue
        for new in (old,) if here.partitions == there.partitions else range(there.partitions):
            end = (await target.log.ends(new))[1]
            positions[new] = stored[0]._replace(offset=end)
            await target.state.begin(new, there.log_id, positions[new])
        async for some in people(source.state, old, stored[0]):
            by_partition: dict[int, dict[str, Saved]] = defaultdict(dict)
            for person, saved in some:
                by_partition[partition_of(person, there.partitions)][person] = saved
            for new, states in sorted(by_partition.items()):
                await target.state.write(new, positions[new], positions[new], states)
            done += len(some)
            progress("people", done, done)


async def people(state: State, partition: int, position: Position) -> AsyncIterator[list[tuple[str, Saved]]]:
    """Everybody of a partition in the order of their ids, some at a time. Raises `Moved`."""
    after = ""
    while found := await state.scan(partition, position, after, AT_ONCE):
        yield found
        after = found[-1][0]


async def copy_rows(source: Ledger, target: Ledger, rows: Rows, progress: Progress) -> None:
    """Every row as the copy holds it."""
    done = 0
    for table in TABLES:
        async for page in pages(source, table):
            kept = [row for row in (rows.of(table, row) for row in page) if row is not None]
            await target.fill(table, kept)
            done += len(page)
            progress("rows", done, done)
