"""Local days, hours, dates and streaks by hand, in the weeks in which clocks change."""

from __future__ import annotations

import pytest

from schemas.times import DAY, FOREVER, HOUR, parse_time
from segments.localdays import Days, days_add, days_of, streak_ge, streak_read

LATE = 3 * DAY


def day_of(zone: str, text: str) -> str:
    return days_of(zone).date(parse_time(text))[0]


def streak_track(zone: str, *texts: str, now: str | None = None, late: int = LATE) -> bytes:
    track, latest = b"", 0
    for text in texts:
        ts = parse_time(text)
        latest = max(latest, ts, parse_time(now) if now else 0)
        track = days_add(track, ts, latest, late, days_of(zone))
    return track


@pytest.mark.parametrize(
    ("zone", "before", "first"),
    [
        ("Asia/Shanghai", "2026-05-01", "2026-05-01T16:00:00Z"),
        ("Africa/Cairo", "2026-04-23", "2026-04-23T22:00:00Z"),  # no midnight: 00:00 becomes 01:00
        ("America/Sao_Paulo", "2018-11-03", "2018-11-04T03:00:00Z"),  # the same
        ("Asia/Beirut", "2021-03-27", "2021-03-27T22:00:00Z"),  # the same
        ("Asia/Beirut", "2021-10-30", "2021-10-30T22:00:00Z"),  # 24:00 becomes 23:00: midnight is the second time
        ("America/Havana", "2021-11-06", "2021-11-07T04:00:00Z"),  # 01:00 becomes 00:00: midnight is the first time
        ("Australia/Lord_Howe", "2026-04-04", "2026-04-04T13:00:00Z"),
    ],
)
def test_a_day_begins_at_its_first_instant(zone: str, before: str, first: str) -> None:
    days, at = days_of(zone), parse_time(first)

    assert days.date(at - 1) == (before, at)
    assert days.day(at) == days.day(at - 1) + 1
    assert days.start(days.day(at)) == at


def test_a_day_that_a_zone_leaves_out_never_comes() -> None:
    leap = parse_time("2011-12-30T10:00:00Z")

    assert days_of("Pacific/Apia").date(leap - 1) == ("2011-12-29", leap)
    assert days_of("Pacific/Apia").date(leap) == ("2011-12-31", leap + 24 * HOUR)


def test_a_day_that_has_begun_stays_begun() -> None:
    assert day_of("America/St_Johns", "2010-11-07T02:30:30Z") == "2010-11-07"
    assert day_of("America/St_Johns", "2010-11-07T02:31:00Z") == "2010-11-07"  # the clock shows 23:01 of the 6th again
    assert days_of("America/St_Johns").hour(parse_time("2010-11-07T02:31:00Z"))[0] == 23


@pytest.mark.parametrize(
    ("zone", "at", "hour", "until"),
    [
        ("Asia/Shanghai", "2026-05-01T16:00:00.001Z", 0, "2026-05-01T17:00:00Z"),
        ("Asia/Kathmandu", "2026-05-01T16:00:00Z", 21, "2026-05-01T16:15:00Z"),
        ("Africa/Cairo", "2026-04-23T21:59:59.999Z", 23, "2026-04-23T22:00:00Z"),
        ("Africa/Cairo", "2026-04-23T22:00:00Z", 1, "2026-04-23T23:00:00Z"),
        ("Asia/Beirut", "2021-10-30T20:10:00Z", 23, "2021-10-30T22:00:00Z"),
        ("Australia/Lord_Howe", "2026-04-04T14:00:00Z", 1, "2026-04-04T15:30:00Z"),  # 02:00 becomes 01:30
        ("Australia/Lord_Howe", "2026-10-03T15:30:00Z", 2, "2026-10-03T16:00:00Z"),  # 02:00 becomes 02:30
        ("America/St_Johns", "2010-03-14T03:30:30Z", 0, "2010-03-14T03:31:00Z"),  # 00:01 becomes 01:01
    ],
)
def test_a_local_hour_lasts_until_the_clock_shows_another(zone: str, at: str, hour: int, until: str) -> None:
    assert days_of(zone).hour(parse_time(at)) == (hour, parse_time(until))


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "America", "../tzdata", "/etc/passwd", "a\0b", "上海", "\ud800", "x" * 5_000]
)
def test_a_zone_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="there is no time zone"):
        Days(name)


