"""From conditions to a plan: which tracks exist, what an event touches, and the code that applies and evaluates.

An event evaluates only the segments that can have changed by it; time only those whose stored moment has come.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from schemas.profile import Profile
from schemas.times import FOREVER
from segments import conditions as c
from segments import terms as t
from segments.code import Code
from segments.sequences import mask_of
from segments.tracks import SAME_RECORDS, Track, Tracks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


__all__ = ["Plan"]

Handle = Callable[..., "tuple[int, int]"]
"""(profile, now, effective time, typed properties, lateness bound) → the masks after evaluating what the event touches.

The tracks, `due` and `wake` are changed.
"""
Evaluate = Callable[..., "tuple[int, int]"]
"""(profile, now, true, unknown) → the masks after evaluating some segments; `due` is changed."""


class Plan:
    """The compiled segments of a program. `segments` include the stages' own conditions as `stage:<id>`."""

    def __init__(
        self,
        segments: Mapping[str, c.Node],
        rule_conditions: Iterable[c.Node] = (),
        values: Iterable[t.Term] = (),
        *,
        stages: tuple[str, ...] = (),
        interactions: frozenset[str] = frozenset(),
        zone: str = "UTC",
    ) -> None:
        self.segments, self.stages, self.zone, self.interactions = dict(segments), stages, zone, interactions
        self._needs = {segment: _expanded(_inputs(node), self.segments) for segment, node in self.segments.items()}
        self.order = _topological(self._needs)
        self.bit = {segment: 1 << i for i, segment in enumerate(self.order)}
        self.full = (1 << len(self.order)) - 1
        self.tracks = Tracks([*self.segments.values(), *rule_conditions], values)
        self.evaluate_all = self._evaluator(self.order, "everything")
        self.each = [self._evaluator([segment], "one") for segment in self.order]
        self.dependants = [self._dependants(segment) for segment in self.order]
        self.of_nobody = self._of_nobody()
        self._handlers: dict[str, Handle] = {}
        self._by_input: dict[tuple[str, ...], Evaluate] = {}

    def handler(self, event: str) -> Handle:
        """How to put an event into the tracks and evaluate what it touches."""
        found = self._handlers.get(event)
        if found is None:
            found = self._handlers[event] = self._handler(event)
        return found

    def after(self, *inputs: str) -> Evaluate:
        """How to evaluate what rests on these inputs: `trait:<name>`, `tag:<name>`."""
        found = self._by_input.get(inputs)
        if found is None:
            found = self._by_input[inputs] = self._evaluator(self.touched_by(set(inputs)), "after")
        return found

    def touched_by(self, inputs: set[str]) -> list[str]:
        """Segments to evaluate anew after a change of these inputs, in order, dependants included."""
        out: set[str] = set()
        for segment in self.order:
            needs = self._needs[segment]
            if needs & inputs or any(f"segment:{s}" in needs for s in out):
                out.add(segment)
        return [s for s in self.order if s in out]

    def _dependants(self, segment: str) -> int:
        return sum(self.bit[s] for s in self.order if f"segment:{segment}" in self._needs[s])

    def settle(self, p: Profile, true: int, unknown: int) -> tuple[int, int]:
        """Evaluate what has come due by the profile's now, and whatever rests on it; note when to wake next."""
        due, now = p.due, p.now
        limit, todo = now - FOREVER, 0
        for at, until in enumerate(due):
            if until <= limit:
                todo |= 1 << at
        while todo:
            low = todo & -todo  # what a segment rests on has a lower bit
            todo ^= low
            at = low.bit_length() - 1
            was = true & low, unknown & low
            true, unknown = self.each[at](p, now, true, unknown)
            if was != (true & low, unknown & low):
                todo |= self.dependants[at]
        p.wake = _least(due) + FOREVER
        return true, unknown

    def _of_nobody(self) -> tuple[int, int] | None:
        """The truths of somebody of whom no event, trait or tag is known, if they are so at all times; else None."""
        nobody = Profile("", 0, FOREVER, [0] * len(self.order), 0, 0, [b""] * len(self.tracks.by_key))
        try:
            found = self.evaluate_all(nobody, 0, 0, 0)
        except Exception:  # noqa: BLE001 - the same as without: a calendar, say, that does not reach back so far
            return None
        return None if any(nobody.due) else found

    # -- code
    def _evaluator(self, segments: list[str], name: str) -> Evaluate:
        if not segments:
            return lambda _p, _now, true, unknown: (true, unknown)
        code = Code(self)
        self._evaluate(code, segments)
        return code.function(name, "p, now, true, unknown", [*code.head(), *code.lines, "return true, unknown"])

    def _evaluate(self, code: Code, segments: list[str]) -> None:
        """Lines that evaluate segments."""
        keep = self.full & ~sum(self.bit[s] for s in segments)
        code.read("due")
        code.add(0, f"true &= {keep}", f"unknown &= {keep}")
        for segment in segments:
            code.segment(self.segments[segment], self.bit[segment], self.order.index(segment))

    def _handler(self, event: str) -> Handle:
        """One function for both, since tracks and evaluation share the edges of windows."""
        code = Code(self)
        names = frozenset({event, "*"} if event in self.interactions else {event})
        self._apply(code, names)
        segments = self.touched_by({f"event:{name}" for name in names})
        if segments:
            self._evaluate_and_wake(code, segments)
        code.reads.discard("props")  # an argument here
        before = ["t = ts.to_bytes(6)", "true = p.true; unknown = p.unknown"]
        body = [*before, *code.head(), *code.lines, "return true, unknown"]
        return code.function("handle", "p, now, ts, props, late", body)

    def _evaluate_and_wake(self, code: Code, segments: list[str]) -> None:
        """Lines that evaluate segments and note when to wake next: of the others the earliest moment is known."""
        places = [self.order.index(s) for s in segments if not isinstance(self.segments[s], c.InSegment)]
        code.add(0, f"wake = p.wake - {FOREVER}")
        code.add(0, f"first = {' or '.join(f'due[{at}] == wake' for at in places)}")  # then another may be the next
        self._evaluate(code, segments)
        code.namespace["least"] = _least
        code.add(0, "if first: wake = least(due)", "else:")
        code.add(1, *(f"if due[{at}] < wake: wake = due[{at}]" for at in places))
        code.add(0, f"p.wake = wake + {FOREVER}")

    def _apply(self, code: Code, names: frozenset[str]) -> None:
        """Lines that put an event into the tracks."""
        for track in self.tracks.by_key.values():
            if not track.counts(names):
                continue
            name = code.value("props", track.prop) if track.prop is not None else ""
            if name:
                code.add(0, f"if {name} is not None:")
            code.add(1 if name else 0, self._step(code, track, name, names))

    def _step(  # noqa: PLR0911 - one line a kind of track
        self, code: Code, track: Track, x: str, names: frozenset[str]
    ) -> str:
        at = f"{code.read('tr')}[{track.index}]"
        edge = code.edge(track.horizon) if track.key[0] not in {"first", "days"} else ""
        scale = self.tracks.scales.get(track.key, 1)
        amount = f"{code.constant(_scaler(scale))}({x})" if scale != 1 else x or "0"
        match track.key[0]:
            case "stamps":
                last, kept = code.part(-6), code.part(0, 6 * track.keep)
                plain = f"(t + x)[{kept}] if x < t and x[{last}] > {edge}"  # in order, and nothing expires
                return f"x = {at}; {at} = {plain} else stamps_add(x, ts, {track.keep}, {edge})"
            case "first":
                return f"{at} = first_add({at}, ts)"
            case "days":
                return f"{at} = days_add({at}, ts, now, late, {code.read('days')})"
            case "sums":
                return f"{at} = sums_add({at}, ts, {x}, {code.constant(track.keep)}, {edge})"
            case "totals":
                return f"{at} = totals_add({at}, ts, {amount}, {edge}, {track.shortest})"
            case "peaks":
                return f"{at} = peaks_add({at}, ts, {amount}, {edge}, {1 if track.key[3] == 'max' else -1})"
            case "sequence":
                mask, steps = mask_of(track.key, names), int(track.key[1])
                return f"{at} = sequence_add({at}, ts, {mask}, {steps}, {edge})"
            case "values":
                return f"{at} = values_add({at}, ts, value_key({x}), {track.keep}, {edge})"
        return f"{at} = same_add({at}, ts, value_key({x}), {track.keep}, {SAME_RECORDS}, {edge})"


