"""Conditions in one normal form: every comparison of a fact becomes "at least this threshold".

`count < 3` is Not(CountGe(3)), `== 3` is All(CountGe(3), Not(CountGe(4))): a track then remembers only what its highest
threshold needs, and every atom can say in the same look until when its answer holds. What fits no atom stays a term
(`General`) and is evaluated by a closure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from segments.terms import Term

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Aged",
    "All",
    "Any_",
    "AtLeast",
    "CountGe",
    "DistinctGe",
    "General",
    "HasProp",
    "HasTrait",
    "InSegment",
    "Member",
    "Node",
    "Not",
    "Prop",
    "SameGe",
    "SequenceIn",
    "Stands",
    "StreakGe",
    "SumGe",
    "Tag",
    "TraitIs",
    "Truth",
    "atoms",
    "nullable",
]


class Node(Struct, frozen=True):
    """Base of all conditions."""


class Truth(Node, frozen=True):
    """A constant: true, false or unknown (None)."""

    value: bool | None


class All(Node, frozen=True):
    """Kleene's and."""

    items: tuple[Node, ...]


class Any_(Node, frozen=True):  # noqa: N801 - `Any` is typing's
    """Kleene's or."""

    items: tuple[Node, ...]


class AtLeast(Node, frozen=True):
    """Kleene's threshold: true when `k` items are, false when too few can be, else unknown."""

    k: int
    items: tuple[Node, ...]


class Not(Node, frozen=True):
    """Kleene's not."""

    item: Node


class CountGe(Node, frozen=True):
    """count(event, window) >= k."""

    event: str
    window: int
    k: int


class SumGe(Node, frozen=True):
    """sum(event, prop, window) >= threshold, of amounts that are never negative."""

    event: str
    prop: str
    window: int
    threshold: int


class DistinctGe(Node, frozen=True):
    """distinct(event, prop, window) >= k."""

    event: str
    prop: str
    window: int
    k: int


class SameGe(Node, frozen=True):
    """count(event, window, prop) >= k, of the value that the event at hand has; unknown if it has none."""

    event: str
    prop: str
    window: int
    k: int


class SequenceIn(Node, frozen=True):
    """sequence(steps, window, never)."""

    steps: tuple[str, ...]
    window: int
    never: tuple[str, ...]


class StreakGe(Node, frozen=True):
    """streak(event, "1d") >= k in the person's zone."""

    event: str
    k: int


class Aged(Node, frozen=True):
    """now >= moment + age (ms): `source` is `first`, `last` (of the event `name`) or `trait` (called `name`)."""

    source: str
    name: str
    age: int


class TraitIs(Node, frozen=True):
    """A set trait against a constant: op is == != < <= > >= in."""

    name: str
    op: str
    value: Any


class HasTrait(Node, frozen=True):
    """Whether the trait is set."""

    name: str


class Tag(Node, frozen=True):
    """Whether the person has the tag."""

    name: str


class InSegment(Node, frozen=True):
    """The segment's own truth, unknown included."""

    segment: str


class Member(Node, frozen=True):
    """Whether the segment holds, yes or no: what stages are made of."""

    segment: str


class Prop(Node, frozen=True):
    """A property of the event at hand against a constant."""

    name: str
    op: str
    value: Any


class HasProp(Node, frozen=True):
    """Whether the event at hand has the property."""

    name: str


class Stands(Node, frozen=True):
    """A bit of the group at hand in the person's `standing` (see `segments.standing`); never unknown."""

    bit: int


class General(Node, frozen=True):
    """Any other term that is true, false or unknown."""

    term: Term


def atoms(node: Node) -> Iterator[Node]:
    """Every node that is not made of others."""
    match node:
        case All(items) | Any_(items) | AtLeast(_, items):
            for item in items:
                yield from atoms(item)
        case Not(item):
            yield from atoms(item)
        case _:
            yield node


def nullable(node: Node) -> bool:
    """Whether it can be unknown."""
    match node:
        case All(items) | Any_(items) | AtLeast(_, items):
            return any(map(nullable, items))
        case Not(item):
            return nullable(item)
        case Truth(value):
            return value is None
    return isinstance(node, SameGe | Aged | TraitIs | InSegment | Prop | General)
