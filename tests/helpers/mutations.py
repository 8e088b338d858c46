"""Twenty sound playbooks of one file, and forty-eight ways to spoil one, each with the line that it spoils.

    python -m tests.helpers.mutations > tests/core/faulty_files/golden.tsv

writes the golden file anew; what has changed in it is to be read before it is kept.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from itertools import product

__all__ = ["GOOD", "KINDS", "spoilt"]

_PLAYS = {
    "cart": ("cart.added", "total", "order.paid", "buyers", "cart_rescue", "sms"),
    "browse": ("product.viewed", "price", "order.paid", "keen", "browse_thrice", "wecom"),
    "welcome": ("account.made", "score", "account.closed", "known", "welcome", "email"),
    "分享": ("邀请.成功", "reward", "邀请.取消", "达人", "感谢分享", "wecom"),
    "winback": ("visit.ended", "minutes", "visit.begun", "regulars", "come_back", "push"),
}
_HEAD = """\
# A playbook of one file: {play}
workspace:
  zone: UTC
  currency: GBP
  quiet_hours: {{from: "22:00", until: "23:30"}}
  caps: {{marketing: {{count: 2, within: 7d}}}}
events:
  {start}:
    properties: {{{prop}: {{type: number}}, note: {{type: text, values: [gift, own]}}}}
  {end}:
traits:
  age: {{type: integer}}
segments:
  {segment}: {{when: 'count("{start}", "7d") >= 1'}}
  grown: {{when: profile.age >= 18}}
lifecycle:
  - id: new
    when: first("{start}") > now - duration("30d")
  - id: rest
    otherwise: true
coupon_pools:
  gift:
    benefit: {{amount_off: 10 GBP}}
    stock: 500
    valid_for: 14d
templates:
  {template}:
    purpose: marketing
    channels:
      {channel}: {{en: "Hello {{{{ coupon.code }}}}"}}
"""
_RULES = (
    """\
rules:
  {play}:
    title: in block style
    event: {start}
    when: event.{prop} >= 5000 && profile.age > 3
    unless: in_segment("{segment}")
    wait: {{for: 1h, unless: [{end}]}}
    limit: {{once_within: 24h}}
    priority: 60
    expires: 2h
    then:
      - issue_coupon: gift
      - send: {{template: {template}, channels: [{channel}]}}
""",
    """\
rules:
  {play}:
    priority: 60   # first of all
    title: "with lists and quotes"
    event: {start}
    when:
      - event.{prop} >= 5000 && profile.stage == "new"
      - has(profile.age)
    unless: [in_segment("{segment}")]
    wait:
      for: 1h
      unless:
        - {end}
    limit: {{once_within: 24h}}
    expires: 2h
    then:
      - issue_coupon: {{pool: gift, as: coupon}}
      - send:
          template: {template}
          channels: [{channel}]
""",
    """\
rules:
  # The steps stand in one line each.
  {play}:
    event: {start}
    title: 标题
    when: {{all: ['event.{prop} >= 5000 && !has(event.note)', profile.age > 3]}}
    unless:
      any:
        - in_segment("{segment}")
        - profile.age > 90
    priority: 60
    wait: {{for: 1h, unless: [{{event: {end}}}]}}
    limit: {{once_within: 24h, once_per: note}}
    expires: 2h
    then: [{{issue_coupon: gift}}, {{send: {{template: {template}, channels: [{channel}]}}}}]
""",
    """\
rules:
  {play}:
    title: folded over lines
    event: {start}
    when: >-
      event.{prop} >= 5000 &&
      profile.age > 3
    unless: in_segment("{segment}") || in_segment("grown")
    limit: {{once_within: 24h}}
    priority: 60
    expires: 2h
    wait: {{for: 1h}}
    then:
      - tag: seen
      - issue_coupon: gift
      - wait: 2d
      - send: {{template: {template}, channels: [{channel}], }}
