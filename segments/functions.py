"""The functions of the language: what each takes, and the typed term it gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import re2

from schemas.meant import meant_duration
from schemas.texts import say
from schemas.times import parse_duration
from segments.arguments import arguments_of, constant_of, event_name, fault, listed, property_of, text, window_of
from segments.sequences import STEPS
from segments.terms import (
    Aggregate,
    AtLeast,
    Calendar,
    Clock,
    Constant,
    InSegment,
    Moment,
    Operation,
    Same,
    Sequence,
    Streak,
    TagHeld,
    Term,
    TermType,
)
from segments.units import literal_as

if TYPE_CHECKING:
    from collections.abc import Callable

    from segments import syntax
    from segments.typing import Typer

__all__ = ["FUNCTIONS", "NUMBER_SCALE", "call", "check_pattern"]

NUMBER_SCALE = 1_000_000
"""Aggregates keep a `number` to the millionth (rounded half away from zero); money and integers are exact."""


_ELSEWHERE = {
    "today": "local_date()", "curdate": "local_date()", "date": "local_date()", "current_date": "local_date()",
    "hour": "local_hour()", "now": "now", "len": "event.items.size()", "length": "event.items.size()",
    "stage": 'profile.stage == "vip"', "in_stage": 'profile.stage == "vip"', "is_stage": 'profile.stage == "vip"',
    "segment": 'in_segment("vip")', "tag": 'has_tag("vip")',
    "isnull": "!has(profile.city)", "exists": "has(profile.city)", "average": "avg", "mean": "avg",
}  # fmt: skip
"""Functions of other languages, in small letters."""


def call(typer: Typer, expr: syntax.Call) -> Term:
    """The term of a function call. Raises `TypeFault`."""
    made = FUNCTIONS.get(expr.function)
    if made is None:
        if expr.function.lower() in _ELSEWHERE:
            message = say("unknown {what} {name!r}", what="function", name=expr.function)
            meant = _ELSEWHERE[expr.function.lower()]
            fault("unknown_function", message, expr, say("did you mean {meant}?", meant=meant))
        typer._unknown("unknown_function", "function", expr.function, FUNCTIONS, expr)  # noqa: SLF001 - one typer
    return made(typer, expr)


def _count(typer: Typer, expr: syntax.Call) -> Term:
    arguments_of(expr, 2, 3, '"event", "30d"[, "property"]')
    event, window = event_name(typer, expr.args[0]), window_of(typer, expr.args[1])
    if len(expr.args) == 2:
        return Aggregate("number", "count", event, None, window)
    name, _ = property_of(typer, event, expr.args[2])
    if typer.scope.events is None:
        fault("no_event", "count by a property needs an event at hand; segments have none", expr)
    typer.property_type(typer.scope.events, name, expr.args[2])
    return Same("number", event, name, window)


def _absent(typer: Typer, expr: syntax.Call) -> Term:
    arguments_of(expr, 2, 2, '"event", "30d"')
    found = Aggregate("number", "count", event_name(typer, expr.args[0]), None, window_of(typer, expr.args[1]))
    return Operation("bool", "==", (found, Constant("number", 0)))


def _sequence(typer: Typer, expr: syntax.Call) -> Term:
    arguments_of(expr, 2, 3, '["event", "event"], "3d"[, ["event"]]')
    steps = tuple(event_name(typer, item) for item in listed(expr.args[0], "the events of a sequence"))
    if not 2 <= len(steps) <= STEPS:
        message = say("a sequence has 2 to {most} events, this one has {number}", most=STEPS, number=len(steps))
        fault("wrong_arguments", message, expr.args[0])
    never = listed(expr.args[2], "the events that may not be in between") if len(expr.args) > 2 else ()
    return Sequence("bool", steps, window_of(typer, expr.args[1]), tuple(event_name(typer, item) for item in never))


def _at_least(typer: Typer, expr: syntax.Call) -> Term:
    arguments_of(expr, 2, 2, "2, [condition, condition, …]")
    number = expr.args[0]
    items = tuple(typer.condition(item) for item in listed(expr.args[1], "the conditions of at_least()"))
    constant = constant_of(typer, number)
    k = None if constant is None else constant.value
    if not isinstance(k, int) or isinstance(k, bool) or not 0 < k <= len(items):
        message = say(
            "how many must hold is a whole number from 1 to {number}, that of the conditions", number=len(items)
        )
        fault("wrong_arguments", message, number)
    return AtLeast("bool", k, items)


def _amounts(typer: Typer, expr: syntax.Call) -> Term:
    arguments_of(expr, 3, 3, '"event", "property", "30d"')
    event = event_name(typer, expr.args[0])
    name, kind = property_of(typer, event, expr.args[1])
    window = window_of(typer, expr.args[2])
    if expr.function == "distinct":
        return Aggregate("number", "distinct", event, name, window)
    if kind.type not in {"money", "integer", "number"}:
        fault(
            "wrong_type",
            say(
                "{function}() is of numbers and money; {name} is {type}",
                function=expr.function,
                name=name,
                type=kind.type,
            ),
            expr.args[1],
        )
    unit: TermType = "money" if kind.type == "money" else "number"
    scale = NUMBER_SCALE if kind.type == "number" else 1
    saturates = kind.min is not None and kind.min >= 0 and scale == 1
    return Aggregate(unit, expr.function, event, name, window, scale, saturates)  # type: ignore[arg-type]


def _moment(typer: Typer, expr: syntax.Call) -> Term:
    arguments_of(expr, 1, 1, '"event"')
    return Moment("time", expr.function, event_name(typer, expr.args[0]))  # type: ignore[arg-type]


def _streak(typer: Typer, expr: syntax.Call) -> Term:
    arguments_of(expr, 2, 2, '"event", "1d"')
    if text(typer, expr.args[1], "the period") != "1d":
        fault("wrong_arguments", 'a streak counts days: streak("event", "1d")', expr.args[1])
    return Streak("number", event_name(typer, expr.args[0]))


def _in_segment(typer: Typer, expr: syntax.Call) -> Term:
    arguments_of(expr, 1, 1, '"segment"')
    name = text(typer, expr.args[0], "the segment")
    if name not in typer.scope.segments:
        typer._unknown("unknown_segment", "segment", name, sorted(typer.scope.segments), expr.args[0])  # noqa: SLF001
    return InSegment("bool", name)


def _has_tag(typer: Typer, expr: syntax.Call) -> Term:
    arguments_of(expr, 1, 1, '"tag"')
    return TagHeld("bool", text(typer, expr.args[0], "the tag"))


def _duration(typer: Typer, expr: syntax.Call) -> Term:
    arguments_of(expr, 1, 1, '"36h"')
    written = text(typer, expr.args[0], "the duration")
    try:
        return Constant("duration", parse_duration(written))
    except ValueError as error:
        fault("bad_duration", str(error), expr.args[0], meant_duration(written))


def _local(_: Typer, expr: syntax.Call) -> Term:
    arguments_of(expr, 0, 0, "nothing")
    return Clock("number", "hour") if expr.function == "local_hour" else Clock("date", "date")


def _days_until(typer: Typer, expr: syntax.Call) -> Term:
    arguments_of(expr, 1, 1, "profile.birthday")
    operand = literal_as(typer, typer.term(expr.args[0]), "date", expr.args[0])
    if operand.type != "date":
        message = say("days_until() is of a date, this is a {type}", type=operand.type)
        fault("wrong_type", message, expr.args[0], "name a trait or property of type date")
    return Calendar("number", "days_until", operand)


def _month_end(_: Typer, expr: syntax.Call) -> Term:
    arguments_of(expr, 0, 0, "nothing")
    return Calendar("bool", "month_end")


def _working(typer: Typer, expr: syntax.Call) -> Term:
    arguments_of(expr, 0, 0, "nothing")
    country = typer.scope.country
    if not country:
        fault(
            "no_country", "the workspace does not say whose holidays count", expr, "write country: CN under workspace"
        )
    return Calendar("bool", "holiday" if expr.function == "is_holiday" else "workday", None, country)


def _missing(_: Typer, expr: syntax.Call) -> Term:
    fault(
        "not_available",
        say("{function}() is not available yet", function=expr.function),
        expr,
        "a rule that uses it cannot go live",
    )


FUNCTIONS: dict[str, Callable[[Typer, syntax.Call], Term]] = {
    "count": _count,
    "sequence": _sequence,
    "absent": _absent,
    "at_least": _at_least,
    "sum": _amounts,
    "min": _amounts,
    "max": _amounts,
    "avg": _amounts,
    "distinct": _amounts,
    "first": _moment,
    "last": _moment,
    "streak": _streak,
    "in_segment": _in_segment,
    "has_tag": _has_tag,
    "duration": _duration,
    "local_hour": _local,
    "local_date": _local,
    "days_until": _days_until,
    "is_month_end": _month_end,
    "is_holiday": _working,
    "is_workday": _working,
    "points": _missing,
    "holds_coupon": _missing,
}


def check_pattern(argument: Term, expr: syntax.Expr) -> None:
    """A pattern of `matches` must be a literal that RE2 (linear time) takes. Raises `TypeFault`."""
    if not isinstance(argument, Constant) or not isinstance(argument.value, str):
        fault("wrong_type", "the pattern of matches() is a literal text", expr)
    try:
        re2.compile(argument.value)
    except re2.error as error:
        fault("bad_pattern", say("the pattern cannot be used: {error}", error=error), expr)
