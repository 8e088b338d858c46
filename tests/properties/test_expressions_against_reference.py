"""Generated conditions, as segments: each person is in each just while the reference says so, to the millisecond."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.times import DAY, parse_time
from segments.model import Segment
from tests.helpers.folding import product_run
from tests.reference.fold import run
from tests.reference.generator import STARTS, playbooks
from tests.reference.histories import histories
from tests.reference.journeys import conditions
from tests.reference.phrases import person_test

if TYPE_CHECKING:
    from rules.model import Playbook
    from schemas.events import Event

    Case = tuple[Playbook, list[tuple[int, Event]], int]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A playbook of segments alone, a history, and an end some days later."""
    zone = draw(st.sampled_from(sorted(STARTS)))
    base = replace(draw(playbooks(zone)), rules={}, stages=(), segments={})
    segments: dict[str, Segment] = {}
    for name in "abcdef":
        segments[name] = Segment(name, draw(conditions(person_test(tuple(segments), ()))))
    log = draw(histories(parse_time(STARTS[zone])))
    return replace(base, segments=segments), log, log[-1][0] + draw(st.integers(0, 3)) * DAY


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=cases())
def test_every_generated_condition_holds_when_the_reference_says_so(case: Case) -> None:
    playbook, log, until = case
    assert product_run(playbook, log, until) == run(playbook, log, until)