""",
)
_JOURNEYS = (
    """\
  tour:
    event: {start}
    canary: 10%
    if_late: {{send_within: 2h}}
    valid: {{from: "2026-01-01T00:00:00Z", until: "2026-12-31T00:00:00Z"}}
    if_running: restart
    limit: once
    then:
      - if: has(profile.age) && profile.age >= 21
        then: [{{tag: grown_up}}]
        else:
          - tag: young
      - split: greeting
        arms:
          letter:
            weight: 50
            then:
              - issue_coupon: gift
              - send: {{template: {template}, channels: [{channel}]}}
          nothing: {{weight: 50}}
      - wait:
          event: {end}
          within: 3d
        then:
          - wait: {{until: "09:30"}}
        else:
          - stop
      - tag: toured
""",
    """\
  tour:
    if_running: restart
    event: {start}
    if_late: {{send_within: 2h}}
    limit: once
    valid:
      from: "2026-01-01T00:00:00Z"
      until: "2026-12-31T00:00:00Z"
    canary: 10%
    then:
      - if: [has(profile.age), profile.age >= 21]
        then: [{{tag: grown_up}}, {{wait: 1h}}]
        else: [{{tag: young}}]
      - wait: {{event: [{end}], within: 3d, while: has(profile.age)}}
        then: [{{wait: {{until: "09:30"}}}}]
        else: [stop]
      - split: greeting
        arms:
          letter: {{weight: 50, then: [{{issue_coupon: gift}}, {{send: {{template: {template}, channels: [{channel}]}}}}]}}
          nothing: {{weight: 50}}
