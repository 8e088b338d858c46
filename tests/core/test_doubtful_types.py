"""A fault in the declaration of one property or trait hides no fault of a condition that does not rest on it."""

from __future__ import annotations

import pytest

from rules.check import check_playbook
from tests.helpers.playbooks import ZONES

SHOP = """\
workspace: {name: Shop, zone: Europe/London, currency: GBP}
events:
  order.paid: {properties: {amount: {type: moeny}, order_id: {type: text}}}
traits:
  level: {type: int}
  city: {type: text, colour: red}
  rank: {type: integer, from: profile.level + 1}
  born: {type: daet}
let:
  high: profile.level > 3
"""


def codes(when: str, *more: str) -> list[str]:
    """What is found besides the faults of the declarations."""
    rule = f"rules:\n  r: {{event: order.paid, when: '{when}', then: [{{tag: x}}]}}\n"
    _, before = check_playbook({"a.yaml": SHOP}, ZONES)
    assert len([finding for finding in before if finding.severity == "error"]) == 4
    _, findings = check_playbook({"a.yaml": SHOP, "b.yaml": rule + "".join(more)}, ZONES)
    return [finding.code for finding in findings if finding.file == "b.yaml" and finding.severity == "error"]


@pytest.mark.parametrize(
    ("when", "code"),
    [
        ('event.order_id == "a" && event.amuont > 1', "unknown_property"),
        ('count("order.piad", "7d") > 1', "unknown_event"),
        ("event.order_id > 3", "wrong_type"),
        ("cuont(1) > 1", "unknown_function"),
    ],
)
def test_what_does_not_rest_on_it_is_found_in_the_same_pass(when: str, code: str) -> None:
    assert codes(when) == [code]


@pytest.mark.parametrize(
    "when",
    [
        "event.amount > 3",
        "profile.level > 3",
        'sum("order.paid", "amount", "7d") > 3',
        "profile.rank > 3",
        "let.high",
        'profile.city == "York"',
    ],
)
def test_nothing_false_is_said_of_what_rests_on_it(when: str) -> None:
    assert codes(when) == []


def test_nothing_false_is_said_of_an_anniversary_of_it() -> None:
    assert codes("true", "  s: {schedule: {anniversary: born, at: '09:00'}, then: [{tag: x}]}\n") == []
