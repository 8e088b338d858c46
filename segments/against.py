"""Source of a comparison of one aggregate with a number: what closures would do, without the closures.

A stored whole number stands for `stored / scale`, and an average for `sum / number`; multiplied out, both sides are
whole numbers and the comparison is exact.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from segments import terms as t
from segments.normalise import FLIP
from segments.tracks import track_key

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Comparison", "against_number"]


class Comparison(NamedTuple):
    """Pieces of source: `read` gives the tuple that they call x, `known` says whether it holds a value."""

    read: str
    until: str
    known: str
    left: str
    op: str
    right: str


def against_number(term: t.Term, track: Callable[..., str], constant: Callable[[object], str]) -> Comparison | None:
    """The comparison, if the term is one; `track` and `constant` give the source of a track and of a constant."""
    match term:
        case t.Operation(_, op, (t.Aggregate() as fact, t.Constant(_, value))) if op in FLIP:
            pass
        case t.Operation(_, op, (t.Constant(_, value), t.Aggregate() as fact)) if op in FLIP:
            op = FLIP[op]
        case _:
            return None
    if fact.kind in {"count", "distinct"} or isinstance(value, bool) or not isinstance(value, int | Fraction):
        return None
    wanted = Fraction(value) * fact.scale
    left = "x[0]" if wanted.denominator == 1 else f"x[0] * {constant(wanted.denominator)}"
    number, at = constant(wanted.numerator), track(*track_key(fact))
    if fact.kind in {"min", "max"}:
        read = f"peak_read({at}, now, {fact.window}, {1 if fact.kind == 'max' else -1})"
        return Comparison(read, "x[1]", "x[0] is not None", left, op, number)
    read = f"totals_read({at}, now, {fact.window})"
    if fact.kind == "avg":
        return Comparison(read, "x[2]", "x[1]", left, op, f"{number} * x[1]")
    return Comparison(read, "x[2]", "True", left, op, number)
