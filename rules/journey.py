"""A run on its way: from step to step, along branches and splits, up to the next wait or the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.compile_rule import OWN
from rules.model import Branch, Split, WaitStep
from rules.run import keep
from rules.schedule import next_clock
from rules.steps import decide
from schemas.ids import drawn

if TYPE_CHECKING:
    from rules.model import Wait
    from rules.route import Station
    from rules.run import Run
    from rules.telling import Doing
    from rules.turn import Turn
    from schemas.profile import Occasion

__all__ = ["may_go_on", "proceed", "tell"]


def proceed(turn: Turn, run: Run, occasion: Occasion, at: int) -> list[str]:
    """Carry out the steps from `at` (-1: the rule's own wait) up to the end or the next wait.

    Returns the ids of the decisions made.
    """
    if at == OWN and run.rule.rule.wait is not None:
        _rest(turn, run, occasion, OWN, 0)
        return []
    stations, made = run.rule.stations, list[str]()
    at = max(at, 0)
    while at < len(stations):
        station = stations[at]
        if station.acts:
            made.append(decide(turn, run, occasion, at))
            at = station.next
        elif isinstance(station.step, WaitStep):
            _rest(turn, run, occasion, at, station.ways.get("else", station.next))
            break
        else:
            at = _led(turn, run, occasion, at, station)
    return made


def _led(turn: Turn, run: Run, occasion: Occasion, at: int, station: Station) -> int:
    """Where `if`, `split` and `stop` lead to."""
    match station.step:
        case Branch():
            way = "then" if holds(turn, run, occasion, at) else "else"
            tell(turn, run, occasion, at, "went", way)
            return station.ways[way]
        case Split() as split:
            if run.arms.get(split.salt) not in split.arms:
                run.arms[split.salt] = arm_of(split, turn.person)
            way = f"arms.{run.arms[split.salt]}"
            tell(turn, run, occasion, at, "went", way)
            return station.ways[way]
    tell(turn, run, occasion, at, "stop")
    return len(run.rule.stations)


def arm_of(split: Split, person: str) -> str:
    """The arm that is drawn for a person."""
    number = drawn(split.salt, person) * sum(arm.weight for arm in split.arms.values())
    bound = 0
    for name, arm in split.arms.items():
        bound += arm.weight << 64
        if number < bound:
            return name
    raise AssertionError(split)


def holds(turn: Turn, run: Run, occasion: Occasion, at: int) -> bool:
    """Whether the condition of a step is true (not unknown) now."""
    p = turn.p
    return bool(run.rule.tests[at](p, p.now, _seen(run, occasion, at), p.true, p.unknown))  # type: ignore[arg-type]


def _seen(run: Run, occasion: Occasion, at: int) -> Occasion:
    return occasion if at == OWN else run.seen(occasion, run.rule.stations[at])


def tell(turn: Turn, run: Run, occasion: Occasion, at: int, doing: Doing, detail: str | int = "") -> None:
    """Tell whoever watches what the run does at a step, and what a condition there sees."""
    if turn.out.tell is not None:
        turn.tell(doing, run.rule, run.occurrence, at, detail, _seen(run, occasion, at))


def may_go_on(turn: Turn, run: Run, occasion: Occasion, at: int) -> bool:
    """Whether the `while` of the wait `at`, if it has one, is true now that the wait is over."""
    return at not in run.rule.tests or holds(turn, run, occasion, at)


def _rest(turn: Turn, run: Run, occasion: Occasion, at: int, onward: int) -> None:
    end = _end(turn, run.rule.waits[at])
    turn.p.waits.append(keep(run, occasion, at, end, onward))
    turn.p.store_waits()
    tell(turn, run, occasion, at, "waits", end)


def _end(turn: Turn, wait: Wait) -> int:
    """When a wait that begins now is over."""
    if wait.until is None:
        return turn.p.now + wait.duration
    return next_clock(turn.program.days_of(turn.p).zone, wait.until, turn.p.now)
