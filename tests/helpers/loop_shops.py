"""Small shops whose log is folded step by step."""

from __future__ import annotations

import pytest

from schemas.errors import NamedStop
from tests.helpers.folded import Folded, fold_all

__all__ = ["EMPTY", "MANY", "REPORT", "SHOP", "shop_of", "stop_of"]

SHOP = """\
workspace: {name: Shop, zone: Europe/London, currency: GBP}
events:
  cart.added: {properties: {cart_total: {type: money}}}
  order.paid: {properties: {amount: {type: money}}}
segments:
  here: {when: 'last("*") > now - duration("30m")'}
rules:
  cart: {event: cart.added, wait: {for: 10m, unless: [order.paid]}, then: [{tag: reminded}]}
  gone: {leaves: here, then: [{assign: {to: team}}]}
"""


MANY = """\
workspace: {name: Shop, zone: Europe/London, currency: GBP}
events: {cart.added: {}}
segments: {any: {when: 'count("*", "30d") >= LEAST'}}
rules: {r: {enters: any, then: [{tag: t}]}}
"""


EMPTY = "workspace: {name: Shop, zone: Europe/London, currency: GBP}\nevents: {cart.added: {}}\n"


REPORT = """\
workspace: {name: Shop, zone: Europe/London, currency: GBP}
events: {cart.added: {}}
rules: {report: {schedule: {cron: "* * * * *"}, LIMITthen: [{assign: {to: team}}]}}
"""


async def shop_of(text: str = SHOP, partitions: int = 1) -> Folded:
    """An active playbook, and nothing folded yet."""
    shop = Folded.new(partitions)
    await shop.activate({"shop.yaml": text})
    return shop


async def stop_of(shop: Folded) -> str:
    """The name of the stop at which a worker ends."""
    with pytest.raises(NamedStop) as stopped:
        await fold_all(shop.worker())
    assert "; " in stopped.value.message  # what is wrong, and what to do
    return stopped.value.code
