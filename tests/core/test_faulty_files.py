"""Nearly a thousand faulty files: each fault is found in its line, as the golden file says, and nothing else is.

A second file beside each is warned of all the same, and of sound tests nothing is said.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from rules.check import check_playbook
from rules.codes.languages import in_chinese
from tests.helpers.mutations import GOOD, KINDS, spoilt

GOLDEN = Path(__file__).parent / "faulty_files" / "golden.tsv"
FILE, BESIDE = "p.yaml", "q.yaml"
DOUBTFUL = {BESIDE: "segments:\n  nobody: {when: local_hour() >= 24}\n"}
TESTED = "cart"
"""Of the playbooks of this shop there are tests."""
TESTS = {
    "tests/t.yaml": """\
tests:
  - name: what the cart brings
    given: {traits: {age: 30}, contacts: [sms], consent: marketing, stock: {gift: 0}}
    when: [{event: cart.added, total: 6000, note: gift}, {at: 2h, event: order.paid}]
    expect:
      decisions: [{send: cart_rescue, rule: tour}, {tag: grown_up, rule: tour, step: 0.then.0}, {issue_coupon: gift}]
      segments: {at: 1h, in: [buyers, grown], stage: new}
      traits: {age: 30}
"""
}
WARNINGS = ["never_true", "wakes_everyone"]


def golden() -> dict[tuple[str, str], list[tuple[int, int, str]]]:
    found: dict[tuple[str, str], list[tuple[int, int, str]]] = {}
    for row in GOLDEN.read_text("utf-8").splitlines()[1:]:
        playbook, kind, line, column, code = row.split("\t")
        found.setdefault((playbook, kind), []).append((int(line), int(column), code))
    return found


def given_tests(good: str) -> dict[str, str]:
    return TESTS if good.startswith(TESTED) else {}


def test_there_are_twenty_sound_playbooks_and_forty_eight_kinds_of_fault() -> None:
    assert (len(GOOD), len(KINDS), len(golden())) == (20, 48, 960)


@pytest.mark.parametrize("good", list(GOOD))
def test_a_sound_playbook_gives_no_finding(good: str) -> None:
    playbook, findings = check_playbook({FILE: GOOD[good]}, tests=given_tests(good))

    assert findings == []
    assert playbook is not None


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_fault_is_found_in_its_line_in_every_playbook(kind: str) -> None:
    wanted = golden()
    for good in GOOD:
        text, line = spoilt(good, kind)

        playbook, findings = check_playbook({FILE: text, **DOUBTFUL}, tests=given_tests(good))

        errors = [finding for finding in findings if finding.severity == "error"]
        assert playbook is None, good
        assert {finding.line for finding in errors} == {line}, good
        assert [(finding.line, finding.column, finding.code) for finding in errors] == wanted[good, kind], good
        warned = [(finding.file, finding.code) for finding in findings if finding.severity == "warning"]
        assert warned == [(BESIDE, code) for code in WARNINGS], good
        assert all(finding.hint and in_chinese(finding.message) for finding in errors), good
