"""What an acting step does: its decision, and the effects on the profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from messaging.policy.restraint import quiet_until
from rules.model import Assign, Emit, Invite, IssueCoupon, SendMessage, SetTraits, TagPerson
from rules.values import show, stored
from schemas.decisions import Decision
from schemas.ids import decision_id, in_share
from schemas.profile import NOTHING
from schemas.records import Behaviour
from schemas.times import HOUR

if TYPE_CHECKING:
    from rules.model import Step
    from rules.program import CompiledRule
    from rules.run import Run
    from rules.turn import Turn
    from schemas.profile import Occasion

__all__ = ["decide", "trait_shown"]

LATE: Final = 12 * HOUR
"""How long after a wait a decision may still be carried out, if nothing is said."""

_SHOWING: Final = (SendMessage, Invite)
_AFFECTING: Final = (TagPerson, SetTraits, Emit)


def decide(turn: Turn, run: Run, occasion: Occasion, index: int) -> str:
    """The decision of an acting step, and what it does to the profile; its id."""
    rule, p = run.rule, turn.p
    station, coupons = rule.stations[index], run.coupons
    step = station.step
    identity = decision_id(turn.workspace, rule.id, turn.person, run.occurrence, station.key)
    kind, params = _params(
        turn, rule, occasion if station.answered < 0 else run.seen(occasion, station), index, step, identity
    )
    held = rule.workspace.holdout is not None and _is_held_out(turn, run, index)
    if held:
        params["holdout"] = True
    shows = isinstance(step, _SHOWING) and step.template is not None
    turn.out.decisions.append(
        Decision(
            id=identity,
            time=p.now,
            person=turn.person,
            rule=rule.id,
            step=station.key,
            kind=kind,  # type: ignore[arg-type]
            occurrence=run.occurrence,
            event_id=occasion.id,
            params=params,
            order=turn.next_order(),
            program=run.rule.program,
            shadow=run.shadow,
            effect=held or shows or kind == "issue_coupon" or (kind == "emit" and params["person"] != turn.person),
            variables=_variables(turn, run, occasion, index) if shows else {},
            needs=_needs(rule.variables[index], coupons) if coupons else (),
            valid_until=_valid_until(turn, run, index) if rule.ends or run.waited else None,
            release=run.waited,
        )
    )
    if isinstance(step, IssueCoupon):
        coupons[step.name] = identity
    if isinstance(step, _AFFECTING) and not run.shadow and not held:
        _affect(turn, step, params, identity)
    return identity


def _valid_until(turn: Turn, run: Run, index: int) -> int | None:
    """Until when what is decided now may be carried out (unix ms); None: for ever. The earlier of two ends counts."""
    rule = run.rule.rule
    ends = [] if rule.expires is None else [turn.p.now + rule.expires]
    late = (LATE if run.waited else None) if rule.if_late is None else rule.if_late.within
    if late is not None:
        ends.append(max(run.due, _quiet_until(turn, run, index)) + late)
    return min(ends, default=None)


def _quiet_until(turn: Turn, run: Run, index: int) -> int:
    """The end of the quiet hours in which a message falls due (unix ms), else 0: the night makes nothing late."""
    workspace, step = run.rule.workspace, run.rule.stations[index].step
    purpose = run.rule.purposes.get(index)
    if workspace.quiet is None or purpose is None or not isinstance(step, _SHOWING):
        return 0
    zones = turn.p.zone or workspace.zone, workspace.zone
    return max((quiet_until(workspace.quiet, purpose, name, zones, run.due) for name in step.channels), default=0)


def _is_held_out(turn: Turn, run: Run, index: int) -> bool:
    """Whether this step does not act because the person is one of those whom rules leave alone."""
    holdout = run.rule.workspace.holdout
    if holdout is None or index in run.rule.always:
        return False
    salt = f"holdout:{holdout.salt}" if holdout.salt else "holdout"
    return in_share(salt, turn.person, holdout.millionths)


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


def _variables(turn: Turn, run: Run, occasion: Occasion, index: int) -> dict[str, Any]:
    """Just what the template shows.

    Traits under `person`, properties under `event` and `reply`, coupons by their decision.
    """
    out: dict[str, dict[str, Any]] = {"person": {}, "event": {}}
    reply = run.replies.get(run.rule.stations[index].answered, NOTHING)
    for path in run.rule.variables[index]:
        first, _, rest = path.partition(".")
        name = rest.split(".")[0].split("[")[0]
        if first == "event" and name in occasion.raw:
            out["event"][name] = occasion.raw[name]
        elif first == "reply" and name in reply.raw:
            out.setdefault("reply", {})[name] = reply.raw[name]
        elif first == "person" and name:
            value = trait_shown(turn, name)
            if value is not None:
                out["person"][name] = value
        elif first in run.coupons:
            out[first] = {"decision": run.coupons[first]}
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
