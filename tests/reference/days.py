"""What the calendar says of a day, by looking at one day after the other."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING

import holidays

if TYPE_CHECKING:
    from tests.reference.values import Value

__all__ = ["comes_again", "day_is", "days_until"]


def comes_again(of: date, day: date) -> bool:
    """Whether it is the anniversary of a date: in years without a 29 February that of it is the 28th."""
    if (of.month, of.day) == (day.month, day.day):
        return True
    return (of.month, of.day, day.month, day.day) == (2, 29, 2, 28) and (day + timedelta(days=1)).day == 1


def days_until(of: Value, today: date) -> Value:
    """How many days it is to the next anniversary."""
    if of is None:
        return None
    born = date.fromisoformat(str(of))
    return Fraction(next(ahead for ahead in range(367) if comes_again(born, today + timedelta(days=ahead))))


def day_is(function: str, day: date, country: str) -> bool:
    """`is_month_end`, `is_holiday`, `is_workday`."""
    match function:
        case "is_month_end":
            return (day + timedelta(days=1)).day == 1
        case "is_holiday":
            return day in _holidays(country, day.year)
        case _:
            return _holidays(country, day.year).is_working_day(day)


@cache
def _holidays(country: str, year: int) -> holidays.HolidayBase:
    name, _, part = country.partition("-")
    return holidays.country_holidays(name, subdiv=part or None, years=[year])
