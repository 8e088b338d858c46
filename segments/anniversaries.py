"""Days that come again every year, and the ends of months, on local days counted from 1970-01-01."""

from __future__ import annotations

from datetime import date, timedelta

__all__ = ["days_to_anniversary", "days_to_month_end", "is_anniversary"]

_EPOCH_DAY = date(1970, 1, 1)


def _anniversary(of: str, year: int) -> date:
    """The day in a year on which a date (ISO) comes again: of 29 February the 28th, where there is no 29th."""
    month, day = int(of[5:7]), int(of[8:10])
    if month == 2 and day == 29 and not (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)):
        day = 28
    return date(year, month, day)


def days_to_anniversary(of: str, day: int) -> int:
    """How many days it is from a day to the next on which the month and day of a date come again; 0 on the day."""
    today = _EPOCH_DAY + timedelta(day)
    this_year = _anniversary(of, today.year)
    following = this_year if this_year >= today else _anniversary(of, today.year + 1)
    return (following - today).days


def is_anniversary(of: str, on: date) -> bool:
    """Whether the month and day of a date (ISO) come again on a day."""
    return _anniversary(of, on.year) == on


def days_to_month_end(day: int) -> int:
    """How many days it is from a day to the last of its month; 0 on the last."""
    today = _EPOCH_DAY + timedelta(day)
    last = (today.replace(day=28) + timedelta(4)).replace(day=1) - timedelta(1)
    return (last - today).days
