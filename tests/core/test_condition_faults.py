"""Faults of conditions: each at its place in the file, with what to write instead."""

from __future__ import annotations

import pytest

from rules.check import check_playbook
from tests.helpers.playbooks import BASE, CASE, ZONES, marked, places


def segment(condition: str) -> str:
    return f"segments:\n  s: {{when: '{condition}'}}\n"


# One case a line: code and hint (a part of it) of what is found at the mark ▶. Nothing else may be found.
CASES: dict[str, tuple[str, str, str]] = {
    "more conditions than there are": ("wrong_arguments", "", segment("at_least(▶3, [true, false])")),
    "at least none": ("wrong_arguments", "", segment("at_least(▶0, [true, false])")),
    "at least a part": ("wrong_arguments", "", segment("at_least(▶1.5, [true, false])")),
    "at least of no list": ("wrong_type", "", segment("at_least(1, ▶true)")),
    "at least of a number": ("not_a_condition", ">= 3", segment("at_least(1, [true, ▶profile.level])")),
    "a sequence of one": ("wrong_arguments", "", segment('sequence(▶["order.paid"], "1d")')),
    "a sequence of no list": ("wrong_type", "", segment('sequence(▶"order.paid", "1d")')),
    "a sequence of an unknown event": (
        "unknown_event",
        "cart.added",
        segment('sequence(["order.paid", ▶"cart.add"], "1d")'),
    ),
    "a sequence without a window": ("wrong_arguments", "3d", segment('▶sequence(["order.paid", "cart.added"])')),
    "a sequence with a number for a window": ("wrong_type", "", segment('sequence(["order.paid", "cart.added"], ▶3)')),
    "an unknown event in between": (
        "unknown_event",
        "cart.added",
        segment('sequence(["order.paid", "cart.added"], "1d", [▶"cart.addded"])'),
    ),
    "an absence without a window": ("wrong_arguments", "30d", segment('▶absent("order.paid")')),
    "an absence of an unknown event": ("unknown_event", "order.paid", segment('absent(▶"order.payed", "1d")')),
}


@pytest.mark.parametrize(("code", "hint", "text"), CASES.values(), ids=list(CASES))
def test_a_fault_is_found_at_its_place_and_nothing_else_is(code: str, hint: str, text: str) -> None:
    plain, expected = marked(text)
    playbook, findings = check_playbook({**BASE, CASE: plain}, ZONES)
    assert [(finding.severity, finding.code) for finding in findings] == [("error", code)]
    assert places(findings) == expected
    assert hint in findings[0].hint
    assert playbook is None
