from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings

from tests.helpers.folding import product_run
from tests.reference.fold import run
from tests.reference.generator import whole_cases

if TYPE_CHECKING:
    from rules.model import Playbook
    from schemas.events import Event

Case = tuple["Playbook", "list[tuple[int, Event]]", int, list[int]]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(whole_cases())
def test_the_product_decides_what_the_reference_decides(case: Case) -> None:
    playbook, log, until, _ = case
    assert product_run(playbook, log, until) == run(playbook, log, until)
