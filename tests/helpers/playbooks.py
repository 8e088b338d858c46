"""Playbooks for tests: a small sound one to put a case beside, and texts that carry the place of their faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas.findings import Finding

__all__ = ["BASE", "CASE", "ZONES", "marked", "places", "rule_text", "with_step"]

CASE = "case.yaml"
ZONES = frozenset({"Europe/London", "Asia/Shanghai", "UTC"})
_MARK = "▶"

BASE = {
    "base.yaml": """\
workspace: {name: Shop, zone: Europe/London, currency: GBP, language: en}
events:
  order.paid:
    aliases: [Order Completed, 下单]
    properties:
      order_id: {type: text}
      amount: {type: money}
  order.cancelled:
    properties:
      order_id: {type: text}
      reason: {type: text}
  cart.added:
traits:
  name: {type: text}
  level: {type: integer}
segments:
  vip: {when: 'sum("order.paid", "amount", "365d") >= 5000'}
  active: {when: 'count("*", "30d") >= 3'}
lifecycle:
  - id: new
    when: first("order.paid") > now - duration("30d")
  - id: active
    when: count("*", "30d") >= 3
  - id: regular
    otherwise: true
coupon_pools:
  gift: {benefit: {amount_off: 5 GBP, minimum: 20 GBP}, stock: 100, valid_for: 14d, per_person: 1, budget: 500 GBP}
  forever: {benefit: {percent_off: 10}}
communities:
  club: {title: The Club, join_url: https://example.com/club}
templates:
  hello: {purpose: transactional, channels: {email: {en: "Hello {{ person.name | default: 'you' }}"}, sms: {en: Hello}}}
  gift: {purpose: transactional, channels: {email: {en: "{{ coupon.code }}"}}}
  until: {purpose: transactional, channels: {email: {en: "{{ coupon.expires | date: '%d.%m.' }}"}}}
  worth: {purpose: transactional, channels: {email: {en: "{{ coupon.amount_off }}"}}}
  least: {purpose: transactional, channels: {email: {en: "{{ coupon.minimum }}"}}}
  club: {purpose: transactional, channels: {wecom: {zh: "{{ community.title }}"}}}
  paid: {purpose: transactional, channels: {email: {en: "{{ event.amount }}"}}}
  replied: {purpose: transactional, channels: {email: {en: "{{ reply.amount }}"}}}
  strange: {purpose: transactional, channels: {email: {en: "{{ event.colour }} {{ person.age }}"}}}
""",
}
"""Sound: it gives no finding."""


def rule_text(*lines: str, start: str = "event: order.paid", then: str = "[{tag: seen}]") -> str:
    """A rule `r` with these lines; `start` and `then` may be replaced, or left out when empty."""
    body = [*([start] if start else []), *lines, *([f"then: {then}"] if then else [])]
    return "rules:\n  r:\n" + "".join(f"    {line}\n" for line in body)


def with_step(step: str) -> str:
    """A rule `r` that a payment starts, with this one step."""
    return rule_text(then=f"[{step}]")


def marked(text: str) -> tuple[str, list[tuple[str, int, int]]]:
    """The text without its marks, and where they stood: (file, line, column)."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        parts = line.split(_MARK)
        found += [(CASE, number, 1 + sum(map(len, parts[: at + 1]))) for at in range(len(parts) - 1)]
    return text.replace(_MARK, ""), found


def places(findings: Iterable[Finding]) -> list[tuple[str, int, int]]:
    """Where findings stand."""
    return [(finding.file, finding.line, finding.column) for finding in findings]
