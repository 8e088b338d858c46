"""One rule of a program: its route, what each of its waits listens to, and what a run keeps for the steps to come."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from rules.limits import limited
from rules.model import Emit, Invite, IssueCoupon, Rule, SendMessage, SetTraits, WaitStep
from rules.program import CompiledRule, Expression, Kept
from rules.route import Station, reach
from segments import conditions as c
from segments import terms as t
from segments.evaluate import Context, Surroundings, build
from segments.firing import Firing
from segments.scope import REPLY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rules.model import Ending, Playbook, Step, Wait
    from segments import model
    from segments.plan import Plan

__all__ = ["OWN", "TypedRule", "compiled_expression", "compiled_rule", "expressions_of_step"]

OWN: Final = -1
"""The place of a rule's own wait, before its first step."""


@dataclass(slots=True)
class TypedRule:
    """A rule with its expressions typed. By place: `values` of `set` and `emit`, `tests` of `if` and of `while`."""

    rule: Rule
    stations: tuple[Station, ...]
    condition: c.Node
    audience: c.Node | None
    values: dict[tuple[int, str], t.Term] = field(default_factory=dict)
    tests: dict[int, c.Node] = field(default_factory=dict)

    def waits(self) -> dict[int, Wait]:
        """All its waits."""
        steps = {at: each.step.wait for at, each in enumerate(self.stations) if isinstance(each.step, WaitStep)}
        return steps if self.rule.wait is None else {OWN: self.rule.wait, **steps}

    def conditions(self) -> list[c.Node]:
        """All its conditions."""
        return [self.condition, *([] if self.audience is None else [self.audience]), *self.tests.values()]


def expressions_of_step(step: Step) -> Iterable[tuple[str, model.Expression]]:
    """The values that a step computes, by name; "" is the person whom an event is for."""
    match step:
        case SetTraits(values):
            yield from values.items()
        case Emit(_, properties, person):
            yield from properties.items()
            if person is not None:
                yield "", person


def compiled_rule(typed: TypedRule, plan: Plan, playbook: Playbook) -> CompiledRule:
    """The rule as the fold needs it."""
    rule, waits = typed.rule, typed.waits()
    variables = {at: _variables(station.step, playbook) for at, station in enumerate(typed.stations)}
    purposes = {at: purpose for at in variables if (purpose := _purpose(typed.stations[at].step, playbook))}
    return CompiledRule(
        id=rule.id,
        rule=rule,
        stations=typed.stations,
        limited=limited(rule.limit),
        unrestrained=not limited(rule.limit) and rule.canary is None and rule.valid is None,
        ends=rule.expires is not None or rule.if_late is not None,
        parallel=rule.if_running == "parallel",
        test=Firing(plan).test(typed.condition),
        program=playbook.hash,
        shadow=rule.status == "shadow",
        waits=waits,
        endings={at: _by_event(wait.unless) for at, wait in waits.items()},
        answers={at: _by_event(wait.events) for at, wait in waits.items() if wait.events},
        kept=_kept(typed, waits, variables),
        tests={at: Firing(plan).test(node) for at, node in typed.tests.items()},
        values={key: compiled_expression(plan, term) for key, term in typed.values.items()},
        variables=variables,
        purposes=purposes,
        always=_always(typed.stations, variables, purposes),
        workspace=playbook.workspace,
        audience=None if typed.audience is None else Firing(plan).test(typed.audience),
    )


def _purpose(step: Step, playbook: Playbook) -> str:
    """Why a message is sent; "" for what sends none."""
    template = playbook.templates.get(step.template or "") if isinstance(step, SendMessage | Invite) else None
    return "" if template is None else template.purpose


def _always(
    stations: tuple[Station, ...], variables: Mapping[int, tuple[str, ...]], purposes: Mapping[int, str]
) -> frozenset[int]:
    """The steps that act whoever is held out: transactional messages, and coupons that one of those may show."""
    messages = {at for at, purpose in purposes.items() if purpose == "transactional"}
    onward = reach(stations)
    shown = {at: {path.partition(".")[0] for path in variables[at]} for at in messages}
    coupons = {
        at
        for at, station in enumerate(stations)
        if isinstance(station.step, IssueCoupon)
        and any(station.step.name in shown[message] for message in messages & onward[at])
    }
    return frozenset(messages | coupons)


