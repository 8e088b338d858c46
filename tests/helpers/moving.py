"""A workspace in files that has lived a little, its twin that stays where it is, and what both make of what comes later."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from messaging.adapters.memory import MemoryAdapter
from messaging.dispatch import Dispatcher
from stores.connect import connect_ledger, connect_log, connect_state
from stores.ports import Appendable
from tests.helpers.folded import LOG_ID, Folded
from workers.moving.move import move
from workers.programs import Programs
from workers.simulation import Stores

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.helpers.stores import Clock

__all__ = [
    "HOUR",
    "PEOPLE",
    "at_work",
    "emptied",
    "file_urls",
    "in_files",
    "later",
    "live",
    "moved",
    "result",
    "stores_of",
    "twin_of",
]

HOUR = 3_600_000
PEOPLE = [f"p{n:02d}" for n in range(24)]
_KEY = b"k" * 32
_PLAYBOOK = {
    "shop.yaml": """\
workspace: {name: Shop, zone: Europe/London, currency: GBP}
events:
  cart.added: {properties: {cart_total: {type: money}}}
  order.paid: {properties: {amount: {type: money, min: 0}}}
segments:
  vip: {when: 'sum("order.paid", "amount", "365d") >= 300'}
  here: {when: 'last("*") > now - duration("90m")'}
lifecycle:
  - {id: buyer, when: 'count("order.paid", "365d") >= 1'}
  - {id: looker, otherwise: true}
coupon_pools:
  cart: {benefit: {amount_off: 5 GBP}, stock: 14}
templates:
  cart: {purpose: transactional, channels: {webhook: {en: "{{ event.cart_total }}: {{ coupon.code }}"}}}
  news: {purpose: marketing, channels: {webhook: {en: "For you", zh: 给你}}}
rules:
  cart:
    event: cart.added
    wait: {for: 4h, unless: [order.paid]}
    expires: 12h
    then: [{issue_coupon: {pool: cart, as: coupon}}, {send: {template: cart, channels: [webhook]}}]
  vip: {enters: vip, limit: once, then: [{tag: vip}, {send: {template: news, channels: [webhook]}}]}
  gone: {leaves: here, then: [{assign: {to: team}}]}
  seldom: {event: order.paid, limit: {max: {count: 2, within: 30d}}, then: [{tag: seldom}]}
  monday: {schedule: {cron: "0 9 * * 1", audience: 'in_segment("vip")'}, then: [{assign: {to: team}}]}
  tried: {status: shadow, event: order.paid, then: [{tag: paid}]}
