"""Watching a fold: which rules are asked, what their conditions come to, which waits begin and end.

A program is data, so a watched one is a copy whose tests tell before they answer; the fold itself is the same.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rules.case_trace import Look, Waited
from rules.starting import refusal
from schemas.profile import decode_profile
from segments.normalise import STAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rules.coverage import Coverage
    from rules.explain import Explainer
    from rules.program import CompiledRule, Program
    from schemas.profile import Occasion, Profile
    from segments.explain import Reason

__all__ = ["Watch", "watched"]


class Watch:
    """What is seen of one playing: with `explain` everything and why, else the truths that `coverage` counts."""

    def __init__(self, explainer: Explainer, coverage: Coverage | None, *, explain: bool = False) -> None:
        self.explainer, self.coverage, self.explain = explainer, coverage, explain
        self.looks: list[Look] = []
        self.waits: list[Waited] = []
        self._person, self._depth = "", 0
        self._waiting: dict[str, dict[tuple[str, str, int], int]] = {}
        self._asked: list[tuple[str, list[bool | None], bool]] = []
        self._settled: list[dict[str, list[bool | None]]] = []

    @contextmanager
    def of(self, person: str, p: Profile, event: str = "") -> Iterator[None]:
        """The fold has this person at hand; `event` is what happens to them."""
        before, self._person = self._person, person
        self._depth += 1
        try:
            yield
        finally:
            self._person = before
            self._depth -= 1
        if self.explain:
            self._note_waits(person, p, event)
        elif self.coverage is not None and not self._depth and p.known:
            self._settled.append(self.coverage.settled_truths(p, p.now))

    def look(self, rule: CompiledRule, p: Profile, now: int, occasion: Occasion) -> None:
        """A rule is asked."""
        refused = refusal(p, rule, self._person, occasion)
        judgement = self.explainer.judge(rule.id, p, now, occasion, reasons=self.explain)
        look = Look(rule.id, self._person, now, occasion.name, occasion.id, judgement, refused)
        self.looks.append(look)
        if self.coverage is not None and not self.explain:
            self._asked.append((rule.id, self.coverage.asked_truths(rule.id, p, now, occasion), look.starts))

    def _note_waits(self, person: str, p: Profile, event: str) -> None:
        now = {(w.rule, w.occurrence, w.wait): w.due for w in p.waits if not w.decisions}
        before = self._waiting.get(person, {})
        for key, due in before.items():
            if key not in now:
                over = due <= p.now and not event
                at = due if over else p.now
                self.waits.append(Waited(at, person, key[0], "over" if over else "ended", due, "" if over else event))
        new = ((key, due) for key, due in now.items() if key not in before)
        self.waits += [Waited(min(p.now, due), person, key[0], "began", due) for key, due in new]
        self._waiting[person] = now

    def count(self) -> None:
        """Tell the coverage what was seen; of rehearsals nobody asks."""
        if self.coverage is None:
            return
        for rule, truths, starts in self._asked:
            self.coverage.looked(rule, truths, starts=starts)
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
