"""From a playbook to a program: expressions typed, conditions in normal form, code for every event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rules.coerce import coercion_of, trait_value
from rules.model import Emit, Ending, Invite, Playbook, Rule, SendMessage, SetTraits, WaitStep
from rules.program import CompiledRule, Expression, Program
from schemas.catalogue import PropertyType
from schemas.errors import PlaybookError
from schemas.findings import Finding
from segments import conditions as c
from segments import terms as t
from segments.code import Code
from segments.evaluate import Context, Surroundings, build
from segments.model import Condition, Either, Every, Leaf, Negation
from segments.normalise import normalise, stage_segment
from segments.plan import Plan
from segments.scope import Scope, TypeFault
from segments.typing import Typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from segments import model

__all__ = ["check_expressions", "compile_playbook"]


def check_expressions(playbook: Playbook) -> list[Finding]:
    """Every wrong name, type or unit in the playbook's expressions, with its place."""
    compiler = _Compiler(playbook)
    compiler.read()
    return compiler.findings


def compile_playbook(playbook: Playbook) -> Program:
    """The program of a playbook. Raises `PlaybookError` with all findings."""
    compiler = _Compiler(playbook)
    compiler.read()
    if compiler.findings:
        message = f"{len(compiler.findings)} expressions of the playbook have faults"
        raise PlaybookError(message, compiler.findings)
    return compiler.program()


@dataclass(slots=True)
class _Typed:
    """A rule with its expressions typed."""

    rule: Rule
    condition: c.Node
    audience: c.Node | None
    values: dict[tuple[int, str], t.Term]


