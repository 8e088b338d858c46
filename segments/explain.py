"""Why a condition is true, false or unknown: its parts, each with its truth, and the values that were compared.

An expression is taken apart at `&&`, `||` and `!`. Each part that is left is asked in its normal form, so that it is
the same question as the compiled condition asks; its values are read from the same tracks. A track keeps no more than
its conditions need: a count or sum that has reached the highest threshold in use is "at least" that (`more`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from schemas.profile import NOTHING
from segments import conditions as c
from segments import syntax
from segments import terms as t
from segments.arithmetic import COMPARE
from segments.code import Code
from segments.evaluate import Context, Surroundings, build
from segments.localdays import days_of
from segments.model import Either, Every, Leaf, Negation
from segments.normalise import normalise
from segments.packed import TIME, edge_of, newer_than
from segments.totals import sum_ge
from segments.typing import Typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.profile import Occasion, Profile
    from segments.model import Condition, Expression
    from segments.plan import Plan
    from segments.scope import Scope

__all__ = ["Operand", "Question", "Reason", "explained", "questions_of", "truth_of"]

Kind = Literal["all", "any", "not", "is"]
Place = tuple[str, int, int]
_NEVER_OPEN = (t.ListOf, t.Clock, t.Streak, t.TagHeld, t.Given, t.Choice, t.TextTest, t.Items)


class Operand(NamedTuple):
    """A value that a comparison looked at: typed (minor units, ms), None: unknown. `more`: at least so much."""

    text: str
    type: str
    value: Any
    more: bool = False


@dataclass(frozen=True, slots=True)
class Reason:
    """One part of a condition and what it came to. `operands` of a comparison, `items` of what is made of others."""

    kind: Kind
    text: str
    place: Place
    truth: bool | None
    operands: tuple[Operand, ...] = ()
    items: tuple[Reason, ...] = ()
    segment: str | None = None


class Moment(NamedTuple):
    """A person at a moment, with the event at hand."""

    profile: Profile
    now: int
    occasion: Occasion
    zone: str

    def context(self) -> Context:
        """What closures look at."""
        p = self.profile
        return Context(p, self.now, self.occasion, int(p.true), int(p.unknown), days_of(p.zone or self.zone))


Reading = Callable[[Moment], Operand]


@dataclass(frozen=True, slots=True)
class Question:
    """One part of a condition, compiled. `nullable`: it may be unknown; `segment`: the one that it asks about."""

    kind: Kind
    text: str
    place: Place
    items: tuple[Question, ...] = ()
    ask: Callable[..., bool | None] | None = None
    nullable: bool = False
    readings: tuple[Reading, ...] = ()
    segment: str | None = None

    def leaves(self) -> Iterator[Question]:
        """The parts that are not made of others, in the order of the file."""
        if self.ask is not None:
            yield self
        for item in self.items:
            yield from item.leaves()


def questions_of(condition: Condition, scope: Scope, plan: Plan, *, complete: bool) -> Question:
    """A condition as questions. `complete`: the last stage of the lifecycle always holds."""
    return _Asking(scope, plan, complete=complete).condition(condition)


def truth_of(question: Question, p: Profile, now: int, occasion: Occasion = NOTHING) -> bool | None:
    """What a question comes to, by Kleene's logic."""
    if question.ask is not None:
        return question.ask(p, now, occasion, int(p.true), int(p.unknown))
    return _joined(question.kind, [truth_of(item, p, now, occasion) for item in question.items])


def explained(question: Question, p: Profile, now: int, zone: str, occasion: Occasion = NOTHING) -> Reason:
    """What each part comes to, with its values. `zone`: of who has none of their own."""
    return _reason(question, Moment(p, now, occasion, zone))


def _reason(question: Question, at: Moment) -> Reason:
    items = tuple(_reason(item, at) for item in question.items)
    if question.ask is None:
        truth = _joined(question.kind, [item.truth for item in items])
        return Reason(question.kind, question.text, question.place, truth, items=items)
    p = at.profile
    truth = question.ask(p, at.now, at.occasion, int(p.true), int(p.unknown))
    operands = tuple(reading(at) for reading in question.readings)
    return Reason("is", question.text, question.place, truth, operands, segment=question.segment)


def _joined(kind: Kind, truths: list[bool | None]) -> bool | None:
    if kind == "not":
        return None if truths[0] is None else not truths[0]
    decides = kind == "any"
    if decides in truths:
        return decides
    return None if None in truths else not decides


def _may_be_unknown(node: c.Node, plan: Plan) -> bool:
    """Whether some person at some moment makes it unknown."""
    match node:
        case c.All(items) | c.Any_(items):
            return any(_may_be_unknown(item, plan) for item in items)
        case c.Not(item):
            return _may_be_unknown(item, plan)
        case c.InSegment(segment):
            return _may_be_unknown(plan.segments[segment], plan)
        case c.General(term):
            return any(_is_open(each, plan) for each in t.walk(term))
    return c.nullable(node)


