"""Facts about past events as values: aggregates, first, last, streak, read from the tracks of a profile."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from schemas.times import FOREVER
from segments import terms as t
from segments.tracks import track_key
from segments.windows import distinct_count, peak_read, same_count, streak_read, totals_read, value_key

if TYPE_CHECKING:
    from segments.evaluate import Context
    from segments.tracks import TrackKey

__all__ = ["TrackOf", "fact"]

TrackOf = Callable[["TrackKey"], int]
"""Where a track lies in the profile."""


def fact(term: t.Term, track_of: TrackOf) -> Callable[[Context], tuple[Any, int]]:
    """The closure of an aggregate, a moment, a streak or a count by property."""
    at = track_of(track_key(term))
    match term:
        case t.Aggregate(_, "distinct", _, _, window):
            return lambda x: distinct_count(x.profile.tracks[at], x.now, window)
        case t.Aggregate(_, "min" | "max", _, _, window, scale):
            return _peak(at, window, scale, 1 if term.kind == "max" else -1)
        case t.Aggregate():
            return _total(term, at)
        case t.Same(_, _, prop, window):
            return _same(at, prop, window)
        case t.Sequence(_, _, window):
            return _sequence(at, window)
        case t.Streak():
            return lambda x: streak_read(x.profile.tracks[at], x.now, x.days)
    return _moment(at)


def _moment(at: int) -> Callable[[Context], tuple[Any, int]]:
    def moment(x: Context) -> tuple[Any, int]:
        track = x.profile.tracks[at]
        return (int.from_bytes(track[:6], "big") if track else None), FOREVER

    return moment


def _sequence(at: int, window: int) -> Callable[[Context], tuple[Any, int]]:
    def sequence(x: Context) -> tuple[Any, int]:
        leaves = int.from_bytes(x.profile.tracks[at][:6], "big") + window
        return (True, leaves) if leaves > max(x.now, window) else (False, FOREVER)

    return sequence


def _peak(at: int, window: int, scale: int, sign: int) -> Callable[[Context], tuple[Any, int]]:
    def peak(x: Context) -> tuple[Any, int]:
        value, until = peak_read(x.profile.tracks[at], x.now, window, sign)
        return _unscaled(value, scale), until

    return peak


def _total(term: t.Aggregate, at: int) -> Callable[[Context], tuple[Any, int]]:
    kind, window, scale = term.kind, term.window, term.scale

    def total(x: Context) -> tuple[Any, int]:
        amount, number, until = totals_read(x.profile.tracks[at], x.now, window)
        if kind == "count":
            return number, until
        if kind == "sum":
            return _unscaled(amount, scale), until
        return (_unscaled(Fraction(amount, number), scale) if number else None), until

    return total


def _same(at: int, prop: str, window: int) -> Callable[[Context], tuple[Any, int]]:
    def same(x: Context) -> tuple[Any, int]:
        value = x.occasion.props.get(prop)
        if value is None:
            return None, FOREVER
        return same_count(x.profile.tracks[at], value_key(value), x.now, window), FOREVER

    return same


def _unscaled(value: int | Fraction | None, scale: int) -> int | Fraction | None:
    if value is None or scale == 1:
        return value
    exact = Fraction(value) / scale
    return exact.numerator if exact.denominator == 1 else exact
