"""What becomes of runs under way when another program is activated: each rule says so by `on_change`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rules.compile_rule import OWN
from rules.model import WaitStep
from rules.waits import cancel

if TYPE_CHECKING:
    from collections.abc import Callable

    from rules.model import Rule
    from rules.program import CompiledRule, Program
    from rules.turn import Turn
    from schemas.profile import Waiting

__all__ = ["change_runs"]


def change_runs(turn: Turn, programs: Callable[[str], Program | None]) -> None:
    """Let runs of earlier programs finish, stop or move to the turn's program, as its rules say.

    Those whose rule is gone end when their waits are over; decisions that may still be withdrawn stay as they are.
    """
    p = turn.p
    if not p.waits_raw:
        return
    kept = [waiting for waiting in p.waits if waiting.decisions or _stays(turn, programs, waiting)]
    p.waits[:] = kept
    p.store_waits()


def _stays(turn: Turn, programs: Callable[[str], Program | None], waiting: Waiting) -> bool:
    earlier = programs(waiting.program) if waiting.program != turn.program.id else None
    old = earlier.rules.get(waiting.rule) if earlier is not None else None
    new = turn.program.rules.get(waiting.rule)
    if old is None or new is None or new.rule.on_change == "finish":
        return True
    if new.rule.on_change == "migrate":
        return _moves(turn, old, new, waiting)
    if _what_runs(old.rule) == _what_runs(new.rule):
        return True
    turn.out.count("stopped_runs")
    cancel(turn, waiting)
    return False


def _what_runs(rule: Rule) -> Rule:
    """The rule without what is only for people to read."""
    return replace(rule, title="", owner="", notes="", on_change="finish")


def _moves(turn: Turn, old: CompiledRule, new: CompiledRule, waiting: Waiting) -> bool:
    """Go on in the wait of the same id. A wait without an id cannot be found again: that run finishes as it began."""
    if waiting.wait != OWN and old.stations[waiting.wait].step.id is None:
        turn.out.count("not_migrated")
        return True
    at = _place(old, new, waiting.wait)
    if at is None:
        turn.out.count("step_removed")
        cancel(turn, waiting)
        return False
    waiting.replies = _moved_replies(old, new, waiting)
    waiting.program, waiting.wait = turn.program.id, at
    waiting.step = 0 if at == OWN else new.stations[at].ways.get("else", new.stations[at].next)
    turn.out.count("migrated_runs")
    return True


def _place(old: CompiledRule, new: CompiledRule, wait: int) -> int | None:
    """Where a wait of the old version stands in the new one."""
    if wait == OWN:
        return OWN if OWN in new.waits else None
    name = old.stations[wait].step.id
    places = (at for at, station in enumerate(new.stations) if isinstance(station.step, WaitStep))
    return next((at for at in places if name is not None and new.stations[at].step.id == name), None)


def _moved_replies(old: CompiledRule, new: CompiledRule, waiting: Waiting) -> dict[int, bytes]:
    """What answered earlier waits, by their new places; answers to waits that are gone are forgotten."""
    moved = ((_place(old, new, at), reply) for at, reply in waiting.replies.items())
    return dict(sorted((at, reply) for at, reply in moved if at is not None))
