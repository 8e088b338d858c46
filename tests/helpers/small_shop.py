"""A shop of one rule that an installation runs, and how it is brought to rest before it is moved."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.helpers.waiting import wait_until

if TYPE_CHECKING:
    from tests.helpers.installation import Installation

__all__ = ["PLAYBOOK", "catch_up", "order"]

PLAYBOOK = {
    "shop.yaml": """\
workspace: {name: Shop, zone: Europe/London, currency: GBP}
events:
  order.paid: {properties: {amount: {type: money, min: 0}}}
templates:
  thanks: {purpose: transactional, channels: {webhook: {en: "{{ coupon.code }}"}}}
coupon_pools:
  gift: {benefit: {amount_off: 5 GBP}, valid_for: 30d}
rules:
  first: {event: order.paid, limit: once, then: [{issue_coupon: gift}, {send: {template: thanks, channels: [webhook]}}]}
"""
}


def order(number: int, person: str) -> dict[str, object]:
    """An order of 20."""
    properties = {"amount": 20}
    return {"id": f"o{number}", "source": "shop", "person": person, "event": "order.paid", "properties": properties}


def catch_up(here: Installation) -> None:
    """Fold what the clock said last, as the page on operating says."""
    here.start("worker")
    wait_until(lambda: _lag(here) == 0, 20, "the worker to catch up")
    here.stop("worker")


def _lag(here: Installation) -> int:
    found = json.loads(here.run("status", "--json").stdout)
    return sum(partition["lag"] for partition in found["partitions"])
