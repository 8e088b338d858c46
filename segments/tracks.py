"""Which tracks a program needs, and how far back and how many records each has to keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from schemas.times import FOREVER
from segments import conditions as c
from segments import terms as t
from segments.sequences import mask_of, sequence_key

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Track", "TrackKey", "Tracks", "track_key"]

TrackKey = tuple[str, ...]
"""(kind, event[, property[, sign]]): `stamps first sums totals peaks values same days sequence`.

Of a sequence: see `segments.sequences`.
"""

SAME_RECORDS = 128
"""count by property keeps at most so many records of all values together."""


@dataclass(slots=True)
class Track:
    """One track: where it lies in the profile and what all conditions together ask of it. Windows in ms."""

    key: TrackKey
    index: int
    horizon: int = 0
    keep: int = 1
    shortest: int = FOREVER

    def need(self, window: int, keep: int = 1) -> None:
        """Ask it to answer for this window and this many records (or up to this threshold)."""
        self.horizon = max(self.horizon, window)
        self.shortest = min(self.shortest, window)
        self.keep = max(self.keep, keep)

    def counts(self, names: frozenset[str]) -> bool:
        """Whether it takes an event that counts under these names: its own, and "*" of an interaction."""
        return mask_of(self.key, names) > 0 if self.key[0] == "sequence" else self.key[1] in names

    @property
    def prop(self) -> str | None:
        """The property that it is made of."""
        return self.key[2] if self.key[0] != "sequence" and len(self.key) > 2 else None

    def holds(self, older: Track | None) -> bool:
        """Whether what `older` kept is enough for this one."""
        return older is not None and older.horizon >= self.horizon and older.keep >= self.keep


def track_key(term: t.Term) -> TrackKey:  # noqa: PLR0911 - one line a kind of fact
    """The track that a fact is read from."""
    match term:
        case t.Aggregate(_, "count", event):
            return "totals", event
        case t.Aggregate(_, "distinct", event, str(prop)):
            return "values", event, prop
        case t.Aggregate(_, "min" | "max" as kind, event, str(prop)):
            return "peaks", event, prop, kind
        case t.Aggregate(_, _, event, str(prop)):
            return "totals", event, prop
        case t.Same(_, event, prop):
            return "same", event, prop
        case t.Streak(_, event):
            return "days", event
        case t.Sequence(_, steps, _, never):
            return sequence_key(steps, never)
        case t.Moment(_, "first", event):
            return "first", event
        case t.Moment(_, _, event):
            return "stamps", event
    raise AssertionError(term)


class Tracks:
    """All tracks of a program, in the order in which its conditions ask for them."""

    def __init__(self, nodes: Iterable[c.Node], terms: Iterable[t.Term] = ()) -> None:
        self.by_key: dict[TrackKey, Track] = {}
        self.scales: dict[TrackKey, int] = {}
        for node in nodes:
            for atom in c.atoms(node):
                self._atom(atom)
        for term in terms:
            self._term(term)

    def index(self, key: TrackKey) -> int:
        """Where a track lies in the profile."""
        return self.by_key[key].index

    def _get(self, *key: str) -> Track:
        return self.by_key.setdefault(key, Track(key, len(self.by_key)))

    def _atom(self, atom: c.Node) -> None:
        match atom:
            case c.CountGe(event, window, k):
                self._get("stamps", event).need(window, k)
            case c.SumGe(event, prop, window, threshold):
                self._get("sums", event, prop).need(window, threshold)
            case c.DistinctGe(event, prop, window, k):
                self._get("values", event, prop).need(window, k)
            case c.SameGe(event, prop, window, k):
                self._get("same", event, prop).need(window, k)
            case c.StreakGe(event, _):
                self._get("days", event)
            case c.SequenceIn(steps, window, never):
                self._get(*sequence_key(steps, never)).need(window)
            case c.Aged("first", event):
                self._get("first", event)
            case c.Aged("last", event):
                self._get("stamps", event)
            case c.General(term):
                self._term(term)

    def _term(self, term: t.Term) -> None:
        for each in t.walk(term):
            match each:
                case t.Aggregate(_, kind, _, _, window, scale):
                    key = track_key(each)
                    self._get(*key).need(window, SAME_RECORDS * 4 if kind == "distinct" else 1)
                    self.scales[key] = scale
                case t.Sequence(_, _, window):
                    self._get(*track_key(each)).need(window)
                case t.Same(_, _, _, window):
                    self._get(*track_key(each)).need(window, SAME_RECORDS)
                case t.Moment() | t.Streak():
                    self._get(*track_key(each))
