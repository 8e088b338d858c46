"""Faults beside each other: all of them in one pass, each said once, with what would have been right."""

from __future__ import annotations

import pytest

from rules.read import read_playbook
from tests.helpers.playbooks import BASE, CASE, ZONES, rule_text, with_step


def test_all_faults_of_all_files_are_found_in_one_pass_and_sorted() -> None:
    files = {
        **BASE,
        "rules/b.yaml": rule_text("prority: 3", start="event: order.payed"),
        "rules/a.yaml": "rules:\n  s: {enters: vips, wait: 3, then: [{send: {template: helo, channels: [fax]}}]}\n",
        "z.yaml": "segments:\n  s: {when: 'count('}\n",
        "broken.yaml": "rules: [\n",
    }
    playbook, findings = read_playbook(files, ZONES)
    assert playbook is None
    assert findings == sorted(findings)
    assert {finding.file for finding in findings} == {"rules/a.yaml", "rules/b.yaml", "z.yaml", "broken.yaml"}
    assert {"unknown_key", "bad_duration", "unknown_channel"} <= {finding.code for finding in findings}


def test_what_an_unreadable_file_may_have_held_is_not_called_unknown() -> None:
    _, findings = read_playbook({"broken.yaml": "workspace: [\n", CASE: rule_text(start="event: order.payed")}, ZONES)
    assert {finding.file for finding in findings} == {"broken.yaml"}


def test_a_segment_with_a_fault_still_exists_for_those_who_refer_to_it() -> None:
    text = "segments:\n  s: {when: 'count('}\n" + rule_text(start="enters: s")
    _, findings = read_playbook({**BASE, CASE: text}, ZONES)
    assert [finding.code for finding in findings] == ["expr_unfinished"]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (rule_text(start="event: order.payed"), "did you mean 'order.paid'?"),
        (rule_text("prioritty: 3"), "did you mean 'priority'?"),
        (rule_text(start="enters: stage:neu"), "did you mean 'stage:new'?"),
        (rule_text("expires: 30"), "did you mean 30d?"),
        (rule_text("expires: 3 days"), "did you mean 3d?"),
        (rule_text("expires: 90min"), "did you mean 90m?"),
        (rule_text("expires: 30 分钟"), "did you mean 30m?"),
        (rule_text("expires: soon"), "write a number and a unit: 30d, 12h, 90m"),
        ("events:\n  x: {interaction: no}\n", "did you mean false?"),
        ("coupon_pools:\n  p: {benefit: {amount_off: 10}}\n", "did you mean 10 GBP?"),
        (rule_text("title: 12"), 'put it in quotes: "12"'),
        (rule_text("priority: 1,000"), "write 1000"),
        (rule_text(start='schedule: {cron: "0 9 * * 1", zone: Asia/Shanghei}'), "did you mean 'Asia/Shanghai'?"),
    ],
)
def test_a_fault_says_what_would_have_been_right(text: str, hint: str) -> None:
    _, findings = read_playbook({**BASE, CASE: text}, ZONES)
    assert [finding.hint.partition(" allowed:")[0] for finding in findings] == [hint]


def test_a_duplicate_names_the_first_place() -> None:
    _, findings = read_playbook({**BASE, CASE: "events:\n  cart.added:\n"}, ZONES)
    assert findings[0].message.endswith("base.yaml:12:3")


@pytest.mark.parametrize("status", ["draft", "shadow", "retired"])
def test_a_step_of_later_is_a_warning_in_a_rule_that_is_not_live(status: str) -> None:
    text = rule_text(f"status: {status}", then="[{tag: a}, {grant_points: 10}]")
    playbook, findings = read_playbook({**BASE, CASE: text}, ZONES)
    assert [(finding.code, finding.severity) for finding in findings] == [("not_available", "warning")]
    assert playbook is not None


def test_a_step_of_later_keeps_a_live_rule_from_going_live() -> None:
    playbook, findings = read_playbook({**BASE, CASE: with_step("{tag: a}, {grant_points: 10}")}, ZONES)
    assert [(finding.code, finding.severity) for finding in findings] == [("not_available", "error")]
    assert playbook is None


def test_a_key_that_yaml_programs_read_as_true_is_said_once() -> None:
    _, findings = read_playbook({**BASE, CASE: rule_text("on: order.paid")}, ZONES)
    assert [(finding.code, finding.line, finding.column) for finding in findings] == [("yaml_on_key", 4, 5)]


def test_what_the_yaml_itself_is_accused_of_is_not_also_called_a_wrong_type() -> None:
    _, findings = read_playbook({**BASE, CASE: rule_text("title: *alias")}, ZONES)
    assert [finding.code for finding in findings] == ["yaml_alias"]