""",
)


def _good() -> dict[str, str]:
    out = {}
    for (play, words), (number, rules) in product(_PLAYS.items(), enumerate(_RULES)):
        names = dict(zip(("start", "prop", "end", "segment", "template", "channel"), words, strict=True))
        out[f"{play}-{number}"] = (_HEAD + rules + _JOURNEYS[number % 2]).format(play=play, **names)
    return out


GOOD = _good()
Spoil = Callable[[str], tuple[str, int]]
"""A text → the spoilt text, and the line in which the fault is."""


def _swap(pattern: str, replacement: str, lines_on: int = 0) -> Spoil:
    """Replace the last place that matches; the fault is in the line where it begins, or some lines on."""

    def spoil(text: str) -> tuple[str, int]:
        match = list(re.finditer(pattern, text, re.MULTILINE))[-1]
        spoilt = text[: match.start()] + match.expand(replacement) + text[match.end() :]
        return spoilt, text.count("\n", 0, match.start()) + 1 + lines_on

    return spoil


def _append(lines: str) -> Spoil:
    return lambda text: (text + lines, text.count("\n") + 2)


KINDS: dict[str, Spoil] = {
    "a typo in a key": _swap(r"priority: 60", "prioritty: 60"),
    "a text for a number": _swap(r"priority: 60", "priority: high"),
    "a length of time without a unit": _swap(r"expires: 2h", "expires: 2"),
    "a length of time in words": _swap(r"for: 1h", "for: 1 hour"),
    "an event that is not there": _swap(r"^    event: (\S+)$", r"    event: \1x"),
    "a property that is not there": _swap(r"event\.(\w+) >= 5000", r"event.\1x >= 5000"),
    "a trait that is not there": _swap(r"profile\.age >= 18", "profile.agee >= 18"),
    "a segment that is not there": _swap(r'in_segment\("(\w+)"\)', r'in_segment("\1x")'),
    "a template that is not there": _swap(r"template: (\w+)", r"template: \1x"),
    "a channel that is not there": _swap(r"channels: \[\w+\]", "channels: [fax]"),
    "a pool that is not there": _swap(r"(issue_coupon: |pool: )gift", r"\1gifts"),
    "a word for an operator": _swap(r"5000 &&", "5000 and"),
    "a single equals sign": _swap(r">= 5000", "= 5000"),
    "a separator of thousands": _swap(r"profile\.age >= 18", "profile.age >= 18,000"),
    "full-width punctuation": _swap(r'in_segment\("(\w+)"\)', r'in_segment（"\1"）'),
    "a bracket that is not closed": _swap(r'first\("([^"]+)"\) > now', r'first("\1" > now'),
    "money without a currency": _swap(r"amount_off: 10 GBP", "amount_off: 10"),
    "an expression with a comma in braces": _swap(r"""'(count\("[^"]+", "7d"\) >= 1)'""", r"\1"),
    "a key that YAML 1.1 reads as true": _swap(r"^    event: ", "    on: "),
    "a tab": _swap(r"^    stock: 500$", "\tstock: 500"),
    "a line that fits in with none": _swap(r"^    valid_for: 14d$", "   valid_for: 14d"),
    "an alias": _swap(r"stock: 500", "stock: *many"),
    "a key twice": _swap(r"^    stock: 500$", "    stock: 500\n    stock: 600", 1),
    "a stage of both kinds": _swap(r"^    otherwise: true$", "    otherwise: true\n    when: profile.age > 3", -1),
    "a name that came before": _append("  again: {event: EVENT, then: [{tag: x}]}\n  again: {event: EVENT, then: [{tag: y}]}\n"),
    "a typo in a branch": _swap(r"tag: young", "tagg: young"),
    "a typo in the key of a branch": _swap(r"^        else:", "        otherwise:"),
    "an if with a typo": _swap(r"- if: ", "- iff: "),
    "a trait in a branch that is not there": _swap(r"profile\.age >= 21", "profile.agee >= 21"),
    "a reply where there is none": _swap(r"profile\.age >= 21", "reply.age >= 21"),
    "a share below zero": _swap(r"nothing: \{weight: 50", "nothing: {weight: -50"),
    "an arm without a share": _swap(r"nothing: \{weight: 50\}", "nothing: {then: [stop]}"),
    "an arm with a dot": _swap(r"nothing: \{weight", "no.thing: {weight"),
    "a split without a name": _swap(r"split: greeting", "split:"),
    "a wait of two kinds": _swap(r"wait: \{until", "wait: {for: 1h, until"),
    "a wait for an event in words": _swap(r"within: 3d", "within: 3 days"),
    "a time of day in words": _swap(r'until: "09:30"', "until: noon"),
    "a stop with something to it": _swap(r"\bstop\b", "{stop: now}"),
    "a canary without its sign": _swap(r"canary: 10%", "canary: 10"),
    "a lateness without a unit": _swap(r"send_within: 2h", "send_within: 2"),
    "an end before its beginning": _swap(r"2026-12-31", "2025-12-31"),
    "a moment without a zone": _swap(r"2026-12-31T00:00:00Z", "2026-12-31T00:00:00"),
    "a word for what runs do": _swap(r"if_running: restart", "if_running: again"),
    "an hour that no clock shows": _swap(r'until: "23:30"', 'until: "24:30"'),
    "a stage that is not there": _swap(r"profile\.age >= 18", 'profile.stage == "newer"'),
    "a text that never comes": _swap(r"event\.(\w+) >= 5000", 'event.note == "gfit"'),
    "two names that are not there": _swap(r"event\.(\w+) >= 5000", r"event.\1x >= 5000 && profile.agee > 3"),
    "a cap of nothing": _swap(r"count: 2", "count: 0"),
}  # fmt: skip


def spoilt(good: str, kind: str) -> tuple[str, int]:
    """A sound text with one fault in it, and the line of the fault."""
    text, line = KINDS[kind](GOOD[good])
    start = re.search(r"^  (\S+):$", GOOD[good], re.MULTILINE)
    return text.replace("EVENT", start[1] if start else ""), line


def _golden() -> list[str]:
    """The rows of the golden file: every spoilt file with the errors that are found in it."""
    from rules.check import check_playbook

    rows = ["playbook\tkind\tline\tcolumn\tcode"]
    for kind, good in product(KINDS, GOOD):
        _, findings = check_playbook({"p.yaml": spoilt(good, kind)[0]})
        found = [f"{good}\t{kind}\t{f.line}\t{f.column}\t{f.code}" for f in findings if f.severity == "error"]
        rows += found
    return rows


if __name__ == "__main__":
    sys.stdout.write("\n".join(_golden()) + "\n")
