"""Closures of what the calendar says of the person's local day, each with the midnight at which it turns."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor
from typing import TYPE_CHECKING, Any

from segments.anniversaries import days_to_anniversary, days_to_month_end
from segments.arithmetic import COMPARE
from segments.workdays import workdays_of

if TYPE_CHECKING:
    from fractions import Fraction

    from segments import terms as t
    from segments.evaluate import Context
    from segments.localdays import Days

__all__ = ["calendar", "countdown"]

Evaluation = Callable[["Context"], "tuple[Any, int]"]
_AHEAD = 40
"""Days that are looked through for a turn; it is asked again then."""


def calendar(term: t.Calendar, operand: Evaluation | None) -> Evaluation:
    """The closure of a function of the calendar; `operand` gives the date of `days_until`."""
    match term.what:
        case "days_until" if operand is not None:
            return _days_until(operand)
        case "month_end":
            return _turning(lambda day: days_to_month_end(day) == 0)
        case "holiday":
            return _turning(workdays_of(term.country).is_holiday)
    return _turning(workdays_of(term.country).is_workday)


def _turning(test: Callable[[int], bool]) -> Evaluation:
    def turning(x: Context) -> tuple[Any, int]:
        day = x.days.day(x.now)
        truth = test(day)
        turn = next((ahead for ahead in range(1, _AHEAD) if test(day + ahead) != truth), _AHEAD)
        return truth, _start(x.days, day, turn)

    return turning


def _days_until(operand: Evaluation) -> Evaluation:
    def days_until(x: Context) -> tuple[Any, int]:
        of, until = operand(x)
        if of is None:
            return None, until
        day = x.days.day(x.now)
        return days_to_anniversary(of, day), min(until, x.days.start(day + 1))

    return days_until


def countdown(op: str, threshold: int | Fraction, operand: Evaluation) -> Evaluation:
    """`days_until(operand) OP threshold`: it turns a few times a year, and nobody is woken on other nights."""
    test, beside = COMPARE[op], range(floor(threshold) - 1, ceil(threshold) + 2)

    def counting(x: Context) -> tuple[Any, int]:
        of, until = operand(x)
        if of is None:
            return None, until
        day = x.days.day(x.now)
        left = days_to_anniversary(of, day)
        truth = test(left, threshold)
        turns = (left - value for value in beside if 0 <= value < left and test(value, threshold) != truth)
        return truth, min(until, _start(x.days, day, min(turns, default=left + 1)))

    return counting


def _start(days: Days, day: int, ahead: int) -> int:
    """When the day begins that is so far ahead; behind the last known year the next one, of which is asked then."""
    try:
        return days.start(day + ahead)
    except ValueError:
        return days.start(day + 1)
