"""A small playbook, and what the lint finds in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.check import check_playbook
from tests.helpers.playbooks import ZONES

if TYPE_CHECKING:
    from schemas.findings import Finding

__all__ = ["BASE", "CASE", "found", "rule"]

BASE = {
    "base.yaml": """\
workspace: {zone: UTC, currency: GBP, ad_words: [爆款], allowed_words: [顶级域名]}
events:
  order.paid: {aliases: [Paid], properties: {amount: {type: money}, kind: {type: text}}}
  order.old: {retired: true, replaced_by: order.paid}
  order.gone: {retired: true}
  ping:
traits:
  age: {type: integer}
  city: {type: text}
  name: {type: text}
  old_city: {type: text, retired: true, replaced_by: city}
  joined_at: {type: time, from: first("*")}
segments:
  vip: {when: 'sum("order.paid", "amount", "365d") >= 5000'}
  small: {when: 'sum("order.paid", "amount", "365d") < 100'}
  tagged: {when: has_tag("t")}
  deeper: {when: in_segment("tagged")}
  grown: {when: profile.age >= 18}
lifecycle:
  - {id: new, when: 'first("order.paid") > now - duration("30d")'}
  - {id: regular, otherwise: true}
templates:
  ad: {purpose: marketing, channels: {sms: {zh: 您好}}}
  bill: {purpose: transactional, channels: {sms: {zh: 第一名的账单}}}
rules:
  tagger: {event: ping, then: [{tag: t}, {tag: u}]}
""",
}


CASE = "case.yaml"


def rule(when: str, start: str = "event: order.paid") -> str:
    quoted = when if when.startswith("'") else "'" + when.replace("'", "''") + "'"
    return f"rules:\n  r:\n    {start}\n    when: {quoted}\n    then: [{{tag: x}}]\n"


def found(text: str) -> list[Finding]:
    _, findings = check_playbook({**BASE, CASE: text}, ZONES)
    return [finding for finding in findings if finding.file == CASE]
