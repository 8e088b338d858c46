"""Warnings are given in the same pass as faults: of all that could be read, and of nothing that a fault alone brings about."""

from __future__ import annotations

import pytest

from rules.check import check_playbook
from tests.helpers.playbooks import ZONES

SHOP = """\
workspace: {zone: UTC, currency: GBP}
events:
  order.paid: {properties: {amount: {type: money}, kind: {type: text}}}
  ping:
traits:
  age: {type: integer}
  city: {type: text}
segments:
  old: {when: profile.age >= 60}
lifecycle:
  - {id: new, when: 'first("order.paid") > now - duration("30d")'}
  - {id: regular, otherwise: true}
coupon_pools:
  gift: {benefit: {amount_off: 5 GBP}, stock: 100, valid_for: 14d, budget: 500 GBP}
templates:
  ad: {purpose: marketing, channels: {sms: {en: Hello}}}
  coupon: {purpose: transactional, channels: {sms: {en: "until {{ coupon.expires }}"}}}
"""
DOUBTFUL = {
    "no_limit": "rules:\n  r: {event: ping, then: [{send: {template: ad, channels: [sms]}}]}\n",
    "never_true": "segments:\n  s: {when: profile.age > 60 && profile.age < 18}\n",
    "over_budget": "coupon_pools:\n  p: {benefit: {amount_off: 5 GBP}, stock: 100, budget: 5 GBP}\n",
    "maybe_unknown": "templates:\n  t: {purpose: transactional, channels: {sms: {en: '{{ person.city }}'}}}\n",
    "unknown_tag": "segments:\n  s: {when: has_tag('t')}\n",
    "count_equals_one": 'rules:\n  r: {event: ping, when: \'count("ping", "7d") == 1\', then: [{tag: x}]}\n',
    "wakes_everyone": "segments:\n  s: {when: local_hour() >= 9}\n",
    "duplicate_rule": "rules:\n  a: {event: ping, then: [{tag: x}]}\n  b: {event: ping, then: [{tag: x}]}\n",
    "no_otherwise": "",
    "odd_shares": "rules:\n  r:\n    event: ping\n    then: [{split: s, arms: {a: {weight: 50, then: [{tag: x}]}, b: {weight: 49}}}]\n",
}
"""Code → what is warned of by it, whatever is wrong elsewhere."""
FAULTS = {
    "a key of another rule": "rules:\n  f: {event: ping, prioritty: 3, then: [{tag: y}]}\n",
    "a step of another rule": "rules:\n  f: {event: ping, then: [{tagg: y}]}\n",
    "a name in another rule": "rules:\n  f: {event: ping, when: profile.agee > 3, then: [{tag: y}]}\n",
    "another segment": "segments:\n  f: {when: 'count('}\n",
    "another template": "templates:\n  f: {purpose: marketing, channels: {fax: {en: Hello}}}\n",
    "a property": "events:\n  f: {properties: {g: {type: txt}}}\n",
    "an event": "events:\n  f: {aliases: [ping]}\n",
    "a section that is none": "rulez:\n  f: {event: ping}\n",
    "a file that cannot be read": "rules:\n  f: {event: [ping\n",
}
HIDDEN = {
    ("unknown_tag", fault)
    for fault in FAULTS
    if fault not in {"another segment", "another template", "a property", "an event", "a name in another rule"}
} | {("no_otherwise", fault) for fault in ("a section that is none", "a file that cannot be read")}
"""What an unread rule, stage or file may hold."""


def warned(*files: str) -> set[str]:
    named = {f"{at}.yaml": text for at, text in enumerate(files)}
    _, findings = check_playbook(named, ZONES)
    assert sum(finding.severity == "error" for finding in findings) == len(files) - 2
    return {finding.code for finding in findings if finding.severity == "warning"}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("code", DOUBTFUL)
def test_a_fault_elsewhere_hides_a_warning_only_if_what_is_unread_may_answer_it(code: str, fault: str) -> None:
    shop = (
        SHOP.replace("{id: regular, otherwise: true}", "{id: regular, when: profile.age > 3}")
        if code == "no_otherwise"
        else SHOP
    )
    assert warned(shop, DOUBTFUL[code]) == {code}
    assert warned(shop, DOUBTFUL[code], FAULTS[fault]) == (set() if (code, fault) in HIDDEN else {code})


