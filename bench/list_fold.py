"""The straightforward fold to compare with: one list of events for each window, decoded and encoded whole.

Every window of the playbook keeps the time (and the value, where it is asked for) of all its events, oldest first, and
every condition is a closure that looks through its list. An event evaluates only what it touches; when time alone turns
something, all segments are evaluated. It makes the same decisions and finds the same changes as the product's fold, and
shares with it what has nothing to do with windows: typing, event keys, changes and steps.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any

import msgspec

from bench.list_conditions import Closures
from rules.journey import proceed
from rules.run import Run
from rules.turn import Turn
from schemas.ids import event_key
from schemas.profile import Occasion
from schemas.times import FOREVER
from segments import conditions as c
from segments.localdays import days_of
from segments.model import Either, Every, Leaf, Negation
from segments.normalise import normalise
from segments.scope import Scope
from segments.typing import Typer

if TYPE_CHECKING:
    from bench.list_conditions import Evaluation
    from rules.model import Playbook
    from rules.program import CompiledRule, Program
    from schemas.decisions import Outcome
    from schemas.records import Behaviour
    from segments.model import Condition

__all__ = ["ListFold", "ListProfile"]


class ListProfile(msgspec.Struct, array_like=True):
    """A person's state with a list for each window; the other fields as in `schemas.profile.Profile`."""

    times: list[list[int]]
    values: list[list[Any]]
    traits: dict[str, Any]
    tags: list[str]
    now: int = 0
    wake: int = FOREVER
    true: int = 0
    unknown: int = 0
    order: int = 0
    known: bool = False
    stage: int = 0
    quiet: int = 0
    zone: str = ""
    seen: bytes = b""
    seen_before: bytes = b""
    seen_period: int = 0


class ListFold:
    """Folds events into list profiles under a program whose rules start on events."""

    def __init__(self, program: Program, workspace: str, lateness: int) -> None:
        self.program, self.workspace, self.lateness = program, workspace, lateness
        plan, playbook = program.plan, program.playbook
        self.closures = Closures(plan)
        self.segments = [(plan.bit[s], self.closures.of(plan.segments[s])) for s in plan.order]
        self.rules: dict[str, list[tuple[CompiledRule, Evaluation]]] = {}
        for rule in program.rules.values():
            for name in rule.rule.trigger.names:
                node = c.Truth(value=True) if rule.rule.when is None else _condition(playbook, rule.rule.when, (name,))
                self.rules.setdefault(name, []).append((rule, self.closures.of(node)))
        self.touched = {name: self._touched(name) for name in playbook.catalogue.events}
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(ListProfile).decode

    def _touched(self, name: str) -> list[tuple[int, Evaluation]]:
        plan = self.program.plan
        wanted = set(plan.touched_by({f"event:{name}", "event:*"}))
        return [pair for segment, pair in zip(plan.order, self.segments, strict=True) if segment in wanted]

    def empty(self, traits: dict[str, Any], tags: list[str]) -> ListProfile:
        """A person without events."""
        number = len(self.closures.windows)
        return ListProfile([[] for _ in range(number)], [[] for _ in range(number)], traits, tags)

    def encode(self, p: ListProfile) -> bytes:
        """The stored form."""
        return self._encode(p)

    def decode(self, stored: bytes) -> ListProfile:
        """A working copy."""
        return self._decode(stored)

    def event(self, person: str, p: ListProfile, event: Behaviour, at: int, out: Outcome) -> None:
        """Fold one event at its time."""
        name = self.program.names[event.name]
        props = self.program.coercions[name](event.properties)
        while p.wake < at:
            p.now = p.wake
            self._adopt(Turn(self.program, self.workspace, person, p, out), self.segments, 0, 0, FOREVER)  # type: ignore[arg-type]
        p.now = at
        if self._repeated(p, event):
            return
        occasion = Occasion(event.id, name, at, event.source, props, event.properties)
        turn = Turn(self.program, self.workspace, person, p, out, occasion, "event")  # type: ignore[arg-type]
        self._apply(p, name, at, props)
        whole = not p.known or p.wake <= at
        p.known = True
        keep = 0 if whole else ~sum(bit for bit, _ in self.touched[name])
        segments = self.segments if whole else self.touched[name]
        self._adopt(turn, segments, p.true & keep, p.unknown & keep, FOREVER if whole else p.wake)
        self._start(turn, occasion)

    def _repeated(self, p: ListProfile, event: Behaviour) -> bool:
        period = p.now // self.lateness
        if period != p.seen_period:
            p.seen_before = p.seen if period == p.seen_period + 1 else b""
            p.seen, p.seen_period = b"", period
        key = event_key(event.source, event.id)
        if key in p.seen or key in p.seen_before:
            return True
        p.seen += key
        return False

    def _apply(self, p: ListProfile, name: str, at: int, props: dict[str, Any]) -> None:
        for index, kind, prop, window in self.closures.by_event[name]:
            times, value = p.times[index], props.get(prop) if prop else None
            if prop and value is None:
                continue
            if kind == "list":
                _add(times, p.values[index], at, value, window)
            elif kind == "days":
                _add_day(times, days_of(p.zone or self.program.plan.zone).day(at))
            elif kind == "last" or not times:
                times[:] = [at]

    def _adopt(self, turn: Turn, segments: list[tuple[int, Evaluation]], true: int, unknown: int, wake: int) -> None:
        p: Any = turn.p
        for bit, evaluate in segments:
            truth, until = evaluate(p, p.now, turn.occasion.props, true, unknown)
            if truth:
                true |= bit
            elif truth is None:
                unknown |= bit
            wake = min(wake, until)
        p.wake = wake
        turn.adopt(true, unknown)

    def _start(self, turn: Turn, occasion: Occasion) -> None:
        p: Any = turn.p
        occurrence = f"event:{occasion.source}:{occasion.id}"
        for rule, evaluate in self.rules.get(occasion.name or "", ()):
            if evaluate(p, p.now, occasion.props, p.true, p.unknown)[0]:
                proceed(turn, Run(rule, occurrence, p.now, b"", p.now, p.now, shadow=rule.shadow), occasion, -1)


def _add(times: list[int], values: list[Any], at: int, value: Any, window: int) -> None:  # noqa: ANN401 - a property
    """Add an event (without a value: its time only), and let go of what has left the window."""
    place = bisect_right(times, at)
    times.insert(place, at)
    if value is not None:
        values.insert(place, value)
    if times[0] <= at - window:
        gone = bisect_right(times, at - window)
        del times[:gone], values[:gone]


def _add_day(days: list[int], day: int) -> None:
    """First and last day of the newest run; days never come late here."""
    if not days or day > days[1] + 1:
        days[:] = [day, day]
    days[1] = day


def _condition(playbook: Playbook, condition: Condition, events: tuple[str, ...]) -> c.Node:
    match condition:
        case Leaf(expression):
            stages = tuple(stage.id for stage in playbook.stages)
            catalogue = playbook.catalogue
            scope = Scope(
                catalogue,
                playbook.workspace.currency,
                frozenset(playbook.segments),
                stages,
                events,
                timed=False,
                names=catalogue.resolve(),
            )
            return normalise(Typer(scope).condition(expression.expr), stages)
        case Negation(item):
            return c.Not(_condition(playbook, item, events))
        case Every(items):
            return c.All(tuple(_condition(playbook, item, events) for item in items))
        case Either(items):
            return c.Any_(tuple(_condition(playbook, item, events) for item in items))
    raise AssertionError(condition)
