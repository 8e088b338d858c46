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

    from stores.ports import Ledger, Log, State

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
    person = f"p{rng.randrange(200):03d}"  # few enough to meet again, too many for every cart to be paid in time
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
            await _kill_again_and_again(here, receiver, kills, random.Random(seed + 1))
            feeder.done.set()
            await feeding
            await _settle(here, log)
        finally:
            feeder.done.set()
            here.close()
        await _compare(here, log, receiver)
        await log.close()


async def _kill_again_and_again(here: Installation, receiver: Receiver, kills: int, rng: random.Random) -> None:
    """Kill one of the two, `kills` times, each at a random moment while it is at work."""
    state = open_state(f"sqlite:///{here.data / 'state.db'}")
    here.start("worker")
    here.start("dispatch")
    for number in range(kills):
        name = "worker" if number % 2 == 0 else "dispatch"
        await _at_work(name, state, receiver)
        await _moment(rng.random() * 0.4)
        here.kill(name)
        here.start(name)
    await state.close()


async def _at_work(name: str, state: State, receiver: Receiver) -> None:
    """Wait until the process has got on since now: what is killed while it starts proves nothing."""

    async def got_to() -> int:
        if name == "dispatch":
            return len(receiver.seen) + receiver.repeats
        stored = await state.position(0)
        return 0 if stored is None else stored[0].offset

    before = await got_to()
    for _ in range(600):
        if await got_to() > before:
            return
        await _moment(0.05)
    pytest.fail(f"{name} does not get on")


async def _moment(seconds: float) -> None:
    end = asyncio.get_running_loop().time() + seconds
    await wait_until_async(lambda: asyncio.get_running_loop().time() >= end, seconds + 5, "a moment to pass")


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
        await _moment(0.1)
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
    await _check_effects(real, receiver)
    await real.close()
    await state.close()


async def _check_effects(real: Ledger, receiver: Receiver) -> None:
    """Every effect exactly once; only what an order took back in time (a matter of moments) has none."""
    rows = await real.fetch("deliveries")
    assert {row["status"] for row in rows} <= {"sent", "withdrawn"}
    sent = {row["decision_id"] for row in rows if row["status"] == "sent"}
    assert sent == set(receiver.seen)
    assert len(sent) > len(rows) // 4
    codes = [c["code"] for c in await real.fetch("coupons") if c["status"] == "issued"]
    assert len(set(codes)) == len(codes) > 0
    shown = [m["data"]["body"].split(": ")[1] for m in receiver.seen.values() if m["data"]["template"] == "cart"]
    assert len(set(shown)) == len(shown)
    assert set(shown) <= set(codes)


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
    end = (await log.ends(0))[1]
    while worker.position is None or worker.position.offset < end:
        await worker.step()
    found = _known(await ledger.fetch("decisions")), {person: saved.state for person, saved in await state.people(0)}
    await ledger.close()
    return found


async def test_a_few_kills_change_nothing(tmp_path: Path) -> None:
    await _crash_run(tmp_path, kills=8, seed=11)


@pytest.mark.crash
async def test_forty_kills_change_nothing(tmp_path: Path) -> None:
    await _crash_run(tmp_path, kills=40, seed=7)
