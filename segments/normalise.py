"""From typed terms to conditions in normal form."""

from __future__ import annotations

from math import ceil, floor
from typing import TYPE_CHECKING, Final

from segments import terms as t
from segments.conditions import (
    Aged,
    All,
    Any_,
    AtLeast,
    CountGe,
    DistinctGe,
    General,
    HasProp,
    HasTrait,
    InSegment,
    Member,
    Node,
    Not,
    Prop,
    SameGe,
    SequenceIn,
    StreakGe,
    SumGe,
    Tag,
    TraitIs,
    Truth,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

__all__ = ["FLIP", "STAGE", "Stages", "normalise", "stage_segment"]

STAGE: Final = "stage:"
FLIP = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
"""Comparison → the one that says the same with the sides exchanged."""
_ORDERED = frozenset(FLIP)

Stages = tuple[str, ...]
"""Ids of the lifecycle stages in order; the last one always holds when the lifecycle is `complete`."""


def stage_segment(stage: str) -> str:
    """The name under which a stage's own condition stands among the segments."""
    return STAGE + stage


def normalise(term: t.Term, stages: Stages = (), *, complete: bool = True) -> Node:
    """The normal form of a term of type bool."""
    return _Normaliser(stages, complete=complete).node(term)


class _Normaliser:
    def __init__(self, stages: Stages, *, complete: bool) -> None:
        self.stages, self.complete = stages, complete

    def node(self, term: t.Term) -> Node:  # noqa: C901, PLR0911, PLR0912 - one line a kind of term
        match term:
            case t.Constant(_, value):
                return Truth(value)  # type: ignore[arg-type]
            case t.Operation(_, "&&", args):
                return All(tuple(self._flat(args, "&&")))
            case t.Operation(_, "||", args):
                return Any_(tuple(self._flat(args, "||")))
            case t.Operation(_, "!", (item,)):
                return Not(self.node(item))
            case t.AtLeast(_, k, items):
                return AtLeast(k, tuple(self.node(item) for item in items))
            case t.Operation(_, "in", (left, right)):
                return self._in(term, left, right)
            case t.Operation(_, op, (left, right)) if op in _ORDERED:
                return self._compare(term, op, left, right)
            case t.Sequence(_, steps, window, never):
                return SequenceIn(steps, window, never)
            case t.InSegment(_, segment):
                return InSegment(segment)
            case t.TagHeld(_, tag):
                return Tag(tag)
            case t.Given(_, t.EventField(_, name)):
                return HasProp(name)
            case t.Given(_, t.Trait(_, name, None)):
                return HasTrait(name)
            case t.Trait(_, name, None):
                return TraitIs(name, "==", value=True)
            case t.EventField(_, name):
                return Prop(name, "==", value=True)
        return General(term)

    def _flat(self, args: tuple[t.Term, ...], op: str) -> list[Node]:
        out: list[Node] = []
        for arg in args:
            match arg:
                case t.Operation(_, inner, more) if inner == op:
                    out += self._flat(more, op)
                case _:
                    out.append(self.node(arg))
        return out

    def _in(self, term: t.Term, left: t.Term, right: t.Term) -> Node:
        values = (
            tuple(item.value for item in right.items if isinstance(item, t.Constant))
            if isinstance(right, t.ListOf)
            else ()
        )
        match left:
            case t.StageOf() if self.complete:
                return self._stage_in({str(v) for v in values})
            case t.Trait(_, name, None):
                return TraitIs(name, "in", values)
            case t.EventField(_, name):
                return Prop(name, "in", values)
        return General(term)

    def _stage_in(self, wanted: set[str]) -> Node:
        """The first stage that holds is one of these: spelled out, so it needs no state of its own."""
        cases = []
        for at, stage in enumerate(self.stages):
            if stage in wanted:
                earlier = (Not(Member(stage_segment(s))) for s in self.stages[:at])
                cases.append(All((Member(stage_segment(stage)), *earlier)))
        return Any_(tuple(cases)) if self.stages else Truth(None)

    def _compare(self, term: t.Term, op: str, left: t.Term, right: t.Term) -> Node:
        aged = _aged(op, left, right)
        if aged is not None:
            return aged
        if isinstance(left, t.Constant) and not isinstance(right, t.Constant):
            left, right, op = right, left, FLIP[op]
        if not isinstance(right, t.Constant) or right.value is None:
            return General(term)
        if isinstance(left, t.StageOf) and self.complete and op in ("==", "!="):
            node = self._stage_in({str(right.value)})
            return Not(node) if op == "!=" else node
        return _against_constant(op, left, right.value) or General(term)


def _against_constant(  # noqa: PLR0911 - one line a kind of fact
    op: str, left: t.Term, value: bool | int | Fraction | str
) -> Node | None:
    match left:
        case t.Trait(_, name, None):
            return TraitIs(name, op, value)
        case t.EventField(_, name):
            return Prop(name, op, value)
    if isinstance(value, bool | str):
        return None
    match left:
        case t.Aggregate(_, "count", event, _, window):
            return _threshold(op, value, lambda k: CountGe(event, window, k) if k > 0 else Truth(value=True))
        case t.Aggregate(_, "distinct", event, str(prop), window):
            return _threshold(op, value, lambda k: DistinctGe(event, prop, window, k) if k > 0 else Truth(value=True))
        case t.Aggregate(_, "sum", event, str(prop), window, _, True):
            return _threshold(op, value, lambda c: SumGe(event, prop, window, c) if c > 0 else Truth(value=True))
        case t.Same(_, event, prop, window):
            return _threshold(op, value, lambda k: SameGe(event, prop, window, k))
        case t.Streak(_, event):
            return _threshold(op, value, lambda k: StreakGe(event, k) if k > 0 else Truth(value=True))
    return None


def _threshold(op: str, value: int | Fraction, at_least: Callable[[int], Node]) -> Node:
    """Any comparison of a whole-number fact with an exact number, from its "at least" form."""
    reached, passed = at_least(ceil(value)), at_least(floor(value) + 1)
    match op:
        case ">=":
            return reached
        case ">":
            return passed
        case "<":
            return Not(reached)
        case "<=":
            return Not(passed)
    equal = All((reached, Not(passed))) if value == int(value) else Truth(value=False)
    return equal if op == "==" else Not(equal)


def _linear(term: t.Term) -> tuple[int, int, t.Term | None] | None:
    """(factor of now, constant, one moment or None) of a time or duration that is a plain sum of them."""
    match term:
        case t.Clock("time", "now"):
            return 1, 0, None
        case t.Constant("time" | "duration", int(value)):
            return 0, value, None
        case t.Moment() | t.Trait("time", _, None):
            return 0, 0, term
        case t.Operation(_, "+" | "-" as op, (left, right)):
            a, b = _linear(left), _linear(right)
            if a is None or b is None or (b[2] is not None and (op == "-" or a[2] is not None)):
                return None
            sign = -1 if op == "-" else 1
            return a[0] + sign * b[0], a[1] + sign * b[1], a[2] or b[2]
    return None


def _aged(op: str, left: t.Term, right: t.Term) -> Node | None:
    """`moment OP now - age` in all its spellings, as "now has reached moment + something"."""
    a, b = _linear(left), _linear(right)
    if a is None or b is None or op in ("==", "!="):
        return None
    if a[2] is None:
        a, b, op = b, a, FLIP[op]
    if a[2] is None or b[2] is not None or a[0] - b[0] != -1:
        return None
    return _reached(op, a[2], a[1] - b[1])


def _reached(op: str, moment: t.Term, age: int) -> Node | None:
    """Moment + age OP now."""
    source, name = (
        (moment.kind, moment.event) if isinstance(moment, t.Moment) else ("trait", getattr(moment, "name", ""))
    )
    match op:
        case "<=":
            return Aged(source, name, age)
        case "<":
            return Aged(source, name, age + 1)
        case ">":
            return Not(Aged(source, name, age))
        case ">=":
            return Not(Aged(source, name, age + 1))
    return None
