"""Source of the functions that say which rules fire: one Python expression a rule, true just when its condition is.

A rule fires on true only, so unknown needs no value of its own here: each condition has an expression for "it is true"
and one for "it is false", and where neither holds it is unknown. Kleene's logic is kept by taking negations down to the
atoms. When an answer ends does not matter to rules, so nothing says `until`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schemas.times import FOREVER
from segments import conditions as c
from segments.against import against_number
from segments.code import OPERATORS, Code
from segments.evaluate import Context, Surroundings, build
from segments.packed import TIME
from segments.sequences import sequence_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from segments import terms as t
    from segments.plan import Plan

__all__ = ["Firing"]

_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<", "in": "not in"}
_MAX_NESTING = 40
"""Python's parser takes a few hundred brackets; a condition deeper than this goes on in a function of its own."""
_FAR = FOREVER >> 1
"""So much later (ms) that every moment is reached; a moment this far ahead still has its six bytes."""
_ARGUMENTS = "p, now, ev, true, unknown"
_DAYS = "days_of(p.zone or K_ZONE)"


Kept = tuple[int, int, bytes, "Callable[..., bytes]"]
"""Where a group's bits begin and end in `standing`, its stamp, and what renews it."""

_COSTS: dict[type[c.Node], int] = {
    c.Stands: 0, c.InSegment: 0, c.Member: 0, c.Truth: 0, c.Prop: 1, c.HasProp: 1, c.TraitIs: 1, c.HasTrait: 1,
    c.Tag: 2, c.CountGe: 3, c.DistinctGe: 3, c.SequenceIn: 3, c.Aged: 3, c.General: 9,
}  # fmt: skip


def _cost(node: c.Node) -> int:
    """What to ask first: truth does not depend on the order, only the time it takes."""
    return max((_COSTS.get(type(atom), 5) for atom in c.atoms(node)), default=0)


