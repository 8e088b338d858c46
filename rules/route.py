"""The steps of a rule as one flat list in the order of the file, each with the places where a run goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rules.model import Action, Step, Stop, WaitStep, branches

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Station", "reach", "route"]


@dataclass(frozen=True)
class Station:
    """A step in its place. Places are numbers in the flat list; its length is the end of the run.

    `path` names it by its place in the file, `key` (its `id:`, else the path) in decisions. `next`: the place behind it
    and its branches; `ways`: branch (`then`, `else`, `arms.NAME`) → its first place, of an empty one `next`.
    `answered`: the place of the wait whose answer `reply` is here; -1: there is none. `acts`: it makes a decision.
    """

    path: str
    key: str
    step: Step
    next: int
    acts: bool
    answered: int = -1
    ways: Mapping[str, int] = field(default_factory=dict)


def route(steps: tuple[Step, ...]) -> tuple[Station, ...]:
    """The flat list. A rule without branches has its steps at the numbers that they have in the file."""
    return tuple(_laid(steps, 0, _size(steps), "", -1))


def _size(steps: tuple[Step, ...]) -> int:
    return sum(1 + sum(_size(inner) for _, inner in branches(step)) for step in steps)


def _laid(steps: tuple[Step, ...], begin: int, after: int, prefix: str, answered: int) -> Iterator[Station]:
    """A list of steps whose first has the number `begin`; behind its last a run goes on at `after`."""
    at = begin
    for index, step in enumerate(steps):
        behind = at + _size((step,))
        following = after if index == len(steps) - 1 else behind
        path, ways, inside = f"{prefix}{index}", {}, at + 1
        inner: list[Station] = []
        for name, branch in branches(step):
            ways[name] = inside if branch else following
            reply = at if isinstance(step, WaitStep) and name == "then" else answered
            inner += _laid(branch, inside, following, f"{path}.{name}.", reply)
            inside += _size(branch)
        yield Station(path, step.id or path, step, following, isinstance(step, Action), answered, ways)
        yield from inner
        at = behind


def reach(stations: tuple[Station, ...]) -> list[frozenset[int]]:
    """By place: those to which a run may still come from there, with itself; one more for the end."""
    out: list[frozenset[int]] = [frozenset()] * (len(stations) + 1)
    for at in range(len(stations) - 1, -1, -1):
        station = stations[at]
        onward = [] if isinstance(station.step, Stop) else [*station.ways.values()] or [station.next]
        out[at] = frozenset({at}).union(*(out[to] for to in onward))
    return out
