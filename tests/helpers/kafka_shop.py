"""An installation whose log is on Kafka: what happens in its shop, and what an undisturbed fold makes of it."""

from __future__ import annotations

import asyncio
import random
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from schemas.records import Behaviour, Tick, encode
from stores.connect import connect_log
from stores.open import open_ledger, open_state
from stores.ports import Appendable
from workers.clock import now_ms
from workers.loop import Options, PartitionWorker
from workers.programs import Programs

if TYPE_CHECKING:
    from pathlib import Path

    from stores.ports import Ledger, Log, State

__all__ = ["PLAYBOOK", "Feeder", "found", "log_of", "tick", "undisturbed"]

PLAYBOOK = {
    "shop.yaml": """\
workspace: {name: Shop, zone: Europe/London, currency: GBP}
events:
  cart.added: {properties: {cart_total: {type: money}}}
  order.paid: {properties: {amount: {type: money, min: 0}}}
segments:
  vip: {when: 'sum("order.paid", "amount", "365d") >= 300'}
  here: {when: 'last("*") > now - duration("2s")'}
rules:
  cart: {event: cart.added, when: event.cart_total >= 50, wait: {for: 700ms, unless: [order.paid]}, then: [{tag: reminded}]}
  vip: {enters: vip, limit: once, then: [{tag: vip}, {assign: {to: team}}]}
  gone: {leaves: here, then: [{assign: {to: team}}]}
  thanks: {event: order.paid, when: event.amount >= 90, limit: {max: {count: 3, within: 1h}}, then: [{assign: {to: team}}]}
"""
}
_PEOPLE = 60


async def log_of(url: str) -> Log:
    """The log of a URL."""
    return await connect_log(url, clock=now_ms, new_id=lambda: "never")


async def tick(log: Log) -> None:
    """Say in every partition that time has passed."""
    await log.append([Appendable("", encode(Tick()), partition) for partition in range(log.info.partitions)])


class Feeder:
    """Appends events, some of them twice, and ticks, until it is told to stop."""

    def __init__(self, log: Log, seed: int, at_once: int = 20, pause: float = 0.04) -> None:
        self.log, self.rng, self.number, self.done = log, random.Random(seed), 0, asyncio.Event()
        self._at_once, self._pause = at_once, pause

    def _event(self) -> Appendable:
        self.number += 1
        rng = self.rng
        person = f"p{rng.randrange(_PEOPLE):02d}"
        name, field = rng.choice([("cart.added", "cart_total"), ("order.paid", "amount")])
        identity = str(self.number if rng.random() > 0.05 else max(0, self.number - rng.randrange(1, 40)))
        amount = Decimal(rng.randrange(100, 15_000)).scaleb(-2)
        return Appendable(person, encode(Behaviour(identity, person, name, None, {field: amount}, "shop")))

    async def run(self) -> None:
        """Feed until `done` is set."""
        while not self.done.is_set():
            await self.log.append([self._event() for _ in range(self._at_once)])
            await tick(self.log)
            try:
                await asyncio.wait_for(self.done.wait(), self._pause)
            except TimeoutError:
                continue


Found = tuple[list[tuple[Any, ...]], dict[str, bytes]]


async def found(state: State, ledger: Ledger, partitions: int) -> Found:
    """Decisions and profiles."""
    keys = ("decision_id", "time", "person", "rule", "kind", "step", "occurrence")
    decisions = sorted(tuple(row[key] for key in keys) for row in await ledger.fetch("decisions"))
    people = [await state.people(partition) for partition in range(partitions)]
    return decisions, {person: saved.state for each in people for person, saved in each}


async def undisturbed(log: Log, real: Ledger, folder: Path) -> Found:
    """The same log, folded once without any fault, partition after partition, on stores of its own."""
    state, ledger = open_state("memory://"), open_ledger(f"sqlite:///{folder / 'again.db'}")
    for row in await real.fetch("activations"):
        await ledger.put_program(row["hash"], await real.program(row["hash"]) or b"")
    workspace, programs = await real.get_meta("workspace") or "", Programs(ledger)
    for partition in range(log.info.partitions):
        worker = PartitionWorker(log, state, ledger, programs, workspace, partition, Options())
        end = (await log.ends(partition))[1]
        while worker.position is None or worker.position.offset < end:
            await worker.step()
    result = await found(state, ledger, log.info.partitions)
    await ledger.close()
    return result
