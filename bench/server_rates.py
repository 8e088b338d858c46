"""Events a second: a bare consumer, an agent of stock Faust, one worker and two of them, taking turns."""

from __future__ import annotations

import os
import statistics
from time import perf_counter
from typing import TYPE_CHECKING

import msgspec

from bench.server_playbooks import PLAYBOOKS
from bench.server_site import PARTITIONS, Place, Process, run_stage, server_seconds
from bench.worker import history
from schemas.records import ProgramActivated, encode
from stores.ports import Appendable

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Run", "measure_rates", "median"]


class Run(msgspec.Struct, kw_only=True):
    """One turn of one stage. Seconds of CPU by process; shares of the main thread's CPU by what it did."""

    rate: float
    events: int
    cpu: dict[str, float] = {}
    profile: dict[str, float] = {}
    batches: int = 0

    @property
    def own_seconds(self) -> float:
        """What all processes of ours took."""
        return sum(seconds for name, seconds in self.cpu.items() if name.startswith("worker"))


def median(runs: Sequence[Run]) -> float:
    """The median rate."""
    return statistics.median(run.rate for run in runs)


async def measure_rates(events: int, rounds: int, playbook: str) -> dict[str, list[Run]]:
    """Every stage in turns. Events happen when they come."""
    made = [msgspec.structs.replace(event, time=None) for event in history(events)]
    items = [Appendable(event.person, encode(event)) for event in made]
    found: dict[str, list[Run]] = {"aiokafka": [], "faust": [], "worker": [], "two": []}
    for number in range(rounds):
        one = Place(f"one.{number}")
        found["worker"].append(await _worked(one, items, playbook, 1))
        found["two"].append(await _worked(Place(f"two.{number}"), items, playbook, 2))
        for stage in ("aiokafka", "faust"):
            said = run_stage(stage, one)
            found[stage].append(Run(rate=said["rate"], events=events, cpu={"worker": round(said["cpu"], 2)}))
    return found


async def _worked(place: Place, items: Sequence[Appendable], playbook: str, workers: int) -> Run:
    """Workers that stand still while the topic is filled, then fold it to the end."""
    activation = encode(ProgramActivated(PLAYBOOKS[playbook]().hash, 1))
    await place.append([Appendable("", activation, partition) for partition in range(PARTITIONS)])
    team = [Process(place, playbook) for _ in range(workers)]
    for worker in team:
        worker.wait_for(assigned=PARTITIONS // workers)
    await place.reach(PARTITIONS)
    for worker in team:
        worker.begin()
        worker.hold()
    await place.append(items)
    before, own, begin = server_seconds(), _own(), perf_counter()
    for worker in team:
        worker.go()
    await place.reach(len(items) + PARTITIONS)
    seconds = perf_counter() - begin
    cpu = {name: round(after - before[name], 2) for name, after in server_seconds().items()}
    cpu |= {f"worker {number}": round(worker.cpu(), 2) for number, worker in enumerate(team, 1)}
    cpu["bench"] = round(_own() - own, 2)
    told = [worker.end() for worker in team]
    batches = sum(each["batches"] for each in told)
    return Run(rate=len(items) / seconds, events=len(items), cpu=cpu, profile=told[0]["profile"], batches=batches)


def _own() -> float:
    times = os.times()
    return times.user + times.system
