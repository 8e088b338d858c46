"""The playbooks of the benchmarks on servers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bench import workload
from bench.worker import trivial
from rules.model import SendMessage, Trigger
from rules.read import read_playbook

if TYPE_CHECKING:
    from rules.model import Playbook

__all__ = ["LEAST_LEVEL", "LEFT_AFTER", "PLAYBOOKS", "full", "leaving"]

LEAST_LEVEL = 3
"""A `referral.joined` with this level or more decides a message, which says the event's `source`."""
LEFT_AFTER = 3 * workload.DAY
"""Milliseconds after their only event, a `cart.added`, at which a person leaves the segment `cart_left`."""
_FILE = """\
workspace: {name: Bench, zone: Asia/Shanghai, currency: CNY}
events:
  referral.joined: {properties: {level: {type: integer}, source: {type: text}}}
templates:
  thanks: {purpose: transactional, channels: {webhook: {zh: "{{ event.source }}"}}}
  gone: {purpose: transactional, channels: {webhook: {zh: "goodbye"}}}
rules:
  thanks: {event: referral.joined, when: event.level >= LEVEL, then: [{send: {template: thanks, channels: [webhook]}}]}
"""


def full() -> Playbook:
    """100 rules, 20 segments, 34 windows: one rule decides a message at 2 % of the events, 99 are only matched."""
    found, _ = read_playbook({"bench.yaml": _FILE.replace("LEVEL", str(LEAST_LEVEL))})
    if found is None:
        raise AssertionError("the playbook of the benchmark cannot be read")
    whole = workload.playbook(99, acting=False)
    rules = {**whole.rules, **found.rules}
    return replace(whole, rules=rules, templates=found.templates, hash=f"{2_000:064x}")


def leaving() -> Playbook:
    """The same, and a message to whoever leaves a segment."""
    whole = full()
    goodbye = (SendMessage("gone", ("webhook",)),)
    left = Trigger("leaves", ("cart_left",))
    gone = replace(whole.rules["thanks"], id="gone", trigger=left, when=None, then=goodbye)
    return replace(whole, rules={**whole.rules, gone.id: gone}, hash=f"{2_001:064x}")


PLAYBOOKS = {"trivial": trivial, "full": full, "leaving": leaving}