SEND = "then: [{send: {template: ad, channels: [sms]}}]"
FOLLOWS = {
    "a limit that cannot be read": f"rules:\n  r: {{event: ping, limit: {{onc_within: 7d}}, {SEND}}}\n",
    "a limit that is no text": f"rules:\n  r: {{event: ping, limit: 3, {SEND}}}\n",
    "a limit of a count": "rules:\n  r: {event: ping, when: 'count(\"ping\", \"7d\") == 1', limt: once, then: [{tag: x}]}\n",
    "the end of a pool": "coupon_pools:\n  p: {benefit: {amount_off: 5 GBP}, valid_for: 14}\n"
    "rules:\n  r: {event: ping, then: [{issue_coupon: p}, {send: {template: coupon, channels: [sms]}}]}\n",
    "what a trait is computed of": "traits:\n  home: {type: text, form: profile.city}\n"
    "templates:\n  t: {purpose: transactional, channels: {sms: {en: '{{ person.home }}'}}}\n",
    "the segment that starts a rule": "segments:\n  s: {when: '('}\n"
    "rules:\n  r: {enters: s, then: [{if: profile.age > 3, then: [{tag: a}], else: [{tag: b}]}]}\n",
    "a segment that rests on it": "segments:\n  s: {when: has(profile.agee)}\n  d: {when: in_segment('s')}\n"
    "rules:\n  r: {enters: d, then: [{if: profile.age > 3, then: [{tag: a}], else: [{tag: b}]}]}\n",
    "a condition with a name": "let:\n  l: has(profile.agee)\n"
    "rules:\n  r: {event: ping, when: let.l, then: [{if: profile.age > 3, then: [{tag: a}], else: [{tag: b}]}]}\n",
}  # fmt: skip


@pytest.mark.parametrize("text", FOLLOWS.values(), ids=list(FOLLOWS))
def test_nothing_is_warned_of_that_a_fault_alone_brings_about(text: str) -> None:
    assert warned(SHOP, "", text) == set()


@pytest.mark.parametrize(
    "workspace", ["workspace: {zone: UTC, currency: GBP, cap: {all: {count: 1, within: 1d}}}", "workspce: {zone: UTC}"]
)
def test_nothing_is_warned_of_that_a_setting_of_the_workspace_may_answer(workspace: str) -> None:
    text = SHOP.replace("workspace: {zone: UTC, currency: GBP}", workspace) + DOUBTFUL["no_limit"]
    _, findings = check_playbook({"a.yaml": text}, ZONES)
    assert "error" in {finding.severity for finding in findings}
    assert {finding.code for finding in findings if finding.severity == "warning"} == set()


OPEN = "rules:\n  f: {event: [ping\n"


@pytest.mark.parametrize(
    "text",
    [
        "rules:\n  a: {enters: s, then: [{tag: x}]}\n  b: {enters: t, then: [{tag: x}]}\n",
        "rules:\n  r: {enters: s, then: [{if: profile.age > 3, then: [{tag: a}], else: [{tag: b}]}]}\n",
        "segments:\n  s: {when: 'profile.stage != \"vip\"'}\n",
        "rules:\n  r: {event: ping, when: in_segment('s'), then: [{if: profile.age > 3, then: [{tag: a}], else: [{tag: b}]}]}\n",
        f"rules:\n  r: {{event: ping, limit: '${{inputs.often}}', {SEND}}}\n",
    ],
)
def test_nothing_is_warned_of_that_names_what_may_stand_in_an_unread_file(text: str) -> None:
    assert warned(SHOP, text, OPEN) == set()


def test_the_caret_of_a_budget_is_as_long_as_its_text() -> None:
    _, findings = check_playbook({"0.yaml": SHOP, "1.yaml": DOUBTFUL["over_budget"]}, ZONES)
    assert [(finding.code, finding.length) for finding in findings] == [("over_budget", len("5 GBP"))]
