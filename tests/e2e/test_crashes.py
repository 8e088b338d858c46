"""Worker and dispatcher are killed again and again at random moments.

The outcome is that of a run without any fault.
"""

from __future__ import annotations

import asyncio
import random
import shutil
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from schemas.records import Behaviour, Tick, encode
from stores.open import open_ledger, open_log, open_state
from stores.ports import Appendable
from tests.fakes.receiver import SECRET, Receiver
from tests.helpers.installation import Installation
from tests.helpers.waiting import wait_until_async
from workers.clock import now_ms
from workers.loop import Options, PartitionWorker
from workers.programs import Programs

if TYPE_CHECKING:
    from pathlib import Path

    from stores.ports import Ledger, Log

PLAYBOOK = {
    "touchline.yaml": "workspace: {name: crash, zone: Europe/London, currency: GBP}\n",
    "shop.yaml": """
events:
  cart.added: {properties: {cart_total: {type: money}}}
  order.paid: {properties: {amount: {type: money, min: 0}}}
segments:
  vip: {when: 'sum("order.paid", "amount", "365d") >= 300'}
rules:
  cart:
    event: cart.added
    when: event.cart_total >= 50
    wait: {for: 700ms, unless: [order.paid]}
    then:
      - issue_coupon: {pool: cart, as: coupon}
      - send: {template: cart, channels: [webhook]}
  vip:
    enters: vip
    limit: once
    then: [{tag: vip}, {send: {template: vip, channels: [webhook]}}]
  thanks:
    event: order.paid
    when: event.amount >= 90
    limit: {max: {count: 3, within: 1h}}
    then: [{send: {template: thanks, channels: [webhook]}}]
coupon_pools:
  cart: {benefit: {amount_off: 10 GBP}, stock: 100000, valid_for: 14d, per_person: 100000, budget: 1000000 GBP, code: {prefix: CRT}}
templates:
  cart: {purpose: transactional, channels: {webhook: {en: "Your cart of {{ event.cart_total }}: {{ coupon.code }}"}}}
  vip: {purpose: transactional, channels: {webhook: {en: "Welcome to the circle"}}}
  thanks: {purpose: transactional, channels: {webhook: {en: "Thanks for {{ event.amount }}"}}}
""",
}


def _event(rng: random.Random, number: int) -> Appendable:
    person = f"p{rng.randrange(60):02d}"
    name, field = rng.choice([("cart.added", "cart_total"), ("order.paid", "amount")])
    identity = str(number if rng.random() > 0.05 else max(0, number - rng.randrange(1, 40)))  # some come twice
    event = Behaviour(identity, person, name, None, {field: Decimal(rng.randrange(100, 15_000)).scaleb(-2)}, "shop")
    return Appendable(person, encode(event))


class Feeder:
    """Appends events and ticks while the processes die and come back."""

    def __init__(self, log: Log, seed: int) -> None:
        self.log, self.rng, self.number, self.done = log, random.Random(seed), 0, asyncio.Event()

    async def run(self) -> None:
        """Feed until `done` is set."""
        while not self.done.is_set():
            items = [_event(self.rng, self.number + at) for at in range(8)]
            self.number += len(items)
            await self.log.append([*items, Appendable("", encode(Tick()), 0)])
            try:
                await asyncio.wait_for(self.done.wait(), 0.04)
            except TimeoutError:
                continue


async def _crash_run(folder: Path, kills: int, seed: int) -> None:
    receiver = Receiver()
    async with receiver.serve() as server:
        here = Installation(folder, PLAYBOOK, {"LEASE": "3s"})
        here.serve_channel("webhook", adapter="webhook", url=server.url, secret=SECRET, private=True)
        activated = await asyncio.to_thread(here.run, "activate", str(here.write_playbook()))
        assert activated.returncode == 0, activated.stderr
        log = open_log(f"sqlite:///{here.data / 'log.db'}", clock=now_ms, new_id=lambda: "never")
        feeder = Feeder(log, seed)
        feeding = asyncio.create_task(feeder.run())
        try:
            hit = await _kill_again_and_again(here, log, kills, random.Random(seed + 1))
            feeder.done.set()
            await feeding
            await _settle(here, log)
        finally:
            feeder.done.set()
            here.close()
        assert hit >= kills * 3 // 4, "too few kills met pending work: the run proves nothing"
        await _compare(here, log, receiver)
        await log.close()


