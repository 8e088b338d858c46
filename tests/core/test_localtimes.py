"""Local times as people write them, and the weeks in which clocks change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.localtimes import local_text, parse_local, parse_moment
from schemas.times import DAY, HOUR, MINUTE, format_duration, parse_duration, parse_time

START = parse_time("2026-01-05T10:00:00Z")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("30m", START + 30 * MINUTE),
        ("+30m", START + 30 * MINUTE),
        ("-2d", START - 2 * DAY),
        ("1d12h", START + 36 * HOUR),
        ("2026-01-07", parse_time("2026-01-07T00:00:00Z")),
        ("2026-07-07 09:00", parse_time("2026-07-07T08:00:00Z")),
        ("2026-07-07T09:00:30.5", parse_time("2026-07-07T08:00:30.500Z")),
        ("2026-07-07T09:00:00+08:00", parse_time("2026-07-07T01:00:00Z")),
        ("2026-03-29 01:30", parse_time("2026-03-29T01:00:00Z")),  # there is no such time: the first one after the gap
        ("2026-10-25 01:30", parse_time("2026-10-25T00:30:00Z")),  # there are two: the first one
    ],
)
def test_a_moment_is_a_length_from_the_start_or_a_local_time(text: str, moment: int) -> None:
    assert parse_moment(text, START, "Europe/London") == moment


@pytest.mark.parametrize(
    "text", ["", "soon", "3", "09:00", "2026-13-01", "2026-01-05 25:00", "--3d", "2026-01-05 9:00"]
)
def test_what_is_no_moment_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="write a time from the start"):
        parse_moment(text, START, "Europe/London")


@given(st.integers(parse_time("2020-01-01T00:00:00Z"), parse_time("2030-01-01T00:00:00Z")))
def test_a_moment_shown_in_shanghai_is_read_back(moment: int) -> None:
    assert parse_local(local_text(moment, "Asia/Shanghai"), "Asia/Shanghai") == moment


@given(st.integers(0, 10**12))
def test_a_duration_shown_is_read_back(length: int) -> None:
    assert parse_duration(format_duration(length)) == length
    assert format_duration(-length) in {f"-{format_duration(length)}", "0m"}
