"""Closures for terms that fit no atom: each answers (value, until), `until` being when time alone may change it.

Unknown is None. Numbers are exact. A time or duration is kept as `factor * now + base`, so that a comparison can say at
which millisecond it turns.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from schemas.times import FOREVER
from segments import terms as t
from segments.arithmetic import COMPARE, calculate, compare_linear, text_test
from segments.calendar import calendar, countdown
from segments.facts import fact
from segments.normalise import FLIP, stage_segment

if TYPE_CHECKING:
    from schemas.profile import Occasion, Profile
    from segments.facts import TrackOf
    from segments.localdays import Days

__all__ = ["Answer", "Context", "Evaluation", "Surroundings", "build"]

Answer = tuple[Any, int]


class Context:
    """All that a closure may look at."""

    __slots__ = ("days", "items", "now", "occasion", "profile", "true", "unknown")

    def __init__(self, profile: Profile, now: int, occasion: Occasion, true: int, unknown: int, days: Days) -> None:
        self.profile, self.now, self.occasion = profile, now, occasion
        self.true, self.unknown, self.days = true, unknown, days
        self.items: dict[str, dict[str, Any]] = {}


Evaluation = Callable[[Context], Answer]


class Surroundings:
    """What closures are built against: where tracks lie, the bit of each segment, the stages in order."""

    def __init__(self, track_of: TrackOf, bits: dict[str, int], stages: tuple[str, ...]) -> None:
        self.track_of, self.bits, self.stages = track_of, bits, stages


def build(term: t.Term, around: Surroundings) -> Evaluation:  # noqa: C901, PLR0911, PLR0912 - one line a kind of term
    """The closure of a term."""
    match term:
        case t.Constant(_, value):
            return lambda _: (value, FOREVER)
        case t.EventField(_, name):
            return lambda x: (x.occasion.props.get(name), FOREVER)
        case t.Meta(_, name):
            return lambda x: (getattr(x.occasion, name), FOREVER)
        case t.Trait():
            return _trait(term, around)
        case t.StageOf():
            return _stage(around)
        case t.Clock(_, what):
            return _clock(what)
        case t.Aggregate() | t.Moment() | t.Streak() | t.Same() | t.Sequence():
            return fact(term, around.track_of)
        case t.Calendar():
            return calendar(term, None if term.operand is None else build(term.operand, around))
        case t.InSegment(_, segment):
            return _in_segment(around.bits[segment])
        case t.TagHeld(_, tag):
            return lambda x: (tag in x.profile.tags, FOREVER)
        case t.Given(_, operand):
            return _given(build(operand, around))
        case t.Choice():
            return _choice(build(term.test, around), build(term.then, around), build(term.otherwise, around))
        case t.TextTest():
            return _text_test(term, around)
        case t.Items():
            return _items(term, around)
        case t.Item(_, variable, name):
            return lambda x: (x.items[variable].get(name), FOREVER)
        case t.Operation(_, "&&" | "||" as op, args):
            return _junction(tuple(build(a, around) for a in args), decides=op == "||")
        case t.AtLeast(_, k, items):
            return _at_least(k, tuple(build(item, around) for item in items))
        case t.Operation(_, "!", (item,)):
            return _negation(build(item, around))
        case t.Operation(_, "in", (left, right)):
            return _contained(
                build(left, around), frozenset(i.value for i in t.children(right) if isinstance(i, t.Constant))
            )
        case t.Operation(_, op, (left, right)) if op in COMPARE:
            return _comparison(op, left, right, around)
        case t.Operation(_, op, args):
            return _calculation(op, tuple(build(a, around) for a in args))
    raise AssertionError(term)


def _trait(term: t.Trait, around: Surroundings) -> Evaluation:
    name, source = term.name, build(term.source, around) if term.source is not None else None

    def trait(x: Context) -> Answer:
        held = x.profile.traits.get(name)
        if held is not None:
            return held if held.__class__ is not Decimal else Fraction(held), FOREVER
        return source(x) if source is not None else (None, FOREVER)

    return trait


def _stage(around: Surroundings) -> Evaluation:
    stages = tuple((s, around.bits[stage_segment(s)]) for s in around.stages)

    def stage(x: Context) -> Answer:
        return next((s for s, bit in stages if x.true & bit), None), FOREVER

    return stage


def _clock(what: str) -> Evaluation:
    match what:
        case "hour":
            return lambda x: x.days.hour(x.now)
        case "date":
            return lambda x: x.days.date(x.now)
    return lambda x: (x.now, x.now + 1)


def _in_segment(bit: int) -> Evaluation:
    return lambda x: (True if x.true & bit else None if x.unknown & bit else False, FOREVER)


def _given(operand: Evaluation) -> Evaluation:
    def given(x: Context) -> Answer:
        value, until = operand(x)
        return value is not None, until

    return given


def _choice(test: Evaluation, then: Evaluation, otherwise: Evaluation) -> Evaluation:
    def choice(x: Context) -> Answer:
        truth, until = test(x)
        if truth is None:
            return None, until
        value, later = (then if truth else otherwise)(x)
        return value, min(until, later)

    return choice


def _text_test(term: t.TextTest, around: Surroundings) -> Evaluation:
    operand = build(term.operand, around)
    argument = build(term.argument, around) if term.argument is not None else None
    test = text_test(term)

    def tested(x: Context) -> Answer:
        value, until = operand(x)
        other, later = argument(x) if argument is not None else ("", FOREVER)
        if value is None or other is None:
            return None, min(until, later)
        return test(value, other), min(until, later)

    return tested


def _items(term: t.Items, around: Surroundings) -> Evaluation:
    operand, body, variable = build(term.operand, around), build(term.body, around), term.variable
    decides = term.kind == "exists"

    def quantified(x: Context) -> Answer:
        items, until = operand(x)
        if items is None:
            return None, until
        truth: bool | None = not decides
        for item in items:
            x.items[variable] = item
            value, later = body(x)
            until = min(until, later)
            if value is decides:
                return value, until
            if value is None:
                truth = None
        return truth, until

    return quantified


def _junction(parts: tuple[Evaluation, ...], *, decides: bool) -> Evaluation:
    def junction(x: Context) -> Answer:
        truth: bool | None = not decides
        until = FOREVER
        for part in parts:
            value, later = part(x)
            if value is decides:
                return value, later
            if value is None:
                truth = None
            until = min(until, later)
        return truth, until

    return junction


def _at_least(k: int, parts: tuple[Evaluation, ...]) -> Evaluation:
    def at_least(x: Context) -> Answer:
        held, open_, until = 0, 0, FOREVER
        for part in parts:
            value, later = part(x)
            held, open_, until = held + (value is True), open_ + (value is None), min(until, later)
        return (True if held >= k else None if held + open_ >= k else False), until

    return at_least


def _negation(part: Evaluation) -> Evaluation:
    def negation(x: Context) -> Answer:
        value, until = part(x)
        return (None if value is None else not value), until

    return negation


def _contained(part: Evaluation, values: frozenset[Any]) -> Evaluation:
    def contained(x: Context) -> Answer:
        value, until = part(x)
        return (None if value is None else value in values), until

    return contained


def _comparison(op: str, left: t.Term, right: t.Term, around: Surroundings) -> Evaluation:
    factor = t.factor(left) - t.factor(right)
    if isinstance(left, t.Constant) and isinstance(right, t.Calendar):
        left, right, op = right, left, FLIP[op]
    if isinstance(left, t.Calendar) and left.operand is not None and isinstance(right, t.Constant):
        return countdown(op, right.value, build(left.operand, around))  # type: ignore[arg-type]
    if factor:
        return _moving_comparison(op, factor, _base(left, around), _base(right, around))
    first, second, test = _base(left, around), _base(right, around), COMPARE[op]

    def comparison(x: Context) -> Answer:
        (a, until), (b, later) = first(x), second(x)
        if a is None or b is None:
            return None, min(until, later)
        return test(a, b), min(until, later)

    return comparison


def _moving_comparison(op: str, factor: int, first: Evaluation, second: Evaluation) -> Evaluation:
    def comparison(x: Context) -> Answer:
        (a, until), (b, later) = first(x), second(x)
        until = min(until, later)
        if a is None or b is None:
            return None, until
        truth, turns = compare_linear(op, factor, a - b + factor * x.now, x.now)
        return truth, min(until, turns)

    return comparison


def _base(term: t.Term, around: Surroundings) -> Evaluation:
    """A time or duration without what `now` adds to it; any other term as it is."""
    match term:
        case t.Clock(_, "now"):
            return lambda _: (0, FOREVER)
        case t.Operation("time" | "duration", "+" | "-" as op, args):
            return _calculation(op, tuple(_base(a, around) for a in args))
        case t.Choice("time" | "duration"):
            return _choice(build(term.test, around), _base(term.then, around), _base(term.otherwise, around))
    return build(term, around)


def _calculation(op: str, parts: tuple[Evaluation, ...]) -> Evaluation:
    def calculation(x: Context) -> Answer:
        values, until = [], FOREVER
        for part in parts:
            value, later = part(x)
            until = min(until, later)
            values.append(value)
        return (None if None in values else calculate(op, values)), until

    return calculation
