"""What a run of a rule does: decisions for its steps, effects on the profile, and the waits between them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from rules.model import Assign, Emit, Invite, IssueCoupon, SendMessage, SetTraits, TagPerson, WaitStep
from rules.program import CompiledRule, program_id
from rules.values import show, stored
from schemas.decisions import Decision
from schemas.ids import decision_id
from schemas.profile import NOTHING, Occasion, Waiting
from schemas.records import Behaviour
from segments.windows import value_key

if TYPE_CHECKING:
    from rules.model import Step
    from rules.turn import Turn

__all__ = ["Run", "proceed", "restore_occasion", "wait_for"]

_SHOWING = (SendMessage, Invite)
_AFFECTING = (TagPerson, SetTraits, Emit)
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Run(msgspec.Struct, frozen=True, gc=False):
    """One occurrence of a rule: when it started, under which key of `once_per`, and whether a wait led here."""

    rule: CompiledRule
    occurrence: str
    start: int
    start_key: bytes
    event_time: int
    waited: bool = False
    coupons: dict[str, str] = {}
    """Coupons that steps before a wait have issued: name → decision."""


def proceed(turn: Turn, run: Run, occasion: Occasion, at: int) -> list[str]:
    """Carry out the steps from `at` (-1: the rule's own wait) up to the end or the next wait.

    Returns the ids of the decisions made.
    """
    rule = run.rule
    if at < 0:
        if rule.rule.wait is not None:
            wait_for(turn, run, occasion, -1, rule.rule.wait.duration, {})
            return []
        at = 0
    made: list[str] = []
    coupons = dict(run.coupons)
    for index in range(at, len(rule.steps)):
        step = rule.steps[index]
        if isinstance(step, WaitStep):
            wait_for(turn, run, occasion, index, step.wait.duration, coupons)
            break
        made.append(_decide(turn, run, occasion, index, step, coupons))
    return made


def wait_for(turn: Turn, run: Run, occasion: Occasion, index: int, duration: int, coupons: dict[str, str]) -> None:
    """Put the run to rest; `index` is the waiting step, -1 for the rule's own wait."""
    p, rule = turn.p, run.rule
    uses = sorted(rule.uses | {"currency"})  # without its currency an amount would be taken for the workspace's
    kept = {name: occasion.raw[name] for name in uses if name in occasion.raw}
    same = {name: value_key(occasion.props[name]) for name in sorted(rule.same) if name in occasion.props}
    envelope = [occasion.id, occasion.name, occasion.time, occasion.source, kept]
    p.waits.append(
        Waiting(
            rule.id, program_id(rule.program), run.occurrence, p.now + duration, run.start, run.start_key,
            run.event_time, index + 1, index, same, _encode(envelope), rule.shadow, coupons=coupons,
        )
    )  # fmt: skip
    p.store_waits()


def restore_occasion(turn: Turn, waiting: Waiting) -> Occasion:
    """The event that began a run, as far as its later steps use it."""
    identity, name, time, source, raw = _decode(waiting.event)
    coerce = turn.program.coercions.get(name) if name is not None else None
    return Occasion(identity, name, time, source, coerce(raw) if coerce is not None else {}, raw)


_decode = msgspec.json.Decoder(
    tuple[str | None, str | None, int | None, str | None, dict[str, Any]], float_hook=Decimal
).decode


def _decide(turn: Turn, run: Run, occasion: Occasion, index: int, step: Step, coupons: dict[str, str]) -> str:
    """One acting step: its decision, and what it does to the profile."""
    rule, p = run.rule, turn.p
    identity = decision_id(turn.workspace, rule.id, turn.person, run.occurrence, rule.keys[index])
    kind, params = _params(turn, rule, occasion, index, step, identity)
    shows = isinstance(step, _SHOWING) and step.template is not None
    expires = rule.rule.expires
    turn.out.decisions.append(
        Decision(
            id=identity,
            time=p.now,
            person=turn.person,
            rule=rule.id,
            step=rule.keys[index],
            kind=kind,  # type: ignore[arg-type]
            occurrence=run.occurrence,
            event_id=occasion.id,
            params=params,
            order=turn.next_order(),
            program=run.rule.program,
            shadow=rule.shadow,
            effect=shows or kind == "issue_coupon" or (kind == "emit" and params["person"] != turn.person),
            variables=_variables(turn, rule, occasion, index, coupons) if shows else {},
            needs=_needs(rule.variables[index], coupons) if coupons else (),
            valid_until=None if expires is None else p.now + expires,
            release=run.waited,
        )
    )
    if isinstance(step, IssueCoupon):
        coupons[step.name] = identity
    if isinstance(step, _AFFECTING) and not rule.shadow:
        _affect(turn, step, params, identity)
    return identity


def _needs(paths: tuple[str, ...], coupons: dict[str, str]) -> tuple[str, ...]:
    """Decisions whose coupons are shown: the first parts of variable paths name them (`coupon.code`)."""
    names = {path.split(".")[0] for path in paths}
    return tuple(sorted(coupons[name] for name in names if name in coupons))


def _params(
    turn: Turn, rule: CompiledRule, occasion: Occasion, index: int, step: Step, identity: str
) -> tuple[str, dict[str, Any]]:
    match step:
        case SendMessage(template, channels):
            return "send", {"template": template, "channels": list(channels)}
        case Assign(to):
            return "assign", {"to": to}
        case IssueCoupon(pool, name):
            return "issue_coupon", {"pool": pool, "as": name}
        case TagPerson(tags, remove):
            return "untag" if remove else "tag", {"tags": list(tags)}
        case SetTraits(values):
            return "set", {"traits": {name: _shown(turn, rule, occasion, index, name) for name in values}}
        case Invite(community, template, channels):
            more = {} if template is None else {"template": template, "channels": list(channels)}
            return "invite", {"community": community, **more}
        case Emit(event, properties, person):
            to = turn.person if person is None else str(_shown(turn, rule, occasion, index, ""))
            shown = ((name, _shown(turn, rule, occasion, index, name)) for name in properties)
            known = {name: value for name, value in shown if value is not None}
            return "emit", {"event": event, "id": identity, "person": to, "properties": known}
    raise AssertionError(step)


def _shown(turn: Turn, rule: CompiledRule, occasion: Occasion, index: int, name: str) -> Any:  # noqa: ANN401
    expression = rule.values[index, name]
    value = expression.value(turn.p, turn.p.now, occasion, turn.program.days_of(turn.p))
    return show(value, expression.type, turn.program.playbook.workspace.currency)


def _variables(
    turn: Turn, rule: CompiledRule, occasion: Occasion, index: int, coupons: dict[str, str]
) -> dict[str, Any]:
    """Just what the template shows.

    Traits under `person`, the event's properties under `event`, coupons by their decision.
    """
    out: dict[str, dict[str, Any]] = {"person": {}, "event": {}}
    for path in rule.variables[index]:
        first, _, rest = path.partition(".")
        name = rest.split(".")[0].split("[")[0]
        if first == "event" and name in occasion.raw:
            out["event"][name] = occasion.raw[name]
        elif first == "person" and name:
            value = trait_shown(turn, name)
            if value is not None:
                out["person"][name] = value
        elif first in coupons:
            out[first] = {"decision": coupons[first]}
    for name in ("language", "zone"):
        if name in turn.p.traits:
            out["person"].setdefault(name, turn.p.traits[name])
    return out


def trait_shown(turn: Turn, name: str, now: int | None = None) -> Any:  # noqa: ANN401
    """A trait as JSON shows it.

    The one that was set, else the computed one at `now` (unix ms; else the turn's moment).
    """
    catalogue, currency = turn.program.playbook.catalogue, turn.program.playbook.workspace.currency
    held = turn.p.traits.get(name)
    kind = catalogue.traits.get(name)
    if held is not None:
        return show(held, kind.type if kind is not None else "text", currency)
    computed = turn.program.computed_traits.get(name)
    if computed is None:
        return None
    at = turn.p.now if now is None else now
    return show(computed.value(turn.p, at, NOTHING, turn.program.days_of(turn.p)), computed.type, currency)


def _affect(turn: Turn, step: Step, params: dict[str, Any], identity: str) -> None:
    match step:
        case TagPerson(tags, remove):
            turn.effects.append(("untag" if remove else "tag", tags))
        case SetTraits():
            turn.effects.append(("set", _typed(turn, params["traits"])))
        case Emit(event) if params["person"] == turn.person:
            turn.emitted.append(
                (identity, Behaviour(identity, turn.person, event, turn.p.now, params["properties"], "touchline"))
            )


def _typed(turn: Turn, traits: dict[str, Any]) -> dict[str, Any]:
    """What was shown, as a profile keeps it; an unknown value changes nothing."""
    readers = turn.program.trait_readers
    known = {name: value for name, value in traits.items() if value is not None}
    return {name: stored(readers[name](value) if name in readers else value, "") for name, value in known.items()}
