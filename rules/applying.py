"""What an event, an effect or a new program changes in a profile, and which segments have to be looked at then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rules.values import stored
from schemas.decisions import ConsentRow, ContactRow, MembershipChange
from schemas.errors import EventRefused
from schemas.times import FOREVER
from segments.normalise import STAGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from rules.program import Program
    from rules.turn import Turn
    from segments.plan import Evaluate

__all__ = ["apply_effects", "apply_event", "first_evaluation"]


def apply_event(turn: Turn, name: str, ts: int, lateness: int) -> tuple[int, int]:
    """Put the event into the profile; the truths after evaluating what it touches, and what has come due."""
    p, plan = turn.p, turn.program.plan
    reserved = _RESERVED.get(name)
    if reserved is None and name not in turn.program.coercions:
        turn.out.count("unknown_events")
        true, unknown = int(p.true), int(p.unknown)
    else:
        true, unknown = plan.handler(name)(p, turn.now, ts, turn.occasion.props, lateness)
    if reserved is not None:
        true, unknown = reserved(turn)(p, turn.now, true, unknown)
    elif p.wake > turn.now:
        return true, unknown
    return plan.settle(p, true, unknown)


def _nothing(_p: object, _now: int, true: int, unknown: int) -> tuple[int, int]:
    return true, unknown


def _update(turn: Turn) -> Evaluate:
    """`person.updated`: traits, each with the time it was set; an older setting does not replace a newer one."""
    values = {}
    for name, value in turn.occasion.raw.items():
        reader = turn.program.trait_readers.get(name)
        try:
            values[name] = None if value is None else reader(value) if reader is not None else str(value)
        except EventRefused:
            turn.out.count("wrong_traits")
    return _set_traits(turn, values, turn.occasion.time or turn.p.now)


def _set_traits(turn: Turn, values: dict[str, Any], at: int) -> Evaluate:
    p, changed = turn.p, []
    for name, value in sorted(values.items()):
        if p.set_trait(name, stored(value, ""), at):
            changed.append(f"trait:{name}")
    if "trait:zone" in changed:
        p.zone = _zone(turn, p.traits.get("zone"))
    return turn.program.plan.after(*changed)


def _zone(turn: Turn, held: object) -> str:
    """The person's zone, "" (the workspace's) if it is none that exists."""
    from segments.localdays import days_of

    if not isinstance(held, str):
        return ""
    try:
        days_of(held)
    except ValueError:
        turn.out.count("wrong_zones")
        return ""
    return held


def _contact(turn: Turn) -> Evaluate:
    """`contact.updated {channel, address}`: a row for the ledger."""
    raw = turn.occasion.raw
    channel, address = raw.get("channel"), raw.get("address")
    if isinstance(channel, str) and (address is None or isinstance(address, str)):
        turn.out.contacts.append(ContactRow(turn.person, turn.next_order(), channel, turn.p.now, address))
    else:
        turn.out.count("wrong_contacts")
    return _nothing


def _consent(turn: Turn) -> Evaluate:
    """`consent.given` and `consent.withdrawn {purpose, channel}`: a row for the ledger."""
    raw = turn.occasion.raw
    purpose, channel = raw.get("purpose"), raw.get("channel", "*")
    if isinstance(purpose, str) and isinstance(channel, str):
        given = turn.occasion.name == "consent.given"
        turn.out.consents.append(ConsentRow(turn.person, turn.next_order(), purpose, channel, turn.p.now, given))
    else:
        turn.out.count("wrong_consents")
    return _nothing


_RESERVED: dict[str, Callable[[Turn], Evaluate]] = {
    "person.updated": _update,
    "contact.updated": _contact,
    "consent.given": _consent,
    "consent.withdrawn": _consent,
}


def apply_effects(turn: Turn) -> Evaluate | None:
    """Carry out the effects that rules asked for; how to evaluate what they touch, None if nothing changed."""
    effects, turn.effects = turn.effects, []
    p = turn.p
    inputs: set[str] = set()
    for kind, value in effects:
        if kind == "set":
            before = dict(p.traits)
            _set_traits(turn, value, p.now)
            inputs |= {f"trait:{name}" for name in value if before.get(name) != p.traits.get(name)}
            continue
        for tag in value:
            if (tag in p.tags) == (kind == "untag"):
                p.set_tags(sorted({*p.tags, tag}) if kind == "tag" else [t for t in p.tags if t != tag])
                inputs.add(f"tag:{tag}")
    return turn.program.plan.after(*sorted(inputs)) if inputs else None


def first_evaluation(turn: Turn, earlier: Program | None) -> None:
    """Move a profile onto the tracks and segments of the turn's program; what no track held starts empty."""
    p, plan, now = turn.p, turn.program.plan, turn.now
    old = earlier.plan.tracks.by_key if earlier is not None else {}
    p.tracks = [p.tracks[old[key].index] if key in old else b"" for key in plan.tracks.by_key]
    held = {s for s, bit in earlier.plan.bit.items() if int(p.true) & bit} if earlier is not None else set()
    if earlier is not None:
        stage = p.stage
        p.stage = _same_stage(turn, earlier)
        gone = sorted(s for s in held - set(plan.bit) if not s.startswith(STAGE))
        if stage and not p.stage:
            gone.insert(0, STAGE + earlier.plan.stages[stage - 1])
        for segment in gone:
            turn.out.changes.append(MembershipChange(turn.person, turn.next_order(), now, segment, "leave", "program"))
    masks = sum(bit for segment, bit in plan.bit.items() if segment in held)
    p.program, p.due, p.wake, p.true, p.unknown = turn.program.id, [0] * len(plan.order), FOREVER, masks, 0
    p.standing = b""


def _same_stage(turn: Turn, earlier: Program) -> int:
    if not turn.p.stage:
        return 0
    stage = earlier.plan.stages[turn.p.stage - 1]
    stages = turn.program.plan.stages
    return stages.index(stage) + 1 if stage in stages else 0
