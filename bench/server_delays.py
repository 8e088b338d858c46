"""How late messages are when time alone moves one in a hundred of a million people."""

from __future__ import annotations

import asyncio
import random
from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING

import msgspec

from bench import workload
from bench.server_playbooks import LEFT_AFTER, leaving
from bench.server_site import PARTITIONS, Place, Process
from rules.compile import compile_playbook
from rules.fold import Fold, next_moment
from schemas.decisions import Outcome
from schemas.ids import partition_of
from schemas.profile import Profile, decode_profile, encode_profile
from schemas.records import Behaviour, ProgramActivated, encode
from schemas.times import FOREVER, HOUR, MINUTE, SECOND
from stores.ports import Appendable, Position, Saved
from stores.redis_state import connect_redis
from tests.servers.valkey import valkey
from workers.clock import now_ms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stores.ports import State

__all__ = ["PeopleFigures", "activations", "measure_people", "spread"]

_KINDS = 200
_AT_ONCE = 2_000
_LEAVE_IN = 20 * SECOND
"""After so long the first of those who leave do."""
_READ_IN_TIME = 5.0


class PeopleFigures(msgspec.Struct, frozen=True, kw_only=True):
    """From the moment somebody is due to leave to the adapter's call (ms); what the worker read and wrote for it.

    `due`: people with a moment in that minute. `start_seconds`: from the start of a process to its first write.
    """

    people: int
    profile_bytes: int
    bytes_person: int
    left: int
    due: int
    messages: int
    p50_ms: int
    p99_ms: int
    max_ms: int
    people_read: int
    people_written: int
    start_seconds: float
    assigned_seconds: float


def spread(delays: list[tuple[int, int]]) -> dict[str, int]:
    """Of delays (ms) with the moment from which each counts."""
    took = sorted(delay for _, delay in delays)
    count = len(took)
    return {"p50_ms": took[count // 2], "p99_ms": took[count * 99 // 100], "max_ms": took[-1]}


def activations(hash_: str) -> list[Appendable]:
    """The begin of every partition."""
    value = encode(ProgramActivated(hash_, 1))
    return [Appendable("", value, partition) for partition in range(PARTITIONS)]


# -- people
async def measure_people(people: int = 1_000_000) -> PeopleFigures:
    """Fill the state, have a worker take it over, and let one in a hundred leave a segment within a minute."""
    place, crowd = Place("people"), _Crowd()
    await place.append(activations(crowd.hash))
    await _had_a_worker(place)
    log, state = await place.open_log(), await connect_redis(place.state)
    empty = int(valkey().ask("INFO", "memory")["used_memory"])
    await crowd.begin(state)
    leaving_people = people // 100
    now = now_ms()
    await crowd.fill(state, ((n, now - _somewhen(n)) for n in range(people - leaving_people)))
    first = now_ms() + _LEAVE_IN
    leavers = ((people - n, first + MINUTE * n // leaving_people - LEFT_AFTER) for n in range(leaving_people))
    await crowd.fill(state, leavers)
    await crowd.end(state)
    full_memory = int(valkey().ask("INFO", "memory")["used_memory"])
    await place.append(activations(crowd.hash))
    dispatcher = Process(place, "leaving", "dispatch")
    dispatcher.wait_for(ready=True)
    began = perf_counter()
    worker = Process(place, "leaving")
    worker.wait_for(assigned=PARTITIONS)
    assigned = perf_counter() - began
    await place.reach(2 * PARTITIONS)
    started = perf_counter() - began
    worker.begin()
    last = first + MINUTE
    await asyncio.sleep((last - now_ms()) / 1_000 + _READ_IN_TIME)
    until = now_ms()
    told = worker.end() | dispatcher.end()
    for store in (state, log):
        await store.close()
    return PeopleFigures(
        people=people, profile_bytes=crowd.bytes // people, bytes_person=(full_memory - empty) // people,
        left=leaving_people, due=sum(due < until for due in crowd.due), messages=len(told["delays"]),
        people_read=told["people_read"], people_written=told["people_written"],
        start_seconds=round(started, 2), assigned_seconds=round(assigned, 2), **spread(told["delays"]),
    )  # fmt: skip


async def _had_a_worker(place: Place) -> None:
    """The one before folded the activation and went away in order: the group and its coordinator are there."""
    worker = Process(place, "leaving")
    worker.wait_for(assigned=PARTITIONS)
    await place.reach(PARTITIONS)
    worker.end()


def _somewhen(number: int) -> int:
    """How long ago somebody's last event was who stays for the next hour: at most three days less an hour."""
    return random.Random(number).randrange(LEFT_AFTER - HOUR)


class _Crowd:
    """People of a few hundred kinds, each with a last event of their own, folded as a worker would."""

    def __init__(self) -> None:
        program = compile_playbook(leaving())
        self.hash = program.playbook.hash
        self.fold = Fold(program, "bench", lambda _: program)
        self.kinds = [encode_profile(self._kind(seed)) for seed in range(_KINDS)]
        self.at = dict.fromkeys(range(PARTITIONS), Position(0))
        self.bytes = 0
        self.due: list[int] = []

    def _kind(self, seed: int) -> Profile:
        """Four hundred days of a person with a hundred events a year, up to four days ago."""
        shift = now_ms() - 4 * workload.DAY - (workload.T0 + 400 * workload.DAY)
        profile, out = self.fold.program.empty_profile(), Outcome()
        for event in workload.life(seed, 100, 400):
            moved = msgspec.structs.replace(event, time=(event.time or 0) + shift)
            self.fold.event(event.person, profile, moved, moved.time or 0, out)
        return profile

    async def begin(self, state: State) -> None:
        """Where the worker before has left it."""
        for partition in self.at:
            stored = await state.position(partition)
            assert stored is not None
            self.at[partition] = stored[0]

    async def fill(self, state: State, people: Iterable[tuple[int, int]]) -> None:
        """Write people by (number, time of the last event)."""
        rest = iter(people)
        while chunk := list(islice(rest, _AT_ONCE * PARTITIONS)):
            shares: dict[int, dict[str, Saved]] = {partition: {} for partition in self.at}
            for person, saved in self._made(chunk):
                shares[partition_of(person, PARTITIONS)][person] = saved
            for partition, share in shares.items():
                await self._write(
                    state, partition, self.at[partition]._replace(chunk=self.at[partition].chunk + 1), share
                )

    def _made(self, chunk: list[tuple[int, int]]) -> Iterator[tuple[str, Saved]]:
        out, now = Outcome(), now_ms()
        for number, time in chunk:
            person, profile = f"person-{number:09d}", decode_profile(self.kinds[number % _KINDS])
            values = {"product_id": f"p{number % 400}", "category": "cat_01"}
            event = Behaviour(f"e{number}", person, "cart.added", time, values, "bench")
            self.fold.event(person, profile, event, time, out)
            self.fold.pass_time(person, profile, now, out)
            due, stored = next_moment(profile), encode_profile(profile)
            self.bytes += len(stored)
            self.due.append(due)
            yield person, Saved(stored, due if due < FOREVER else None)

    async def end(self, state: State) -> None:
        """As if the last chunk had been the whole of it."""
        for partition, at in self.at.items():
            await self._write(state, partition, at._replace(chunk=0), {})

    async def _write(self, state: State, partition: int, new: Position, share: dict[str, Saved]) -> None:
        await state.write(partition, self.at[partition], new, share)
        self.at[partition] = new
