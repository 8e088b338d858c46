"""Every track against a plain list of all events, at every millisecond, whatever the order of arrival."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from hypothesis import given
from hypothesis import strategies as st

from schemas.times import FOREVER
from segments.packed import edge_of
from segments.windows import (
    distinct_count,
    first_add,
    holds_key,
    peak_read,
    peaks_add,
    same_add,
    same_count,
    same_ge,
    stamps_add,
    sum_ge,
    sums_add,
    totals_add,
    totals_read,
    value_key,
    values_add,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Events = Iterable[tuple[int, int]]
    Add = Callable[[bytes, int, int, bytes], bytes]

T = TypeVar("T")
KEYS = [value_key(value) for value in ("a", "b", "c", "d")]
LARGE = (1 << 36) - 1


class History(NamedTuple):
    """Events (time, payload) in the order in which they arrived, and the windows that are asked about."""

    events: list[tuple[int, int]]
    windows: list[int]

    @property
    def horizon(self) -> int:
        return max(self.windows)


@st.composite
def histories(draw: st.DrawFn, payloads: st.SearchStrategy[int]) -> History:
    """Times close together, so that equal ones, late ones and those on edges are common; some just after 1970."""
    begin = draw(st.sampled_from([1, 1_000]))
    times = st.integers(begin, begin + draw(st.sampled_from([3, 12, 40])))
    events = draw(st.lists(st.tuples(times, payloads), max_size=14))
    return History(events, draw(st.lists(st.integers(1, 30), min_size=1, max_size=3)))


small = st.integers(0, 9)
signed = st.integers(-9, 9) | st.sampled_from([1 << 40, -(1 << 40)])
amounts = small | st.just(LARGE)
values = st.integers(0, 3)


def built(history: History, add: Add) -> tuple[bytes, int]:
    """(track, now): each event added at the moment of its arrival."""
    track, now = b"", 0
    for ts, payload in history.events:
        now = max(now, ts)
        track = add(track, ts, payload, edge_of(now, history.horizon))
    return track, now


def within(events: Events, now: int, window: int) -> list[tuple[int, int]]:
    return [(ts, payload) for ts, payload in events if now - window < ts <= now]


def check_each_millisecond(
    history: History, now: int, read: Callable[[int, int], tuple[T, int]], truth: Callable[[int, int], T]
) -> None:
    """`read(moment, window)` is the truth, and its `until` is the next millisecond with another one."""
    moments = range(now, now + history.horizon + 2)  # after the last of them nothing is left in any window
    for window in history.windows:
        until, known = FOREVER, truth(moments[-1], window)
        for moment in reversed(moments):
            answer = truth(moment, window)
            if answer != known:
                until, known = moment + 1, answer
            assert read(moment, window) == (answer, until), (moment, window)


def check_order_is_forgotten(history: History, order: list[int], add: Add) -> None:
    """The same bytes for another order of arrival (with one edge: what has expired goes at the next event)."""
    edge = edge_of(max((ts for ts, _ in history.events), default=0), history.horizon)
    one = other = b""
    for ts, payload in history.events:
        one = add(one, ts, payload, edge)
    for place in order:
        ts, payload = history.events[place]
        other = add(other, ts, payload, edge)
    assert one == other


@st.composite
def reordered(draw: st.DrawFn, payloads: st.SearchStrategy[int]) -> tuple[History, list[int]]:
    history = draw(histories(payloads))
    return history, draw(st.permutations(range(len(history.events))))


# -- stamps and first


def add_stamp(keep: int) -> Add:
    return lambda track, ts, _, edge: stamps_add(track, ts, keep, edge)


@given(histories(small), st.integers(1, 6))
def test_the_kth_newest_stamp_tells_whether_there_are_k_events(history: History, keep: int) -> None:
    track, now = built(history, add_stamp(keep))

    for k in range(1, keep + 1):
        newest = track[6 * (k - 1) : 6 * k]

        def read(moment: int, window: int, newest: bytes = newest) -> tuple[bool, int]:
            holds = newest > edge_of(moment, window)
            return holds, int.from_bytes(newest, "big") + window if holds else FOREVER

        def truth(moment: int, window: int, k: int = k) -> bool:
            return len(within(history.events, moment, window)) >= k

        check_each_millisecond(history, now, read, truth)


@given(reordered(small), st.integers(1, 6))
def test_stamps_forget_the_order_of_arrival(case: tuple[History, list[int]], keep: int) -> None:
    check_order_is_forgotten(*case, add_stamp(keep))


@given(histories(small))
def test_first_and_last_outlive_every_window(history: History) -> None:
    newest, _ = built(history, add_stamp(1))
    earliest, _ = built(history, lambda track, ts, _, __: first_add(track, ts))
    times = [ts for ts, _ in history.events]

    assert int.from_bytes(newest, "big") == max(times, default=0)
    assert int.from_bytes(earliest, "big") == min(times, default=0)


# -- sums


def add_sum(highest: int) -> Add:
    return lambda track, ts, amount, edge: sums_add(track, ts, amount, highest, edge)


@given(histories(amounts), st.sets(st.integers(1, 40) | st.just(3 * LARGE), min_size=1, max_size=3))
def test_a_sum_reaches_every_threshold_exactly_when_the_events_do(history: History, thresholds: set[int]) -> None:
    track, now = built(history, add_sum(max(thresholds)))

    for threshold in sorted(thresholds):

        def read(moment: int, window: int, threshold: int = threshold) -> tuple[bool, int]:
            return sum_ge(track, moment, window, threshold)

        def truth(moment: int, window: int, threshold: int = threshold) -> bool:
            return sum(amount for _, amount in within(history.events, moment, window)) >= threshold

        check_each_millisecond(history, now, read, truth)


@given(reordered(amounts), st.integers(1, 40))
def test_sums_forget_the_order_of_arrival(case: tuple[History, list[int]], highest: int) -> None:
    check_order_is_forgotten(*case, add_sum(highest))


# -- totals


def add_total(track: bytes, ts: int, amount: int, edge: bytes) -> bytes:
    return totals_add(track, ts, amount, edge, 64)


@given(histories(signed))
def test_totals_are_the_sum_and_number_of_the_window(history: History) -> None:
    track, now = built(history, add_total)

    def read(moment: int, window: int) -> tuple[tuple[int, int], int]:
        total, number, until = totals_read(track, moment, window)
        return (total, number), until

    def truth(moment: int, window: int) -> tuple[int, int]:
        inside = [amount for _, amount in within(history.events, moment, window)]
        return sum(inside), len(inside)

    check_each_millisecond(history, now, read, truth)


@given(reordered(signed))
def test_totals_forget_the_order_of_arrival(case: tuple[History, list[int]]) -> None:
    check_order_is_forgotten(*case, add_total)


# -- peaks


def add_peak(sign: int) -> Add:
    return lambda track, ts, amount, edge: peaks_add(track, ts, amount, edge, sign)


@given(histories(signed), st.sampled_from([1, -1]))
def test_a_peak_is_the_highest_or_lowest_of_the_window(history: History, sign: int) -> None:
    track, now = built(history, add_peak(sign))

    def truth(moment: int, window: int) -> int | None:
        inside = [amount * sign for _, amount in within(history.events, moment, window)]
        return max(inside) * sign if inside else None

    check_each_millisecond(history, now, lambda moment, window: peak_read(track, moment, window, sign), truth)


@given(reordered(signed), st.sampled_from([1, -1]))
def test_peaks_forget_the_order_of_arrival(case: tuple[History, list[int]], sign: int) -> None:
    check_order_is_forgotten(*case, add_peak(sign))


# -- values


def add_value(keep: int) -> Add:
    return lambda track, ts, value, edge: values_add(track, ts, KEYS[value], keep, edge)


@given(histories(values), st.integers(1, 4))
def test_distinct_values_are_counted_up_to_those_kept(history: History, keep: int) -> None:
    track, now = built(history, add_value(keep))

    def truth(moment: int, window: int) -> int:
        return min(keep, len({value for _, value in within(history.events, moment, window)}))

    check_each_millisecond(history, now, lambda moment, window: distinct_count(track, moment, window), truth)
    for k in range(1, keep + 1):
        for window in history.windows:
            holds = track[12 * (k - 1) : 12 * (k - 1) + 6] > edge_of(now, window)
            assert holds == (truth(now, window) >= k)


@given(reordered(values), st.integers(1, 4))
def test_values_forget_the_order_of_arrival(case: tuple[History, list[int]], keep: int) -> None:
    check_order_is_forgotten(*case, add_value(keep))


# -- count by a property


def add_same(keep: int, most: int) -> Add:
    return lambda track, ts, value, edge: same_add(track, ts, KEYS[value], keep, most, edge)


@given(histories(values), st.integers(1, 4))
def test_events_are_counted_value_by_value(history: History, keep: int) -> None:
    track, now = built(history, add_same(keep, 128))

    for moment in range(now, now + history.horizon + 2):
        for window in history.windows:
            for value, key in enumerate(KEYS):
                number = sum(v == value for _, v in within(history.events, moment, window))
                assert same_count(track, key, moment, window) == min(keep, number)
                for k in range(keep + 1):
                    assert same_ge(track, key, edge_of(moment, window), k) == (number >= k)


@given(reordered(values), st.integers(1, 4), st.integers(1, 8))
def test_counts_by_value_forget_the_order_of_arrival(case: tuple[History, list[int]], keep: int, most: int) -> None:
    check_order_is_forgotten(*case, add_same(keep, most))


# -- keys of events


@given(st.lists(st.binary(min_size=8, max_size=8) | st.sampled_from([b"aaaaaaaa", b"aaaabbbb"])), st.data())
def test_a_key_is_held_exactly_when_it_was_put_in(keys: list[bytes], data: st.DataObject) -> None:
    together = b"".join(keys)
    at = data.draw(st.integers(0, max(0, len(together) - 8)))
    wanted = data.draw(st.sampled_from([b"aaaaaaaa", b"aaaabbbb", b"bbbbaaaa", (together[at:] + bytes(8))[:8]]))

    assert holds_key(together, wanted) == (wanted in keys)