"""
}


async def in_files(folder: Path, clock: Clock) -> Folded:
    """A workspace on SQLite. Its log may be told the times, so that a twin can be given the times of another log."""
    log = await connect_log(f"sqlite:///{folder}/log.db", clock=clock, new_id=lambda: LOG_ID, virtual_time=True)
    state = await connect_state(f"sqlite:///{folder}/state.db")
    return Folded(log, state, await connect_ledger(f"sqlite:///{folder}/ledger.db"), clock)


async def at_work(urls: Mapping[str, str], clock: Clock) -> Folded:
    """A workspace on the stores that it was moved to."""
    log = await connect_log(urls["log"], clock=clock, new_id=lambda: "never")
    return Folded(log, await connect_state(urls["state"]), await connect_ledger(urls["ledger"]), clock)


def file_urls(folder: Path) -> dict[str, str]:
    """Three files of a folder."""
    return {name: f"sqlite:///{folder}/{name}.db" for name in ("log", "state", "ledger")}


async def emptied(urls: Mapping[str, str], clock: Clock, partitions: int | None = None) -> Stores:
    """Stores that a workspace may be moved to."""
    log = await connect_log(
        urls["log"], clock=clock, new_id=lambda: "new-log", partitions=partitions, virtual_time=True
    )
    return Stores(log, await connect_state(urls["state"]), await connect_ledger(urls["ledger"]))


async def moved(shop: Folded, urls: Mapping[str, str], partitions: int | None = None) -> Folded:
    """The workspace on other stores, opened again."""
    target = await emptied(urls, shop.clock, partitions)
    await move(stores_of(shop), target, "there")
    await target.close()
    there = await at_work(urls, shop.clock)
    there.sent = shop.sent
    return there


def stores_of(shop: Folded) -> Stores:
    """Its three stores."""
    return Stores(shop.log, shop.state, shop.ledger)


async def twin_of(shop: Folded, folder: Path, other: Path) -> Folded:
    """A copy of a workspace in files."""
    await stores_of(shop).close()
    shutil.copytree(folder, other)
    return await in_files(other, shop.clock)


async def live(shop: Folded) -> None:
    """Leave something of everything: waits, what they ended in, rows not sent yet, coupons, consents, refusals."""
    await shop.ledger.keep_meta("workspace", "workspace")
    await shop.ledger.keep_meta("coupon_key", _KEY.hex())
    await shop.activate(_PLAYBOOK)
    for number, person in enumerate(PEOPLE):
        await shop.send(person, "consent.given", purpose="marketing")
        await shop.send(person, "person.updated", language="zh" if number % 2 else "en")
        await shop.send(person, "cart.added", cart_total=10 + number)
        await shop.tick(60_000)
    for number, person in enumerate(PEOPLE[::2]):
        await shop.send(person, "order.paid", amount=250 + 10 * number)
    await shop.send("p01", "order.paid", identity="wrong", amount=-1)
    await shop.log.append(
        [Appendable("p02", b'{"id": "1", "person": "p03", "event": "order.paid"}'), Appendable("", b"?", 0)]
    )
    await shop.tick(HOUR)
    await shop.fire("monday")
    await shop.tick(3 * HOUR)
    await shop.fold()
    await dispatch(shop, 9, rounds=1)
    for number, person in enumerate(PEOPLE[::3]):
        await shop.send(person, "cart.added", cart_total=90 + number)
    await shop.tick()
    await shop.fold()


async def later(shop: Folded, *, schedules: bool = True) -> None:
    """What comes after the move, its waits not over yet at the end."""
    for number, person in enumerate([*PEOPLE[::4], *PEOPLE[3::4]]):
        await shop.send(person, "order.paid", amount=60, ago=1_000 * number)
    for person in (*PEOPLE[1::5], "newcomer"):
        await shop.send(person, "cart.added", cart_total=75)
    await shop.send("p03", "order.paid", identity="wrong again", amount=-1)
    if schedules:
        await shop.fire("monday")
    await shop.tick()


async def dispatch(shop: Folded, limit: int, *, rounds: int) -> None:
    """Carry out what is due, at most `limit` rows a round; from one to the next a minute passes."""
    adapters = {"webhook": MemoryAdapter()}
    moment = shop.clock.now
    dispatcher = Dispatcher(shop.ledger, Programs(shop.ledger).offers, adapters, lambda: moment, _KEY)
    for _ in range(rounds):
        await dispatcher.step(limit)
        moment += 60_000


async def result(shop: Folded) -> dict[str, Any]:
    """What has come of it all: everything that anybody can see, wherever it lies."""
    await shop.fold()
    await dispatch(shop, 500, rounds=4)
    names = ("decisions", "deliveries", "coupons", "changes", "shadow")
    rows: dict[str, Any] = {name: await shop.ledger.fetch(name) for name in names}
    letters = await shop.ledger.fetch("dead_letters")
    rows["letters"] = sorted((row["time"], row["code"], row["message"], row["value"]) for row in letters)
    partitions = range(shop.log.info.partitions)
    rows["people"] = sorted([entry for p in partitions for entry in await shop.state.people(p)])
    rows["pools"] = await shop.ledger.fetch("pools")
    return rows
