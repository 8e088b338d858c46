"""Times as whole milliseconds since 1970 in UTC, durations with their unit, and their text forms."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Final

from schemas.texts import say

__all__ = [
    "DAY",
    "EARLIEST",
    "FOREVER",
    "HOUR",
    "LATEST",
    "MINUTE",
    "SECOND",
    "WEEK",
    "date_of",
    "format_duration",
    "format_time",
    "parse_duration",
    "parse_time",
]

SECOND: Final = 1_000
MINUTE: Final = 60_000
HOUR: Final = 3_600_000
DAY: Final = 86_400_000
WEEK: Final = 604_800_000
FOREVER: Final = (1 << 48) - 1
"""Later than any moment: "time alone never changes it"."""
EARLIEST, LATEST = 946_684_800_000, 4_102_444_800_000
"""Events lie in [2000-01-01, 2100-01-01)."""

_UNITS = {"ms": 1, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": WEEK}
_DURATION = re.compile(r"(\d{1,9})(ms|s|m|h|d|w)", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d\d):([0-5]\d))", re.ASCII
)


def parse_duration(text: str) -> int:
    """Milliseconds of `30d`, `90m`, `1d12h`; units ms s m h d w. Raises `ValueError` for anything else."""
    at, total = 0, 0
    while at < len(text):
        match = _DURATION.match(text, at)
        if match is None:
            break
        total += int(match[1]) * _UNITS[match[2]]
        at = match.end()
    if not text or at != len(text) or total >= FOREVER:
        message = say(
            "{text!r} is no duration; write a number and a unit: 30d, 12h, 90m, 45s (units ms s m h d w)", text=text
        )
        raise ValueError(message)
    return total


def format_duration(ms: int) -> str:
    """The text of a duration, in the largest units that say it: `1d12h`, `-90s`, `0m`; weeks are days."""
    left, out = abs(ms), ""
    for unit in ("d", "h", "m", "s", "ms"):
        count, left = divmod(left, _UNITS[unit])
        out += f"{count}{unit}" if count else ""
    return f"-{out}" if ms < 0 else out or "0m"


def parse_time(value: object) -> int:
    """Milliseconds of an RFC 3339 text with a zone, or of a number of milliseconds since 1970.

    Finer digits are cut off. A leap second counts as the last millisecond before it ends. Raises `ValueError`.
    """
    if isinstance(value, str):
        return _parse_text(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        message = "a time is text like 2026-05-01T10:00:00+08:00, or whole milliseconds since 1970"
        raise ValueError(message)  # noqa: TRY004 - one kind of error for whatever somebody sent
    if value != int(value):
        message = say("{value} is no time; milliseconds since 1970 are whole", value=value)
        raise ValueError(message)
    return int(value)


def _parse_text(text: str) -> int:
    match = _TIME.fullmatch(text)
    if match is None:
        message = say(
            "{text!r} is no time with a zone; write 2026-05-01T10:00:00+08:00 or 2026-05-01T02:00:00Z", text=text[:40]
        )
        raise ValueError(message)
    year, month, day, hour, minute, second = (int(match[i]) for i in range(1, 7))
    milliseconds = int((match[7] or "0").ljust(3, "0")[:3])
    if second == 60:  # a leap second
        second, milliseconds = 59, 999
    zone = UTC
    if match[9]:
        offset = timedelta(hours=int(match[10]), minutes=int(match[11]))
        zone = timezone(-offset if match[9] == "-" else offset)
    moment = datetime(year, month, day, hour, minute, second, tzinfo=zone)
    return (moment - _EPOCH) // timedelta(milliseconds=1) + milliseconds


def format_time(ms: int) -> str:
    """RFC 3339 in UTC with milliseconds: `2010-12-01T08:26:00.000Z`."""
    moment = _EPOCH + timedelta(milliseconds=ms)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def date_of(text: str) -> date:
    """The date of `2026-05-01`. Raises `ValueError`."""
    if not _DATE.fullmatch(text):
        message = say("{text!r} is no date; write 2026-05-01", text=text[:40])
        raise ValueError(message)
    return date.fromisoformat(text)
