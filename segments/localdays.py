"""Local days: streaks, local hours and dates, right in the weeks in which clocks change.

The days of a zone are a table of first instants, so the fold does no clock arithmetic. A day that begins once stays
begun: where a clock is put back across midnight, the date does not go back. A day that a zone leaves out never comes.

Zone data must come from the pinned tzdata package, so that two machines agree: the process that imports this runs with
an empty PYTHONTZPATH.
"""

from __future__ import annotations

from array import array
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from schemas.times import DAY, FOREVER, HOUR, MINUTE, SECOND

__all__ = ["Days", "days_add", "days_of", "streak_ge", "streak_read"]

_FIRST, _LAST = date(1999, 12, 30), date(2061, 1, 1)
_AHEAD: Final = 7
"""Days after the last one whose beginnings are known too: a streak ends two days after its last day."""
_EPOCH_DAY = date(1970, 1, 1)
_ZERO: Final = (_FIRST - _EPOCH_DAY).days
_RUN: Final = 4
_int: Final = int.from_bytes


class Days:
    """The local days of one zone as numbers, counted from 1970-01-01.

    Raises:
        ValueError: there is no such zone.
    """

    __slots__ = ("starts", "zone")

    def __init__(self, name: str) -> None:
        try:
            self.zone = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            message = f"there is no time zone {name[:60]!r}; names look like Asia/Shanghai or Europe/London"
            raise ValueError(message) from None
        # fold=0: of a midnight that comes twice the first, of one that is skipped the moment of the jump
        days = (datetime.combine(_FIRST + timedelta(i), datetime.min.time(), self.zone) for i in range(_days_held()))
        self.starts = array("q", (round(day.timestamp()) * SECOND for day in days))

    def day(self, ms: int) -> int:
        """The day on which a moment lies.

        Raises:
            ValueError: the moment lies outside the years 2000 to 2060.
        """
        starts = self.starts
        at = (ms - starts[0]) // DAY
        if 0 <= at < len(starts) - _AHEAD:  # most days have 24 hours, so that this is the day or one beside it
            while starts[at] > ms:
                at -= 1
            while starts[at + 1] <= ms:
                at += 1
        if not 0 <= at < len(starts) - _AHEAD:
            raise ValueError(f"local days are known for the years 2000 to 2060; {ms} ms lies outside")
        return at + _ZERO

    def start(self, day: int) -> int:
        """The first instant of a day (ms).

        Raises:
            ValueError: the day lies outside the years 2000 to 2060.
        """
        at = day - _ZERO
        if not 0 <= at < len(self.starts):
            raise ValueError(f"local days are known for the years 2000 to 2060; day {day} lies outside")
        return self.starts[at]

    def date(self, ms: int) -> tuple[str, int]:
        """(local date as ISO text, when the next one begins). Raises `ValueError` as `day` does."""
        day = self.day(ms)
        return (_EPOCH_DAY + timedelta(day)).isoformat(), self.start(day + 1)

    def hour(self, ms: int) -> tuple[int, int]:
        """(local hour 0-23, when it changes)."""
        local = self._local(ms)
        until = ms - ms % SECOND + HOUR - (local.minute * 60 + local.second) * SECOND
        steady = self._local(until - 1).utcoffset() == local.utcoffset()
        if not steady or self._local(until).hour == local.hour:
            until = ms - ms % MINUTE + MINUTE  # the clock is changed, which happens on whole minutes
            while self._local(until).hour == local.hour:
                until += MINUTE
        return local.hour, until

    def _local(self, ms: int) -> datetime:
        return datetime.fromtimestamp(ms // SECOND, self.zone)


def _days_held() -> int:
    return (_LAST - _FIRST).days + _AHEAD


@lru_cache(maxsize=512)
def days_of(name: str) -> Days:
    """The local days of a zone, made once. Raises `ValueError` for a zone that does not exist."""
    return Days(name)


# -- runs of local days with an event. Record: first day, last day, 2 bytes each; newest first
def days_add(track: bytes, ts: int, now: int, late: int, days: Days) -> bytes:
    """Add an event. Runs that no event of the lateness bound `late` (ms) can join any more go, the newest stays.

    Days are the zone's at the time of adding: a person who moves keeps the days as they were.

    Raises:
        ValueError: `ts` lies outside the years 2000 to 2060.
    """
    day = days.day(ts)
    first, last = (_int(track[:2], "big"), _int(track[2:4], "big")) if track else (0, -2)
    if first <= day <= last:
        return track
    packed = day.to_bytes(2, "big")
    if day == last + 1:
        return track[:2] + packed + track[4:]
    track = packed + packed + track if day > last else _joined(track, day)
    oldest = days.day(now - late) if now - late > days.starts[0] else 0
    end = len(track)
    while end > _RUN and _int(track[end - 2 : end], "big") + 1 < oldest:
        end -= _RUN
    return track[:end]


def _joined(track: bytes, day: int) -> bytes:
    """All runs with this day in them, newest first."""
    runs = [(_int(track[at : at + 2], "big"), _int(track[at + 2 : at + 4], "big")) for at in range(0, len(track), _RUN)]
    out, first, last = [], day, day
    for begin, end in runs:
        if begin <= last + 1 and first <= end + 1:
            first, last = min(begin, first), max(end, last)
        else:
            out.append((begin, end))
    runs = sorted([*out, (first, last)], reverse=True)
    return b"".join(first.to_bytes(2, "big") + last.to_bytes(2, "big") for first, last in runs)


def streak_read(track: bytes, now: int, days: Days) -> tuple[int, int]:
    """(unbroken local days that end today or, while today has none yet, yesterday; when time breaks them or FOREVER).

    Raises:
        ValueError: `now` lies outside the years 2000 to 2060.
    """
    if track:
        first, last = _int(track[:2], "big"), _int(track[2:4], "big")
        if last >= days.day(now) - 1:
            return last - first + 1, days.start(last + 2)
    return 0, FOREVER


def streak_ge(track: bytes, now: int, days: Days, k: int) -> tuple[bool, int]:
    """(streak >= k, until when time alone cannot change that). Raises `ValueError` as `streak_read` does."""
    if k <= 0:
        return True, FOREVER
    length, until = streak_read(track, now, days)
    return (True, until) if length >= k else (False, FOREVER)
