from __future__ import annotations

from itertools import pairwise

from messaging.lanes import CONCURRENCY, Lane
from messaging.ports import Answer
from tests.helpers.messages import NOW

SENT = Answer("sent")
AWAY = Answer("retry", "unreachable")


def fail(lane: Lane, times: int, now: int = NOW) -> None:
    for _ in range(times):
        assert lane.admit(now) == 0
        lane.settle(AWAY, now, 10)


def test_a_new_lane_takes_as_many_rows_as_it_may_call_at_once() -> None:
    lane = Lane()

    admitted = [lane.admit(NOW) for _ in range(CONCURRENCY + 1)]

    assert admitted[:CONCURRENCY] == [0] * CONCURRENCY
    assert admitted[CONCURRENCY] > NOW


def test_a_row_that_leaves_makes_room() -> None:
    lane = Lane(concurrency=1)

    assert lane.admit(NOW) == 0
    lane.leave()
    assert lane.admit(NOW) == 0
    lane.settle(SENT, NOW, 10)
    assert lane.admit(NOW) == 0


def test_a_quick_channel_is_given_rows_ahead_and_a_slow_one_is_not() -> None:
    quick, slow = Lane(concurrency=2), Lane(concurrency=2)
    for lane, took in ((quick, 20), (slow, 10_000)):
        lane.admit(NOW)
        lane.settle(SENT, NOW, took)

    assert [quick.admit(NOW) for _ in range(100)] == [0] * 100
    assert [slow.admit(NOW) == 0 for _ in range(3)] == [True, True, False]


def test_a_limit_a_minute_spreads_the_starts() -> None:
    lane = Lane(per_minute=20)
    now, starts = NOW, []
    while now < NOW + 60_000:
        until = lane.admit(now)
        if until == 0:
            starts.append(now)
            lane.settle(SENT, now, 5)
            until = now
        now = max(until, now + 100)

    assert len(starts) == 20
    assert min(later - earlier for earlier, later in pairwise(starts)) >= 3_000


def test_what_has_to_wait_is_spread_by_the_pace_and_comes_back_within_a_minute() -> None:
    lane = Lane(per_minute=20)
    lane.admit(NOW)

    moments = [lane.admit(NOW) for _ in range(200)]

    assert moments[:3] == [NOW + 3_001, NOW + 6_001, NOW + 9_001]
    assert max(moments) <= NOW + 60_001


def test_five_failures_open_the_breaker_and_one_row_probes() -> None:
    lane = Lane()
    fail(lane, 5)

    assert lane.admit(NOW) == NOW + 5_000
    assert lane.admit(NOW + 5_000) == 0
    assert lane.admit(NOW + 5_000) > NOW + 5_000


def test_a_failing_probe_makes_the_rest_longer_up_to_a_minute() -> None:
    lane = Lane()
    fail(lane, 5)
    now, rests = NOW, []
    for _ in range(6):
        until = lane.admit(now)
        rests.append(until - now)
        now = until
        fail(lane, 1, now)

    assert rests == [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]


def test_calls_that_were_under_way_when_the_rest_began_do_not_lengthen_it() -> None:
    lane = Lane()
    assert [lane.admit(NOW) for _ in range(CONCURRENCY)] == [0] * CONCURRENCY

    for _ in range(CONCURRENCY):  # one cut, seen by all
        lane.settle(AWAY, NOW, 10)

    assert lane.admit(NOW + 1) == NOW + 5_000


def test_a_probe_that_is_answered_closes_the_breaker() -> None:
    lane = Lane()
    fail(lane, 5)
    assert lane.admit(NOW + 5_000) == 0
    lane.settle(Answer("rejected", "bad address"), NOW + 5_000, 10)

    assert [lane.admit(NOW + 5_000) for _ in range(CONCURRENCY)] == [0] * CONCURRENCY


def test_a_probe_that_was_not_made_lets_another_row_probe() -> None:
    lane = Lane()
    fail(lane, 5)
    assert lane.admit(NOW + 5_000) == 0
    lane.leave()

    assert lane.admit(NOW + 5_000) == 0


def test_four_failures_and_a_success_do_not_open_it() -> None:
    lane = Lane()
    for _ in range(3):
        fail(lane, 4)
        assert lane.admit(NOW) == 0
        lane.settle(SENT, NOW, 10)

    assert lane.admit(NOW) == 0


def test_a_pause_that_the_service_asks_for_is_kept() -> None:
    lane = Lane()
    lane.admit(NOW)
    lane.settle(Answer("retry", "http_429", retry_after=30), NOW, 10)

    assert lane.admit(NOW) == NOW + 30_000
    assert lane.admit(NOW + 30_000) == 0


def test_a_misconfigured_channel_rests_for_a_minute() -> None:
    lane = Lane()
    lane.admit(NOW)
    lane.settle(Answer("misconfigured", "http_401"), NOW, 10)

    assert lane.admit(NOW + 59_999) == NOW + 60_000
    assert lane.admit(NOW + 60_000) == 0
