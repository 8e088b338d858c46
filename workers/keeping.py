"""Keeping what a simulation held in memory, so that it can be looked at like any other workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stores.open import open_log, open_state
from stores.ports import Appendable

if TYPE_CHECKING:
    from pathlib import Path

    from stores.ports import Log, State
    from workers.simulation import Stores

__all__ = ["keep"]

_AT_ONCE = 2_000


async def keep(stores: Stores, folder: Path) -> None:
    """Write log, state and ledger of memory into files of a folder."""
    info = stores.log.info
    log = open_log(
        f"sqlite:///{folder / 'log.db'}",
        clock=lambda: 0,
        new_id=lambda: info.log_id,
        partitions=info.partitions,
        virtual_time=True,
    )
    state = open_state(f"sqlite:///{folder / 'state.db'}")
    for partition in range(info.partitions):
        await _copy_records(stores.log, log, partition)
        await _copy_people(stores.state, state, info.log_id, partition)
    await log.close()
    await state.close()
    await stores.ledger.save(str(folder / "ledger.db"))


async def _copy_records(source: Log, target: Log, partition: int) -> None:
    at = 0
    while records := await source.read(partition, at, _AT_ONCE):
        await target.append([Appendable(r.key, r.value, None if r.key else partition, r.at) for r in records])
        at = records[-1].offset + 1


async def _copy_people(source: State, target: State, log_id: str, partition: int) -> None:
    stored = await source.position(partition)
    if stored is not None:
        await target.begin(partition, log_id, stored[0])
        await target.write(partition, stored[0], stored[0], dict(await source.people(partition)))
