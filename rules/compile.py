"""From a playbook to a program: expressions typed, conditions in normal form, code for every event."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rules.coerce import coercion_of, trait_value
from rules.compile_rule import OWN, TypedRule, compiled_expression, compiled_rule, expressions_of_step
from rules.model import Emit, Playbook, Rule, SetTraits, Step, held_of
from rules.program import CompiledRule, Program
from rules.route import route
from rules.scopes import scope_at, scope_of
from schemas.catalogue import PropertyType
from schemas.errors import PlaybookError
from schemas.findings import Finding
from schemas.texts import say
from segments import conditions as c
from segments import terms as t
from segments.allowed import check_text
from segments.faults import faults_of
from segments.lets import faulty_lets
from segments.model import Condition, Either, Every, Leaf, Negation
from segments.normalise import normalise, stage_segment
from segments.plan import Plan
from segments.scope import Reported, Scope, TypeFault
from segments.standing import Standing
from segments.syntax import Name, Select
from segments.tree import mentions
from segments.typing import Typer, type_of_property
from segments.units import literal_as

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from rules.model import Trigger
    from schemas.catalogue import TraitType
    from segments import model
    from segments.scope import Scope

__all__ = ["check_expressions", "compile_playbook"]


def check_expressions(playbook: Playbook, doubtful: Collection[str] = ()) -> list[Finding]:
    """Every wrong name, type or unit in the playbook's expressions, with its place.

    Nothing is said of an expression that rests on one of the `doubtful` properties and traits.
    """
    compiler = _Compiler(playbook, doubtful, strict=True)
    compiler.read(playbook.rules.values())
    return compiler.findings


def compile_playbook(playbook: Playbook) -> Program:
    """The program of a playbook. Raises `PlaybookError` with all findings."""
    compiler = _Compiler(playbook)
    compiler.read(rule for rule in playbook.rules.values() if rule.status in {"live", "shadow"})
    if compiler.findings:
        message = say("{number} expressions of the playbook have faults", number=len(compiler.findings))
        raise PlaybookError(message, compiler.findings)
    return compiler.program()


class _Compiler:
    def __init__(self, playbook: Playbook, doubtful: Collection[str] = (), *, strict: bool = False) -> None:
        self.playbook, self.findings, self.doubtful, self.strict = playbook, list[Finding](), doubtful, strict
        self.stages = tuple(stage.id for stage in playbook.stages)
        self.complete = any(stage.when is None for stage in playbook.stages)
        self.names = playbook.catalogue.resolve()
        self.broken = frozenset[str]()
        self.segments: dict[str, c.Node] = {}
        self.rules: list[TypedRule] = []
        self.traits: dict[str, t.Term] = {}

    # -- reading
    def read(self, rules: Iterable[Rule]) -> None:
        """Type every expression of the person and of these rules; faults become findings."""
        self.broken = faulty_lets(self._scope(), self._fault)
        person = self._scope()
        for stage in self.playbook.stages:
            node = c.Truth(value=True) if stage.when is None else self._condition(stage.when, person)
            self.segments[stage_segment(stage.id)] = node
        for segment in self.playbook.segments.values():
            self.segments[segment.id] = self._condition(segment.when, person)
        for rule in rules:
            self.rules.append(self._rule(rule))
        for trait in self.playbook.catalogue.traits.values():
            if trait.source is not None:
                self._computed(trait, person)
        if not self.findings:
            self._circles()

    def _scope(self, trigger: Trigger | None = None) -> Scope:
        scope = scope_of(self.playbook, self.names, trigger, broken=self.broken)
        return replace(scope, strict=self.strict)

    def _rule(self, rule: Rule) -> TypedRule:
        trigger = rule.trigger
        scope = self._scope(trigger)
        parts = [] if rule.when is None else [self._condition(rule.when, scope)]
        if rule.unless is not None:
            parts.append(c.Not(self._condition(rule.unless, scope)))
        audience = None if trigger.audience is None else self._condition(trigger.audience, self._scope())
        typed = TypedRule(rule, route(rule.then), c.All(tuple(_flat(parts))), audience)
        if rule.wait is not None and rule.wait.condition is not None:
            typed.tests[OWN] = self._condition(rule.wait.condition, scope)
        for at, station in enumerate(typed.stations):
            self._step(typed, at, station.step, scope_at(scope, typed.stations, station))
        return typed

    def _step(self, typed: TypedRule, at: int, step: Step, scope: Scope) -> None:
        held = held_of(step)
        if held is not None:
            typed.tests[at] = self._condition(held, scope)
        for name, expression in expressions_of_step(step):
            typed.values[at, name] = self._value(expression, scope, self._wanted(step, name))

    def _condition(self, condition: Condition, scope: Scope) -> c.Node:
        match condition:
            case Leaf(expression):
                term = self._typed(expression, scope, condition=True)
                return c.Truth(None) if term is None else normalise(term, self.stages, complete=self.complete)
            case Negation(item):
                return c.Not(self._condition(item, scope))
            case Every(items):
                return c.All(tuple(self._condition(item, scope) for item in items))
            case Either(items):
                return c.Any_(tuple(self._condition(item, scope) for item in items))
        raise AssertionError(condition)

    def _wanted(self, step: object, name: str) -> PropertyType | None:
        """What a value of `set` or `emit` must be; None: anything (the catalogue does not say, or not for sure)."""
        if name in self.doubtful:
            return None
        if isinstance(step, SetTraits):
            trait = self.playbook.catalogue.traits.get(name)
            return None if trait is None else PropertyType(trait.type)
        if isinstance(step, Emit):
            event = self.playbook.catalogue.events.get(step.event)
            kind = event.properties.get(name) if event is not None and name else None
            return kind if name else PropertyType("text")
        return None

    def _value(self, expression: model.Expression, scope: Scope, kind: PropertyType | None) -> t.Term:
        term = self._typed(expression, scope, condition=False)
        if term is None or kind is None:
            return term or t.Constant("null", None)
        wanted = type_of_property(kind)
        try:
            term = literal_as(Typer(scope), term, wanted, expression.expr)
            if term.type not in {wanted, "null"}:
                message = say("this is a {type}, the catalogue wants a {wanted}", type=term.type, wanted=wanted)
                raise TypeFault("wrong_type", message, expression.expr)  # noqa: TRY301 - one way to report both
            if self.strict:
                check_text(kind.values, term, expression.expr)
        except TypeFault as fault:
            self._refuse(expression, fault)
        return term

    def _typed(self, expression: model.Expression, scope: Scope, *, condition: bool) -> t.Term | None:
        typer = Typer(scope)
        try:
            return typer.condition(expression.expr) if condition else typer.term(expression.expr)
        except TypeFault:
            for fault in faults_of(expression.expr, scope, condition=condition):
                self._refuse(expression, fault)
        return None

    def _refuse(self, expression: model.Expression, fault: TypeFault) -> None:
        if not mentions(expression.expr, self.doubtful):
            self._fault(expression.locate(fault.on_the_name(expression.text).start), fault)

    def _computed(self, trait: TraitType, scope: Scope) -> None:
        try:
            term = Typer(scope).term(Select(0, 0, Name(0, 0, "profile"), trait.name))
        except TypeFault as fault:
            if trait.name not in self.doubtful:
                self._fault(trait.place, fault)
            return
        self.traits[trait.name] = term

    def _fault(self, place: tuple[str, int, int], fault: TypeFault) -> None:
        if isinstance(fault, Reported):
            return
        self.findings.append(
            Finding(*place, fault.code, "error", fault.message, fault.hint, max(1, fault.end - fault.start))
        )

    def _circles(self) -> None:
        try:
            Plan(self.segments, stages=self.stages)
        except ValueError as error:
            first = next(iter(self.playbook.segments.values()), None)
            place = ("segments", 1, 1) if first is None else _place(first.when)
            message = say("segments and stages rest on each other in a circle: {error}", error=error)
            self.findings.append(
                Finding(*place, "segment_cycle", "error", message, "take one of them out of the other's condition")
            )

    # -- making
    def program(self) -> Program:
        """The program; `read` must have found no fault."""
        playbook = self.playbook
        catalogue, currency = playbook.catalogue, playbook.workspace.currency
        active = self.rules
        nodes = [node for typed in active for node in typed.conditions()]
        terms = [term for typed in active for term in typed.values.values()] + list(self.traits.values())
        interactions = frozenset(name for name, kind in catalogue.events.items() if kind.interaction)
        plan = Plan(
            self.segments, nodes, terms, stages=self.stages, interactions=interactions, zone=playbook.workspace.zone
        )
        rules = sorted(
            (compiled_rule(typed, plan, playbook) for typed in active), key=lambda r: (-r.rule.priority, r.id)
        )
        conditions = {typed.rule.id: typed.condition for typed in active}
        bits = tuple(plan.bit[stage_segment(stage)] for stage in self.stages)
        return Program(
            hash=playbook.hash,
            playbook=playbook,
            plan=plan,
            names=self.names,
            coercions={name: coercion_of(kind, currency) for name, kind in catalogue.events.items()},
            trait_readers={n: trait_value(n, PropertyType(k.type), currency) for n, k in catalogue.traits.items()},
            on_event=_matchers(plan, rules, conditions),
            on_change=_by_change(rules),
            schedules={r.id: r for r in rules if r.rule.trigger.kind == "schedule"},
            rules={r.id: r for r in rules},
            computed_traits={name: compiled_expression(plan, term) for name, term in self.traits.items()},
            stage_bits=bits,
            stage_mask=sum(bits),
        )


def _place(condition: Condition) -> tuple[str, int, int]:
    from segments.model import leaves

    first = next(iter(leaves(condition)), None)
    return first.locate(0) if first is not None else ("segments", 1, 1)


def _flat(nodes: Iterable[c.Node]) -> list[c.Node]:
    out: list[c.Node] = []
    for node in nodes:
        out += _flat(node.items) if isinstance(node, c.All) else [node]
    return out


def _matchers(plan: Plan, rules: list[CompiledRule], conditions: Mapping[str, c.Node]) -> dict[str, Any]:
    """Per event one function that gives the rules whose conditions hold, in the order in which they run."""
    by_event: dict[str, list[CompiledRule]] = {}
    for rule in rules:
        if rule.rule.trigger.kind == "event":
            for name in rule.rule.trigger.names:
                by_event.setdefault(name, []).append(rule)
    standing = Standing(plan, {name: [conditions[r.id] for r in group] for name, group in by_event.items()})
    return {name: standing.matcher(name, group) for name, group in by_event.items()}


def _by_change(rules: list[CompiledRule]) -> dict[tuple[str, str], tuple[CompiledRule, ...]]:
    out: dict[tuple[str, str], tuple[CompiledRule, ...]] = {}
    for rule in rules:
        if rule.rule.trigger.kind in {"enters", "leaves"}:
            change = "enter" if rule.rule.trigger.kind == "enters" else "leave"
            for name in rule.rule.trigger.names:
                out[change, name] = (*out.get((change, name), ()), rule)
    return out
