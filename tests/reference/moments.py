"""Every moment at which time alone could change a segment or a stage: more than needed, and none left out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

from schemas.times import HOUR, MINUTE, parse_duration, parse_time
from segments import syntax
from segments.model import leaves
from segments.syntax import Expr, parse, walk
from tests.reference.people import local_date, shown
from tests.reference.values import Span, Time, of_constant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from rules.model import Playbook
    from tests.reference.people import Person

__all__ = ["Clockwork"]

_DAILY = {"local_date", "streak", "days_until", "is_month_end", "is_holiday", "is_workday"}
"""Functions whose values change at midnight."""

_QUARTER = 15 * MINUTE
"""Clocks of zones differ by whole quarters of an hour; within one, only a change of the offset moves them."""


@dataclass(frozen=True, slots=True)
class _Leaf:
    """What of one expression has to do with time. `offsets`: sums and differences of its lengths of time."""

    offsets: frozenset[int]
    times: frozenset[int]
    moving: int


class Clockwork:
    """The moments of a playbook."""

    def __init__(self, playbook: Playbook) -> None:
        self.playbook = playbook
        conditions = [s.when for s in playbook.segments.values()] + [s.when for s in playbook.stages]
        texts = [expression for when in conditions if when is not None for expression in leaves(when)]
        trees = [list(self._nodes(expression.expr)) for expression in texts]
        self.leaves = [_leaf(nodes) for nodes in trees]
        called = {node.function for nodes in trees for node in nodes if isinstance(node, syntax.Call)}
        self.by_hour, self.by_day = "local_hour" in called, bool(_DAILY & called)

    def _nodes(self, expr: Expr) -> Iterator[Expr]:
        """All nodes, those of computed traits included."""
        for node in walk(expr):
            yield node
            source = self._source(node)
            if source is not None:
                yield from self._nodes(parse(source))
            for inner in self._named(node):
                yield from self._nodes(inner)

    def _named(self, node: Expr) -> list[Expr]:
        """What stands under a let; a length of time that is an input, as if it were written out."""
        match node:
            case syntax.Select(operand=syntax.Name(name="inputs"), field=name):
                value = of_constant(self.playbook.definitions.inputs[name])
                return [syntax.Literal(0, 0, f"{value.ms}ms")] if isinstance(value, Span) else []
            case syntax.Select(operand=syntax.Name(name="let"), field=name):
                return [expression.expr for expression in leaves(self.playbook.definitions.lets[name])]
            case _:
                return []

    def _source(self, node: Expr) -> str | None:
        match node:
            case syntax.Select(operand=syntax.Name(name="profile"), field=name):
                kind = self.playbook.catalogue.traits.get(name)
                return None if kind is None else kind.source
            case _:
                return None

    def between(self, person: Person, after: int, until: int) -> list[int]:
        """The moments in (after, until], in order."""
        known = {event.time for event in person.events}
        known |= {value.ms for value, _ in person.traits.values() if isinstance(value, Time)}
        found = set()
        for leaf in self.leaves:
            bases = known | leaf.times
            if leaf.moving > 1:
                bases |= {a + b - c for a, b, c in product(bases, repeat=3)}
            found |= {base + offset + edge for base in bases for offset in leaf.offsets for edge in (0, 1)}
        if self.by_hour or self.by_day:
            zone = person.zone(self.playbook.workspace.zone)
            found.update(_turns(zone, after, until, by_hour=self.by_hour))
        return sorted(moment for moment in found if after < moment <= until)


def _leaf(nodes: list[Expr]) -> _Leaf:
    texts = [node.value for node in nodes if isinstance(node, syntax.Literal) and isinstance(node.value, str)]
    lengths = [length for length in map(_duration, texts) if length is not None]
    signs = product((-1, 0, 1), repeat=len(lengths))
    moments = [n for n in nodes if isinstance(n, syntax.Call) and n.function in {"first", "last"}]
    traits = [n for n in nodes if isinstance(n, syntax.Select)]
    return _Leaf(
        frozenset(sum(sign * length for sign, length in zip(row, lengths, strict=True)) for row in signs),
        frozenset(time for time in map(_time, texts) if time is not None),
        len(moments) + len(traits),
    )


def _duration(text: str) -> int | None:
    try:
        return parse_duration(text)
    except ValueError:
        return None


def _time(text: str) -> int | None:
    try:
        return parse_time(text)
    except ValueError:
        return None


def _turns(zone: ZoneInfo, after: int, until: int, *, by_hour: bool) -> Iterator[int]:
    """The moments at which the local hour (or only the date) changes."""
    for hour in range(after // HOUR, until // HOUR + 1):
        yield from _turns_of(zone, hour, by_hour)


@cache
def _turns_of(zone: ZoneInfo, hour: int, by_hour: bool) -> tuple[int, ...]:
    """Those in one hour; minute for minute where the offset changes."""
    start = hour * HOUR
    steady = shown(start - MINUTE, zone).utcoffset() == shown(start + HOUR, zone).utcoffset()
    step = _QUARTER if steady else MINUTE
    faces = [_face(zone, start + at, by_hour) for at in range(-step, HOUR, step)]
    return tuple(start + i * step for i in range(len(faces) - 1) if faces[i] != faces[i + 1])


def _face(zone: ZoneInfo, ms: int, by_hour: bool) -> tuple[object, int]:
    return local_date(ms, zone), shown(ms, zone).hour if by_hour else 0
