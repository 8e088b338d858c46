"""A key that stands at the wrong place, or bears another tool's name, is answered with where it belongs or what it is called."""

from __future__ import annotations

import pytest

from rules.check import check_playbook
from rules.read_catalogue import WORKSPACE_KEYS
from rules.read_steps import STEPS
from tests.helpers.playbooks import BASE, CASE, ZONES, rule_text

SECTIONS = ["quiet_hours: {from: 21:00, until: 9:00}\n", "caps: {all: {count: 1, within: 1d}}\n", "holdout: 5%\n"]


def hints(text: str) -> dict[str, str]:
    """The hints of a file, by their code."""
    _, findings = check_playbook({**BASE, CASE: text}, ZONES)
    return {finding.code: str(finding.hint) for finding in findings}


@pytest.mark.parametrize("text", SECTIONS)
def test_what_belongs_to_the_workspace_is_sent_there(text: str) -> None:
    key = text.partition(":")[0]

    assert hints(text)["unknown_key"] == f"`{key}` stands under `workspace`"


def test_the_keys_of_the_workspace_are_those_that_it_has() -> None:
    _, findings = check_playbook({CASE: "workspace: {x: 1}\n"}, ZONES)

    hint = next(str(finding.hint) for finding in findings if finding.code == "unknown_key")
    assert set(hint.removeprefix("allowed: ").split(", ")) == set(WORKSPACE_KEYS)


@pytest.mark.parametrize("step", STEPS)
def test_a_step_beside_then_is_sent_into_it(step: str) -> None:
    text = rule_text(f"{step}: x")

    assert hints(text)["unknown_key"] == f"`{step}` is a step: write it in the list under `then`"


@pytest.mark.parametrize("key", ["then", "else"])
def test_the_branches_of_a_wait_stand_beside_it(key: str) -> None:
    text = f"rules:\n  r:\n    event: order.paid\n    then:\n      - wait: {{event: order.paid, within: 3d, {key}: []}}\n      - tag: x\n"

    assert hints(text)["unknown_key"] == f"`{key}` stands beside `wait`, not in it"


def test_another_tools_name_of_a_key_is_answered_with_ours_and_each_key_is_named_once() -> None:
    schedule = "rules:\n  r: {schedule: {birthday: born}, then: [{tag: x}]}\n"
    quiet = "workspace: {zone: Europe/London, currency: GBP, quiet_hours: {from: 21:00, to: 9:00}}\n"

    hint = hints(schedule)["unknown_key"]
    assert hint.startswith("did you mean 'anniversary'? allowed: ")
    names = hint.partition("allowed: ")[2].split(", ")
    assert len(names) == len(set(names))
    _, findings = check_playbook({CASE: quiet}, ZONES)
    assert "did you mean 'until'? allowed: from, until, zone, channels, purposes" in {str(f.hint) for f in findings}


@pytest.mark.parametrize(
    ("step", "hint"),
    [
        ("send: hello", "write {template: NAME, channels: [email]}"),
        ("invite: friends", "write {community: NAME}"),
        ("assign: team", "write {to: NAME}"),
        ("emit: order.paid", "write {event: NAME}"),
    ],
)
def test_a_step_that_wants_keys_says_which(step: str, hint: str) -> None:
    assert hints(rule_text(then=f"[{{{step}}}]"))["wrong_type"] == hint


def test_profile_in_a_text_is_answered_with_person() -> None:
    text = 'templates:\n  own: {purpose: transactional, channels: {email: {en: "{{ profile.name }}"}}}\n'

    found = hints(text + rule_text(then="[{send: {template: own, channels: [email]}}]"))

    assert found["missing_variable"] == "in a text it is called person.name"


def test_a_misspelt_cap_is_answered_with_the_nearest_name() -> None:
    text = "workspace: {zone: Europe/London, currency: GBP, caps: {markting: {count: 1, within: 1d}}}\n"

    _, findings = check_playbook({CASE: text}, ZONES)

    assert [str(f.hint) for f in findings] == ["did you mean 'marketing'? Else add `channels:` or `purposes:`"]


def test_an_input_that_cannot_be_used_is_still_the_nearest_name() -> None:
    text = "inputs: {big: {type: money, default: 100}}\nsegments:\n  s: {when: \"count('order.paid', '7d') > inputs.bgi\"}\n"

    assert hints(text)["unknown_input"] == "did you mean 'big'?"


def test_a_length_of_time_behind_send_within_is_answered_with_its_form() -> None:
    assert hints(rule_text("if_late: send_within 2h"))["not_allowed"] == "write {send_within: 2h}"
