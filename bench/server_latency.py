"""How late messages are: what the whole chain sustains, and the delays at a part of it."""

from __future__ import annotations

import asyncio
import os
from bisect import bisect_right
from time import perf_counter
from typing import TYPE_CHECKING, Any

import msgspec

from bench.server_delays import activations, spread
from bench.server_playbooks import LEAST_LEVEL, full
from bench.server_site import PARTITIONS, Place, Process, server_seconds
from bench.worker import history
from schemas.records import encode
from stores.connect import connect_ledger
from stores.ports import Appendable
from workers.clock import now_ms
from workers.running import collect_seldom

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.records import Behaviour

__all__ = ["LatencyFigures", "SustainedFigures", "measure_latency", "measure_sustained"]

_PACE = 0.005
"""Seconds between two appends."""
_LEAD = 1.0
_WARM = 3.0
"""Seconds of events that are sent before those that count: each connection and each statement has a first time."""
_READ_IN_TIME = 3.0
_UNFOLDED = 8_000
"""Records that may wait at a time: the queue does not grow beyond them."""
_AT_ONCE = 500


class LatencyFigures(msgspec.Struct, frozen=True, kw_only=True):
    """From the moment an event is meant to leave to the adapter's call (ms); shares of a core by process."""

    rate: int
    messages: int
    missing: int
    p50_ms: int
    p99_ms: int
    max_ms: int
    cores: dict[str, float]


class SustainedFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What sender, servers, worker and dispatcher did together, from the first append to the last message's result."""

    rate: int
    events: int
    messages: int
    cores: dict[str, float]


class _Chain:
    """A worker and a dispatcher on a new place, and the CPU of everybody while it is measured."""

    def __init__(self, name: str) -> None:
        self.place = Place(name)

    async def start(self) -> None:
        """Return when it has folded the activation."""
        await self.place.append(activations(full().hash))
        self.worker, self.dispatcher = Process(self.place, "full"), Process(self.place, "full", "dispatch")
        self.worker.wait_for(assigned=PARTITIONS)
        self.dispatcher.wait_for(ready=True)
        await self.place.reach(PARTITIONS)
        self.log = await self.place.open_log()

    def begin(self) -> None:
        """From here on CPU counts."""
        for process in (self.worker, self.dispatcher):
            process.begin()
        self._before, self._begun = self._seconds(), perf_counter()

    def cores(self) -> dict[str, float]:
        """Shares of a core since then."""
        took = perf_counter() - self._begun
        return {name: round((after - self._before[name]) / took, 2) for name, after in self._seconds().items()}

    def _seconds(self) -> dict[str, float]:
        times = os.times()
        own = {"worker": self.worker.cpu(), "dispatcher": self.dispatcher.cpu(), "sender": times.user + times.system}
        return server_seconds() | own

    async def end(self) -> list[tuple[int, int]]:
        """Stop it; (moment, delay) of every message."""
        self.worker.end()
        told = self.dispatcher.end()
        await self.log.close()
        return [(sent, delay) for sent, delay in told["delays"]]


async def measure_sustained(events: int = 100_000) -> SustainedFigures:
    """Send as quickly as the worker folds: so much goes through without a queue that grows."""
    chain = _Chain("sustained")
    await chain.start()
    made = history(events)
    now = now_ms()
    items = [_item(event, now) for event in made]
    chain.begin()
    begun = perf_counter()
    for start in range(0, events, _AT_ONCE):
        await chain.place.reach(PARTITIONS + start - _UNFOLDED)
        await chain.log.append(items[start : start + _AT_ONCE])
    await chain.place.reach(PARTITIONS + events)
    await _carried_out(chain.place)
    took, cores = perf_counter() - begun, chain.cores()
    delays = await chain.end()
    return SustainedFigures(rate=round(events / took), events=events, messages=len(delays), cores=cores)


async def _carried_out(place: Place) -> None:
    """Return when no row waits any more."""
    ledger = await connect_ledger(place.ledger)
    async with asyncio.timeout(120):
        while {row["status"] for row in await ledger.fetch("outbox_by_state")} & {"pending", "leased"}:  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.05)
    await ledger.close()


async def measure_latency(rate: int, seconds: int = 15) -> LatencyFigures:
    """Send `rate` events a second, whether or not earlier ones went through in time."""
    chain = _Chain(f"latency.{rate}")
    await chain.start()
    made, warm = history(int(rate * (seconds + _WARM))), int(rate * _WARM)
    begin = now_ms() + 1_000 * _LEAD + 40 * len(made) // 1_000
    times = [int(begin + number * 1_000 / rate) for number in range(len(made))]
    items = [_item(event, at) for event, at in zip(made, times, strict=True)]
    collect_seldom()  # the sender keeps to its times: looking for rings among all these takes it 0.1 s and more
    await asyncio.sleep((begin - now_ms()) / 1_000)
    await _send(chain.log, items, times, warm, chain.begin)
    cores = chain.cores()
    await chain.place.reach(len(items) + PARTITIONS)
    await asyncio.sleep(_READ_IN_TIME)
    delays = [(sent, delay) for sent, delay in await chain.end() if sent >= times[warm]]
    missing = sum(map(_decides, made[warm:])) - len(delays)
    return LatencyFigures(rate=rate, messages=len(delays), missing=missing, cores=cores, **spread(delays))


def _decides(event: Behaviour) -> bool:
    return event.name == "referral.joined" and event.properties["level"] >= LEAST_LEVEL


def _item(event: Behaviour, at: int) -> Appendable:
    """An event of a moment (unix ms), which its message tells."""
    properties = event.properties | {"source": str(at)} if event.name == "referral.joined" else event.properties
    return Appendable(event.person, encode(msgspec.structs.replace(event, time=at, properties=properties)))


async def _send(
    log: Any,  # noqa: ANN401 - the log
    items: list[Appendable],
    times: list[int],
    warm: int,
    counts: Callable[[], None],
) -> None:
    """Append each event at its time; an append that is late holds up no other. Say when the first `warm` are sent."""
    sent, appends = 0, list[asyncio.Task[Any]]()
    while sent < len(items):
        await asyncio.sleep(_PACE)
        until = bisect_right(times, now_ms())
        if sent < warm <= until:
            counts()
        if until > sent:
            appends.append(asyncio.create_task(log.append(items[sent:until])))
        sent = until
    await asyncio.gather(*appends)
