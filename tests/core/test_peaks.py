"""Tracks of peaks, values and keys."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from schemas.times import FOREVER
from segments.packed import edge_of
from segments.peaks import STEPS, peak_read
from segments.windows import (
    distinct_count,
    holds_key,
    same_add,
    same_count,
    same_ge,
    value_key,
    values_add,
)
from tests.helpers.tracks import NEVER, A, B, C, peaks, times_of

# -- peaks


def test_a_peak_is_the_highest_of_the_window_until_it_leaves() -> None:
    track = peaks((10, 9), (20, 3), (30, 7), (40, 2))

    assert peak_read(track, 40, 100, 1) == (9, 110)
    assert peak_read(track, 40, 30, 1) == (7, 60)
    assert peak_read(track, 40, 10, 1) == (2, 50)
    assert peak_read(track, 50, 10, 1) == (None, FOREVER)


def test_a_trough_is_the_lowest_of_the_window() -> None:
    track = peaks((10, -9), (20, 3), (30, 1), (40, 2), sign=-1)

    assert peak_read(track, 40, 100, -1) == (-9, 110)
    assert peak_read(track, 40, 30, -1) == (1, 60)
    assert peak_read(track, 40, 10, -1) == (2, 50)


def test_a_peak_that_comes_again_lasts_as_long_as_the_newer_one() -> None:
    assert peak_read(peaks((10, 5), (20, 5)), 20, 100, 1) == (5, 120)
    assert peaks((10, 5), (20, 5)) == peaks((20, 5), (10, 5)) == peaks((20, 5), (20, 5), (20, 4))


def test_a_late_peak_finds_its_step() -> None:
    assert peaks((10, 9), (40, 2), (30, 7)) == peaks((10, 9), (30, 7), (40, 2))
    assert peaks((10, 9), (40, 8), (30, 7)) == peaks((10, 9), (40, 8))


def test_a_long_fall_is_thinned_but_its_peak_stays() -> None:
    falls = [(1_000 + i, 9_000 - i) for i in range(3_000)]
    track = peaks(*falls)

    assert len(track) <= 14 * STEPS
    assert peak_read(track, 4_000, 4_000, 1) == (9_000, 5_000)
    for window in range(1, 3_000, 11):
        value, _ = peak_read(track, 3_999, window, 1)
        assert value is not None
        assert 9_000 - 2_999 <= value <= 9_000 - 3_000 + window


# -- values


def test_distinct_values_count_once_with_their_latest_time() -> None:
    track = b""
    for ts, value in [(10, A), (20, B), (30, A), (5, B)]:
        track = values_add(track, ts, value, 8, NEVER)

    assert distinct_count(track, 30, 100) == (2, 120)
    assert distinct_count(track, 30, 10) == (1, 40)
    assert distinct_count(track, 500, 10) == (0, FOREVER)


def test_values_keep_those_that_came_last() -> None:
    track = b""
    for ts, value in [(10, A), (20, B), (30, C), (15, A)]:
        track = values_add(track, ts, value, 2, NEVER)

    assert times_of(track, 12) == [30, 20]
    assert distinct_count(track, 30, 100) == (2, 120)


# -- count by a property


def test_count_by_a_value_looks_at_that_value_alone() -> None:
    track = b""
    for ts, value in [(10, A), (20, B), (30, A), (25, A)]:
        track = same_add(track, ts, value, 4, 128, NEVER)

    assert [same_count(track, value, 30, 100) for value in (A, B, C)] == [3, 1, 0]
    assert same_count(track, A, 30, 20) == 2
    assert same_ge(track, A, edge_of(30, 20), 2)
    assert not same_ge(track, A, edge_of(30, 20), 3)
    assert same_ge(track, C, edge_of(30, 20), 0)


def test_count_by_a_value_keeps_the_newest_of_each_and_so_many_in_all() -> None:
    track = b""
    for ts, value in [(10, A), (11, A), (12, A), (20, B), (30, C)]:
        track = same_add(track, ts, value, 2, 4, NEVER)
    assert times_of(track, 12) == [30, 20, 12, 11]

    assert times_of(same_add(track, 40, C, 2, 4, NEVER), 12) == [40, 30, 20, 12]


def test_a_value_is_not_found_across_two_records() -> None:
    across = (10).to_bytes(6, "big")[3:] + A[:3]
    track = same_add(same_add(b"", 10, A, 4, 128, NEVER), 20, B, 4, 128, NEVER)

    assert across in track
    assert same_count(track, across, 20, 100) == 0


# -- keys


def test_equal_numbers_have_one_key_and_other_types_have_others() -> None:
    one = {value_key(value) for value in (1, Decimal(1), Decimal("1.0"), Decimal("1E0"), Fraction(2, 2))}
    others = [value_key(value) for value in (True, "1", "1.0", None, -1, Decimal("1.01"))]

    assert len(one) == 1
    assert len({*others, *one}) == len(others) + 1
    assert value_key(Decimal("0.10")) == value_key(Fraction(1, 10))
    assert value_key(0) == value_key(Decimal("-0.0")) != value_key(False)  # noqa: FBT003


def test_a_key_is_the_same_in_every_process() -> None:
    assert [value_key(value).hex() for value in ("baby", 139, True)] == ["3aaa133701b5", "de8df34c947d", "76ba4580d150"]


def test_a_list_has_a_key() -> None:
    assert value_key(["a", 1]) == value_key(["a", 1]) != value_key(["a", 2])


def test_keys_stay_right_when_more_values_come_than_are_remembered() -> None:
    before = value_key("sku-0")
    keys = {value_key(f"sku-{i}") for i in range(50_100)}

    assert len(keys) == 50_100
    assert value_key("sku-0") == before


def test_an_event_key_is_found_whole_and_never_across_two() -> None:
    keys = b"abcdefgh" + b"ijklmnop" + b"aaaaaaaa" * 2

    assert holds_key(keys, b"abcdefgh")
    assert holds_key(keys, b"ijklmnop")
    assert holds_key(keys, b"aaaaaaaa")
    assert not holds_key(keys, b"efghijkl")
    assert not holds_key(b"", b"abcdefgh")
    assert holds_key(b"xaaaaaaa" + b"aaaaaaaa", b"aaaaaaaa")
