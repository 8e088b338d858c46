"""`check` tells the faults of a playbook's own tests in the same pass, and none that follows from a fault of the playbook."""

from __future__ import annotations

import pytest

from rules.check import check_playbook
from tests.helpers.cases import FILE, SHOP

SOUND = """\
tests:
  - name: a large cart
    given: {traits: {level: 3}, stock: {cart: 1}}
    when: [{event: cart.added, cart_total: 320, cart_id: a}]
    expect:
      decisions: [{send: cart, rule: cart, step: 1}, {step: 0, issue_coupon: cart}]
      segments: {at: 1h, not_in: vip, stage: new}
"""


def found(shop: str, tests: str) -> list[tuple[str, str]]:
    _, findings = check_playbook({"shop.yaml": shop}, tests={FILE: tests})
    assert findings == sorted(findings)
    return [(finding.file, finding.code) for finding in findings]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("expect:", "expct:", "unknown_key"),
        ("event: cart.added", "event: cart.addd", "unknown_event"),
        ("cart_total: 320", "cart_totl: 320", "unknown_property"),
        ("cart_total: 320", "cart_total: many", "wrong_type"),
        ("rule: cart", "rule: crt", "unknown_rule"),
        ("send: cart", "send: crt", "unknown_template"),
        ("stage: new", "stage: nwe", "unknown_stage"),
        ("step: 1", "step: 7", "unknown_step"),
    ],
)
def test_a_fault_of_a_test_is_told_beside_those_of_the_playbook(old: str, new: str, code: str) -> None:
    tests = SOUND.replace(old, new, 1)
    assert tests != SOUND
    assert (FILE, code) in found(SHOP, tests)
    both = found(SHOP + "coupon_pols: {}\n", tests)
    assert (FILE, code) in both
    assert ("shop.yaml", "unknown_key") in both


def test_a_fault_of_a_test_keeps_no_playbook_from_being_used() -> None:
    playbook, findings = check_playbook({"shop.yaml": SHOP}, tests={FILE: SOUND.replace("rule: cart", "rule: crt")})
    assert [finding.code for finding in findings if finding.severity == "error"] == ["unknown_rule"]
    assert playbook is not None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("cart_total: {type: money, min: 0}", "cart_total: {type: mony, min: 0}"),
        ("level: {type: integer}", "level: {type: text, values: 3}"),
        ("      - send: {template: cart", "      - sennd: {template: cart"),
        ("stock: 1,", "stock: none,"),
        ("vip: {when: 'sum", "vip: {when: 'smu"),
    ],
)
def test_nothing_is_said_of_a_test_that_follows_from_a_fault_of_the_playbook(old: str, new: str) -> None:
    assert old in SHOP
    faulty = found(SHOP.replace(old, new), SOUND)
    assert faulty
    assert {file for file, _ in faulty} == {"shop.yaml"}


def test_a_file_that_cannot_be_read_may_hold_what_a_test_names() -> None:
    _, findings = check_playbook(
        {"shop.yaml": SHOP, "z.yaml": "rules: [\n"}, tests={FILE: SOUND.replace("rule: cart", "rule: z")}
    )
    assert {finding.file for finding in findings} == {"z.yaml"}