async def _kill_again_and_again(here: Installation, log: Log, kills: int, rng: random.Random) -> int:
    """Kill one of the two at a random moment, `kills` times; how many kills met a worker that was behind or busy."""
    here.start("worker")
    here.start("dispatch")
    hit = 0
    for number in range(kills):
        begun = asyncio.get_running_loop().time()
        after = 0.9 + rng.random() * 0.8  # a process needs most of a second to come up
        await wait_until_async(
            lambda begun=begun, after=after: asyncio.get_running_loop().time() - begun > after, 10, "the next kill"
        )
        name = "worker" if number % 2 == 0 else "dispatch"
        before = (await log.ends(0))[1]
        here.kill(name)
        hit += before > 0
        here.start(name)
    return hit


async def _settle(here: Installation, log: Log) -> None:
    """Time passes beyond every wait, and everything is carried out."""
    begun = now_ms()
    while now_ms() < begun + 1_200:
        await log.append([Appendable("", encode(Tick()), 0)])
    state = open_state(f"sqlite:///{here.data / 'state.db'}")
    ledger = open_ledger(f"sqlite:///{here.data / 'ledger.db'}")
    end = (await log.ends(0))[1]

    async def caught_up() -> bool:
        stored = await state.position(0)
        open_rows = {r["status"] for r in await ledger.fetch("outbox_by_state") if r["number"]} & {"pending", "leased"}
        return stored is not None and stored[0].offset >= end and not open_rows

    for _ in range(600):
        if await caught_up():
            break
        moment = asyncio.get_running_loop().time() + 0.1
        await wait_until_async(lambda moment=moment: asyncio.get_running_loop().time() > moment, 5, "the processes")
    else:
        pytest.fail("the processes did not finish")
    await state.close()
    await ledger.close()
    assert here.stop("worker") == 0
    assert here.stop("dispatch") == 0


async def _compare(here: Installation, log: Log, receiver: Receiver) -> None:
    real = open_ledger(f"sqlite:///{here.data / 'ledger.db'}")
    state = open_state(f"sqlite:///{here.data / 'state.db'}")
    decisions, profiles = await _undisturbed(here, log, real)
    assert decisions == _known(await real.fetch("decisions"))
    assert profiles == {person: saved.state for person, saved in await state.people(0)}
    coupons = await real.fetch("coupons")
    wanted = {d[0] for d in decisions if d[4] == "issue_coupon"}
    assert wanted == {c["decision_id"] for c in coupons}
    assert len({c["code"] for c in coupons}) == len(coupons) > 0
    sends = {d[0] for d in decisions if d[4] == "send"}
    assert sends == set(receiver.seen)
    assert {r["status"] for r in await real.fetch("deliveries")} == {"sent"}
    await real.close()
    await state.close()


def _known(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    keys = ("decision_id", "time", "person", "rule", "kind", "step", "occurrence")
    return sorted(tuple(row[key] for key in keys) for row in rows)


async def _undisturbed(here: Installation, log: Log, real: Ledger) -> tuple[list[tuple[Any, ...]], dict[str, bytes]]:
    """The same log, folded once without any fault, on stores of its own."""
    shutil.rmtree(here.folder / "again", ignore_errors=True)
    (here.folder / "again").mkdir()
    state = open_state("memory://")
    ledger = open_ledger(f"sqlite:///{here.folder / 'again' / 'ledger.db'}")
    active = await real.active()
    assert active is not None
    await ledger.put_program(active[0], await real.program(active[0]) or b"")
    workspace = await real.get_meta("workspace") or ""
    programs = Programs(ledger)
    worker = PartitionWorker(log, state, ledger, programs, workspace, 0, Options())
    while await worker.step():
        pass
    found = _known(await ledger.fetch("decisions")), {person: saved.state for person, saved in await state.people(0)}
    await ledger.close()
    return found


async def test_a_few_kills_change_nothing(tmp_path: Path) -> None:
    await _crash_run(tmp_path, kills=8, seed=11)


@pytest.mark.crash
async def test_forty_kills_change_nothing(tmp_path: Path) -> None:
    await _crash_run(tmp_path, kills=40, seed=7)
