"""Public holidays and workdays of a country, make-up workdays among them: tables of the `holidays` package.

The package is pure data, and its version is locked: two machines with one version of Touchline agree. What a year will
bring is known only once the country has announced it, see `Workdays.provisional`.
"""

from __future__ import annotations

import warnings
from datetime import date, timedelta
from functools import lru_cache

from schemas.texts import say

__all__ = ["Workdays", "country_fault", "workdays_of"]

_FIRST, _LAST = date(1999, 12, 30), date(2100, 12, 31)
_ZERO = (_FIRST - date(1970, 1, 1)).days
_YEARS = range(_FIRST.year, _LAST.year + 1)


class Workdays:
    """The days of a country as numbers, counted from 1970-01-01; those of the years 2000 to 2100 are known."""

    __slots__ = ("announced", "estimated", "holidays", "workdays")

    def __init__(self, country: str) -> None:
        import holidays

        name, _, part = country.partition("-")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of years for which the package knows nothing
            found = holidays.country_holidays(name, subdiv=part or None, years=_YEARS, language="en_US")
        days = [_FIRST + timedelta(at) for at in range((_LAST - _FIRST).days + 1)]
        self.holidays = bytes(day in found for day in days)
        self.workdays = bytes(found.is_working_day(day) for day in days)
        made_up = {day.year for day in found.weekend_workdays}
        self.announced = max(made_up, default=_LAST.year)
        """The last year whose make-up workdays are known; of countries that have none, the last year."""
        self.estimated = frozenset(day.year for day, names in found.items() if "estimated" in names)

    def is_holiday(self, day: int) -> bool:
        """Whether it is a public holiday, or a day off in exchange for a make-up workday."""
        return self.holidays[day - _ZERO] == 1

    def is_workday(self, day: int) -> bool:
        """Whether people work: no weekend and no holiday, or a make-up workday."""
        return self.workdays[day - _ZERO] == 1

    def provisional(self, year: int) -> bool:
        """Whether the year may still change: make-up workdays that are usual are not known, or a holiday is estimated.

        A country that has had none of late is not taken for one that announces them.
        """
        return year in self.estimated or self.announced < year <= self.announced + 2


@lru_cache(maxsize=64)
def workdays_of(country: str) -> Workdays:
    """The days of a country (`CN`) or a part of one (`DE-BY`), which must exist; made once."""
    return Workdays(country)


def country_fault(country: str) -> tuple[str, frozenset[str]] | None:
    """(what is wrong with a country's code, the codes that there are), None if nothing is."""
    import holidays

    parts = holidays.list_supported_countries()
    name, dash, part = country.partition("-")
    codes = frozenset(code for code in parts if len(code) == 2)
    if name not in codes:
        return say("no holidays are known of a country {name!r}", name=name[:40]), codes
    within = frozenset(f"{name}-{each}" for each in parts[name])
    if dash and country not in within:
        return say("no holidays are known of a part {part!r} of {name}", part=part[:40], name=name), within
    return None
