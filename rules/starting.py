"""Whether an occurrence starts its rule: runs under way and the limit have a say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.compile_rule import OWN
from rules.limits import once_key, take
from rules.run import Run

if TYPE_CHECKING:
    from rules.program import CompiledRule
    from rules.turn import Turn
    from schemas.profile import Waiting

__all__ = ["begin"]


def begin(turn: Turn, rule: CompiledRule, occurrence: str) -> Run | None:
    """The run that an occurrence starts; None: it starts none, and takes no place in the limit."""
    p, occasion = turn.p, turn.occasion
    others = [] if rule.parallel or not p.waits_raw else _under_way(turn, rule)
    if others and rule.rule.if_running == "ignore":
        turn.out.count("ignored")
        return None
    key = b""
    if rule.limited:
        found = once_key(rule.rule.limit, occasion)
        freed = [(other.start, other.start_key) for other in others if other.wait == OWN]
        if not take(p, rule.rule.limit, rule.limit_key, p.now, found, freed):
            turn.out.count("limited")
            return None
        key = found or b""
    if others:
        p.waits[:] = [waiting for waiting in p.waits if all(waiting is not other for other in others)]
        p.store_waits()
        turn.out.count("restarted")
    return Run(rule, occurrence, p.now, key, p.now if occasion.time is None else occasion.time)


def _under_way(turn: Turn, rule: CompiledRule) -> list[Waiting]:
    """Runs of this rule that still wait."""
    return [w for w in turn.p.waits if w.rule == rule.id and w.shadow == rule.shadow and not w.decisions]