class _Compiler:
    def __init__(self, playbook: Playbook) -> None:
        self.playbook, self.findings = playbook, list[Finding]()
        self.stages = tuple(stage.id for stage in playbook.stages)
        self.complete = any(stage.when is None for stage in playbook.stages)
        self.names = playbook.catalogue.resolve()
        self.segments: dict[str, c.Node] = {}
        self.rules: list[_Typed] = []
        self.traits: dict[str, t.Term] = {}

    # -- reading
    def read(self) -> None:
        """Type every expression; faults become findings."""
        person = self._scope(None)
        for stage in self.playbook.stages:
            node = c.Truth(value=True) if stage.when is None else self._condition(stage.when, person)
            self.segments[stage_segment(stage.id)] = node
        for segment in self.playbook.segments.values():
            self.segments[segment.id] = self._condition(segment.when, person)
        for rule in self.playbook.rules.values():
            self.rules.append(self._rule(rule))
        for trait in self.playbook.catalogue.traits.values():
            if trait.source is not None:
                self._computed(trait.name, trait.source, person)
        if not self.findings:
            self._circles()

    def _scope(self, events: tuple[str, ...] | None, *, timed: bool = False) -> Scope:
        playbook = self.playbook
        return Scope(
            playbook.catalogue, playbook.workspace.currency, frozenset(playbook.segments), self.stages, events, timed, self.names
        )

    def _rule(self, rule: Rule) -> _Typed:
        trigger = rule.trigger
        changes = trigger.kind in {"enters", "leaves"}
        scope = self._scope(None if trigger.kind == "schedule" else () if changes else trigger.names, timed=changes)
        parts = [] if rule.when is None else [self._condition(rule.when, scope)]
        if rule.unless is not None:
            parts.append(c.Not(self._condition(rule.unless, scope)))
        audience = None if trigger.audience is None else self._condition(trigger.audience, self._scope(None))
        values = {}
        for at, step in enumerate(rule.then):
            for name, expression in _expressions(step):
                values[at, name] = self._value(expression, scope)
        return _Typed(rule, c.All(tuple(sorted(_flat(parts), key=_cost))), audience, values)

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

    def _value(self, expression: model.Expression, scope: Scope) -> t.Term:
        return self._typed(expression, scope, condition=False) or t.Constant("null", None)

    def _typed(self, expression: model.Expression, scope: Scope, *, condition: bool) -> t.Term | None:
        typer = Typer(scope)
        try:
            return typer.condition(expression.expr) if condition else typer.term(expression.expr)
        except TypeFault as fault:
            file, line, column = expression.locate(fault.start)
            self.findings.append(Finding(file, line, column, fault.code, "error", fault.message, fault.hint))
        return None

    def _computed(self, name: str, source: str, scope: Scope) -> None:
        from segments.syntax import Name, Select  # noqa: PLC0415 - one place makes syntax by hand

        try:
            self.traits[name] = Typer(scope).term(Select(0, 0, Name(0, 0, "profile"), name))
        except TypeFault as fault:
            self.findings.append(Finding("catalogue", 1, 1, fault.code, "error", fault.message, fault.hint))

    def _circles(self) -> None:
        try:
            Plan(self.segments, stages=self.stages)
        except ValueError as error:
            first = next(iter(self.playbook.segments.values()), None)
            place = ("segments", 1, 1) if first is None else _place(first.when)
            message = f"segments and stages rest on each other in a circle: {error}"
            self.findings.append(Finding(*place, "segment_cycle", "error", message, "take one of them out of the other's condition"))

    # -- making
    def program(self) -> Program:
        """The program; `read` must have found no fault."""
        playbook = self.playbook
        catalogue, currency = playbook.catalogue, playbook.workspace.currency
        active = [typed for typed in self.rules if typed.rule.status in {"live", "shadow"}]
        nodes = [node for typed in active for node in (typed.condition, typed.audience) if node is not None]
        terms = [term for typed in active for term in typed.values.values()] + list(self.traits.values())
        interactions = frozenset(name for name, kind in catalogue.events.items() if kind.interaction)
        plan = Plan(
            self.segments, nodes, terms, stages=self.stages, interactions=interactions, zone=playbook.workspace.zone
        )
        rules = sorted((self._compiled(typed, plan) for typed in active), key=lambda r: (-r.rule.priority, r.rule.id))
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
            schedules={r.rule.id: r for r in rules if r.rule.trigger.kind == "schedule"},
            rules={r.rule.id: r for r in rules},
            computed_traits={name: _expression(plan, term) for name, term in self.traits.items()},
            stage_bits=bits,
            stage_mask=sum(bits),
            ending_events=frozenset(e for r in rules for endings in r.waits.values() for e in endings),
        )

    def _compiled(self, typed: _Typed, plan: Plan) -> CompiledRule:
        rule = typed.rule
        waits = {at: step.wait for at, step in enumerate(rule.then) if isinstance(step, WaitStep)}
        if rule.wait is not None:
            waits[-1] = rule.wait
        same = frozenset(e.same for wait in waits.values() for e in wait.unless if e.same is not None)
        variables = {at: self._variables(step) for at, step in enumerate(rule.then)}
        return CompiledRule(
            rule=rule,
            test=_test(plan, typed.condition),
            program=self.playbook.hash,
            shadow=rule.status == "shadow",
            limit_key=f"~{rule.id}" if rule.status == "shadow" else rule.id,
            keys=tuple(step.id or str(at) for at, step in enumerate(rule.then)),
            waits={at: _endings(wait.unless) for at, wait in waits.items()},
            uses=_uses(typed.values.values(), variables.values()) | same,
            same=same,
            values={key: _expression(plan, term) for key, term in typed.values.items()},
            variables=variables,
            audience=None if typed.audience is None else _test(plan, typed.audience),
        )

    def _variables(self, step: object) -> tuple[str, ...]:
        if not isinstance(step, SendMessage | Invite) or step.template is None:
            return ()
        template = self.playbook.templates.get(step.template)
        return tuple(sorted(template.uses)) if template is not None else ()


def _place(condition: Condition) -> tuple[str, int, int]:
    from segments.model import leaves  # noqa: PLC0415

    first = next(iter(leaves(condition)), None)
    return first.locate(0) if first is not None else ("segments", 1, 1)


