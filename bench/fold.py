"""The fold alone, profile bytes in and out: 100 rules, 20 segments, 34 windows, beside a list for each window."""

from __future__ import annotations

import gc
import random
import statistics
from time import process_time
from typing import TYPE_CHECKING, Any

import msgspec

from bench import workload
from bench.list_fold import ListFold
from rules.compile import compile_playbook
from rules.fold import LATENESS, Fold
from schemas.decisions import Outcome
from schemas.profile import decode_profile, encode_profile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from schemas.records import Behaviour

__all__ = ["GOALS", "FoldFigures", "measure"]

GOALS = {20: None, 100: 1.7, 500: 2.5, 5000: 8.0}
"""Events a year → how much faster than lists the fold is meant to be."""

_PEOPLE = {20: 150, 100: 150, 500: 100, 5000: 24}
_PAST_DAYS, _MEASURED = 400, 20
_BATCH = 500
Case = tuple[bytes, "Behaviour"]


class FoldFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one rate. Times in µs of CPU an event, medians; sizes in bytes.

    `ratio`: lists / packed in the same run.
    """

    per_year: int
    deciding: bool
    events: int
    packed_us: float
    lists_us: float
    ratio: float
    bytes_median: int
    bytes_max: int
    list_bytes_median: int
    decisions: float
    changes: float


class _Bench:
    """Both folds of the playbook, with rules that decide or with rules that are only matched."""

    def __init__(self, *, deciding: bool) -> None:
        program = compile_playbook(workload.playbook(acting=deciding))
        self.packed = Fold(program, "bench", lambda _: program)
        self.lists = ListFold(program, "bench", LATENESS)

    def run_packed(self, cases: list[Case], keep: bool = False) -> list[Outcome]:
        """Fold every case from bytes to bytes; rows go batch by batch, as they do in a worker."""
        outcomes, out = [], Outcome()
        for number, (stored, event) in enumerate(cases):
            if number % _BATCH == 0:
                out = Outcome()
                outcomes += [out] if keep else []
            profile = decode_profile(stored)
            self.packed.event(event.person, profile, event, event.time or 0, out)
            encode_profile(profile)
        return outcomes

    def run_lists(self, cases: list[Case], keep: bool = False) -> list[Outcome]:
        """The same with lists."""
        outcomes, out = [], Outcome()
        for number, (stored, event) in enumerate(cases):
            if number % _BATCH == 0:
                out = Outcome()
                outcomes += [out] if keep else []
            profile = self.lists.decode(stored)
            self.lists.event(event.person, profile, event, event.time or 0, out)
            self.lists.encode(profile)
        return outcomes


def measure(per_year: int, *, repeats: int = 9, share: float = 1.0) -> list[FoldFigures]:
    """Figures of one rate: rules only matched, then rules that decide. `share`: of the people.

    Raises `AssertionError` if the two folds do not decide and find the same.
    """
    benches = _Bench(deciding=False), _Bench(deciding=True)
    packed, lists = _cases(benches[0], per_year, max(1, round(_PEOPLE[per_year] * share)))
    return [_figures(bench, per_year, packed, lists, repeats, deciding=bench is benches[1]) for bench in benches]


def _figures(
    bench: _Bench, per_year: int, packed: list[Case], lists: list[Case], repeats: int, *, deciding: bool
) -> FoldFigures:
    ours, theirs = bench.run_packed(packed, keep=True), bench.run_lists(lists, keep=True)
    _agree(ours, theirs)
    times = [(_timed(bench.run_packed, packed), _timed(bench.run_lists, lists)) for _ in range(repeats)]
    sizes = [len(stored) for stored, _ in packed]
    return FoldFigures(
        per_year=per_year,
        deciding=deciding,
        events=len(packed),
        packed_us=round(statistics.median(t for t, _ in times), 2),
        lists_us=round(statistics.median(t for _, t in times), 2),
        ratio=round(statistics.median(b / a for a, b in times), 2),
        bytes_median=round(statistics.median(sizes)),
        bytes_max=max(sizes),
        list_bytes_median=round(statistics.median(len(stored) for stored, _ in lists)),
        decisions=round(sum(len(out.decisions) for out in ours) / len(packed), 2),
        changes=round(sum(len(out.changes) for out in ours) / len(packed), 2),
    )


def _timed(run: Callable[[list[Case]], Any], cases: list[Case]) -> float:
    """µs of CPU time an event."""
    gc.collect()
    gc.disable()
    begin = process_time()
    run(cases)
    took = process_time() - begin
    gc.enable()
    return took / len(cases) * 1e6


def _agree(ours: list[Outcome], theirs: list[Outcome]) -> None:
    for mine, other in zip(ours, theirs, strict=True):
        if mine.failures or mine.decisions != other.decisions or mine.changes != other.changes:
            message = "the packed fold and the lists do not agree"
            raise AssertionError(message)


def _cases(bench: _Bench, per_year: int, people: int) -> tuple[list[Case], list[Case]]:
    """Each measured event with both profiles as they lie in the store just before it."""
    packed: list[Case] = []
    lists: list[Case] = []
    for traits, tags, past, future in _people(per_year, people):
        profile, listed, out = (
            bench.packed.program.empty_profile(),
            bench.lists.empty(dict(traits), list(tags)),
            Outcome(),
        )
        for name, value in traits.items():
            profile.set_trait(name, value, 0)
        profile.set_tags(tags)
        for event in past:
            bench.packed.event(event.person, profile, event, event.time or 0, out)
            bench.lists.event(event.person, listed, event, event.time or 0, out)
        for event in future:
            packed.append((encode_profile(profile), event))
            lists.append((bench.lists.encode(listed), event))
            bench.packed.event(event.person, profile, event, event.time or 0, out)
            bench.lists.event(event.person, listed, event, event.time or 0, out)
        if (profile.true, profile.unknown, profile.stage) != (listed.true, listed.unknown, listed.stage):
            message = f"{past[0].person} is in other segments with lists"
            raise AssertionError(message)
    return packed, lists


def _people(per_year: int, number: int) -> Iterator[tuple[dict[str, Any], list[str], list[Behaviour], list[Behaviour]]]:
    """(traits, tags, events of 400 days, the events to measure)."""
    edge = workload.T0 + _PAST_DAYS * workload.DAY
    for seed in range(number):
        rng = random.Random(seed)
        events = workload.life(seed * 7 + per_year, per_year, _PAST_DAYS + (10 if per_year >= 5000 else 60))
        past = [event for event in events if (event.time or 0) < edge]
        future = events[len(past) : len(past) + _MEASURED]
        if past and future:
            yield workload.traits(rng), workload.tags(rng), past, future
