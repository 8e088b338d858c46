"""Counts and hashes of what a workspace holds, made from what is read back: two that are the same hold the same."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec

from schemas.errors import NamedStop
from schemas.ids import partition_of
from stores.ledger_copy import TABLES
from workers.moving.copy import people
from workers.moving.routes import routed
from workers.moving.rows import comparable, pages

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stores.ports import Ledger, Log, State
    from workers.moving.rows import Row
    from workers.simulation import Stores

    Progress = Callable[[str, int, int], None]
    Shape = Callable[[str, Row], Row | None]

__all__ = ["Sum", "compare", "sums"]

_encode = msgspec.msgpack.Encoder().encode
_SHOWN = 16


@dataclass(frozen=True, slots=True)
class Sum:
    """How many, and a hash over all of them in their order."""

    count: int
    hash: str


class _Hashing:
    """Things of several partitions, hashed in their order within each."""

    def __init__(self, partitions: int = 1) -> None:
        self.count = 0
        self._of = [sha256() for _ in range(partitions)]

    def add(self, value: Any, partition: int = 0) -> None:  # noqa: ANN401 - whatever a row holds
        self.count += 1
        self._of[partition].update(_encode(value))

    def sum(self) -> Sum:
        return Sum(self.count, sha256(b"".join(each.digest() for each in self._of)).hexdigest()[:_SHOWN])


async def sums(
    stores: Stores, partitions: int, progress: Progress, shape: Shape = lambda _, row: row
) -> dict[str, Sum]:
    """What stores hold, as it lies in this many partitions: the records of each person among it, in their order.

    `shape` gives a ledger's row as the copy holds it. Raises `Moved`.
    """
    found = {
        "log": await _log(stores.log, partitions, progress),
        "people": await _people(stores.state, stores.log.info.partitions, partitions, progress),
    }
    for table in TABLES:
        found[table] = await _table(stores.ledger, table, shape, progress)
    del found["partition_progress"]  # each ledger has its own
    return found


async def _log(log: Log, partitions: int, progress: Progress) -> Sum:
    hashing = _Hashing(partitions)
    async for records in routed(log, partitions):
        for _, partition, record in records:
            hashing.add((record.at, record.key, record.value), partition)
        progress("compare the log", hashing.count, hashing.count)
    return hashing.sum()


async def _people(state: State, own: int, partitions: int, progress: Progress) -> Sum:
    hashing = _Hashing(partitions)
    for partition in range(own):
        stored = await state.position(partition)
        if stored is None:
            continue
        async for some in people(state, partition, stored[0]):
            for person, saved in some:
                place = partition if own == partitions else partition_of(person, partitions)
                hashing.add((person, saved.due, saved.state, stored[0].program, stored[0].sequence), place)
            progress("compare the people", hashing.count, hashing.count)
    return hashing.sum()


async def _table(ledger: Ledger, table: str, shape: Shape, progress: Progress) -> Sum:
    hashing = _Hashing()
    async for page in pages(ledger, table):
        for row in page:
            shaped = shape(table, row)
            kept = None if shaped is None else comparable(table, shaped)
            if kept is not None:
                hashing.add(sorted(kept.items()))
        progress("compare the rows", hashing.count, hashing.count)
    return hashing.sum()


def compare(source: Mapping[str, Sum], target: Mapping[str, Sum]) -> None:
    """Raise `NamedStop` `COPY_DIFFERS` unless both are the same."""
    for what, there in target.items():
        here = source[what]
        if here != there:
            message = (
                f"the copy differs in {what}: {here.count} with hash {here.hash} here, "
                f"{there.count} with {there.hash} there"
            )
            hint = "the copy is closed and left to be looked at; go on with the old stores, and report this"
            raise NamedStop(message, code="COPY_DIFFERS", hint=hint)
