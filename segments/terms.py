"""Typed expressions: every name resolved, every function known, every literal in the unit of what it is compared with.

A term's type is one of the texts of `TermType`. Numbers are int or Fraction, money is whole minor units (Fraction in
the middle of a calculation), times and durations are ms, dates are ISO text.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from msgspec import Struct

__all__ = [
    "Aggregate",
    "AtLeast",
    "Calendar",
    "Choice",
    "Clock",
    "Constant",
    "EventField",
    "Given",
    "InSegment",
    "Item",
    "Items",
    "ListOf",
    "Meta",
    "Moment",
    "Operation",
    "Same",
    "Sequence",
    "StageOf",
    "Streak",
    "TagHeld",
    "Term",
    "TermType",
    "TextTest",
    "Trait",
    "children",
    "factor",
    "walk",
]

TermType = Literal["bool", "number", "money", "text", "time", "duration", "date", "list", "null"]


class Term(Struct, frozen=True):
    """Base of all typed terms."""

    type: TermType


class Constant(Term, frozen=True):
    """A literal."""

    value: bool | int | Fraction | str | None


class ListOf(Term, frozen=True):
    """A literal list; its items have one type."""

    items: tuple[Term, ...]


class EventField(Term, frozen=True):
    """`event.x`: a typed property of the event at hand."""

    name: str


class Meta(Term, frozen=True):
    """`meta.id / time / name / source` of the event at hand."""

    name: Literal["id", "time", "name", "source"]


class Trait(Term, frozen=True):
    """`profile.x`; `source` computes it where nobody set it."""

    name: str
    source: Term | None = None


class StageOf(Term, frozen=True):
    """`profile.stage`."""


class Clock(Term, frozen=True):
    """`now`, `local_hour()`, `local_date()`."""

    what: Literal["now", "hour", "date"]


class Calendar(Term, frozen=True):
    """`days_until(date)`, `is_month_end()`, `is_holiday()`, `is_workday()`, of the person's local day."""

    what: Literal["days_until", "month_end", "holiday", "workday"]
    operand: Term | None = None
    country: str = ""


class Aggregate(Term, frozen=True):
    """A fact about the events of a sliding window (ms). `scale`: stored whole numbers for one unit of the value."""

    kind: Literal["count", "sum", "min", "max", "avg", "distinct"]
    event: str
    prop: str | None
    window: int
    scale: int = 1
    saturates: bool = False
    """The catalogue says that amounts are never negative, so a threshold needs only the newest."""


class Same(Term, frozen=True):
    """`count(event, window, property)`: only events with the value that the event at hand has."""

    event: str
    prop: str
    window: int


class Moment(Term, frozen=True):
    """`first(event)`, `last(event)`: its time."""

    kind: Literal["first", "last"]
    event: str


class Streak(Term, frozen=True):
    """`streak(event, "1d")`: unbroken local days up to today, or to yesterday while today has none yet."""

    event: str


class Sequence(Term, frozen=True):
    """`sequence(steps, window, never)`: they came in this order within the window, and none of `never` in between."""

    steps: tuple[str, ...]
    window: int
    never: tuple[str, ...] = ()


class InSegment(Term, frozen=True):
    """`in_segment(id)`: the segment's own truth, unknown included. `member`: yes or no (stages)."""

    segment: str


class TagHeld(Term, frozen=True):
    """`has_tag(tag)`."""

    tag: str


class Given(Term, frozen=True):
    """`has(event.x)`, `has(profile.x)`: whether there is a value."""

    operand: Term


class Operation(Term, frozen=True):
    """`! - + * / % && || == != < <= > >= in`; arguments have fitting types and units."""

    op: str
    args: tuple[Term, ...]


class AtLeast(Term, frozen=True):
    """`at_least(k, [a, b, …])`: whether `k` of the conditions hold; unknown while the unknown ones decide it."""

    k: int
    items: tuple[Term, ...]


class Choice(Term, frozen=True):
    """`test ? then : otherwise`."""

    test: Term
    then: Term
    otherwise: Term


class TextTest(Term, frozen=True):
    """`startsWith endsWith contains matches` of a text, `size` of a text or list."""

    name: str
    operand: Term
    argument: Term | None = None


class Items(Term, frozen=True):
    """`list.exists(x, …)`, `list.all(x, …)`."""

    kind: Literal["exists", "all"]
    operand: Term
    variable: str
    body: Term


class Item(Term, frozen=True):
    """A property of the item that an `exists` or `all` looks at."""

    variable: str
    name: str


def children(term: Term) -> tuple[Term, ...]:  # noqa: PLR0911 - one line a kind of term
    """The terms directly inside one."""
    match term:
        case ListOf(_, items):
            return items
        case Operation(_, _, args):
            return args
        case AtLeast(_, _, items):
            return items
        case Choice(_, test, then, otherwise):
            return test, then, otherwise
        case TextTest(_, _, operand, argument):
            return (operand,) if argument is None else (operand, argument)
        case Items(_, _, operand, _, body):
            return operand, body
        case Given(_, operand) | Calendar(_, _, operand) if operand is not None:
            return (operand,)
        case Trait(_, _, source) if source is not None:
            return (source,)
    return ()


def walk(term: Term) -> list[Term]:
    """The term and all inside it."""
    out: list[Term] = [term]
    for each in children(term):
        out += walk(each)
    return out


def factor(term: Term) -> int:
    """The factor of `now` in a time or duration: its value is factor * now + something that time does not move."""
    match term:
        case Clock(_, "now"):
            return 1
        case Operation(_, "+", (left, right)):
            return factor(left) + factor(right)
        case Operation(_, "-", (left, right)):
            return factor(left) - factor(right)
        case Operation(_, "-", (only,)):
            return -factor(only)
        case Choice(_, _, then, _):
            return factor(then)
    return 0
