"""Times and durations in text and number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.times import DAY, EARLIEST, HOUR, LATEST, MINUTE, WEEK, date_of, format_time, parse_duration, parse_time

moments = st.integers(EARLIEST, LATEST - 1)


@given(moments)
def test_a_formatted_time_is_read_back(ms: int) -> None:
    assert parse_time(format_time(ms)) == ms


@given(moments, st.integers(-23 * 60, 23 * 60))
def test_a_time_means_the_same_in_every_zone(ms: int, offset: int) -> None:
    zone = timezone(timedelta(minutes=offset))
    moment = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)).astimezone(zone)

    assert parse_time(moment.isoformat(timespec="milliseconds")) == ms


@given(moments)
def test_milliseconds_are_taken_as_they_are(ms: int) -> None:
    assert parse_time(ms) == parse_time(Decimal(ms)) == ms


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-05-01t10:00:00z", "2026-05-01T10:00:00.000Z"),
        ("2026-05-01 10:00:00Z", "2026-05-01T10:00:00.000Z"),
        ("2026-05-01T10:00:00.5+08:00", "2026-05-01T02:00:00.500Z"),
        ("2026-05-01T10:00:00.1239999Z", "2026-05-01T10:00:00.123Z"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999Z"),
        ("2026-01-01T05:45:00+05:45", "2026-01-01T00:00:00.000Z"),
        ("2025-12-31T23:00:00-01:00", "2026-01-01T00:00:00.000Z"),
    ],
)
def test_every_form_of_rfc_3339_is_read(text: str, same: str) -> None:
    assert format_time(parse_time(text)) == same


@pytest.mark.parametrize(
    "value",
    [
        "", "2026-05-01", "2026-05-01T10:00:00", "2026-05-01T10:00Z", "2026-02-30T00:00:00Z", "2026-05-01T24:00:00Z",
        "2026-05-01T10:00:61Z", "2026-05-01T10:00:00+08:75", "2026-05-01T10:00:00+24:00", "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z", "２０２６-05-01T10:00:00Z", "2026-05-01T10:00:00Z\n", " 2026-05-01T10:00:00Z",
        None, True, 1.5, Decimal("1.5"), [], {},
    ],
)  # fmt: skip
def test_anything_else_is_no_time(value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - some sentences are the calendar's own
        parse_time(value)


@pytest.mark.parametrize(
    ("text", "ms"),
    [("30d", 30 * DAY), ("1d12h", 36 * HOUR), ("90m", 90 * MINUTE), ("2w", 2 * WEEK), ("45s", 45_000), ("250ms", 250)],
)
def test_a_duration_has_a_number_and_a_unit(text: str, ms: int) -> None:
    assert parse_duration(text) == ms


@pytest.mark.parametrize(
    "text", ["", "30", "d", "30 d", "30D", "-1d", "1.5h", "1d ", "30d12", "٣d", "999999999w", "1y"]
)
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        parse_duration(text)


@given(
    st.lists(
        st.tuples(st.integers(0, 999), st.sampled_from([("ms", 1), ("s", 1_000), ("h", HOUR), ("d", DAY)])), min_size=1
    )
)
def test_the_parts_of_a_duration_add_up(parts: list[tuple[int, tuple[str, int]]]) -> None:
    text = "".join(f"{number}{unit}" for number, (unit, _) in parts)

    assert parse_duration(text) == sum(number * ms for number, (_, ms) in parts)


@given(st.dates())
def test_a_date_is_read_back(date: object) -> None:
    assert date_of(str(date)) == date


@pytest.mark.parametrize("text", ["", "20260501", "2026-W18-5", "2026-5-1", "2026-02-30", "2026-05-01T00:00:00Z"])
def test_anything_else_is_no_date(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - some sentences are the calendar's own
        date_of(text)
