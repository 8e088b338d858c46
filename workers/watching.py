"""Watching a fold: which rules are asked, what their conditions come to, which waits begin and end.

A program is data, so a watched one is a copy whose tests tell before they answer; of runs the fold tells by itself.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rules.case_trace import Look, Went
from rules.case_ways import step_word
from rules.starting import refusal
from schemas.profile import decode_profile
from segments.normalise import STAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rules.case_trace import Order
    from rules.coverage import Coverage
    from rules.explain import Explainer
    from rules.program import CompiledRule, Program
    from rules.telling import Told
    from rules.turn import Turn
    from schemas.decisions import Outcome
    from schemas.profile import Occasion, Profile
    from segments.explain import Reason

__all__ = ["Watch", "watched"]

_ASKING = frozenset({"went", "over", "answered", "while"})
_WAYS = {"answered": "then", "over": "else", "stop": "stop", "while": "", "waits": ""}
"""What a run does → the way of coverage; of what is not here, what it is told with."""


class Watch:
    """What is seen of one playing: with `explain` everything and why, else the truths that `coverage` counts."""

    def __init__(self, explainer: Explainer, coverage: Coverage | None, *, explain: bool = False) -> None:
        self.explainer, self.coverage, self.explain = explainer, coverage, explain
        self.looks: list[Look] = []
        self.ways: list[Went] = []
        self._person, self._number = "", 0
        self._gone: list[tuple[str, int, str, list[bool | None]]] = []
        self._asked: list[tuple[str, list[bool | None], bool]] = []
        self._settled: list[dict[str, list[bool | None]]] = []

    @contextmanager
    def of(self, person: str, p: Profile, out: Outcome) -> Iterator[None]:
        """The fold has this person at hand."""
        self._person, out.tell = person, self.tell
        yield
        if self.coverage is not None and not self.explain and p.known:
            self._settled.append(self.coverage.settled_truths(p, p.now))

    def look(self, rule: CompiledRule, p: Profile, now: int, occasion: Occasion) -> None:
        """A rule is asked."""
        refused = refusal(p, rule, self._person, occasion)
        judgement = self.explainer.judge(rule.id, p, now, occasion, reasons=self.explain)
        look = Look(rule.id, self._person, now, occasion.name, occasion.id, judgement, refused, self._next(p))
        self.looks.append(look)
        if self.coverage is not None and not self.explain:
            self._asked.append((rule.id, self.coverage.asked_truths(rule.id, p, now, occasion), look.starts))

    def tell(self, turn: Turn, told: Told) -> None:
        """A run tells what it does."""
        p, rule, at = turn.p, told.rule, told.place
        seen = turn.occasion if told.seen is None else told.seen
        asked = told.doing in _ASKING
        if self.explain:
            self._note_way(turn, told, self.explainer.why_way(rule.id, at, p, seen) if asked else None)
        elif self.coverage is not None:
            truths = self.coverage.way_truths(rule.id, at, p, p.now, seen) if asked else []
            self._gone.append((rule.id, at, _WAYS.get(told.doing, str(told.detail)), truths))

    def _note_way(self, turn: Turn, told: Told, reason: Reason | None) -> None:
        rule = told.rule
        station = rule.stations[told.place] if told.place >= 0 else None
        if told.doing == "started":
            self._note_start(turn, told)
        step, key = (None, "") if station is None else (station.step, station.key)
        went = Went(
            doing=told.doing, time=turn.p.now, order=self._next(turn.p), person=turn.person, rule=rule.id,
            occurrence=told.occurrence, step=key, what=step_word(step), detail=told.detail, reason=reason,
        )  # fmt: skip
        self.ways.append(went)

    def _note_start(self, turn: Turn, told: Told) -> None:
        """The look that led to this run is given its name."""
        for at in range(len(self.looks) - 1, -1, -1):
            look = self.looks[at]
            if (look.rule, look.person, look.time) == (told.rule.id, turn.person, turn.p.now) and look.starts:
                if not look.occurrence:
                    self.looks[at] = replace(look, occurrence=told.occurrence)
                return

    def _next(self, p: Profile) -> Order:
        self._number += 1
        return p.order, self._number

    def count(self) -> None:
        """Tell the coverage what was seen; of rehearsals nobody asks."""
        if self.coverage is None:
            return
        for rule, truths, starts in self._asked:
            self.coverage.looked(rule, truths, starts=starts)
        for rule, place, way, truths in self._gone:
            self.coverage.went(rule, place, way, truths)
        for truths_by_segment in self._settled:
            self.coverage.settled(truths_by_segment)

    def states_at(self, states: Mapping[str, bytes], end: int) -> dict[tuple[str, str], Reason]:
        """Why each person is in a segment or stage at the end, or is not."""
        playbook = self.explainer.playbook
        names = [*playbook.segments, *(STAGE + stage.id for stage in playbook.stages)]
        out = {}
        for person, state in states.items():
            p = decode_profile(state)
            for name in names:
                reason = self.explainer.why_segment(name, p, max(p.now, end))
                if reason is not None:
                    out[person, name] = reason
        return out


def watched(program: Program, watch: Callable[[], Watch]) -> Program:
    """The program, telling the watch of the moment about every rule that is asked."""

    def telling(test: Callable[..., Any], *rules: CompiledRule) -> Callable[..., Any]:
        def tell(p: Profile, now: int, occasion: Occasion, true: int, unknown: int) -> Any:  # noqa: ANN401 - as the test
            for rule in rules:
                watch().look(rule, p, now, occasion)
            return test(p, now, occasion, true, unknown)

        return tell

    def copy(rule: CompiledRule) -> CompiledRule:
        if rule.audience is not None:  # asked first, and the rule's own test only if it holds
            return replace(rule, audience=telling(rule.audience, rule))
        return replace(rule, test=telling(rule.test, rule))

    def of_event(name: str) -> list[CompiledRule]:
        found = (rule for rule in program.rules.values() if rule.rule.trigger.kind == "event")
        return [rule for rule in found if name in rule.rule.trigger.names]

    return replace(
        program,
        on_event={name: telling(match, *of_event(name)) for name, match in program.on_event.items()},
        on_change={change: tuple(map(copy, rules)) for change, rules in program.on_change.items()},
        schedules={name: copy(rule) for name, rule in program.schedules.items()},
    )