def _variables(step: Step, playbook: Playbook) -> tuple[str, ...]:
    if not isinstance(step, SendMessage | Invite) or step.template is None:
        return ()
    template = playbook.templates.get(step.template)
    return tuple(sorted(template.uses)) if template is not None else ()


def _by_event(endings: Iterable[Ending]) -> Mapping[str, tuple[Ending, ...]]:
    out: dict[str, tuple[Ending, ...]] = {}
    for ending in endings:
        out[ending.event] = (*out.get(ending.event, ()), ending)
    return out


def compiled_expression(plan: Plan, term: t.Term) -> Expression:
    """A term as a function of a person's moment."""
    closure = build(term, Surroundings(plan.tracks.index, plan.bit, plan.stages))

    def value(p: Any, now: int, occasion: Any, days: Any) -> Any:  # noqa: ANN401 - see program.Expression
        return closure(Context(p, now, occasion, int(p.true), int(p.unknown), days))[0]

    return Expression(term.type, value)


# -- what a run keeps while it waits


def _kept(typed: TypedRule, waits: Mapping[int, Wait], variables: Mapping[int, tuple[str, ...]]) -> Mapping[int, Kept]:
    """By wait: the fields at which its own `while` or a step that may come after it looks, and no others."""
    looks = [_looks(typed, at, station.step, variables[at]) for at, station in enumerate(typed.stations)]
    onward = reach(typed.stations)
    kept = {}
    for at, wait in waits.items():
        later = onward[0] if at == OWN else onward[at] - {at}
        found = [(at, _names(typed.tests[at]) if at in typed.tests else set())]
        found += [(to, looks[to]) for to in sorted(later)]
        same = frozenset(ending.same for ending in (*wait.unless, *wait.events) if ending.same is not None)
        kept[at] = Kept(same, _of_event(found), _of_replies(typed, found, at))
    return kept


def _of_event(found: Iterable[tuple[int, set[str]]]) -> frozenset[str]:
    return frozenset(name for _, names in found for name in names if not name.startswith(REPLY))


def _of_replies(typed: TypedRule, found: Iterable[tuple[int, set[str]]], at: int) -> Mapping[int, frozenset[str]]:
    """By the wait that was answered before `at`."""
    out: dict[int, set[str]] = {}
    for to, names in found:
        replies = {name.removeprefix(REPLY) for name in names if name.startswith(REPLY)}
        if replies and typed.stations[to].answered < at:
            out.setdefault(typed.stations[to].answered, set()).update(replies)
    return {answered: frozenset(names) for answered, names in sorted(out.items())}


def _looks(typed: TypedRule, at: int, step: Step, variables: tuple[str, ...]) -> set[str]:
    """The properties at which a step looks; those of a reply by the name that they have at hand."""
    out = _names(typed.tests[at]) if at in typed.tests else set()
    for (place, _), term in typed.values.items():
        if place == at:
            out |= _names_in(term)
    for path in variables:
        root, _, rest = path.partition(".")
        name = rest.split(".")[0].split("[")[0]
        if root in {"event", "reply"}:
            out.add(name if root == "event" else REPLY + name)
    if isinstance(step, WaitStep):
        out |= {ending.same for ending in (*step.wait.unless, *step.wait.events) if ending.same is not None}
    return out


def _names(node: c.Node) -> set[str]:
    out: set[str] = set()
    for atom in c.atoms(node):
        match atom:
            case c.Prop(name) | c.HasProp(name):
                out.add(name)
            case c.SameGe():
                out.add(atom.prop)
            case c.General(term):
                out |= _names_in(term)
    return out


def _names_in(term: t.Term) -> set[str]:
    inside = t.walk(term)
    names = {each.name for each in inside if isinstance(each, t.EventField)}
    return names | {each.prop for each in inside if isinstance(each, t.Same)}
