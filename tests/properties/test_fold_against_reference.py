from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.helpers.folding import product_run, product_states
from tests.reference.fold import run
from tests.reference.generator import whole_cases
from tests.reference.histories import PERSON_ZONES

if TYPE_CHECKING:
    from rules.model import Playbook
    from schemas.events import Event

    Case = tuple[Playbook, list[tuple[int, Event]], int, list[int]]

quick = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
thorough = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@thorough
@given(case=whole_cases())
def test_the_product_decides_what_the_reference_decides_however_often_ticks_come(case: Case) -> None:
    playbook, log, until, ticks = case
    assert product_run(playbook, log, until, ticks=ticks, zones=PERSON_ZONES) == run(playbook, log, until)


@thorough
@given(case=whole_cases())
def test_ticks_change_no_result(case: Case) -> None:
    playbook, log, until, ticks = case
    seldom = product_run(playbook, log, until, zones=PERSON_ZONES)
    assert product_run(playbook, log, until, ticks=ticks, zones=PERSON_ZONES) == seldom


@quick
@given(case=whole_cases())
def test_folding_a_history_twice_gives_the_same_bytes(case: Case) -> None:
    playbook, log, until, _ = case
    assert product_states(playbook, log, until, PERSON_ZONES) == product_states(playbook, log, until, PERSON_ZONES)


@quick
@given(case=whole_cases(), cut=st.integers(0, 15))
def test_a_history_that_another_process_takes_over_anywhere_ends_the_same(case: Case, cut: int) -> None:
    playbook, log, until, _ = case
    assert product_states(playbook, log, until, PERSON_ZONES, cut) == product_states(playbook, log, until, PERSON_ZONES)
