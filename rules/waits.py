"""Events that end waits: a run that waits is cancelled, one whose wait is over takes its decisions back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.limits import give_back
from schemas.decisions import Withdrawal
from segments.windows import value_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from rules.program import CompiledRule, Program
    from rules.turn import Turn
    from schemas.profile import Waiting

__all__ = ["end_waits"]


def end_waits(turn: Turn, programs: Callable[[str], Program | None], ts: int) -> None:
    """End what this event (effective time `ts`) ends. An event older than the trigger ends nothing."""
    name = turn.occasion.name or ""
    left: list[Waiting] = []
    for waiting in turn.p.waits:
        program = turn.program if waiting.program == turn.program.id else programs(waiting.program)
        rule = program.rules.get(waiting.rule) if program is not None else None
        if rule is not None and ts >= waiting.event_time and _ends(turn, rule, waiting, name):
            _end(turn, rule, waiting, name)
        else:
            left.append(waiting)
    if len(left) != len(turn.p.waits):
        turn.p.waits[:] = left
        turn.p.store_waits()


def _ends(turn: Turn, rule: CompiledRule, waiting: Waiting, name: str) -> bool:
    for ending in rule.waits.get(waiting.wait, {}).get(name, ()):
        if ending.same is None:
            return True
        value = turn.occasion.props.get(ending.same)
        if value is not None and waiting.same.get(ending.same) == value_key(value):
            return True
    return False


def _end(turn: Turn, rule: CompiledRule, waiting: Waiting, name: str) -> None:
    """A cancelled occurrence of a rule-level wait gives its place back; a withdrawn decision keeps it."""
    if waiting.decisions:
        turn.out.withdrawals.append(Withdrawal(tuple(waiting.decisions), f"unless:{name}", turn.p.now))
        return
    turn.out.count("cancelled_waits")
    if waiting.wait == -1 and rule.limited:
        give_back(turn.p, rule.limit_key, waiting.start, waiting.start_key)
