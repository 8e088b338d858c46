"""Whether an occurrence starts its rule: its dates, runs under way and the limit have a say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.compile_rule import OWN
from rules.limits import limit_name, once_key, take
from rules.run import Run
from schemas.ids import in_share

if TYPE_CHECKING:
    from rules.model import Validity
    from rules.program import CompiledRule
    from rules.turn import Turn
    from schemas.profile import Waiting

__all__ = ["begin"]


def begin(turn: Turn, rule: CompiledRule, occurrence: str, due: int) -> Run | None:
    """The run that an occurrence starts; None: it starts none, and takes no place in the limit.

    `due`: the moment (unix ms) at which it should have started, which is now unless a schedule was told late.
    """
    p, occasion = turn.p, turn.occasion
    if rule.rule.valid is not None and not _is_valid(rule.rule.valid, p.now):
        turn.out.count("out_of_date")
        return None
    shadow = rule.shadow or _is_outside(rule, turn.person)
    others = [] if rule.parallel or not p.waits_raw else _under_way(turn, rule, shadow=shadow)
    if others and rule.rule.if_running == "ignore":
        turn.out.count("ignored")
        return None
    key = b""
    if rule.limited:
        found = once_key(rule.rule.limit, occasion)
        freed = [(other.start, other.start_key) for other in others if other.wait == OWN]
        if not take(p, rule.rule.limit, limit_name(rule.id, shadow=shadow), p.now, found, freed):
            turn.out.count("limited")
            return None
        key = found or b""
    if others:
        p.waits[:] = [waiting for waiting in p.waits if all(waiting is not other for other in others)]
        p.store_waits()
        turn.out.count("restarted")
    return Run(rule, occurrence, p.now, key, p.now if occasion.time is None else occasion.time, due, shadow)


def _is_valid(valid: Validity, now: int) -> bool:
    return (valid.start is None or now >= valid.start) and (valid.end is None or now < valid.end)


def _is_outside(rule: CompiledRule, person: str) -> bool:
    """Whether the rule is tried out on some people and this is none of them."""
    canary = rule.rule.canary
    return canary is not None and not in_share(f"canary:{rule.id}", person, canary)


def _under_way(turn: Turn, rule: CompiledRule, *, shadow: bool) -> list[Waiting]:
    """Runs of this rule that still wait."""
    return [w for w in turn.p.waits if w.rule == rule.id and w.shadow == shadow and not w.decisions]
