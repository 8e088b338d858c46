"""Tracks by hand: edges of windows, equal milliseconds, late events, what is dropped, what is refused."""

from __future__ import annotations

import random
from bisect import bisect_left
from itertools import accumulate

import pytest

from schemas.times import FOREVER
from segments.packed import edge_of
from segments.peaks import peak_read
from segments.totals import EXACT, sum_ge, sums_add, totals_add, totals_read
from segments.windows import (
    distinct_count,
    first_add,
    same_add,
    same_ge,
    stamps_add,
    values_add,
)
from tests.helpers.tracks import NEVER, A, B, pairs, peaks, stamps, sums, times_of, totals

# -- windows


def test_a_window_is_half_open() -> None:
    assert edge_of(100, 30) == (70).to_bytes(6, "big")
    assert totals_read(totals((70, 5)), 99, 30) == (5, 1, 100)
    assert totals_read(totals((70, 5)), 100, 30) == (0, 0, FOREVER)


def test_a_window_longer_than_time_itself_begins_at_zero() -> None:
    assert edge_of(100, 101) == NEVER
    assert totals_read(totals((1, 5)), 100, 5_000) == (5, 1, 5_001)
    assert distinct_count(values_add(b"", 1, A, 4, edge_of(1, 5_000)), 100, 5_000) == (1, 5_001)


# -- stamps and first


def test_stamps_stand_newest_first_whatever_the_order_of_arrival() -> None:
    assert times_of(stamps(10, 30, 20, 30)) == [30, 30, 20, 10]


def test_stamps_keep_the_newest_and_forget_the_rest() -> None:
    assert times_of(stamps(10, 40, 20, 30, 5, keep=2)) == [40, 30]


def test_what_is_exactly_as_old_as_the_horizon_is_dropped() -> None:
    edge = edge_of(110, 100)

    assert times_of(stamps(10, 11, 110, edge=edge)) == [110, 11]
    assert times_of(sums((10, 1), (11, 1), (110, 1), edge=edge)[6:], 12) == [110, 11]
    assert times_of(totals((10, 1), (11, 1), (110, 1), edge=edge)[11:], 17) == [110, 11]
    assert times_of(peaks((10, 3), (11, 2), (110, 1), edge=edge), 14) == [110, 11]
    assert times_of(values_add(values_add(b"", 10, A, 4, NEVER), 110, B, 4, edge), 12) == [110]
    assert times_of(same_add(same_add(b"", 10, A, 4, 9, NEVER), 110, A, 4, 9, edge), 12) == [110]


def test_the_newest_stamp_stays_for_ever() -> None:
    track = stamps_add(stamps(10, 20, edge=NEVER), 15, 8, edge_of(1_000, 100))

    assert times_of(track) == [20]


def test_the_kth_newest_stamp_decides_a_count() -> None:
    track = stamps(10, 20, 30)

    assert [track[6 * (k - 1) : 6 * k] > edge_of(40, 25) for k in (1, 2, 3, 4)] == [True, True, False, False]


def test_the_bytes_of_a_time_are_not_taken_for_a_value() -> None:
    looks_like_a_time, straddles = (35).to_bytes(6, "big"), bytes([35]) + A[:5]
    for key in (looks_like_a_time, straddles):
        track = same_add(b"", 35, A, 3, 128, NEVER)

        assert not same_ge(track, key, NEVER, 1)
        assert same_ge(same_add(track, 40, key, 3, 128, NEVER), key, NEVER, 1)
        assert not same_ge(same_add(track, 40, key, 3, 128, NEVER), key, NEVER, 2)
        assert values_add(values_add(b"", 35, A, 3, NEVER), 36, key, 3, NEVER) == pairs((36, key), (35, A))


def test_first_is_the_earliest_also_if_it_comes_late() -> None:
    assert times_of(first_add(first_add(first_add(b"", 20), 10), 30)) == [10]


# -- sums


def test_a_sum_reaches_its_threshold_until_the_event_that_tips_it_leaves() -> None:
    track = sums((10, 60), (20, 30), (30, 10))

    assert sum_ge(track, 35, 100, 40) == (True, 120)
    assert sum_ge(track, 35, 100, 41) == (True, 110)
    assert sum_ge(track, 35, 100, 100) == (True, 110)
    assert sum_ge(track, 35, 25, 41) == (False, FOREVER)


def test_a_threshold_of_nothing_is_always_reached() -> None:
    assert sum_ge(b"", 35, 100, 0) == (True, FOREVER)
    assert sum_ge(b"", 35, 100, 1) == (False, FOREVER)


def test_sums_keep_only_what_the_highest_threshold_needs() -> None:
    few = sums(*((ts, 40) for ts in range(1, 1_000)), highest=120)

    assert times_of(few[6:], 12) == [999, 998, 997]
    assert sum_ge(few, 1_000, 500, 120) == (True, 997 + 500)


def test_sums_forget_the_order_within_a_millisecond() -> None:
    assert sums((10, 1), (10, 5), (10, 3)) == sums((10, 3), (10, 1), (10, 5))


def test_a_sum_holds_many_of_the_largest_amounts() -> None:
    largest = (1 << 36) - 1
    track = sums(*((ts, largest) for ts in range(1, 101)), highest=100 * largest)

    assert sum_ge(track, 100, 1_000, 100 * largest) == (True, 1_001)
    assert sum_ge(track, 100, 99, 100 * largest) == (False, FOREVER)


