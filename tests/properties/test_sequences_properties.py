"""The track of a sequence against every match of a plain list, at every millisecond, whatever the order of arrival."""

from __future__ import annotations

from itertools import pairwise, product
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from segments.packed import edge_of
from segments.sequences import MOMENTS, mask_of, sequence_add, sequence_key, sequence_steps

if TYPE_CHECKING:
    from collections.abc import Sequence

Events = list[tuple[int, str]]
names = st.sampled_from("abc")
histories = st.lists(st.tuples(st.integers(1, 14), names), max_size=12)
steps_of_one = st.lists(names, min_size=2, max_size=4)
barred = st.lists(names, max_size=2)


def built(events: Events, key: tuple[str, ...], horizon: int) -> tuple[bytes, int]:
    """(track, now): each event added at the moment of its arrival."""
    track, now = b"", 0
    for ts, name in events:
        now = max(now, ts)
        mask = mask_of(key, {name})
        if mask:
            track = sequence_add(track, ts, mask, int(key[1]), edge_of(now, horizon))
    return track, now


def matched(events: Events, steps: Sequence[str], never: Sequence[str], now: int, window: int) -> bool:
    inside = sorted({(ts, name) for ts, name in events if now - window < ts <= now})
    ways = product(*([ts for ts, name in inside if name == step] for step in steps))
    return any(
        all(a < b for a, b in pairwise(way)) and not any(way[0] < ts < way[-1] for ts, name in inside if name in never)
        for way in ways
    )


@given(histories, steps_of_one, barred, st.lists(st.integers(1, 20), min_size=1, max_size=2))
def test_a_sequence_holds_just_while_there_is_a_match(
    events: Events, steps: list[str], never: list[str], windows: list[int]
) -> None:
    track, now = built(events, sequence_key(steps, never), max(windows))
    for window in windows:
        for moment in range(now, now + window + 3):
            assert (track[:6] > edge_of(moment, window)) == matched(events, steps, never, moment, window)


@given(st.data(), histories, steps_of_one, barred)
def test_the_order_of_arrival_makes_no_other_track(
    data: st.DataObject, events: Events, steps: list[str], never: list[str]
) -> None:
    key = sequence_key(steps, never)
    shuffled = data.draw(st.permutations(events))
    assert built(events, key, 1_000) == built(shuffled, key, 1_000)


@given(steps_of_one, barred)
def test_a_key_holds_its_steps_and_what_may_not_be_in_between(steps: list[str], never: list[str]) -> None:
    assert sequence_steps(sequence_key(steps, never)) == (tuple(steps), tuple(sorted(set(never))))


def test_a_track_forgets_the_oldest_of_more_moments_than_it_keeps() -> None:
    key = sequence_key("ab", "")
    track, _ = built([(ts, "a") for ts in range(1, 2 * MOMENTS)], key, 10_000)
    assert len(track) == 6 + 8 * MOMENTS
    track, _ = built([(1, "a"), *((ts, "b") for ts in range(2, MOMENTS + 2))], key, 10_000)
    assert track[:6] == bytes(6)
