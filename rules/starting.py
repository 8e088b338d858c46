"""Whether an occurrence starts its rule: its dates, runs under way and the limit have a say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.compile_rule import OWN
from rules.limits import Start, allows, limit_name, once_key, take
from rules.run import Run
from schemas.ids import in_share

if TYPE_CHECKING:
    from rules.model import Validity
    from rules.program import CompiledRule
    from rules.turn import Turn
    from schemas.profile import Occasion, Profile, Waiting

__all__ = ["REFUSALS", "begin", "refusal"]


REFUSALS = {
    "out_of_date": "this moment is outside of its `valid`",
    "ignored": "a run of it is under way, and `if_running` says ignore",
    "limited": "its limit allows no other start",
}
"""Why an occurrence starts no run although the conditions hold."""


def begin(turn: Turn, rule: CompiledRule, occurrence: str, due: int) -> Run | None:
    """The run that an occurrence starts; None: it starts none, and takes no place in the limit.

    `due`: the moment (unix ms) at which it should have started, which is now unless a schedule was told late.
    """
    p, occasion = turn.p, turn.occasion
    started = turn.now if occasion.time is None else occasion.time
    if rule.unrestrained and (rule.parallel or not p.waits_raw):
        turn.tell("started", rule, occurrence, OWN)
        return Run(rule, occurrence, turn.now, b"", started, due, shadow=rule.shadow)
    shadow = rule.shadow or (rule.rule.canary is not None and _is_outside(rule, turn.person))
    others = [] if rule.parallel or not p.waits_raw else _under_way(p, rule, shadow=shadow)
    key = once_key(rule.rule.limit, occasion) if rule.limited else b""
    refused = _refusal(p, rule, key, others, shadow=shadow)
    if refused:
        turn.out.count(refused)
        return None
    if rule.limited:
        take(p, rule.rule.limit, limit_name(rule.id, shadow=shadow), turn.now, key or b"", _freed(others))
    if others:
        p.waits[:] = [waiting for waiting in p.waits if all(waiting is not other for other in others)]
        p.store_waits()
        turn.out.count("restarted")
        for other in others:
            turn.tell("restarted", rule, other.occurrence, other.wait)
    turn.tell("started", rule, occurrence, OWN)
    return Run(rule, occurrence, turn.now, key or b"", started, due, shadow=shadow)


def refusal(p: Profile, rule: CompiledRule, person: str, occasion: Occasion) -> str:
    """Why an occurrence now would start no run although the conditions hold, as in `REFUSALS`; "": it would."""
    shadow = rule.shadow or (rule.rule.canary is not None and _is_outside(rule, person))
    others = [] if rule.parallel else _under_way(p, rule, shadow=shadow)
    key = once_key(rule.rule.limit, occasion) if rule.limited else b""
    return _refusal(p, rule, key, others, shadow=shadow)


def _refusal(p: Profile, rule: CompiledRule, key: bytes | None, others: list[Waiting], *, shadow: bool) -> str:
    if rule.rule.valid is not None and not _is_valid(rule.rule.valid, p.now):
        return "out_of_date"
    if others and rule.rule.if_running == "ignore":
        return "ignored"
    if rule.limited:
        name = limit_name(rule.id, shadow=shadow)
        if not allows(p, rule.rule.limit, name, p.now, key, _freed(others)):
            return "limited"
    return ""


def _freed(others: list[Waiting]) -> list[Start]:
    """The places that a new run would take over: of runs that have done nothing yet."""
    return [(other.start, other.start_key) for other in others if other.wait == OWN]


def _is_valid(valid: Validity, now: int) -> bool:
    return (valid.start is None or now >= valid.start) and (valid.end is None or now < valid.end)


def _is_outside(rule: CompiledRule, person: str) -> bool:
    """Whether the rule is tried out on some people and this is none of them."""
    return not in_share(f"canary:{rule.id}", person, rule.rule.canary or 0)


def _under_way(p: Profile, rule: CompiledRule, *, shadow: bool) -> list[Waiting]:
    """Runs of this rule that still wait."""
    return [w for w in p.waits if w.rule == rule.id and w.shadow == shadow and not w.decisions]