class Firing:
    """One function in the making that asks conditions of rules."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.code = plan, Code(plan)
        self.edges: dict[int, str] = {}
        self.found: dict[c.Node, str] = {}

    def test(self, node: c.Node) -> Callable[..., Any]:
        """A function that is true (in Python's sense) just when the condition is."""
        return self._function("test", [], [f"return {self.holds(node)}"])

    def matcher(self, rules: Iterable[tuple[object, c.Node]], kept: Kept | None = None) -> Callable[..., list[Any]]:
        """A function that lists those whose conditions hold, in the order in which they are given."""
        lines = [f"if {self.holds(node)}: out.append({self.code.constant(rule)})" for rule, node in rules]
        standing = [] if kept is None else self._standing(*kept)
        return self._function("match", ["out = []", *standing], [*lines, "return out"])

    def masks(self, groups: Sequence[Sequence[c.Node]]) -> Callable[..., tuple[int, ...]]:
        """A function of a profile that gives a number for each group: its bits say which conditions hold."""
        lines = []
        for at, nodes in enumerate(groups):
            lines.append(f"m{at} = 0")
            lines += [f"if {self.holds(node)}: m{at} |= {1 << bit}" for bit, node in enumerate(nodes)]
        every = "".join(f"m{at}, " for at in range(len(groups)))
        return self.code.function("masks", "p", [*self.code.head(), *lines, f"return ({every})"])

    def _standing(self, start: int, end: int, stamp: bytes, renew: Callable[..., bytes]) -> list[str]:
        """The lines that open the bits of the group."""
        known, anew = self.code.constant(stamp), self.code.constant(renew)
        return [
            "x = p.standing",
            f"if x[{self.code.part(0, len(stamp))}] != {known}: x = {anew}(p)",
            f"standing = number(x[{self.code.part(start, end)}])",
        ]

    def _function(self, name: str, before: list[str], lines: list[str]) -> Callable[..., Any]:
        edges = [f'{edge} = b""' for edge in self.edges.values()]
        found = [f"{local} = None" for local in self.found.values()]
        return self.code.function(name, _ARGUMENTS, [*before, *self.code.head(), *edges, *found, *lines])

    # -- conditions
    def holds(self, node: c.Node, nesting: int = 0) -> str:
        """The expression for "it is true"."""
        return self._expression(node, nesting, sign=True)

    def _expression(self, node: c.Node, nesting: int, *, sign: bool) -> str:
        match node:
            case c.Not(item):
                return self._expression(item, nesting, sign=not sign)
            case c.All() | c.Any_() | c.AtLeast() if nesting == _MAX_NESTING:
                inner = Firing(self.plan).test(node if sign else c.Not(node))
                return f"{self.code.constant(inner)}({_ARGUMENTS})"
            case c.All(items) | c.Any_(items):
                every = isinstance(node, c.All) == sign
                parts = [self._expression(item, nesting + 1, sign=sign) for item in sorted(items, key=_cost)]
                return f"({(' and ' if every else ' or ').join(parts)})" if parts else str(every)
            case c.AtLeast(k, items):
                parts = [self._expression(item, nesting + 1, sign=sign) for item in items]
                enough = k if sign else len(items) - k + 1
                return f"({' + '.join(f'(1 if {part} else 0)' for part in parts)} >= {enough})"
        return self._fact(node, sign=sign)

    def _fact(self, atom: c.Node, *, sign: bool) -> str:  # noqa: PLR0911 - one line a kind of fact
        """Facts about past events; `sign` False: that the atom is false."""
        negated = "" if sign else "not "
        match atom:
            case c.CountGe(event, window, k):
                return self._newest(self.code.track("stamps", event), TIME * (k - 1), window, sign=sign)
            case c.DistinctGe(event, prop, window, k):
                return self._newest(self.code.track("values", event, prop), 2 * TIME * (k - 1), window, sign=sign)
            case c.SequenceIn(steps, window, never):
                return self._newest(self.code.track(*sequence_key(steps, never)), 0, window, sign=sign)
            case c.SumGe(event, prop, window, threshold):
                track = self.code.track("sums", event, prop)
                summed = f"sum_ge({track}, now, {window}, {self.code.constant(threshold)})[0]"
                return negated + self._once(atom, summed)
            case c.StreakGe(event, k):
                return f"{negated}streak_ge({self.code.track('days', event)}, now, {_DAYS}, {self.code.constant(k)})[0]"
            case c.SameGe(event, prop, window, k):
                value = self.code.value("props", prop)
                same = f"same_ge({self.code.track('same', event, prop)}, value_key({value}), {self._edge(window)}, {k})"
                return f"({value} is not None and {negated}{self._once(atom, same)})"
            case c.Aged(source, name, age):
                return self._aged(source, name, age, sign=sign)
            case c.General(term):
                return self._general(term, sign=sign)
        return self._state(atom, sign=sign)

    def _state(self, atom: c.Node, *, sign: bool) -> str:  # noqa: PLR0911 - one line a kind of atom
        """What the person and the event at hand are."""
        negated = "" if sign else "not "
        match atom:
            case c.Truth(value):
                return str(value is sign)
            case c.TraitIs(name, op, value):
                return self._compared(self.code.value("traits", name), op, value, sign=sign)
            case c.Prop(name, op, value):
                return self._compared(self.code.value("props", name), op, value, sign=sign)
            case c.HasTrait(name):
                return f"{self.code.constant(name)} {negated}in {self.code.read('traits')}"
            case c.HasProp(name):
                return f"{self.code.value('props', name)} is {(negated and 'None') or 'not None'}"
            case c.Tag(name):
                return f"{self.code.constant(name)} {negated}in {self.code.read('tags')}"
            case c.InSegment(segment):
                bit = self.plan.bit[segment]
                return f"true & {bit}" if sign else f"not (true | unknown) & {bit}"
            case c.Member(segment):
                return f"{negated}true & {self.plan.bit[segment]}"
            case c.Stands(bit):
                return f"{negated}standing & {1 << bit}"
        raise AssertionError(atom)

    def _general(self, term: t.Term, *, sign: bool) -> str:
        plain = against_number(term, self.code.track, self.code.constant)
        if plain is not None:
            op = OPERATORS[plain.op if sign else _OPPOSITE[plain.op]]
            return f"((x := {plain.read}) and {plain.known} and {plain.left} {op} {plain.right})"
        self.code.namespace["Context"] = Context
        closure = build(term, Surroundings(self.plan.tracks.index, self.plan.bit, self.plan.stages))
        return f"{self.code.constant(closure)}(Context({_ARGUMENTS}, {_DAYS}))[0] is {sign}"

    # -- pieces
    def _edge(self, window: int) -> str:
        """The packed moment at which a window begins, computed when first asked for."""
        name = self.edges.setdefault(window, f"e{len(self.edges)}")
        return f"({name} or ({name} := (now - {window} if now > {window} else 0).to_bytes({TIME})))"

    def _once(self, atom: c.Node, call: str) -> str:
        """An answer that costs a call: several rules may ask for it, the first one that does pays."""
        name = self.found.setdefault(atom, f"f{len(self.found)}")
        return f"({name} if {name} is not None else ({name} := {call}))"

    def _newest(self, track: str, at: int, window: int, *, sign: bool) -> str:
        return f"{track}[{self.code.part(at, at + TIME)}] {'>' if sign else '<='} {self._edge(window)}"

    def _aged(self, source: str, name: str, age: int, *, sign: bool) -> str:
        if source == "trait":
            moment = self.code.value("traits", name)
            return f"({moment} is not None and now {'>=' if sign else '<'} {moment} + {self.code.constant(age)})"
        newest = f"{self.code.track('first' if source == 'first' else 'stamps', name)}[{self.code.part(0, TIME)}]"
        edge = self._edge(max(age, -_FAR))  # now >= moment + age, as moment <= now - age
        return f'b"" < {newest} <= {edge}' if sign else f"{newest} > {edge}"

    def _compared(self, x: str, op: str, value: Any, *, sign: bool) -> str:  # noqa: ANN401 - a literal
        """A comparison with a constant; what is missing is neither equal nor listed, and compares with nothing else."""
        constant = self.code.constant(frozenset(value) - {None} if op == "in" else value)
        asked = op if sign else _OPPOSITE[op]
        operator = asked if "in" in asked else OPERATORS[asked]
        return (
            f"{x} {operator} {constant}"
            if asked in {"==", "in"}
            else f"({x} is not None and {x} {operator} {constant})"
        )
