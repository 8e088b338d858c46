"""When to wake next is always the earliest moment at which a segment may change, however it is kept."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.profile import Profile
from schemas.times import FOREVER
from segments import conditions as c
from segments.plan import Plan

EVENTS = ("a", "b")
START = 1_000_000
conditions = st.one_of(
    st.builds(c.CountGe, st.sampled_from(EVENTS), st.integers(1, 60), st.integers(1, 3)),
    st.builds(c.SumGe, st.sampled_from(EVENTS), st.just("n"), st.integers(1, 60), st.integers(1, 9)),
    st.builds(c.Aged, st.just("last"), st.sampled_from(EVENTS), st.integers(1, 60)),
    st.builds(c.Aged, st.just("trait"), st.just("since"), st.integers(1, 60)),
    st.builds(c.InSegment, st.just("first")),
)
plans = st.lists(conditions, min_size=1, max_size=6).map(
    lambda nodes: Plan({"first": c.CountGe("a", 20, 2), **{f"s{at}": node for at, node in enumerate(nodes)}})
)
story = st.lists(st.tuples(st.integers(0, 40), st.sampled_from(EVENTS), st.integers(0, 5)), max_size=12)


@settings(deadline=None)
@given(plan=plans, story=story)
def test_a_profile_wakes_at_the_earliest_moment_of_all_its_segments(
    plan: Plan, story: list[tuple[int, str, int]]
) -> None:
    p = Profile("p", START, FOREVER, [0] * len(plan.order), 0, 0, [b""] * len(plan.tracks.by_key))
    p.set_trait("since", START, 0)
    p.true, p.unknown = plan.settle(p, *plan.evaluate_all(p, p.now, 0, 0))
    for later, event, amount in story:
        p.now += later
        p.true, p.unknown = plan.settle(p, int(p.true), int(p.unknown))
        p.true, p.unknown = plan.handler(event)(p, p.now, p.now, {"n": amount}, 0)
        assert p.wake == min(p.due) + FOREVER
        assert (p.true, p.unknown) == plan.evaluate_all(p, p.now, 0, 0), "a segment that had changed was not evaluated"
