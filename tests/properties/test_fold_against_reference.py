from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings

from tests.helpers.folding import product_run
from tests.reference.fold import run
from tests.reference.generator import whole_cases
from tests.reference.histories import PERSON_ZONES

if TYPE_CHECKING:
    from rules.model import Playbook
    from schemas.events import Event

    Case = tuple[Playbook, list[tuple[int, Event]], int, list[int]]

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
