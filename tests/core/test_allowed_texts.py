"""A text that a property, a stage or an input can never have is a fault where it stands, with the nearest one that can come."""

from __future__ import annotations

import pytest

from rules.check import check_playbook
from rules.codes.languages import in_chinese
from rules.compile import compile_playbook
from rules.read import read_playbook
from tests.helpers.playbooks import CASE, ZONES, marked, places, rule_text

SHOP = """\
workspace: {zone: UTC, currency: GBP}
inputs:
  from: {type: text, default: web}
  wrong: {type: text, default: wbe}
events:
  order.paid:
    properties:
      channel: {type: text, values: [web, store]}
      note: {type: text}
      items: {type: list, of: {size: {type: text, values: [small, large]}}}
  order.called: {properties: {channel: {type: text, values: [phone]}}}
  visit: {properties: {channel: {type: text}}}
lists:
  good: [web, store]
  bad: [web, wbe]
let:
  where: event.channel
lifecycle:
  - {id: new, when: 'first("order.paid") > now - duration("30d")'}
  - {id: regular, otherwise: true}
"""
BOTH = "event: [order.paid, order.called]"
NEVER = {
    "a comparison": (rule_text('when: event.channel == ▶"wbe"'), "not_allowed", "web"),
    "the other way round": (rule_text("when: '▶\"wbe\" == event.channel'"), "not_allowed", "web"),
    "a difference": (rule_text('when: event.channel != ▶"wbe"'), "not_allowed", "web"),
    "capitals": (rule_text('when: event.channel == ▶"Web"'), "not_allowed", "web"),
    "one of a list": (rule_text('when: event.channel in ["web", ▶"stor"]'), "not_allowed", "store"),
    "one of a list with a name": (rule_text("when: event.channel in ▶lists.bad"), "not_allowed", "web"),
    "an input": (rule_text("when: event.channel == ▶inputs.wrong"), "not_allowed", "web"),
    "a value with a name": (rule_text('when: let.where == ▶"wbe"'), "not_allowed", "web"),
    "none of two events": (rule_text('when: event.channel == ▶"stroe"', start=BOTH), "not_allowed", "store"),
    "an item": (rule_text('when: event.items.exists(i, i.size == ▶"lage")'), "not_allowed", "large"),
    "a reply": (
        rule_text(then='[{wait: {event: order.called, within: 1d}, then: [{if: reply.channel == ▶"phne", then: [{tag: x}]}]}]'),
        "not_allowed",
        "phone",
    ),
    "what is emitted": (
        rule_text(then="[{emit: {event: order.called, properties: {channel: '▶\"fone\"'}}}]"), "not_allowed", "phone"
    ),
    "a stage": (rule_text('when: profile.stage == ▶"regula"'), "unknown_stage", "regular"),
    "a stage of a list": (rule_text('when: profile.stage in ["new", ▶"regula"]'), "unknown_stage", "regular"),
    "a stage in a segment": ("segments:\n  s: {when: 'profile.stage != ▶\"nwe\"'}\n", "unknown_stage", "new"),
}  # fmt: skip
MAY_COME = {
    "a comparison": rule_text('when: event.channel == "web"'),
    "a list": rule_text("when: event.channel in lists.good"),
    "an input": rule_text("when: event.channel == inputs.from"),
    "either of two events": rule_text('when: event.channel in ["web", "phone"]', start=BOTH),
    "any text of one of two events": rule_text('when: event.channel == "fax"', start="event: [order.paid, visit]"),
    "whatever event it was": rule_text('when: event.channel == "fax"', start="enters: stage:new"),
    "a part of it": rule_text('when: event.channel.startsWith("w")'),
    "a text without values": rule_text('when: event.note == "wbe"'),
    "a stage": rule_text('when: profile.stage == "regular"'),
    "an item": rule_text('when: event.items.exists(i, i.size == "large")'),
}


@pytest.mark.parametrize(("text", "code", "near"), NEVER.values(), ids=list(NEVER))
def test_a_text_that_never_comes_is_found_where_it_stands(text: str, code: str, near: str) -> None:
    plain, expected = marked(text)
    _, findings = check_playbook({"shop.yaml": SHOP, CASE: plain}, ZONES)
    assert [(each.code, each.severity, each.hint) for each in findings] == [(code, "error", f"did you mean {near!r}?")]
    assert places(findings) == expected
    assert findings[0].length > 1
    assert in_chinese(findings[0].message)


@pytest.mark.parametrize("text", MAY_COME.values(), ids=list(MAY_COME))
def test_a_text_that_may_come_is_no_fault(text: str) -> None:
    assert check_playbook({"shop.yaml": SHOP, CASE: text}, ZONES)[1] == []


def test_where_nothing_is_near_all_texts_are_named() -> None:
    _, findings = check_playbook({"shop.yaml": SHOP, CASE: rule_text('when: event.channel == "xyz"')}, ZONES)
    assert [(each.message, each.hint) for each in findings] == [("'xyz' is none of web, store", "allowed: web, store")]


def test_values_that_cannot_be_read_make_no_other_text_wrong() -> None:
    files = {
        "shop.yaml": SHOP.replace("[web, store]}\n      note", "[web, 3]}\n      note"),
        CASE: rule_text('when: event.channel == "store"'),
    }
    _, findings = check_playbook(files, ZONES)
    assert {finding.file for finding in findings} == {"shop.yaml"}


def test_a_playbook_in_force_goes_on_with_such_a_text() -> None:
    playbook, _ = read_playbook({"shop.yaml": SHOP, CASE: rule_text('when: event.channel == "wbe"')}, ZONES)
    assert playbook is not None
    assert set(compile_playbook(playbook).rules) == {"r"}


TOGETHER = {
    "two names": rule_text("when: event.chanel == event.nota", start="event: order.paid"),
    "a name on either side of and": rule_text('when: event.chanel == "web" && profile.age > 3'),
    "a type and a name": rule_text('when: event.note > 3 || cuont("visit", "7d") > 1'),
    "two types": rule_text("when: event.note > 3 && !(event.channel == 5)"),
    "a test and a choice": rule_text("when: 'event.chanel == \"web\" ? profile.age > 1 : true'"),
    "in a segment": "segments:\n  s: {when: profile.a > 1 && profile.b > 2}\n",
    "in a let": "let:\n  l: profile.a > 1 && profile.b > 2\n",
    "in the list of a let": "let:\n  l: [profile.a > 1, profile.b > 2]\n",
}


@pytest.mark.parametrize("text", TOGETHER.values(), ids=list(TOGETHER))
def test_two_faults_of_one_expression_that_are_apart_are_both_told(text: str) -> None:
    _, findings = check_playbook({"shop.yaml": SHOP, CASE: text}, ZONES)
    assert len({(each.line, each.column) for each in findings}) == len(findings) == 2


def test_what_follows_from_a_fault_inside_is_not_told_besides() -> None:
    _, findings = check_playbook({"shop.yaml": SHOP, CASE: rule_text("when: (profile.age + 1) * 2 > 3 && true")}, ZONES)
    assert [finding.code for finding in findings] == ["unknown_trait"]