def test_a_sum_stays_exact_when_all_that_ever_came_no_longer_fits_into_its_bytes() -> None:
    largest = (1 << 36) - 1
    track = sums(*((ts, largest) for ts in range(1, (1 << 12) + 3)), highest=4 * largest)
    newest = (1 << 12) + 2

    assert [sum_ge(track, newest, 1_000, n * largest)[1] for n in (1, 2, 3, 4)] == [
        newest + 1_000 - n for n in range(4)
    ]
    assert sum_ge(track, newest, 1_000, 5 * largest) == (False, FOREVER)
    assert sum_ge(track, newest, 3, 4 * largest) == (False, FOREVER)


@pytest.mark.parametrize("amount", [-1, 1 << 36])
def test_a_sum_refuses_amounts_out_of_range(amount: int) -> None:
    with pytest.raises(ValueError, match="amounts from 0 to 68719476735"):
        sums_add(b"", 10, amount, 100, NEVER)


# -- totals


def test_totals_count_and_add_amounts_of_either_sign() -> None:
    track = totals((10, 60), (30, -75), (20, 30))

    assert totals_read(track, 30, 100) == (15, 3, 110)
    assert totals_read(track, 30, 20) == (-45, 2, 40)
    assert totals_read(track, 30, 1) == (-75, 1, 31)


def test_an_amount_of_nothing_counts() -> None:
    assert totals_read(totals((10, 0), (10, 0)), 10, 5) == (0, 2, 15)


def test_totals_forget_the_order_within_a_millisecond() -> None:
    assert totals((10, -5), (10, 5), (10, 0), (11, 1)) == totals((11, 1), (10, 0), (10, 5), (10, -5))


def test_totals_of_nothing_never_change() -> None:
    assert totals_read(b"", 10, 5) == (0, 0, FOREVER)


def test_totals_drop_what_is_older_than_the_horizon() -> None:
    track = totals((10, 1), (20, 2))
    track = totals_add(track, 200, 4, edge_of(200, 100), 64)

    assert len(track) == 11 + 17
    assert totals_read(track, 200, 100) == (4, 1, 300)


def test_totals_that_have_all_expired_begin_anew() -> None:
    track = totals_add(totals_add(b"", 10, 1, edge_of(500, 100), 64), 490, 7, edge_of(500, 100), 64)

    assert totals_read(track, 500, 100) == (7, 1, 590)


@pytest.mark.parametrize("amount", [(1 << 63) - 1, 1 - (1 << 63)])
def test_totals_and_peaks_take_amounts_of_64_bits(amount: int) -> None:
    assert totals_read(totals((10, amount)), 10, 5) == (amount, 1, 15)
    for sign in (1, -1):
        assert peak_read(peaks((10, amount), sign=sign), 10, 5, sign) == (amount, 15)


@pytest.mark.parametrize("amount", [1 << 63, -(1 << 63)])
def test_totals_and_peaks_refuse_larger_amounts(amount: int) -> None:
    with pytest.raises(ValueError, match="64 bits"):
        totals((10, amount))
    with pytest.raises(ValueError, match="64 bits"):
        peaks((10, amount))


def history(seed: int, number: int) -> list[tuple[int, int]]:
    """Arrivals, some late; many in one millisecond."""
    draw, now, out = random.Random(seed), 1_000, []
    for _ in range(number):
        now += draw.choice([0, 0, 1, 2, 9])
        out.append((max(1, now - draw.choice([0, 0, 0, 3, 50, 900])), draw.randrange(-5, 9)))
    return out


@pytest.mark.parametrize("seed", range(3))
def test_totals_up_to_512_events_are_exact(seed: int) -> None:
    events = history(seed, EXACT)
    track, now = totals(*events, shortest=64_000), max(ts for ts, _ in events)

    assert len(track) == 11 + 17 * EXACT
    for window in range(1, now + 1, 7):
        inside = [amount for ts, amount in events if ts > now - window]
        assert totals_read(track, now, window)[:2] == (sum(inside), len(inside))


@pytest.mark.parametrize("seed", range(3))
def test_beyond_512_events_only_those_of_a_cell_stay_too_long(seed: int) -> None:
    events, grain = history(seed, 1_500), 20
    track, now = totals(*events, shortest=64 * grain), max(ts for ts, _ in events)
    newest = sorted(events, reverse=True)
    ages = [now - ts for ts, _ in newest]
    sums_of_newest = list(accumulate((amount for _, amount in newest), initial=0))

    assert len(track) < 11 + 17 * (EXACT + now // grain)
    for window in range(1, now + 1):
        total, number, _ = totals_read(track, now, window)
        true = bisect_left(ages, window)
        assert true <= number <= bisect_left(ages, window + grain)
        assert number == true or true > EXACT
        assert total == sums_of_newest[number]


@pytest.mark.parametrize("seed", range(3))
def test_cells_are_independent_of_the_order_of_arrival(seed: int) -> None:
    events = history(seed, 900)

    assert totals(*events, shortest=1_000) == totals(*sorted(events), shortest=1_000)
    assert totals(*events, shortest=1_000) == totals(*sorted(events, reverse=True), shortest=1_000)
