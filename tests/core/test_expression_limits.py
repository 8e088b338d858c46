"""What a condition may cost: a bounded number of steps, patterns in linear time, and variables that hide each other rightly."""

from __future__ import annotations

import time
from typing import Any

import pytest

from rules.compile import compile_playbook
from rules.explain import Explainer
from rules.read import read_playbook
from schemas.profile import Occasion

SHOP = """\
workspace: {{zone: UTC, currency: GBP}}
events:
  order.paid:
    properties:
      note: {{type: text}}
      items: {{type: list, of: {{sku: {{type: text}}, n: {{type: integer}}}}}}
rules:
  r: {{event: order.paid, when: '{condition}', then: [{{tag: x}}]}}
"""


def truth(condition: str, **properties: Any) -> tuple[bool | None, float]:  # noqa: ANN401 - typed properties
    """What a condition comes to on an order, and the seconds of CPU that it takes."""
    playbook, findings = read_playbook({"p.yaml": SHOP.format(condition=condition)})
    assert playbook is not None, findings
    program = compile_playbook(playbook)
    explainer, p = Explainer(program), program.empty_profile()
    occasion = Occasion("1", "order.paid", 0, "", properties, {})
    explainer.judge("r", p, 0, Occasion("1", "order.paid", 0, "", {}, {}))  # compiled
    began = time.process_time()
    return explainer.judge("r", p, 0, occasion).truth, time.process_time() - began


def items(*skus: str) -> list[dict[str, Any]]:
    return [{"sku": sku, "n": at} for at, sku in enumerate(skus)]


INNER = 'event.items.exists(i, i.sku == "b")'


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (f'event.items.exists(i, {INNER} && i.sku == "a")', True),
        (f"event.items.all(i, {INNER} && i.n < 2)", True),
        (f'event.items.exists(i, i.sku == "a" && {INNER} && i.n == 0)', True),
        ('event.items.exists(i, event.items.exists(j, i.sku == "a" && j.sku == "b" && i.n < j.n))', True),
        ("event.items.exists(i, event.items.all(j, i.n > j.n))", False),
    ],
)  # fmt: skip
def test_an_inner_variable_hides_an_outer_one_of_the_same_name_and_no_longer(condition: str, expected: bool) -> None:
    assert truth(condition, items=items("a", "b"))[0] is expected


def test_a_condition_that_looks_at_too_many_items_is_unknown_and_takes_no_time() -> None:
    nested = "event.items.all(i, event.items.all(j, event.items.all(k, i.n + j.n + k.n >= 0)))"
    _, allowed = truth("event.items.all(i, i.n >= 0)", items=items(*"a" * 10_000))

    found, seconds = truth(nested, items=items(*"a" * 1_000))

    assert found is None
    assert seconds < 10 * allowed  # to look at all thousand million would take hours


@pytest.mark.parametrize(("number", "expected"), [(10_000, True), (10_001, None)])
def test_ten_thousand_items_are_not_too_many(number: int, expected: bool | None) -> None:
    assert truth("event.items.all(i, i.n >= 0)", items=items(*"a" * number))[0] is expected


def test_what_is_decided_within_the_limit_is_decided() -> None:
    assert truth("event.items.exists(i, i.n == 9999)", items=items(*"a" * 20_000))[0] is True


@pytest.mark.parametrize("pattern", ["(a+)+$", "^(a|a)*$", "(a|aa)+$", "(.*a){12}$", "^(([a-z])+.)+[A-Z]([a-z])+$"])
def test_no_pattern_takes_more_than_linear_time(pattern: str) -> None:
    condition = f'event.note.matches("{pattern}")'

    found, seconds = truth(condition, note="a" * 20_000 + "!")

    assert found is False
    assert seconds < 0.1
