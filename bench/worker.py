"""The embedded worker, from the log to the outbox: SQLite for log, state and ledger, one process, one partition."""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import msgspec

from bench import workload
from rules.compile import compile_playbook
from rules.model import Assign, Playbook, Rule, Trigger
from schemas.records import Behaviour, ProgramActivated, encode
from stores.open import open_ledger, open_log, open_state
from stores.ports import Appendable
from workers.loop import Options, PartitionWorker
from workers.programs import Programs

if TYPE_CHECKING:
    from stores.ports import Log

__all__ = ["GOALS", "WorkerFigures", "measure"]

GOALS = {"trivial": 25_000, "full": None}
"""Playbook → events a second that are meant to pass."""

_BATCH = 2_000
_OFTEN = 0.6
"""Share of the events that come from the 400 people who are often there."""


class WorkerFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one playbook; medians of whole runs in wall time."""

    playbook: str
    events: int
    people: int
    events_per_second: int
    appended_per_second: int
    decisions: float


def measure(name: str, *, events: int = 100_000, repeats: int = 3) -> WorkerFigures:
    """Append `events`, then time one worker that folds them all; every run on new files."""
    playbook = trivial() if name == "trivial" else workload.playbook()
    events_made = history(events)
    runs = [_run(playbook, events_made) for _ in range(repeats)]
    return WorkerFigures(
        playbook=name,
        events=events,
        people=len({event.person for event in events_made}),
        events_per_second=round(statistics.median(events / folding for _, folding, _ in runs)),
        appended_per_second=round(statistics.median(events / appending for appending, _, _ in runs)),
        decisions=round(runs[0][2] / events, 3),
    )


def trivial() -> Playbook:
    """One rule without a condition, on an event that comes seldom; no segments."""
    rule = Rule(id="welcome", trigger=Trigger("event", ("referral.joined",)), then=(Assign("team"),))
    return replace(workload.playbook(0), segments={}, stages=(), rules={rule.id: rule})


def history(events: int) -> list[Behaviour]:
    """Thirty days of many people: in a batch of 500 about 290 different ones, as a few hundred are often there."""
    rng = random.Random(1)
    names, weights = list(workload.WEIGHTS), list(workload.WEIGHTS.values())
    gap = 30 * workload.DAY // events
    out = []
    for number, name in enumerate(rng.choices(names, weights, k=events)):
        person = f"person-{rng.randrange(400) if rng.random() < _OFTEN else rng.randrange(100_000):06d}"
        values = workload.properties(rng, name)
        out.append(Behaviour(f"{number:08d}", person, name, workload.T0 + number * gap, values, "bench"))
    return out


def _run(playbook: Playbook, history: list[Behaviour]) -> tuple[float, float, int]:
    """(seconds to append, seconds to fold, decisions)."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_appended_and_folded(Path(folder), playbook, history))


async def _appended_and_folded(folder: Path, playbook: Playbook, history: list[Behaviour]) -> tuple[float, float, int]:
    now = history[-1].time or 0
    log = open_log(f"sqlite:///{folder / 'log.db'}", clock=lambda: now, new_id=lambda: "bench", virtual_time=True)
    state, ledger = open_state(f"sqlite:///{folder / 'state.db'}"), open_ledger(f"sqlite:///{folder / 'ledger.db'}")
    try:
        begin = perf_counter()
        await _append(log, playbook, history)
        appended = perf_counter()
        programs = Programs(ledger)
        programs.compiled[playbook.hash] = compile_playbook(playbook)
        worker = PartitionWorker(log, state, ledger, programs, "bench", 0, Options(batch=_BATCH))
        end = (await log.ends(0))[1]
        compiled = perf_counter()
        while worker.position is None or worker.position.offset < end:
            await worker.step()
        folded = perf_counter()
        _check(worker, len(history))
        return appended - begin, folded - compiled, len(await ledger.fetch("decisions"))
    finally:
        for store in (log, state, ledger):
            await store.close()


async def _append(log: Log, playbook: Playbook, history: list[Behaviour]) -> None:
    first = history[0].time or 0
    await log.append([Appendable("", encode(ProgramActivated(playbook.hash, 1)), 0, first)])
    for start in range(0, len(history), _BATCH):
        batch = history[start : start + _BATCH]
        await log.append([Appendable(event.person, encode(event), None, event.time) for event in batch])


def _check(worker: PartitionWorker, events: int) -> None:
    """A figure counts only if every event was folded and no rule raised."""
    if worker.counts.by_name != {"events": events} or worker.counts.failures:
        message = f"{events} events were to be folded, not {worker.counts.by_name}, {worker.counts.failures[:3]}"
        raise AssertionError(message)
