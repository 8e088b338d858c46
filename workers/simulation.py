"""Simulation.

The whole pipeline, log to delivered message, on empty stores and a virtual clock that follows the events.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from messaging.dispatch import Dispatcher
from rules.fold import Fold
from rules.schedule import nominal_times
from schemas.records import ProgramActivated, ScheduleFired, Tick, behaviour, encode
from schemas.times import DAY
from stores.open import open_log, open_state
from stores.ports import Appendable, Ledger, Log, State
from workers.emissions import Collector, emits_to_others, with_emissions
from workers.inputs import Arrived
from workers.loop import MakeFold, Options, PartitionWorker
from workers.playbooks import zone_names
from workers.programs import Programs, pack_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from messaging.ports import Adapter
    from rules.program import Program
    from workers.simulation_servers import Crew

__all__ = ["KEY", "WORKSPACE", "Played", "Stores", "simulate"]

WORKSPACE = "simulate"
KEY = b"simulate"
"""Simulations share a workspace id and a coupon key, so that their files can be compared."""

_APPENDED = 2_000


@dataclass(frozen=True, slots=True)
class Stores:
    """The three ports of one run."""

    log: Log
    state: State
    ledger: Ledger

    async def close(self) -> None:
        """Close them."""
        for store in (self.log, self.state, self.ledger):
            await store.close()


@dataclass(slots=True)
class Played:
    """What was played. `places`: (partition, offset) → the arrival, to name a line that the fold refused."""

    arrived: list[Arrived] = field(default_factory=list)
    duplicates: int = 0
    end: int = 0
    places: dict[tuple[int, int], Arrived] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[str, str]] = field(default_factory=list)
    decisions: int = 0


async def simulate(  # noqa: PLR0913 - the parts of an installation
    stores: Stores,
    program: Program,
    files: Mapping[str, str],
    arrived: Sequence[Arrived],
    adapters: Mapping[str, Adapter],
    *,
    until: int | None = None,
    tick: int = DAY,
    batch: int = 500,
    progress: Callable[[str, int, int], None] = lambda *_: None,
    folds: Callable[[], MakeFold] = lambda: Fold,
    crew: Crew | None = None,
) -> Played:
    """Play events by their own time through log, fold and dispatch. Times unix ms; `until` is inclusive.

    Neither `tick` nor `batch` changes any result. `folds` gives what folds in one playing: it is asked again for
    each rehearsal, and last for the playing that counts. With a `crew`, other processes fold that one.
    """
    programs = Programs(stores.ledger)
    programs.compiled[program.hash] = program

    def options() -> Options:
        return Options(batch=batch, record_changes=True, immediate=True, make_fold=folds())

    if emits_to_others(program):
        arrived = await with_emissions(
            list(arrived), lambda more, ledger: _rehearse(program, programs, more, ledger, until, options())
        )
    played = _in_order(arrived, until)
    await stores.ledger.put_program(program.hash, pack_files(files))
    await stores.ledger.activate(program.hash, played.end)
    await _append(stores.log, program, played, tick, progress)
    if crew is None:
        await _fold(stores, programs, played, options(), progress)
    else:
        await crew.fold(stores, played, progress)
    if not played.decisions:
        return played
    dispatcher = Dispatcher(stores.ledger, programs.offers, adapters, lambda: played.end, KEY, own_time=True)
    await dispatcher.expect(program.hash)
    done = 0
    while moved := await dispatcher.step(500):
        done += moved
        progress("deliver", done, done)
    return played


async def _fold(
    stores: Stores, programs: Programs, played: Played, options: Options, progress: Callable[[str, int, int], None]
) -> None:
    """Fold every partition to its end."""
    for partition in range(stores.log.info.partitions):
        worker = PartitionWorker(stores.log, stores.state, stores.ledger, programs, WORKSPACE, partition, options)
        end = (await stores.log.ends(partition))[1]
        while worker.position is None or worker.position.offset < end:
            await worker.step()
            progress("fold", worker.position.offset if worker.position else 0, end)
        played.counts.update(worker.counts.by_name)
        played.failures += worker.counts.failures
        played.decisions += worker.counts.decisions


async def _rehearse(
    program: Program, programs: Programs, arrived: list[Arrived], ledger: Collector, until: int | None, options: Options
) -> None:
    """Play on memory stores, for what it emits."""
    played = _in_order(arrived, until)
    log = open_log("memory://", clock=lambda: 0, new_id=lambda: "rehearsal", virtual_time=True)
    stores = Stores(log, open_state("memory://"), cast("Ledger", ledger))
    await _append(log, program, played, DAY, lambda *_: None)
    await _fold(stores, programs, played, options, lambda *_: None)


def _in_order(arrived: Sequence[Arrived], until: int | None) -> Played:
    """By own time, equal times in the order of the input.

    The first of a (source, id) of a person wins over all input.
    """
    ordered = sorted(arrived, key=lambda a: a.moment)
    if until is not None:
        ordered = [a for a in ordered if a.moment <= until]
    seen: set[tuple[str, str, str]] = set()
    played = Played()
    for each in ordered:
        key = each.event.person, each.event.source, each.event.id
        if key in seen:
            played.duplicates += 1
        else:
            seen.add(key)
            played.arrived.append(each)
    played.end = until if until is not None else (ordered[-1].moment if ordered else 0)
    return played


async def _append(
    log: Log, program: Program, played: Played, tick: int, progress: Callable[[str, int, int], None]
) -> None:
    pending: list[tuple[Appendable, Arrived | None]] = []

    async def flush() -> None:
        places = await log.append([item for item, _ in pending])
        for place, (_, arrival) in zip(places, pending, strict=True):
            if arrival is not None:
                played.places[place.partition, place.offset] = arrival
        pending.clear()

    total = len(played.arrived)
    for number, each in enumerate(_records(log, program, played, tick)):
        pending.append(each)
        if len(pending) >= _APPENDED:
            await flush()
            progress("append", min(number, total), total)
    await flush()


def _records(log: Log, program: Program, played: Played, tick: int) -> Iterator[tuple[Appendable, Arrived | None]]:
    """Everything that goes into the log, in the order of time.

    The activation, events, schedules and ticks, one at the end.
    """
    partitions = log.info.partitions
    begin = played.arrived[0].moment if played.arrived else played.end
    everywhere: list[tuple[int, bytes]] = [(begin, encode(ProgramActivated(program.hash, 1)))]
    everywhere += _control(program, begin, played.end, tick, _zones(played))
    at = 0
    for each in played.arrived:
        own = each.moment
        # What is due at the time of an event comes after it: schedules and ticks of that moment wait for the next one.
        while at < len(everywhere) and (everywhere[at][0] < own or at == 0):
            yield from _to_all(everywhere[at], partitions)
            at += 1
        yield Appendable(each.event.person, encode(behaviour(each.event, history=each.history)), None, own), each
    for item in everywhere[at:]:
        yield from _to_all(item, partitions)


def _to_all(item: tuple[int, bytes], partitions: int) -> Iterator[tuple[Appendable, None]]:
    for partition in range(partitions):
        yield Appendable("", item[1], partition, item[0]), None


def _zones(played: Played) -> set[str]:
    """Zones that people set for themselves, as far as they exist."""
    named = {each.event.properties.get("zone") for each in played.arrived if each.event.name == "person.updated"}
    return {zone for zone in named if isinstance(zone, str)} & zone_names()


def _control(program: Program, begin: int, end: int, tick: int, zones: set[str]) -> list[tuple[int, bytes]]:
    """Ticks and schedule firings up to the end, and the tick behind it at which everything due by then happens."""
    zone = program.playbook.workspace.zone
    found = [(at, 1, encode(Tick())) for at in range(begin - begin % tick + tick, end + 1, tick)]
    for name, rule in sorted(program.schedules.items()):
        if rule.rule.trigger.schedule is not None:
            times = nominal_times(rule.rule.trigger.schedule, zone, begin - 1, end, zones)
            found += [(at, 0, encode(ScheduleFired(name, at))) for at in times]
    found.append((end + 1, 1, encode(Tick())))
    return [(at, value) for at, _, value in sorted(found)]


def summary(
    program: Program,
    records: int,
    played: Played,
    people: Mapping[str, Any],
    rejected: Mapping[str, int],
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
) -> dict[str, Any]:
    """The document of `summary.json`."""
    return {
        "records": records,
        "events": played.counts["events"],
        "people": len(people),
        "rejected": dict(sorted(rejected.items())),
        "segments": _segment_totals(program, people, rows["changes"]),
        "decisions": _nested(rows["decisions"], "rule", "kind"),
        "deliveries": _nested(rows["deliveries"], "status", "reason"),
        "coupons": _coupon_totals(program, rows["coupons"]),
    }


def _segment_totals(
    program: Program, people: Mapping[str, Any], changes: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    totals = {s: {"now": 0, "entered": 0, "left": 0} for s in sorted(program.plan.order)}
    for person in people.values():
        for segment in [*person["segments"], *([f"stage:{person['stage']}"] if person["stage"] else [])]:
            totals[segment]["now"] += 1
    for change in changes:
        totals[change["segment"]]["entered" if change["change"] == "enter" else "left"] += 1
    return totals


def _nested(rows: Sequence[Mapping[str, Any]], first: str, second: str) -> dict[str, dict[str, int]]:
    out: dict[str, dict[str, int]] = {}
    for row in rows:
        inner = out.setdefault(row[first], {})
        inner[row[second] or ""] = inner.get(row[second] or "", 0) + 1
    return {key: dict(sorted(inner.items())) for key, inner in sorted(out.items())}


def _coupon_totals(program: Program, coupons: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    out = {pool: {"issued": 0, "refused": 0} for pool in sorted(program.playbook.pools)}
    for coupon in coupons:
        out[coupon["pool"]]["refused" if coupon["status"] == "refused" else "issued"] += 1
    return out
