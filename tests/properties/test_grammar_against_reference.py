"""Conditions from the grammar, as deep as they come: the product compiles them and fires just where the reference says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.model import Assign, Playbook, Rule, Trigger
from schemas.catalogue import Workspace
from schemas.times import HOUR, parse_time
from segments.model import Expression, Leaf
from segments.syntax import parse
from tests.helpers.folding import product_run
from tests.reference.fold import run
from tests.reference.generator import STARTS
from tests.reference.grammar import sound_conditions
from tests.reference.histories import GAPS, PERSON_ZONES, histories
from tests.reference.phrases import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.events import Event

    Case = tuple[Playbook, list[tuple[int, Event]]]

AT_ONCE = 50
"""Conditions of one case; with each stands its opposite, so that false and unknown are told apart."""

_MOST, _DENSE = 30, tuple(gap for gap in GAPS if gap <= 6 * HOUR + 1)
"""Events of one history, so near to each other that windows hold many."""


def _rule(name: str, text: str) -> Rule:
    condition = Leaf(Expression(text, parse(text)))
    return Rule(id=name, trigger=Trigger("event", ("order.paid",)), then=(Assign("x"),), when=condition)


def _rules(texts: Sequence[str]) -> dict[str, Rule]:
    rules = [_rule(f"is-{at}", text) for at, text in enumerate(texts)]
    rules += [_rule(f"not-{at}", f"!({text})") for at, text in enumerate(texts)]
    return {rule.id: rule for rule in rules}


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Rules with fifty conditions and their opposites, and a history."""
    zone = draw(st.sampled_from(sorted(STARTS)))
    texts, _ = sound_conditions(draw(st.integers(0, 2**32)), AT_ONCE)
    workspace, rules = Workspace(zone, "EUR"), _rules(texts)
    playbook = Playbook(
        workspace=workspace, catalogue=CATALOGUE, segments={}, stages=(), rules=rules, templates={}, pools={},
        communities={}, hash="0" * 64,
    )  # fmt: skip
    return playbook, draw(histories(parse_time(STARTS[zone]), most=_MOST, gaps=_DENSE))


def _differences(case: Case) -> list[str]:
    """The conditions of which product and reference think differently, each with the time and who is alone."""
    playbook, log = case
    until = log[-1][0]
    product = product_run(playbook, log, until, zones=PERSON_ZONES)
    reference = run(playbook, log, until)
    assert product.failed == reference.failed == 0
    fired, wanted = ({(d["rule"], d["time"], d["event_id"]) for d in each.decisions} for each in (product, reference))
    out = [f"only the product at {time}: {_text(playbook, rule)}" for rule, time, _ in sorted(fired - wanted)]
    return out + [f"only the reference at {time}: {_text(playbook, rule)}" for rule, time, _ in sorted(wanted - fired)]


def _text(playbook: Playbook, rule: str) -> str:
    condition = playbook.rules[rule].when
    assert isinstance(condition, Leaf)
    return f"{rule}: {condition.expression.text}"


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=cases())
def test_a_thousand_programs_from_the_grammar_fire_where_the_reference_says(case: Case) -> None:
    assert _differences(case) == []


@pytest.mark.programs
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=cases())
def test_twenty_thousand_programs_from_the_grammar_fire_where_the_reference_says(case: Case) -> None:
    assert _differences(case) == []
