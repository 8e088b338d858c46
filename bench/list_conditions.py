"""Conditions over lists of events: closures that answer (truth, until when time alone cannot change it)."""

from __future__ import annotations

import operator
from bisect import bisect_right
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from schemas.times import FOREVER
from segments import conditions as c
from segments import terms as t
from segments.localdays import days_of

if TYPE_CHECKING:
    from bench.list_fold import ListProfile
    from segments.plan import Plan

__all__ = ["Answer", "Closures", "Evaluation"]

Answer = tuple["bool | None", int]
Evaluation = Callable[["ListProfile", int, dict[str, Any], int, int], Answer]
"""(profile, now, the event's properties, true, unknown) → answer."""

_UNKNOWN: Answer = (None, FOREVER)
_OPS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "in": lambda value, listed: value in listed,
}  # fmt: skip


class Closures:
    """The closures of a playbook, and the windows that they look at."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.windows: dict[tuple[str, str, str, int], int] = {}
        self.by_event: dict[str, list[tuple[int, str, str, int]]] = {}

    def _window(self, kind: str, event: str, prop: str = "", window: int = FOREVER) -> int:
        key = kind, event, prop, window
        index = self.windows.setdefault(key, len(self.windows))
        for name in self.plan.interactions if event == "*" else (event,):
            held = self.by_event.setdefault(name, [])
            if (index, kind, prop, window) not in held:
                held.append((index, kind, prop, window))
        return index

    def of(self, node: c.Node) -> Evaluation:  # noqa: PLR0911 - one line a kind of condition
        """The closure of a condition."""
        match node:
            case c.All(items):
                return _junction(tuple(map(self.of, items)), decides=False)
            case c.Any_(items):
                return _junction(tuple(map(self.of, items)), decides=True)
            case c.Not(item):
                return _negation(self.of(item))
            case c.CountGe(event, window, k):
                return _count(self._window("list", event, "", window), window, k)
            case c.SumGe(event, prop, window, threshold):
                return _sum(self._window("list", event, prop, window), window, threshold)
            case c.DistinctGe(event, prop, window, k):
                return _distinct(self._window("list", event, prop, window), window, k)
            case c.SameGe(event, prop, window, k):
                return _same(self._window("list", event, prop, window), prop, window, k)
            case c.StreakGe(event, k):
                return _streak(self._window("days", event), k, self.plan.zone)
            case c.General(t.Operation(_, op, (t.Aggregate(_, kind, event, prop, window), t.Constant(_, value)))):
                return _aggregate(self._window("list", event, str(prop), window), kind, window, _OPS[op], value)
        return self._state(node)

    def _state(self, node: c.Node) -> Evaluation:
        match node:
            case c.Truth(value):
                return lambda *_: (value, FOREVER)
            case c.Aged("trait", name, age):
                return _trait_aged(name, age)
            case c.Aged(source, name, age):
                return _aged(self._window(source, name), age)
            case c.TraitIs(name, op, value):
                return _trait(name, _OPS[op], value)
            case c.Prop(name, op, value):
                return _prop(name, _OPS[op], value)
            case c.Tag(name):
                return lambda p, *_: (name in p.tags, FOREVER)
            case c.InSegment(segment):
                return _in_segment(self.plan.bit[segment])
            case c.Member(segment):
                bit = self.plan.bit[segment]
                return lambda _p, _now, _props, true, _unknown: (true & bit != 0, FOREVER)
        raise AssertionError(node)


def _junction(parts: tuple[Evaluation, ...], *, decides: bool) -> Evaluation:
    def junction(p: ListProfile, now: int, props: dict[str, Any], true: int, unknown: int) -> Answer:
        truth: bool | None = not decides
        until = FOREVER
        for part in parts:
            value, later = part(p, now, props, true, unknown)
            if value is decides:
                return value, later
            if value is None:
                truth = None
            until = min(until, later)
        return truth, until

    return junction


def _negation(part: Evaluation) -> Evaluation:
    def negation(p: ListProfile, now: int, props: dict[str, Any], true: int, unknown: int) -> Answer:
        value, until = part(p, now, props, true, unknown)
        return (None if value is None else not value), until

    return negation


def _count(index: int, window: int, k: int) -> Evaluation:
    def count(p: ListProfile, now: int, *_: Any) -> Answer:  # noqa: ANN401
        times = p.times[index]
        if len(times) >= k and times[-k] > now - window:
            return True, times[-k] + window
        return False, FOREVER

    return count


def _sum(index: int, window: int, threshold: int) -> Evaluation:
    def total(p: ListProfile, now: int, *_: Any) -> Answer:  # noqa: ANN401
        reached = 0
        for time, amount in zip(reversed(p.times[index]), reversed(p.values[index]), strict=True):
            if time <= now - window:
                break
            reached += amount
            if reached >= threshold:
                return True, time + window
        return False, FOREVER

    return total


def _distinct(index: int, window: int, k: int) -> Evaluation:
    def distinct(p: ListProfile, now: int, *_: Any) -> Answer:  # noqa: ANN401
        found = set()
        for time, value in zip(reversed(p.times[index]), reversed(p.values[index]), strict=True):
            if time <= now - window:
                break
            found.add(value)
            if len(found) >= k:
                return True, time + window
        return False, FOREVER

    return distinct


def _same(index: int, prop: str, window: int, k: int) -> Evaluation:
    def same(p: ListProfile, now: int, props: dict[str, Any], *_: Any) -> Answer:  # noqa: ANN401
        value = props.get(prop)
        if value is None:
            return _UNKNOWN
        start = bisect_right(p.times[index], now - window)
        return p.values[index][start:].count(value) >= k, FOREVER

    return same


def _streak(index: int, k: int, zone: str) -> Evaluation:
    def streak(p: ListProfile, now: int, *_: Any) -> Answer:  # noqa: ANN401
        run, days = p.times[index], days_of(p.zone or zone)
        if run and run[1] - run[0] + 1 >= k and run[1] >= days.day(now) - 1:
            return True, days.start(run[1] + 2)
        return False, FOREVER

    return streak


def _aggregate(index: int, kind: str, window: int, test: Callable[[Any, Any], bool], value: Any) -> Evaluation:  # noqa: ANN401
    def aggregate(p: ListProfile, now: int, *_: Any) -> Answer:  # noqa: ANN401
        times = p.times[index]
        start = bisect_right(times, now - window)
        held = p.values[index][start:]
        if not held:
            return _UNKNOWN
        until = times[start] + window
        if kind == "avg":
            return test(sum(held), value * len(held)), until
        return test(max(held) if kind == "max" else min(held), value), until

    return aggregate


def _aged(index: int, age: int) -> Evaluation:
    def aged(p: ListProfile, now: int, *_: Any) -> Answer:  # noqa: ANN401
        times = p.times[index]
        if not times:
            return _UNKNOWN
        moment = times[-1] + age
        return (True, FOREVER) if now >= moment else (False, moment)

    return aged


def _trait_aged(name: str, age: int) -> Evaluation:
    def aged(p: ListProfile, now: int, *_: Any) -> Answer:  # noqa: ANN401
        held = p.traits.get(name)
        if held is None:
            return _UNKNOWN
        return (True, FOREVER) if now >= held + age else (False, held + age)

    return aged


def _trait(name: str, test: Callable[[Any, Any], bool], value: Any) -> Evaluation:  # noqa: ANN401
    def trait(p: ListProfile, *_: Any) -> Answer:  # noqa: ANN401
        held = p.traits.get(name)
        return _UNKNOWN if held is None else (test(held, value), FOREVER)

    return trait


def _prop(name: str, test: Callable[[Any, Any], bool], value: Any) -> Evaluation:  # noqa: ANN401
    def prop(_p: ListProfile, _now: int, props: dict[str, Any], *_: Any) -> Answer:  # noqa: ANN401
        held = props.get(name)
        return _UNKNOWN if held is None else (test(held, value), FOREVER)

    return prop


def _in_segment(bit: int) -> Evaluation:
    def in_segment(_p: ListProfile, _now: int, _props: dict[str, Any], true: int, unknown: int) -> Answer:
        return (True if true & bit else None if unknown & bit else False), FOREVER

    return in_segment
