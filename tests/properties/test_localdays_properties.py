"""Local days, hours and streaks against the wall clock of the zone, around the changes of that clock."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from schemas.times import DAY, FOREVER, HOUR, MINUTE, parse_time
from segments.localdays import days_add, days_of, streak_ge, streak_read

CHANGES = [
    ("Africa/Cairo", "2023-04-27T22:00:00Z"),
    ("Africa/Cairo", "2023-10-26T21:00:00Z"),
    ("America/Sao_Paulo", "2018-11-04T03:00:00Z"),
    ("America/Sao_Paulo", "2019-02-17T02:00:00Z"),
    ("Asia/Beirut", "2021-03-27T22:00:00Z"),
    ("Asia/Beirut", "2021-10-30T21:00:00Z"),
    ("Australia/Lord_Howe", "2021-04-03T15:00:00Z"),
    ("Australia/Lord_Howe", "2021-10-02T15:30:00Z"),
    ("Pacific/Apia", "2011-12-30T10:00:00Z"),
    ("America/Havana", "2021-11-07T05:00:00Z"),
    ("America/St_Johns", "2010-03-14T03:31:00Z"),
    ("America/St_Johns", "2010-11-07T02:31:00Z"),
    ("Europe/London", "2021-10-31T01:00:00Z"),
    ("Asia/Shanghai", "2021-10-31T01:00:00Z"),
]
LATE = 2 * DAY


def wall(zone: str, ms: int) -> datetime:
    return datetime.fromtimestamp(ms // 1_000, ZoneInfo(zone))


@lru_cache(maxsize=100_000)
def date_of(zone: str, minute: int) -> date:
    """The latest date that the clock has shown by then: one put back across midnight does not bring yesterday back."""
    return max(wall(zone, (minute - back) * MINUTE).date() for back in range(181))


def true_date(zone: str, ms: int) -> date:
    return date_of(zone, ms // MINUTE)


def to_day(when: date) -> int:
    return (when - date(1970, 1, 1)).days


@st.composite
def moments(draw: st.DrawFn) -> tuple[str, int]:
    """(zone, a moment near a change of its clock or near a midnight)."""
    zone, change = draw(st.sampled_from(CHANGES))
    near = draw(st.sampled_from([0, HOUR, -HOUR, HOUR // 2, DAY]) | st.integers(-3 * DAY, 3 * DAY))
    return zone, parse_time(change) + near + draw(st.integers(-2, 2))


@given(moments())
def test_a_date_is_what_the_clock_has_shown_and_ends_with_the_next_one(case: tuple[str, int]) -> None:
    zone, ms = case
    text, until = days_of(zone).date(ms)

    assert date.fromisoformat(text) == true_date(zone, ms)
    assert days_of(zone).day(ms) == to_day(true_date(zone, ms))
    assert true_date(zone, until - 1) == true_date(zone, ms) < true_date(zone, until)


@given(moments())
def test_an_hour_is_what_the_clock_shows_and_ends_with_another(case: tuple[str, int]) -> None:
    zone, ms = case
    hour, until = days_of(zone).hour(ms)

    assert hour == wall(zone, ms).hour
    assert until > ms
    assert all(wall(zone, moment).hour == hour for moment in [*range(ms, until, MINUTE), until - 1])
    assert wall(zone, until).hour != hour


@st.composite
def visits(draw: st.DrawFn) -> tuple[str, list[int], int]:
    """(zone, visits in order of arrival, `now`): a few days around a change, none later than the lateness bound."""
    zone, change = draw(st.sampled_from(CHANGES))
    steps = st.sampled_from([0, HOUR // 2, HOUR, DAY // 2, DAY, DAY + HOUR, 2 * DAY]) | st.integers(0, 2 * DAY)
    ms, out = parse_time(change) - draw(st.integers(0, 5 * DAY)), []
    for step in draw(st.lists(steps, min_size=1, max_size=12)):
        ms += step
        out.append(ms)
    order = sorted(out, key=lambda ts: ts + draw(st.integers(0, LATE)))
    return zone, order, max(out) + draw(st.sampled_from([0, 1, HOUR, DAY]) | st.integers(0, 3 * DAY))


def true_streak(zone: str, times: list[int], now: int) -> int:
    days = {true_date(zone, ts) for ts in times}
    day = true_date(zone, now)
    day = day if day in days else day - timedelta(days=1)
    length = 0
    while day in days:
        length, day = length + 1, day - timedelta(days=1)
    return length


def streak_of(zone: str, times: list[int]) -> bytes:
    track, now = b"", 0
    for ts in times:
        now = max(now, ts)
        track = days_add(track, ts, now, LATE, days_of(zone))
    return track


@given(visits())
def test_a_streak_is_the_unbroken_days_until_one_is_missed(case: tuple[str, list[int], int]) -> None:
    zone, times, now = case
    track, length = streak_of(zone, times), true_streak(zone, times, now)
    read, until = streak_read(track, now, days_of(zone))

    assert read == length
    assert (until == FOREVER) == (length == 0)
    end = until if length else now + 3 * DAY
    assert all(true_streak(zone, times, moment) == length for moment in [*range(now, end, HOUR // 2), end - 1])
    if length:
        assert true_streak(zone, times, until) == 0
    for k in range(length + 2):
        expected = (True, until if k else FOREVER) if k <= length else (False, FOREVER)
        assert streak_ge(track, now, days_of(zone), k) == expected


@given(visits())
def test_a_streak_forgets_the_order_of_arrival(case: tuple[str, list[int], int]) -> None:
    zone, times, now = case

    assert streak_read(streak_of(zone, times), now, days_of(zone)) == streak_read(
        streak_of(zone, sorted(times)), now, days_of(zone)
    )
