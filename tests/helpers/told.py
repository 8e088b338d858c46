"""A story with everything in it, in a log: what a worker makes of it must be the same whatever happens on the way."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from schemas.records import Behaviour, encode
from stores.open import open_ledger
from stores.ports import Appendable
from tests.helpers.folded import Folded

if TYPE_CHECKING:
    from pathlib import Path

    from stores.ports import State

__all__ = ["BEFORE", "MINUTE", "SHOP", "Told"]

MINUTE = 60_000
SHOP = """\
workspace: {name: Shop, zone: Europe/London, currency: GBP}
events:
  cart.added: {properties: {cart_total: {type: money}}}
  order.paid: {properties: {amount: {type: money, min: 0}}}
segments:
  vip: {when: 'sum("order.paid", "amount", "365d") >= 300'}
  here: {when: 'last("*") > now - duration("30m")'}
lifecycle:
  - {id: buyer, when: 'count("order.paid", "365d") >= 1'}
  - {id: looker, otherwise: true}
coupon_pools:
  cart: {benefit: {amount_off: 5 GBP}, stock: 3}
templates:
  cart: {purpose: transactional, channels: {webhook: {en: "{{ event.cart_total }}: {{ coupon.code }}"}}}
  vip: {purpose: transactional, channels: {webhook: {en: Welcome}}}
rules:
  cart:
    event: cart.added
    wait: {for: WAIT, unless: [order.paid]}
    expires: 1h
    then: [{issue_coupon: {pool: cart, as: coupon}}, {send: {template: cart, channels: [webhook]}}]
  vip: {enters: vip, limit: once, then: [{tag: vip}, {send: {template: vip, channels: [webhook]}}]}
  gone: {leaves: here, then: [{assign: {to: team}}]}
  monday: {schedule: {cron: "0 9 * * 1", audience: 'in_segment("vip")'}, then: [{assign: {to: team}}]}
  tried: {status: shadow, event: order.paid, then: [{tag: paid}]}
"""
BEFORE = {"shop.yaml": SHOP.replace("WAIT", "10m")}
AFTER = {"shop.yaml": SHOP.replace("WAIT", "40m").replace('"365d") >= 300', '"365d") >= 200')}


async def _story(shop: Folded) -> None:
    """Waits that end and are ended, repeats, refusals, a tick for more people than a batch, a schedule, a new playbook."""
    await shop.activate(BEFORE)
    for number in range(7):
        await shop.send(f"p{number}", "cart.added", identity=f"cart-{number}", cart_total=50 + number)
    await shop.tick(5 * MINUTE)
    await shop.send("p0", "order.paid", identity="paid-0", amount=310)
    await shop.send("p1", "cart.added", identity="cart-1", cart_total=51)
    await shop.send("p2", "order.paid", amount=-1)
    await shop.log.append([Appendable("p3", encode(Behaviour("x", "p4", "cart.added", None, {})))])
    await shop.tick(6 * MINUTE)
    await shop.send("p5", "order.paid", amount=250, ago=2 * MINUTE)  # comes after its wait is over, and takes it back
    await shop.fire("monday")
    await shop.send("p6", "cart.added", cart_total=90)
    await shop.activate(AFTER)
    await shop.send("p6", "cart.added", cart_total=95)
    await shop.tick(60 * MINUTE)
    await shop.tick()


class Told:
    """The story in a log, and a ledger that knows its playbooks and nothing else."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.copies = folder, 0
        self.shop = Folded.new(ledger=open_ledger(f"sqlite:///{folder}/told.db"))

    async def tell(self) -> None:
        """Append it all."""
        await _story(self.shop)
        await self.shop.ledger.close()

    def fresh(self, state: State | None = None) -> Folded:
        """The log, and new stores to fold it into."""
        self.copies += 1
        copy = self.folder / f"copy-{self.copies}.db"
        shutil.copy(self.folder / "told.db", copy)
        return self.shop.again(ledger=open_ledger(f"sqlite:///{copy}"), state=state)