def _least(due: list[int]) -> int:
    """The smallest, 0 at most (that is for ever)."""
    least = 0
    for until in due:
        if until < least:  # noqa: PLR1730 - plain Python would call `min` for each
            least = until
    return least


def _scaler(scale: int) -> Callable[[Any], int]:
    """A number as whole parts of `scale`, rounded half away from zero."""

    def scaled(value: Any) -> int:  # noqa: ANN401 - int or Fraction
        doubled = abs(value) * scale * 2 + 1
        whole = int(doubled // 2)
        return -whole if value < 0 else whole

    return scaled


def _inputs(node: c.Node) -> set[str]:
    """What a condition looks at: `event:<name>`, `trait:<name>`, `tag:<name>`, `segment:<id>`."""
    out: set[str] = set()
    for atom in c.atoms(node):
        match atom:
            case c.StreakGe(event):
                out |= {f"event:{event}", "trait:zone"}
            case c.CountGe(event) | c.SumGe(event) | c.DistinctGe(event) | c.SameGe(event):
                out.add(f"event:{event}")
            case c.SequenceIn(steps, _, never):
                out |= {f"event:{event}" for event in (*steps, *never)}
            case c.Aged(source, name):
                out.add(f"trait:{name}" if source == "trait" else f"event:{name}")
            case c.TraitIs(name) | c.HasTrait(name):
                out.add(f"trait:{name}")
            case c.Tag(name):
                out.add(f"tag:{name}")
            case c.InSegment(segment) | c.Member(segment):
                out.add(f"segment:{segment}")
            case c.General(term):
                out |= _term_inputs(term)
    return out


def _term_inputs(term: t.Term) -> set[str]:
    out: set[str] = set()
    for each in t.walk(term):
        match each:
            case t.Aggregate(event=event) | t.Moment(event=event) | t.Same(event=event):
                out.add(f"event:{event}")
            case t.Streak(event=event):
                out |= {f"event:{event}", "trait:zone"}
            case t.Sequence(_, steps, _, never):
                out |= {f"event:{event}" for event in (*steps, *never)}
            case t.Trait(name=name):
                out.add(f"trait:{name}")
            case t.TagHeld(tag=tag):
                out.add(f"tag:{tag}")
            case t.InSegment(segment=segment):
                out.add(f"segment:{segment}")
            case t.Clock(what="hour" | "date") | t.Calendar():
                out.add("trait:zone")
            case t.StageOf():
                out.add("stage")
    return out


def _expanded(needs: set[str], segments: Mapping[str, c.Node]) -> set[str]:
    """`stage` (whichever it is) rests on the conditions of all stages."""
    if "stage" not in needs:
        return needs
    return needs | {f"segment:{s}" for s in segments if s.startswith("stage:")}


def _topological(needs: Mapping[str, set[str]]) -> list[str]:
    """Segments so that what one rests on comes before it. Raises `ValueError` with the circle."""
    done: list[str] = []

    def visit(segment: str, path: tuple[str, ...]) -> None:
        if segment in path:
            message = " → ".join((*path[path.index(segment) :], segment))
            raise ValueError(message)
        if segment in done:
            return
        for need in sorted(needs[segment]):
            if need.startswith("segment:"):
                visit(need.removeprefix("segment:"), (*path, segment))
        done.append(segment)

    for segment in needs:
        visit(segment, ())
    return done
