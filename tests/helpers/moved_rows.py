"""Moves of a workspace, and what is compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schemas.records import Tick, encode
from stores.ledger_copy import TABLES
from stores.open import open_log, open_state
from stores.scratch import open_scratch
from tests.helpers.moving import stores_of
from tests.helpers.stores import Clock
from workers.moving.move import move
from workers.simulation import Stores
from workers.workspace import CLOSED

if TYPE_CHECKING:
    from stores.ports import Ledger
    from tests.helpers.folded import Folded

__all__ = ["TICK", "empty", "quickly", "reopen", "rows", "without_own"]

TICK = encode(Tick())


def empty(partitions: int = 3) -> Stores:
    log = open_log("memory://", clock=Clock(), new_id=lambda: "new-log", partitions=partitions, virtual_time=True)
    return Stores(log, open_state("memory://"), open_scratch())


async def rows(ledger: Ledger) -> dict[str, list[dict[str, Any]]]:
    return {table: await ledger.page(table, None, 10_000) for table in TABLES}


async def quickly(shop: Folded | Stores, target: Stores) -> None:
    source = shop if isinstance(shop, Stores) else stores_of(shop)
    await move(source, target, "there", listen=0.01)


def without_own(found: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    own = {CLOSED, "switch:all"}
    return found | {"meta": [row for row in found["meta"] if row["name"] not in own]}


async def reopen(shop: Folded) -> None:
    """Let the old workspace be used again, as the page on operating says."""
    for name in (CLOSED, "switch:all"):
        await shop.ledger.set_meta(name, "")
