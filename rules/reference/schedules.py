"""Schedules in words: `Mondays at 08:30 on the person's own clock`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from schemas.times import format_time

if TYPE_CHECKING:
    from rules.model import Schedule

__all__ = ["schedule_text"]

_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ENDINGS = {"1": "st", "2": "nd", "3": "rd", "21": "st", "22": "nd", "23": "rd", "31": "st"}
_NUMBERS = re.compile(r"\d{1,2}(?:,\d{1,2})*")
_EVERY = re.compile(r"\*/(\d{1,2})")
_RANGE = re.compile(r"([0-7])-([0-7])")
_CLOCKS = {"workspace": "on the workspace's clock", "person": "on the person's own clock"}


def schedule_text(schedule: Schedule) -> str:
    """When a schedule starts its rule; a cron that has no plain words stays as it is."""
    if schedule.at is not None:
        return f"once, at {format_time(schedule.at)}"
    cron, clock = schedule.cron or "", _CLOCKS.get(schedule.zone, f"in {schedule.zone}")
    words = _special(schedule, cron) or _words(cron)
    return f"{words or f'cron {cron}'} {clock}"


def _special(schedule: Schedule, cron: str) -> str:
    """An anniversary, the end of a month, or workdays, at the hour of their cron."""
    before = "" if not schedule.before else f"{schedule.before} day{'s' * (schedule.before > 1)} before "
    at = _times(cron.split())
    if schedule.anniversary is not None:
        return f"{before}the anniversary of {schedule.anniversary}, {at}"
    if schedule.month_end:
        return f"{before}the last day of each month, {at}"
    if schedule.country:
        days = "" if cron.split()[2:] == ["*", "*", "*"] else f" of cron {cron}"
        return f"workdays of {schedule.country}{days}, {at or f'cron {cron}'}"
    return ""


def _words(cron: str) -> str:
    fields = cron.split()
    times = _times(fields)
    days = _days(fields) if times else ""
    return f"{days} {times}" if days else ""


def _times(fields: list[str]) -> str:
    """`at 09:00`, `at 09:00 and 18:00`, `every 15 minutes`; empty where it is more than that."""
    minute, hour = fields[:2]
    every = _EVERY.fullmatch(minute)
    if every is not None and hour == "*":
        return f"every {every[1]} minutes"
    if not minute.isdigit():
        return ""
    if hour == "*":
        return f"every hour at :{int(minute):02}"
    if _NUMBERS.fullmatch(hour) is None:
        return ""
    return "at " + _listed([f"{int(each):02}:{int(minute):02}" for each in hour.split(",")])


def _days(fields: list[str]) -> str:
    """`every day`, `Mondays to Fridays`, `on the 1st and 15th of each month`; empty where it is more than that."""
    of_month, month, of_week = fields[2:5]
    if month != "*" or (of_month != "*" and of_week != "*"):
        return ""
    if of_month != "*":
        known = _NUMBERS.fullmatch(of_month)
        days = [f"{day}{_ENDINGS.get(day, 'th')}" for day in of_month.split(",")]
        return f"on the {_listed(days)} of each month" if known else ""
    stretch = _RANGE.fullmatch(of_week)
    if stretch is not None:
        return f"{_DAYS[int(stretch[1])]}s to {_DAYS[int(stretch[2])]}s"
    if of_week == "*":
        return "every day"
    plain = re.fullmatch(r"[0-7](?:,[0-7])*", of_week)
    return _listed([f"{_DAYS[int(day)]}s" for day in of_week.split(",")]) if plain else ""


def _listed(parts: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
