"""Source of the functions that evaluate conditions and apply events.

Made from node shapes, never from an operator's text.

Everything a person wrote (names, thresholds, texts) reaches the code through its namespace as K0, K1, …; operators come
from a fixed table, and there are no builtins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schemas.profile import NOTHING
from schemas.times import FOREVER
from segments import conditions as c
from segments import windows as w
from segments.against import against_number
from segments.evaluate import Context, Surroundings, build
from segments.localdays import days_of
from segments.sequences import sequence_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from segments import terms as t
    from segments.plan import Plan

__all__ = ["OPERATORS", "Code"]

OPERATORS = {op: op for op in ("==", "!=", "<", "<=", ">", ">=")}
_MAX_NESTING = 12
_FUNCTIONS = (
    w.days_add, w.distinct_count, w.first_add, w.peak_read, w.peaks_add, w.same_add, w.same_ge, w.sequence_add,
    w.stamps_add, w.streak_ge, w.sum_ge, w.sums_add, w.totals_add, w.totals_read, w.value_key, w.values_add,
)  # fmt: skip
_READS = {
    "due": "p.due",
    "opened": "None",
    "tr": "p.tracks",
    "tags": "p.tags",
    "traits": "p.traits",
    "days": "days_of(p.zone or K_ZONE)",
    "props": "ev.props",
}


class Code:
    """One function in the making. After `node` the local v is the truth and u the moment until which it holds."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.locals: dict[tuple[str, str], str] = {}
        self.lines: list[str] = []
        self.junctions = self.constants = 0
        self.edges: dict[int, str] = {}
        self.reads: set[str] = set()
        self.namespace: dict[str, Any] = {f.__name__: f for f in _FUNCTIONS}
        self.namespace |= {
            "__builtins__": {},
            "number": int.from_bytes,
            "days_of": days_of,
            "K_ZONE": plan.zone,
            "ev": NOTHING,
        }

    # -- pieces
    def constant(self, value: Any) -> str:  # noqa: ANN401 - whatever the playbook names
        """The name under which the code finds a value."""
        name = f"K{self.constants}"
        self.constants += 1
        self.namespace[name] = value
        return name

    def edge(self, window: int) -> str:
        """The local that holds the packed moment at which a window begins (it is not part of it)."""
        return self.edges.setdefault(window, f"e{len(self.edges)}")

    def edge_lines(self) -> list[str]:
        """The lines that compute the edges."""
        return [
            f"{name} = (now - {window} if now > {window} else 0).to_bytes(6)" for window, name in self.edges.items()
        ]

    def part(self, start: int, end: int | None = None) -> str:
        """The name of a slice that is made once, not each time."""
        name = f"s{start}_{end}".replace("-", "_")
        self.namespace[name] = slice(start, end)
        return name

    def read(self, name: str) -> str:
        """The local that holds a part of the profile: `tr`, `due`, `tags`, `traits`, `days`, `props`."""
        self.reads.add(name)
        return name

    def value(self, box: str, name: str) -> str:
        """The local that holds a property (`props`) or a trait (`traits`), read once at the head."""
        self.reads.add(box)
        return self.locals.setdefault((box, name), f"{box[0]}{len(self.locals)}")

    def local_lines(self) -> list[str]:
        """The lines that fill those locals."""
        return [f"{local} = {box}.get({self.constant(name)})" for (box, name), local in self.locals.items()]

    def read_lines(self, names: set[str] | None = None) -> list[str]:
        """The lines that open the parts of the profile in use."""
        return [f"{name} = {_READS[name]}" for name in sorted(self.reads if names is None else names)]

    def add(self, depth: int, *lines: str) -> None:
        """Add lines at an indentation."""
        self.lines += ["    " * depth + line for line in lines]

    def head(self) -> list[str]:
        """The lines before the conditions."""
        local_lines = self.local_lines()
        return [*self.read_lines(), *local_lines, *self.edge_lines()]

    def function(self, name: str, arguments: str, body: list[str]) -> Callable[..., Any]:
        """Compile the function; its text is kept as `source` for people who look."""
        source = "\n".join([f"def {name}({arguments}):", *("    " + line for line in body)])
        exec(compile(source, f"<{name}>", "exec"), self.namespace)  # noqa: S102 - the text holds only names made here
        made: Callable[..., Any] = self.namespace[name]
        made.source = source  # type: ignore[attr-defined]
        return made

    # -- conditions
    def segment(self, node: c.Node, bit: int, at: int) -> None:
        """Evaluate a segment's condition into its bit and its place in `due`, which is 0 where time changes nothing."""
        match node:
            case c.InSegment(segment):
                other = self.plan.bit[segment]
                self.add(0, f"if true & {other}: true |= {bit}", f"elif unknown & {other}: unknown |= {bit}")
            case c.CountGe(event, window, k):
                self._newest_into(self.track("stamps", event), 6 * (k - 1), window, bit, at)
            case c.DistinctGe(event, prop, window, k):
                self._newest_into(self.track("values", event, prop), 12 * (k - 1), window, bit, at)
            case c.Aged():
                self._aged_into(node, bit, at)
            case _:
                self.node(node, 0)
                self.add(0, f"if v: true |= {bit}")
                if c.nullable(node):
                    self.add(0, f"elif v is None: unknown |= {bit}")
                self.add(0, f"due[{at}] = u - {FOREVER}")

    def _newest_into(self, track: str, start: int, window: int, bit: int, at: int) -> None:
        self.add(
            0,
            f"x = {track}[{self.part(start, start + 6)}]",
            f"if x > {self.edge(window)}: true |= {bit}; due[{at}] = number(x) - {FOREVER - window}",
            f"else: due[{at}] = 0",
        )

    def _aged_into(self, atom: c.Aged, bit: int, at: int) -> None:
        missing, moment = self._moment(atom, 0)
        self.add(0, f"if {missing}: unknown |= {bit}; due[{at}] = 0", "else:")
        self.add(1, f"y = {moment} + {self.constant(atom.age)}")
        self.add(1, f"if now >= y: true |= {bit}; due[{at}] = 0", f"else: due[{at}] = y - {FOREVER}")

    def node(self, node: c.Node, depth: int, nesting: int = 0) -> None:
        """Evaluate a condition into v (and u)."""
        match node:
            case c.All(items) | c.Any_(items):
                if nesting > _MAX_NESTING:
                    self._apart(node, depth)
                else:
                    self._junction(items, depth, nesting, is_all=isinstance(node, c.All))
            case c.Not(item):
                self.node(item, depth, nesting)
                self.add(depth, "v = not v if v is not None else None" if c.nullable(item) else "v = not v")
            case c.AtLeast(k, items):
                self._at_least(k, items, depth, nesting)
            case _:
                self._atom(node, depth)

    def _apart(self, node: c.Node, depth: int) -> None:
        """A function of its own: Python nests only so many blocks."""
        inner = Code(self.plan)
        inner.node(node, 0)
        body = [*inner.head(), *inner.lines, "return v, u"]
        made = inner.function("part", "p, now, ev, true, unknown", body)
        self.add(depth, f"v, u = {self.constant(made)}(p, now, ev, true, unknown)")

    def _junction(self, items: tuple[c.Node, ...], depth: int, nesting: int, *, is_all: bool) -> None:
        """Kleene's and / or. The deciding value ends it at once, and then its own `until` is enough."""
        self.junctions += 1
        r, m = f"r{self.junctions}", f"m{self.junctions}"
        self.add(depth, f"{r} = {is_all}; {m} = {FOREVER}", "while True:")
        for item in items:
            self.node(item, depth + 1, nesting + 1)
            maybe = c.nullable(item)
            decided = ("v is False" if maybe else "not v") if is_all else "v"
            self.add(depth + 1, f"if {decided}: {r} = {not is_all}; {m} = u; break")
            if maybe:
                self.add(depth + 1, f"if v is None: {r} = None")
            self.add(depth + 1, f"if u < {m}: {m} = u")
        self.add(depth + 1, "break")
        self.add(depth, f"v = {r}; u = {m}")

    def _at_least(self, k: int, items: tuple[c.Node, ...], depth: int, nesting: int) -> None:
        """How many hold (n), how many may (w), and the first moment at which one of them can change."""
        self.junctions += 1
        n, w, m = (f"{letter}{self.junctions}" for letter in "nwm")
        self.add(depth, f"{n} = {w} = 0; {m} = {FOREVER}")
        for item in items:
            self.node(item, depth, nesting)
            self.add(depth, f"if v: {n} += 1", f"elif v is None: {w} += 1", f"if u < {m}: {m} = u")
        self.add(depth, f"v = True if {n} >= {k} else None if {n} + {w} >= {k} else False; u = {m}")

    def track(self, *key: str) -> str:
        """The source of a track."""
        return f"{self.read('tr')}[{self.plan.tracks.index(key)}]"

    def _atom(self, atom: c.Node, depth: int) -> None:
        match atom:
            case c.Truth(value):
                self.add(depth, f"v = {value}; u = {FOREVER}")
            case c.CountGe(event, window, k):
                self._newest(self.track("stamps", event), 6, window, k, depth)
            case c.DistinctGe(event, prop, window, k):
                self._newest(self.track("values", event, prop), 12, window, k, depth)
            case c.SequenceIn(steps, window, never):
                self._newest(self.track(*sequence_key(steps, never)), 6, window, 1, depth)
            case c.SumGe(event, prop, window, threshold):
                track = self.track("sums", event, prop)
                self.add(depth, f"v, u = sum_ge({track}, now, {window}, {self.constant(threshold)})")
            case c.StreakGe(event, k):
                self.reads.add("days")
                self.add(depth, f"v, u = streak_ge({self.track('days', event)}, now, days, {self.constant(k)})")
            case c.SameGe():
                self._same(atom, depth)
            case c.Aged():
                self._aged(atom, depth)
            case c.General(term):
                self._general(term, depth)
            case _:
                self._membership(atom, depth)

    def _newest(self, track: str, width: int, window: int, k: int, depth: int) -> None:
        at = width * (k - 1)
        self.add(
            depth,
            f"x = {track}[{self.part(at, at + 6)}]",
            f"if x > {self.edge(window)}: v = True; u = number(x) + {window}",
            f"else: v = False; u = {FOREVER}",
        )

    def _same(self, atom: c.SameGe, depth: int) -> None:
        x = self.value("props", atom.prop)
        same = (
            f"same_ge({self.track('same', atom.event, atom.prop)}, value_key({x}), {self.edge(atom.window)}, {atom.k})"
        )
        self.add(depth, f"v = {same if atom.k > 0 else 'True'} if {x} is not None else None; u = {FOREVER}")

    def _aged(self, atom: c.Aged, depth: int) -> None:
        missing, moment = self._moment(atom, depth)
        self.add(depth, f"if {missing}: v = None; u = {FOREVER}", "else:")
        self.add(depth + 1, f"y = {moment} + {self.constant(atom.age)}", "v = now >= y", f"u = {FOREVER} if v else y")

    def _moment(self, atom: c.Aged, depth: int) -> tuple[str, str]:
        """(the test whether there is no moment of which the age is asked, the moment)."""
        if atom.source == "trait":
            self._trait(atom.name, depth)
            return "x is None", "x"
        track = self.track("first" if atom.source == "first" else "stamps", atom.name)
        self.add(depth, f"x = {track}[{self.part(0, 6)}]")
        return "not x", "number(x)"

    def _general(self, term: t.Term, depth: int) -> None:
        plain = against_number(term, self.track, self.constant)
        if plain is not None:
            test = f"{plain.left} {OPERATORS[plain.op]} {plain.right}"
            self.add(depth, f"x = {plain.read}; u = {plain.until}", f"v = {test} if {plain.known} else None")
            return
        closure = build(term, Surroundings(self.plan.tracks.index, self.plan.bit, self.plan.stages))
        self.reads.add("days")
        self.namespace["Context"] = Context
        self.add(depth, f"v, u = {self.constant(closure)}(Context(p, now, ev, true, unknown, days))")

    def _membership(self, atom: c.Node, depth: int) -> None:
        match atom:
            case c.TraitIs(name, op, value):
                self._trait(name, depth)
                self.add(depth, f"v = {self._test('x', op, value)} if x is not None else None; u = {FOREVER}")
            case c.Prop(name, op, value):
                x = self.value("props", name)
                self.add(depth, f"v = {self._test(x, op, value)} if {x} is not None else None; u = {FOREVER}")
            case c.HasTrait(name):
                self._trait(name, depth)
                self.add(depth, f"v = x is not None; u = {FOREVER}")
            case c.HasProp(name):
                self.add(depth, f"v = {self.value('props', name)} is not None; u = {FOREVER}")
            case c.Tag(name):
                self.reads.add("tags")
                self.add(depth, f"v = {self.constant(name)} in tags; u = {FOREVER}")
            case c.InSegment(segment):
                bit = self.plan.bit[segment]
                self.add(depth, f"v = True if true & {bit} else None if unknown & {bit} else False; u = {FOREVER}")
            case c.Member(segment):
                self.add(depth, f"v = true & {self.plan.bit[segment]} != 0; u = {FOREVER}")
            case _:
                raise AssertionError(atom)

    def _trait(self, name: str, depth: int) -> None:
        """Read a trait into x. Most events ask for none, so the first that is asked for opens them."""
        opened = self.read("opened")
        self.add(depth, f"if {opened} is None: {opened} = p.traits", f"x = {opened}.get({self.constant(name)})")

    def _test(self, x: str, op: str, value: Any) -> str:  # noqa: ANN401 - a literal
        if op == "in":
            return f"{x} in {self.constant(frozenset(value))}"
        return f"{x} {OPERATORS[op]} {self.constant(value)}"
