"""Every condition from scratch: over all events of a person, at one moment, with unknown as a third truth value."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from rules.model import Playbook
from schemas.times import parse_duration
from segments import syntax
from segments.model import Condition, Either, Every, Leaf, Negation
from segments.syntax import parse
from tests.reference.arithmetic import calculate, compare, equal
from tests.reference.days import day_is, days_until
from tests.reference.people import Kept, Person, local_date, shown
from tests.reference.values import Money, Span, Time, Value, as_type, identity, of_constant

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["View", "every", "some"]


def every(truths: Iterable[bool | None]) -> bool | None:
    """True if all are, false if one is false, else unknown."""
    held = list(truths)
    return False if False in held else None if None in held else True


def some(truths: Iterable[bool | None]) -> bool | None:
    """True if one is, false if all are false, else unknown."""
    held = list(truths)
    return True if True in held else None if None in held else False


def opposite(truth: bool | None) -> bool | None:
    """False for true; of an unknown one nothing is known."""
    return None if truth is None else not truth


@dataclass
class View:
    """A person at a moment, with the event at hand if there is one."""

    playbook: Playbook
    person: Person
    now: int
    event: Kept | None = None
    variables: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def currency(self) -> str:
        return self.playbook.workspace.currency

    # -- conditions, segments, stages
    def truth(self, condition: Condition | None) -> bool | None:
        match condition:
            case None:
                return True
            case Leaf(expression):
                return self._truth(expression.expr)
            case Negation(item):
                return opposite(self.truth(item))
            case Every(items):
                return every(map(self.truth, items))
            case Either(items):
                return some(map(self.truth, items))

    def without_event(self) -> View:
        return View(self.playbook, self.person, self.now)

    def in_segment(self, name: str) -> bool | None:
        if name.startswith("stage:"):
            return self.stage() == name.removeprefix("stage:")
        return self.without_event().truth(self.playbook.segments[name].when)

    def stage(self) -> str | None:
        """The first stage that holds; None where the playbook has no stages."""
        view = self.without_event()
        return next((stage.id for stage in self.playbook.stages if view.truth(stage.when) is True), None)

    def memberships(self) -> tuple[str | None, frozenset[str]]:
        """The stage and all segments; who may be in a segment, as far as is known, is not in it."""
        return self.stage(), frozenset(name for name in self.playbook.segments if self.in_segment(name) is True)

    def trait(self, name: str) -> Value:
        """What was set, else what the catalogue computes."""
        value = self.person.traits.get(name, (None, 0))[0]
        kind = self.playbook.catalogue.traits.get(name)
        if value is None and kind is not None and kind.source is not None:
            value = as_type(self.without_event().value(parse(kind.source)), kind.type, self.currency)
        return value

    # -- expressions
    def _truth(self, expr: syntax.Expr) -> bool | None:
        value = self.value(expr)
        if value is not None and not isinstance(value, bool):
            raise TypeError(f"{syntax.unparse(expr)} is no condition")
        return value

    def value(self, expr: syntax.Expr) -> Value:  # noqa: C901, PLR0911, PLR0912 - a case a node
        """The value of an expression, None if it is unknown."""
        match expr:
            case syntax.Literal(value=value):
                return value if isinstance(value, bool | str | None) else Fraction(value)
            case syntax.ListLiteral(items=items):
                return [self.value(item) for item in items]
            case syntax.Name(name="now"):
                return Time(self.now)
            case syntax.Select(operand=syntax.Name(name=root), field=name):
                return self._field(root, name)
            case syntax.Has(operand=operand):
                return self.value(operand) is not None
            case syntax.Unary(op="!", operand=operand):
                return opposite(self._truth(operand))
            case syntax.Unary(op="-", operand=operand):
                return self._negative(self.value(operand))
            case syntax.Binary(op="&&", left=left, right=right):
                return every([self._truth(left), self._truth(right)])
            case syntax.Binary(op="||", left=left, right=right):
                return some([self._truth(left), self._truth(right)])
            case syntax.Binary(op=op, left=left, right=right):
                return self._binary(op, self.value(left), self.value(right))
            case syntax.Conditional(test=test, then=then, otherwise=otherwise):
                held = self._truth(test)
                return None if held is None else self.value(then if held else otherwise)
            case syntax.Quantifier():
                return self._quantified(expr)
            case syntax.Method(operand=operand, name=name, args=args):
                return self._method(name, self.value(operand), *map(self.value, args))
            case syntax.Call(function="days_until", args=(of,)):
                return days_until(self.value(of), local_date(self.now, self._zone()))
            case syntax.Call(function="at_least", args=(number, syntax.ListLiteral(items=items))):
                return self._at_least(self.value(number), [self._truth(item) for item in items])
            case syntax.Call(function="sequence", args=(steps, window, *never)):
                return self._sequence(
                    self._texts(steps), self._literal(window), [n for e in never for n in self._texts(e)]
                )
            case syntax.Call(function=function, args=args):
                return self._call(function, [self._literal(arg) for arg in args])
            case _:
                raise TypeError(syntax.unparse(expr))

    def _literal(self, expr: syntax.Expr) -> str:
        value = self.value(expr)
        if isinstance(value, Span):
            return f"{value.ms}ms"
        assert isinstance(value, str)
        return value

    def _field(self, root: str, name: str) -> Value:
        if root in self.variables:
            return self.variables[root].get(name)
        if root == "profile":
            return self.stage() if name == "stage" else self.trait(name)
        if root in {"let", "lists", "inputs"}:
            return self._named(root, name)
        if self.event is None:
            return None
        if root != "meta":
            return self.event.props.get(name)
        return Time(self.event.time) if name == "time" else str(getattr(self.event, name))

    def _named(self, root: str, name: str) -> Value:
        """What the playbook calls so; a let is asked anew, with the event at hand."""
        definitions = self.playbook.definitions
        if root == "let":
            condition = definitions.lets[name]
            return self.value(condition.expression.expr) if isinstance(condition, Leaf) else self.truth(condition)
        return of_constant(definitions.lists[name] if root == "lists" else definitions.inputs[name])

    def _negative(self, value: Value) -> Value:
        match value:
            case Fraction():
                return -value
            case Money(minor):
                return Money(-minor)
            case Span(ms):
                return Span(-ms)
            case _:
                return None

    def _binary(self, op: str, left: Value, right: Value) -> Value:
        if left is None or right is None:
            return None
        if op == "in":
            assert isinstance(right, list)
            return some(None if each is None else equal(left, each, self.currency) for each in right)
        if op in {"+", "-", "*", "/", "%"}:
            return calculate(op, left, right, self.currency)
        return compare(op, left, right, self.currency)

    def _quantified(self, expr: syntax.Quantifier) -> bool | None:
        items = self.value(expr.operand)
        if items is None:
            return None
        assert isinstance(items, list)
        truths = [replace(self, variables=self.variables | {expr.variable: item})._truth(expr.body) for item in items]
        return some(truths) if expr.kind == "exists" else every(truths)

    def _at_least(self, least: Value, truths: list[bool | None]) -> bool | None:
        """What the known ones decide, whatever the unknown ones turn out to be."""
        assert isinstance(least, Fraction)
        worst, best = truths.count(True), len(truths) - truths.count(False)
        return (worst >= least) if (worst >= least) == (best >= least) else None

    def _texts(self, expr: syntax.Expr) -> list[str]:
        assert isinstance(expr, syntax.ListLiteral)
        return [self._literal(item) for item in expr.items]

    def _sequence(self, steps: list[str], window: str, never: list[str]) -> bool:
        """Every way to take one moment for each step, one after the other, and whether one has nothing in between."""
        moments = [sorted({each.time for each in self._within(step, window)}) for step in steps]
        barred = {each.time for name in never for each in self._within(name, window)}
        ways: list[tuple[int, int]] = [(moment, moment) for moment in moments[0]]  # (first, last so far)
        for times in moments[1:]:
            ways = list({(first, later) for first, last in ways for later in times if later > last})
        return any(not any(first < moment < last for moment in barred) for first, last in ways)

    def _method(self, name: str, of: Value, *args: Value) -> Value:
        if of is None or None in args:
            return None
        if name == "size":
            assert isinstance(of, str | list)
            return Fraction(len(of))
        text, part = of, args[0]
        assert isinstance(text, str)
        assert isinstance(part, str)
        match name:
            case "startsWith":
                return text.startswith(part)
            case "endsWith":
                return text.endswith(part)
            case "contains":
                return part in text
            case "matches":
                return re.search(part, text, re.ASCII) is not None
            case _:
                raise TypeError(name)

    # -- functions
    def _call(self, function: str, args: list[str]) -> Value:  # noqa: C901, PLR0911, PLR0912 - a case a function
        match function, args:
            case "count", [event, window]:
                return Fraction(len(self._within(event, window)))
            case "absent", [event, window]:
                return not self._within(event, window)
            case "count", [event, window, name]:
                return self._count_same(event, window, name)
            case (("sum" | "min" | "max" | "avg" | "distinct"), [event, name, window]):
                return self._aggregate(function, event, name, window)
            case (("first" | "last"), [event]):
                times = [each.time for each in self._within(event)]
                return (Time(min(times)) if function == "first" else Time(max(times))) if times else None
            case "streak", [event, "1d"]:
                return self._streak(event)
            case "in_segment", [name]:
                return self.in_segment(name)
            case "has_tag", [tag]:
                return tag in self.person.tags
            case "duration", [text]:
                return Span(Fraction(parse_duration(text)))
            case "local_hour", []:
                return Fraction(shown(self.now, self._zone()).hour)
            case (("is_month_end" | "is_holiday" | "is_workday"), []):
                return day_is(function, local_date(self.now, self._zone()), self.playbook.workspace.country)
            case "local_date", []:
                return local_date(self.now, self._zone()).isoformat()
            case _:
                raise TypeError(function)

    def _zone(self) -> Any:  # noqa: ANN401 - a ZoneInfo
        return self.person.zone(self.playbook.workspace.zone)

    def _within(self, event: str, window: str | None = None) -> list[Kept]:
        """Events in (now - window, now]; without a window all."""
        name = event if event == "*" else self.playbook.catalogue.resolve()[event]
        after = None if window is None else self.now - parse_duration(window)
        return [
            each
            for each in self.person.events
            if each.counts_for(name) and each.time <= self.now and (after is None or each.time > after)
        ]

    def _count_same(self, event: str, window: str, name: str) -> Value:
        if self.event is None or self.event.props.get(name) is None:
            return None
        wanted = identity(self.event.props[name])
        return Fraction(sum(identity(each.props.get(name)) == wanted for each in self._within(event, window)))

    def _aggregate(self, function: str, event: str, name: str, window: str) -> Value:
        values = [each.props[name] for each in self._within(event, window) if each.props.get(name) is not None]
        if function == "distinct":
            return Fraction(len({identity(value) for value in values}))
        kind = self.playbook.catalogue.events[self.playbook.catalogue.resolve()[event]].properties[name]
        numbers = [value.minor if isinstance(value, Money) else value for value in values]
        if function != "sum" and not numbers:
            return None
        result = {"sum": sum, "min": min, "max": max, "avg": sum}[function](numbers)  # type: ignore[operator]
        exact = Fraction(result) / (len(numbers) if function == "avg" else 1)
        return Money(exact) if kind.type == "money" else exact

    def _streak(self, event: str) -> Value:
        """Unbroken local days up to today, which breaks nothing yet; a day begun in an earlier zone stays begun."""
        name = event if event == "*" else self.playbook.catalogue.resolve()[event]
        days = self.person.days.get(name, set())
        day = max({local_date(self.now, self._zone()), *days})
        if day not in days:
            day -= timedelta(days=1)
        length = 0
        while day in days:
            length, day = length + 1, day - timedelta(days=1)
        return Fraction(length)
