"""Nominal times of a schedule, by trying every minute that a local clock could show."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rules.model import SetTraits, walk_steps
from schemas.times import DAY, HOUR, MINUTE
from segments.syntax import Literal, walk
from tests.reference.days import comes_again, day_is
from tests.reference.people import shown

if TYPE_CHECKING:
    from rules.model import Rule, Schedule

__all__ = ["due_times", "next_showing", "texts_set"]

_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def due_times(schedule: Schedule, zone: ZoneInfo, begin: int, until: int, of: date | None = None) -> frozenset[int]:
    """The moments in [begin, until]; a schedule that names a zone keeps to that one.

    `of`: the date whose anniversary it waits for; None: whatever it is.
    """
    if schedule.at is not None:
        return frozenset([schedule.at] if begin <= schedule.at <= until else [])
    own = zone if schedule.zone in {"workspace", "person"} else ZoneInfo(schedule.zone)
    return frozenset(at for at, day in _of_cron(schedule.cron or "", own, begin, until) if _counts(schedule, day, of))


def _counts(schedule: Schedule, day: date, of: date | None) -> bool:
    """Whether it is a day on which the schedule is due."""
    then = day + timedelta(days=schedule.before)
    if schedule.month_end and not day_is("is_month_end", then, ""):
        return False
    if schedule.country and not day_is("is_workday", day, schedule.country):
        return False
    return of is None or comes_again(of, then)


@cache
def _of_cron(cron: str, zone: ZoneInfo, begin: int, until: int) -> frozenset[tuple[int, date]]:
    """(moment, the day that the clock shows or, in a gap, would have shown)."""
    fields = [_field(text, *span) for text, span in zip(cron.split(), _RANGES, strict=True)]
    wall = datetime(1970, 1, 1) + timedelta(milliseconds=begin - begin % MINUTE - DAY)  # noqa: DTZ001 - of no zone yet
    found = set()
    for _ in range((until - begin + 2 * DAY) // MINUTE):
        wall += timedelta(minutes=1)
        if _matches(fields, cron, wall):
            found.add((_moment(wall, zone), wall.date()))
    return frozenset((moment, day) for moment, day in found if begin <= moment <= until)


def _field(text: str, low: int, high: int) -> frozenset[int]:
    values: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        start, end = (low, high) if span == "*" else (int(first), int(last or first))
        values.update(range(start, end + 1, int(step or 1)))
    return frozenset(values)


def _matches(fields: list[frozenset[int]], cron: str, wall: datetime) -> bool:
    minutes, hours, days, months, weekdays = fields
    if wall.minute not in minutes or wall.hour not in hours or wall.month not in months:
        return False
    by_day, by_weekday = wall.day in days, bool({wall.isoweekday(), wall.isoweekday() % 7} & weekdays)
    named = [part != "*" for part in cron.split()]
    return by_day or by_weekday if named[2] and named[4] else by_day and by_weekday


def _moment(wall: datetime, zone: ZoneInfo) -> int:
    """When the clock first shows this or more: the first of two, and the jump for a time that never comes."""
    at = round(wall.replace(tzinfo=zone).timestamp()) * 1000 - 4 * HOUR
    while shown(at, zone).replace(tzinfo=None) < wall:
        at += MINUTE
    return at


def next_showing(zone: ZoneInfo, minutes: int, now: int) -> int:
    """The first moment after `now` at which the clock first shows this time of a day, or jumps over it."""
    today = shown(now, zone).date()
    days = (today + timedelta(days=offset) for offset in range(-2, 4))
    walls = (datetime(day.year, day.month, day.day, minutes // 60, minutes % 60) for day in days)  # noqa: DTZ001
    return min(moment for moment in (_moment(wall, zone) for wall in walls) if moment > now)


def texts_set(rules: list[Rule]) -> set[str]:
    """Every text in the expressions of `set`: a zone may be among them."""
    steps = [step for rule in rules for _, step in walk_steps(rule.then)]
    values = [value for step in steps if isinstance(step, SetTraits) for value in step.values.values()]
    return {str(node.value) for value in values for node in walk(value.expr) if isinstance(node, Literal)}