@pytest.mark.parametrize("text", ["1999-12-29T00:00:00Z", "2061-01-02T00:00:00Z"])
def test_moments_outside_the_table_are_refused(text: str) -> None:
    days, ms = days_of("Pacific/Kiritimati"), parse_time(text)

    with pytest.raises(ValueError, match="2000 to 2060"):
        days.day(ms)
    with pytest.raises(ValueError, match="2000 to 2060"):
        days.date(ms)
    with pytest.raises(ValueError, match="2000 to 2060"):
        days_add(b"", ms, ms, LATE, days)


def test_days_outside_the_table_are_refused() -> None:
    for day in (-1, 10_000, 40_000):
        with pytest.raises(ValueError, match="2000 to 2060"):
            days_of("UTC").start(day)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"])
def test_the_years_2000_to_2060_are_known_in_every_zone(zone: str) -> None:
    days = days_of(zone)

    assert days.date(parse_time("2000-01-01T00:00:00Z"))[0] in ("1999-12-31", "2000-01-01")
    last = parse_time("2060-12-31T09:00:00Z")
    track = days_add(b"", last, last, LATE, days)
    assert streak_read(track, last, days) == (1, days.start(days.day(last) + 2))


# -- streaks


def test_a_streak_lasts_through_the_day_after_its_last_one() -> None:
    zone = "Asia/Shanghai"
    track = streak_track(zone, "2026-05-01T10:00:00Z", "2026-05-02T10:00:00Z", "2026-05-03T15:59:59Z")
    until = parse_time("2026-05-04T16:00:00Z")

    assert streak_read(track, parse_time("2026-05-03T15:59:59Z"), days_of(zone)) == (3, until)
    assert streak_read(track, until - 1, days_of(zone)) == (3, until)
    assert streak_read(track, until, days_of(zone)) == (0, FOREVER)
    assert streak_ge(track, until - 1, days_of(zone), 3) == (True, until)
    assert streak_ge(track, until - 1, days_of(zone), 4) == (False, FOREVER)
    assert streak_ge(track, until, days_of(zone), 0) == (True, FOREVER)


def test_a_day_that_comes_late_joins_two_runs() -> None:
    texts = ["2026-05-01T10:00:00Z", "2026-05-02T10:00:00Z", "2026-05-04T10:00:00Z"]
    now = parse_time("2026-05-04T11:00:00Z")

    assert streak_read(streak_track("UTC", *texts), now, days_of("UTC"))[0] == 1
    assert streak_read(streak_track("UTC", *texts, "2026-05-03T10:00:00Z"), now, days_of("UTC"))[0] == 4


def test_runs_that_no_late_event_can_join_are_dropped() -> None:
    texts = ["2026-05-01T10:00:00Z", "2026-05-10T10:00:00Z", "2026-05-12T10:00:00Z"]

    assert len(streak_track("UTC", *texts)) == 2 * 4
    assert len(streak_track("UTC", *texts, late=FOREVER)) == 3 * 4
    assert len(streak_track("UTC", texts[0], now=texts[2])) == 4  # the newest stays, however old


def test_a_run_stays_while_the_latest_of_late_events_can_join_it() -> None:
    texts = [f"2026-05-{day:02d}T10:00:00Z" for day in (1, 5, 2, 3, 4)]

    assert streak_read(streak_track("UTC", *texts), parse_time(texts[1]), days_of("UTC"))[0] == 5


def test_an_imported_history_makes_one_run_in_any_order() -> None:
    texts = [f"2026-05-{day:02d}T10:00:00Z" for day in (7, 3, 5, 1, 2, 6, 4)]
    track = streak_track("UTC", *texts, now="2026-05-08T00:00:00Z", late=FOREVER)

    assert streak_read(track, parse_time("2026-05-08T00:00:00Z"), days_of("UTC"))[0] == 7


def test_a_day_left_out_by_the_zone_breaks_a_streak() -> None:
    track = streak_track("Pacific/Apia", "2011-12-29T20:00:00Z", "2011-12-30T20:00:00Z")

    assert streak_read(track, parse_time("2011-12-30T20:00:00Z"), days_of("Pacific/Apia"))[0] == 1
