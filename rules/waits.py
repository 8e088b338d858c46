"""Events that end waits: a run is cancelled or answered, one whose wait is over takes its decisions back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.compile_rule import OWN
from rules.limits import give_back, limit_name
from schemas.decisions import Withdrawal
from segments.windows import value_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rules.model import Ending
    from rules.program import CompiledRule, Program
    from rules.turn import Turn
    from schemas.decisions import Decision
    from schemas.profile import Waiting

__all__ = ["cancel", "end_waits", "kept_until"]


def end_waits(turn: Turn, programs: Callable[[str], Program | None], ts: int) -> list[Waiting]:
    """End what this event (effective time `ts`) ends; the waits that it answers, in the order in which they began.

    An event older than the trigger ends nothing.
    """
    name = turn.occasion.name or ""
    left: list[Waiting] = []
    answered: list[Waiting] = []
    for waiting in turn.p.waits:
        program = turn.program if waiting.program == turn.program.id else programs(waiting.program)
        rule = program.rules.get(waiting.rule) if program is not None else None
        if rule is None or ts < waiting.event_time:
            left.append(waiting)
        elif _named(turn, waiting, rule.endings[waiting.wait].get(name, ())):
            _end(turn, rule, waiting, name)
        elif not waiting.decisions and _named(turn, waiting, rule.answers.get(waiting.wait, {}).get(name, ())):
            answered.append(waiting)
        else:
            left.append(waiting)
    if len(left) != len(turn.p.waits):
        turn.p.waits[:] = left
        turn.p.store_waits()
    return answered


def _named(turn: Turn, waiting: Waiting, endings: Iterable[Ending]) -> bool:
    """Whether this event is one of those that were named, with the same property where that was asked for."""
    for ending in endings:
        if ending.same is None:
            return True
        value = turn.occasion.props.get(ending.same)
        if value is not None and waiting.same.get(ending.same) == value_key(value):
            return True
    return False


def _end(turn: Turn, rule: CompiledRule, waiting: Waiting, name: str) -> None:
    """End a run; a withdrawn decision keeps its place in the limit."""
    if waiting.decisions:
        turn.out.withdrawals.append(Withdrawal(tuple(waiting.decisions), f"unless:{name}", turn.p.now))
        return
    turn.out.count("cancelled_waits")
    turn.tell("unless", rule, waiting.occurrence, waiting.wait, name)
    cancel(turn, waiting)


def cancel(turn: Turn, waiting: Waiting) -> None:
    """A run ended in a wait. In its rule's own wait it has done nothing, so its place in the limit is free again."""
    if waiting.wait == OWN and turn.p.limits_raw:
        give_back(turn.p, limit_name(waiting.rule, shadow=waiting.shadow), waiting.start, waiting.start_key)


def kept_until(decisions: Sequence[Decision], otherwise: int) -> int:
    """Until when an event may still take these decisions back (unix ms); `otherwise` where they have no end."""
    return max((otherwise if d.valid_until is None else d.valid_until for d in decisions), default=0)