def _is_open(term: t.Term, plan: Plan) -> bool:
    """Whether a term may be unknown though all inside it is known."""
    match term:
        case t.InSegment(_, segment):
            return _may_be_unknown(plan.segments[segment], plan)
        case t.Trait(_, _, source):
            return source is None
        case t.Aggregate(_, kind):
            return kind not in {"count", "sum", "distinct"}
        case t.Operation(_, op):
            return op in {"/", "%"}
        case t.Constant(_, value):
            return value is None
    return not isinstance(term, _NEVER_OPEN)


class _Asking:
    """Compiles the conditions of one scope."""

    def __init__(self, scope: Scope, plan: Plan, *, complete: bool) -> None:
        self.scope, self.plan, self.complete = scope, plan, complete
        self.around = Surroundings(plan.tracks.index, plan.bit, plan.stages)

    def condition(self, condition: Condition) -> Question:
        match condition:
            case Leaf(expression):
                term = Typer(self.scope).condition(expression.expr)
                return self._part(expression, expression.expr, term)
            case Negation(item):
                inner = self.condition(item)
                return Question("not", "not", inner.place, (inner,))
            case Every(items) | Either(items):
                parts = tuple(self.condition(item) for item in items)
                kind: Kind = "all" if isinstance(condition, Every) else "any"
                return Question(kind, kind, parts[0].place, parts)
        raise AssertionError(condition)

    def _part(self, expression: Expression, expr: syntax.Expr, term: t.Term) -> Question:
        """The tree of a term is that of its expression as far as logic goes."""
        place = expression.locate(expr.start)
        match expr, term:
            case syntax.Binary(op="&&" | "||" as op), t.Operation(_, _, (left, right)):
                parts = self._part(expression, expr.left, left), self._part(expression, expr.right, right)
                kind: Kind = "all" if op == "&&" else "any"
                items = tuple(i for part in parts for i in (part.items if part.kind == kind else (part,)))
                return Question(kind, kind, place, items)
            case syntax.Unary(op="!"), t.Operation(_, _, (inner,)):
                return Question("not", "not", place, (self._part(expression, expr.operand, inner),))
        return self._leaf(place, expr, term)

    def _leaf(self, place: Place, expr: syntax.Expr, term: t.Term) -> Question:
        node = normalise(term, self.plan.stages, complete=self.complete)
        segment = term.segment if isinstance(term, t.InSegment) else None
        readings = tuple(self._readings(expr, term))
        return Question(
            "is",
            syntax.unparse(expr),
            place,
            (),
            self._ask(node),
            _may_be_unknown(node, self.plan),
            readings,
            segment=segment,
        )

    def _ask(self, node: c.Node) -> Callable[..., bool | None]:
        code = Code(self.plan)
        code.node(node, 0)
        return code.function("asked", "p, now, ev, true, unknown", [*code.head(), *code.lines, "return v"])

    # -- values
    def _readings(self, expr: syntax.Expr, term: t.Term) -> Iterator[Reading]:
        """The sides of a comparison that are not written out, or the one thing that a test looks at."""
        sides: tuple[tuple[syntax.Expr, t.Term], ...] = ()
        match expr, term:
            case syntax.Binary(op=op), t.Operation(_, _, (left, right)) if op in COMPARE or op == "in":
                sides = (expr.left, left), (expr.right, right)
            case syntax.Method(), t.TextTest(_, _, operand):
                sides = ((expr.operand, operand),)
            case syntax.Has(), t.Given(_, operand):
                sides = ((expr.operand, operand),)
        for side, value in sides:
            reading = None if isinstance(value, t.Constant | t.ListOf) else self._reading(syntax.unparse(side), value)
            if reading is not None:
                yield reading

    def _reading(self, text: str, term: t.Term) -> Reading | None:
        kept = self._kept(text, term)
        if kept is not None:
            return kept
        try:
            closure = build(term, self.around)
        except KeyError:  # no track of its own: the condition is asked without the value
            return None
        return lambda at: Operand(text, term.type, closure(at.context())[0])

    def _kept(self, text: str, term: t.Term) -> Reading | None:
        """A count or sum of which only what thresholds need is kept."""
        tracks = self.plan.tracks.by_key
        match term:
            case t.Aggregate(_, "count", event, _, window) if ("totals", event) not in tracks:
                track = tracks.get(("stamps", event))
                return None if track is None else _counted(text, track.index, track.keep, window)
            case t.Aggregate(_, "sum", event, str(prop), window) if ("totals", event, prop) not in tracks:
                track = tracks.get(("sums", event, prop))
                return None if track is None else _summed(text, term.type, track.index, track.keep, window)
        return None


def _counted(text: str, index: int, keep: int, window: int) -> Reading:
    def counted(at: Moment) -> Operand:
        held = newer_than(at.profile.tracks[index], edge_of(at.now, window), TIME)
        return Operand(text, "number", held, held >= keep)

    return counted


def _summed(text: str, kind: str, index: int, keep: int, window: int) -> Reading:
    def summed(at: Moment) -> Operand:
        """The largest threshold that is reached; beyond the highest in use nothing is known."""
        track, low, high = at.profile.tracks[index], 0, keep
        while low < high:
            middle = (low + high + 1) // 2
            if sum_ge(track, at.now, window, middle)[0]:
                low = middle
            else:
                high = middle - 1
        return Operand(text, kind, low, low >= keep)

    return summed