def _expressions(step: object) -> Iterable[tuple[str, model.Expression]]:
    match step:
        case SetTraits(values):
            yield from values.items()
        case Emit(_, properties, person):
            yield from properties.items()
            if person is not None:
                yield "", person


def _endings(unless: tuple[Ending, ...]) -> Mapping[str, tuple[Ending, ...]]:
    out: dict[str, tuple[Ending, ...]] = {}
    for ending in unless:
        out[ending.event] = (*out.get(ending.event, ()), ending)
    return out


def _uses(values: Iterable[t.Term], variables: Iterable[tuple[str, ...]]) -> frozenset[str]:
    """Event properties that steps show or compute with."""
    out = {each.name for term in values for each in t.walk(term) if isinstance(each, t.EventField)}
    out |= {each.prop for term in values for each in t.walk(term) if isinstance(each, t.Same)}
    out |= {path.split(".")[1] for paths in variables for path in paths if path.startswith("event.")}
    return frozenset(out)


def _flat(nodes: Iterable[c.Node]) -> list[c.Node]:
    out: list[c.Node] = []
    for node in nodes:
        out += _flat(node.items) if isinstance(node, c.All) else [node]
    return out


def _cost(node: c.Node) -> int:
    """What to ask first: truth does not depend on the order, only the time it takes."""
    if isinstance(node, c.InSegment | c.Member | c.Truth):
        return 0
    if isinstance(node, c.Prop | c.HasProp):
        return 1
    if isinstance(node, c.All | c.Any_ | c.Not):
        return max((_cost(atom) for atom in c.atoms(node)), default=0)
    return {c.Tag: 2, c.CountGe: 3, c.TraitIs: 4, c.HasTrait: 4, c.Aged: 4, c.General: 9}.get(type(node), 5)


def _test(plan: Plan, node: c.Node) -> Callable[..., bool | None]:
    code = Code(plan, timers=False)
    code.inline_edges = True
    code.node(node, 0)
    body = [*code.head(), *code.lines, "return v"]
    return code.function("test", "p, now, ev, true, unknown", body)


def _matchers(plan: Plan, rules: list[CompiledRule], conditions: Mapping[str, c.Node]) -> dict[str, Any]:
    """Per event one function that gives the rules whose conditions hold, in the order in which they run."""
    by_event: dict[str, list[CompiledRule]] = {}
    for rule in rules:
        if rule.rule.trigger.kind == "event":
            for name in rule.rule.trigger.names:
                by_event.setdefault(name, []).append(rule)
    out = {}
    for name, group in by_event.items():
        code = Code(plan, timers=False)
        code.inline_edges = True
        for rule in group:
            code.node(conditions[rule.rule.id], 0)
            code.lines.append(f"if v: out.append({code.constant(rule)})")
        body = ["out = []", *code.head(), *code.lines, "return out"]
        out[name] = code.function("match", "p, now, ev, true, unknown", body)
    return out


def _by_change(rules: list[CompiledRule]) -> dict[tuple[str, str], tuple[CompiledRule, ...]]:
    out: dict[tuple[str, str], tuple[CompiledRule, ...]] = {}
    for rule in rules:
        if rule.rule.trigger.kind in {"enters", "leaves"}:
            change = "enter" if rule.rule.trigger.kind == "enters" else "leave"
            for name in rule.rule.trigger.names:
                out[change, name] = (*out.get((change, name), ()), rule)
    return out


def _expression(plan: Plan, term: t.Term) -> Expression:
    closure = build(term, Surroundings(plan.tracks.index, plan.bit, plan.stages))

    def value(p: Any, now: int, occasion: Any, days: Any) -> Any:  # noqa: ANN401 - see program.Expression
        return closure(Context(p, now, occasion, int(p.true), int(p.unknown), days))[0]

    return Expression(term.type, value)
