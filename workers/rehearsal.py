"""One test of a playbook, played: the pipeline of a simulation on stores in memory, recorders in place of adapters."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

from messaging.adapters.recorder import recorders
from rules.case_trace import Decided, Happened, Moved
from rules.fold import Fold
from schemas.times import DAY
from stores.open import open_log, open_state
from workers.inputs import Arrived
from workers.output import profile_line
from workers.sealed import sealed
from workers.simulation import Stores, simulate
from workers.watching import Watch, watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from messaging.ports import Adapter
    from rules.cases import Case
    from rules.coverage import Coverage
    from rules.explain import Explainer
    from rules.program import Program
    from schemas.decisions import Outcome
    from schemas.profile import Profile
    from schemas.records import Behaviour
    from stores.scratch import ScratchLedger
    from workers.loop import MakeFold
    from workers.simulation import Played

    Rows = dict[str, list[dict[str, Any]]]

__all__ = ["Rehearsal"]

_NO_TICKS = 100_000 * DAY
"""Ticks change no result, and a test has few events: one at its end is enough."""
_ROWS = ("decisions", "shadow", "changes", "deliveries", "coupons", "dead_letters")


class Rehearsal:
    """Plays tests of one program, one after another, each on empty stores.

    `explainer` and `coverage` are asked only where something is to be counted or explained.
    """

    def __init__(
        self,
        program: Program,
        explainer: Explainer,
        ledger: ScratchLedger,
        coverage: Coverage | None = None,
        adapters: Mapping[str, Adapter] | None = None,
    ) -> None:
        self.explainer, self.coverage = explainer, coverage
        self._adapters = recorders(program.playbook.templates.values()) if adapters is None else adapters
        self._plain = program
        self._watch = Watch(explainer, None)
        self._watched = watched(program, lambda: self._watch)
        self._ledger = ledger

    async def play(self, case: Case, *, explain: bool = False) -> Happened:
        """What comes of a test; with `explain`, also why."""
        watching = explain or self.coverage is not None
        program = self._watched if watching else self._plain
        with sealed() as refused:
            played, rows, people = await self._simulate(case, program, explain=explain, watching=watching)
        happened = Happened(
            decided=list(_decided(rows, program)),
            moved=[Moved(r["time"], r["order"], r["person"], r["segment"], r["change"]) for r in rows["changes"]],
            people={person: profile_line(program, person, state, case.end) for person, state in people.items()},
            problems=list(_problems(rows, played.failures, refused)),
        )
        if explain:
            happened.looks, happened.ways = self._watch.looks, self._watch.ways
            happened.states = self._watch.states_at(people, case.end)
        elif self.coverage is not None:
            self._count(self.coverage, happened)
        return happened

    async def _simulate(
        self, case: Case, program: Program, *, explain: bool, watching: bool
    ) -> tuple[Played, Rows, dict[str, bytes]]:
        """Play it on empty stores: what was played, the rows of the ledger, and the people's states."""
        state = open_state("memory://")
        log = open_log("memory://", clock=lambda: 0, new_id=lambda: "test", virtual_time=True)
        await self._ledger.clear()
        pools = program.playbook.pools
        await self._ledger.count_issued({name: (pools[name].stock or 0) - left for name, left in case.stock.items()})
        played = await simulate(
            Stores(log, state, self._ledger), program, {}, list(_arrivals(case)), self._adapters,
            until=case.end, tick=_NO_TICKS, folds=lambda: self._folds(case, explain=explain, watching=watching),
        )  # fmt: skip
        return (
            played,
            await self._ledger.fetch_all(_ROWS),
            {person: saved.state for person, saved in await state.people(0)},
        )

    def _folds(self, case: Case, *, explain: bool, watching: bool) -> MakeFold:
        """What folds in one playing, and watches it."""
        self._watch = Watch(self.explainer, self.coverage, explain=explain)
        watch = self._watch if watching else None
        return partial(_CaseFold, watch, {given.person: given.tags for given in case.people})

    def _count(self, coverage: Coverage, happened: Happened) -> None:
        self._watch.count()
        for decision in happened.decided:
            coverage.decided(decision.rule, decision.step)


class _CaseFold:
    """A fold that knows with which tags people begin, and tells the watch who is at hand."""

    def __init__(
        self,
        watch: Watch | None,
        tags: Mapping[str, Sequence[str]],
        program: Program,
        workspace: str,
        programs: Callable[[str], Program | None],
        lateness: int,
    ) -> None:
        self.program, self.watch, self.tags = program, watch, tags
        self._fold = Fold(program, workspace, programs, lateness)

    def _of(self, person: str, p: Profile, out: Outcome) -> AbstractContextManager[None]:
        return nullcontext() if self.watch is None else self.watch.of(person, p, out)

    def event(self, person: str, p: Profile, event: Behaviour, at: int, out: Outcome) -> None:
        """Fold an event."""
        if not p.known and self.tags.get(person):
            p.set_tags(list(self.tags[person]))
        with self._of(person, p, out):
            self._fold.event(person, p, event, at, out)

    def schedule(self, person: str, p: Profile, rule_id: str, nominal: int, at: int, out: Outcome) -> None:
        """Fold a firing."""
        with self._of(person, p, out):
            self._fold.schedule(person, p, rule_id, nominal, at, out)

    def pass_time(self, person: str, p: Profile, to: int, out: Outcome) -> None:
        """Let time pass."""
        with self._of(person, p, out):
            self._fold.pass_time(person, p, to, out)

    def activate(self, person: str, p: Profile, at: int, out: Outcome, *, fire_entries: bool = False) -> None:
        """Bring a profile to this program."""
        with self._of(person, p, out):
            self._fold.activate(person, p, at, out, fire_entries=fire_entries)


def _arrivals(case: Case) -> Iterator[Arrived]:
    for given in case.people:
        for each in given.history:
            yield Arrived(each.event, each.mark.file, each.mark.line, each.at, history=True)
    for each in case.steps:
        yield Arrived(each.event, each.mark.file, each.mark.line, each.at)


def _decided(rows: Rows, program: Program) -> Iterator[Decided]:
    """Decisions with what became of them, in the order in which they were made."""
    became = {row["decision_id"]: row for row in rows["deliveries"]}
    became |= {row["decision_id"]: row | {"channel": ""} for row in rows["coupons"]}
    paths = {(name, each.key): each.path for name, rule in program.rules.items() for each in rule.stations}
    for name in ("decisions", "shadow"):
        for row in rows[name]:
            result = became.get(row["decision_id"], {})
            status = result.get("status") or ""
            yield Decided(
                id=row["decision_id"], time=row["time"], order=row["order"], person=row["person"], rule=row["rule"],
                step=row["step"], path=paths[row["rule"], row["step"]], kind=row["kind"],
                occurrence=row["occurrence"], event_id=row["event_id"],
                params=row["params"], shadow=name == "shadow", channel=result.get("channel") or "",
                status="done" if status == "issued" else status, reason=result.get("reason") or "",
                body=result.get("body"), subject=result.get("subject"),
            )  # fmt: skip


def _problems(rows: Rows, failures: Sequence[tuple[str, str]], refused: Sequence[str]) -> Iterator[str]:
    for letter in rows["dead_letters"]:
        if letter["code"] != "rule_failed":  # told with the rule's own name
            yield f"an event was refused ({letter['code']}): {letter['message']}"
    for rule, message in failures:
        yield f"the rule {rule} failed: {message}"
    for each in refused:
        yield f"something tried to reach out: {each}"
