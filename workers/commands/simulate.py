"""`touchline simulate`: recorded events through a playbook, into files."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from rules.program import Program
from schemas.errors import InputError
from schemas.times import parse_duration, parse_time
from stores.connect import connect_ledger, connect_log, connect_state
from workers import output
from workers.clock import now_ms
from workers.inputs import read_events
from workers.keeping import keep
from workers.log import set_up_logging
from workers.playbooks import read_folder
from workers.programs import program_of
from workers.settings import environment, simulated
from workers.simulation import KEY, WORKSPACE, Played, Stores, simulate, summary
from workers.simulation_servers import Crew, open_servers
from workers.terminal import console, print_json, progress_bar, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from messaging.ports import Adapter
    from workers.inputs import Inputs

__all__ = ["Request", "Result", "play", "run_simulation"]

_LINES = ("decisions", "shadow", "memberships", "deliveries", "coupons", "profiles", "rejected")
_OURS = {"workspace", "messages", "summary.json", *(f"{name}.jsonl" for name in _LINES)}
"""What a simulation, or the demo, leaves in `OUT`."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a simulation was asked for."""

    playbook: Path
    events: tuple[Path, ...]
    mapping: Path | None
    out: Path
    until: str | None = None
    engine: str = "memory"
    partitions: int | None = None
    batch: int = 500
    tick: str = "1d"
    workers: int = 1

    @property
    def on_servers(self) -> bool:
        """Whether the stores are on servers, and processes of their own fold."""
        return self.engine == "servers"


@dataclass(frozen=True, slots=True)
class Result:
    """What it came to: the program, the rows of all files, and the totals."""

    program: Program
    rows: Mapping[str, Sequence[Mapping[str, Any]]]
    people: Mapping[str, Mapping[str, Any]]
    summary: Mapping[str, Any]


def run_simulation(request: Request, *, as_json: bool = False) -> None:
    """Run it and say what came of it."""
    from messaging.adapters.recorder import recorders

    files = read_folder(request.playbook)
    program = program_of(files)
    with progress_bar() as progress:
        result = asyncio.run(play(request, program, files, recorders(program.playbook.templates.values()), progress))
    if as_json:
        print_json(result.summary)
        return
    _print(result.summary, request.out)


async def play(
    request: Request,
    program: Program,
    files: Mapping[str, str],
    adapters: Mapping[str, Adapter],
    progress: Callable[[str, int, int], None],
) -> Result:
    """Simulate and write the files of `OUT`. Raises `InputError`, `PlaybookError`."""
    until, tick = _moment(request.until), _tick(request.tick)
    crew = _crew(request)
    inputs = read_events(request.events, request.mapping, progress)
    workspace = _fresh(request.out, files)
    stores = await _stores(request, workspace)
    try:
        played = await simulate(
            stores,
            program,
            files,
            inputs.arrived,
            adapters,
            until=until,
            tick=tick,
            batch=request.batch,
            progress=progress,
            crew=crew,
        )
        result = await _collect(stores, program, inputs, played)
        if request.engine != "sqlite":
            await keep(stores, workspace)
    finally:
        await stores.close()
    _write(request.out, result, _rejected(inputs, played, result.rows["dead_letters"]))
    return result


def _crew(request: Request) -> Crew | None:
    """Who folds, if not this process. Raises `SettingsError`, `InputError`."""
    if request.on_servers:
        set_up_logging("error")
        return Crew(simulated(environment()), request.workers, request.batch)
    if request.workers != 1:
        message = "--workers is for --engine servers; the other engines fold in one process"
        raise InputError(message)
    return None


def _moment(text: str | None) -> int | None:
    try:
        return None if text is None else parse_time(text)
    except ValueError as error:
        message = f"--until: {error}"
        raise InputError(message) from None


def _tick(text: str) -> int:
    try:
        return max(parse_duration(text), 1)
    except ValueError as error:
        message = f"--tick: {error}"
        raise InputError(message) from None


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    """Files of `OUT` are written here. Raises `InputError`."""
    try:
        yield
    except OSError as error:
        message = f"{out} cannot be written: {error.strerror}"
        raise InputError(message) from None


def _fresh(out: Path, files: Mapping[str, str]) -> Path:
    """`OUT/workspace` with nothing but the playbook; what an earlier simulation, also a broken one, left there goes."""
    with _writing(out):
        if out.exists() and not (out / "summary.json").exists() and any(p.name not in _OURS for p in out.iterdir()):
            message = f"{out} holds something else; name a folder that is empty or new"
            raise InputError(message)
        shutil.rmtree(out / "workspace", ignore_errors=True)
        (out / "workspace").mkdir(parents=True)
        for name, text in files.items():
            path = out / "workspace" / "playbook" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    return out / "workspace"


async def _stores(request: Request, workspace: Path) -> Stores:
    """The stores, empty, with the id and the key that all simulations have."""
    opened = await (
        open_servers(simulated(environment()), request.partitions)
        if request.on_servers
        else _embedded(request, workspace)
    )
    await opened.ledger.set_meta("workspace", WORKSPACE)
    await opened.ledger.set_meta("coupon_key", KEY.hex())
    return opened


async def _embedded(request: Request, workspace: Path) -> Stores:
    def url(name: str) -> str:
        return "memory://" if request.engine == "memory" else f"sqlite:///{workspace / name}.db"

    return Stores(
        await connect_log(
            url("log"), clock=now_ms, new_id=lambda: "simulation", partitions=request.partitions, virtual_time=True
        ),
        await connect_state(url("state")),
        await connect_ledger(url("ledger")),
    )


async def _collect(stores: Stores, program: Program, inputs: Inputs, played: Played) -> Result:
    people: dict[str, Mapping[str, Any]] = {}
    for partition in range(stores.log.info.partitions):
        for person, saved in await stores.state.people(partition):
            people[person] = output.profile_line(program, person, saved.state, played.end)
    names = ("decisions", "shadow", "changes", "deliveries", "coupons", "dead_letters")
    rows = {name: await stores.ledger.fetch(name) for name in names}
    rejected = Counter(r.code for r in inputs.rejected) + Counter(r["code"] for r in rows["dead_letters"])
    totals = summary(program, inputs.records, played, people, rejected, rows)
    return Result(program, rows, people, totals)


def _rejected(inputs: Inputs, played: Played, letters: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    lines = [
        {"file": r.file, "line": r.line, "code": r.code, "message": r.message, "record": r.record}
        for r in inputs.rejected
    ]
    for letter in letters:
        arrival = played.places.get((letter["partition"], letter["offset"]))
        if arrival is not None:
            record = msgspec.json.Encoder(decimal_format="number").encode(arrival.event).decode()
            lines.append(
                {
                    "file": arrival.file,
                    "line": arrival.line,
                    "code": letter["code"],
                    "message": letter["message"],
                    "record": record,
                }
            )
    return sorted(lines, key=lambda line: (line["file"], line["line"]))


def _write(out: Path, result: Result, rejected: Sequence[Mapping[str, Any]]) -> None:
    rows = result.rows

    def in_order(name: str) -> list[Mapping[str, Any]]:
        return sorted(rows[name], key=lambda r: (r["time"], r["person"], r["order"]))

    lines = (
        map(output.decision_line, in_order("decisions")),
        map(output.decision_line, in_order("shadow")),
        map(output.membership_line, in_order("changes")),
        map(output.delivery_line, in_order("deliveries")),
        map(output.coupon_line, in_order("coupons")),
        (result.people[person] for person in sorted(result.people)),
        rejected,
    )
    with _writing(out):
        for name, each in zip(_LINES, lines, strict=True):
            output.write_lines(out / f"{name}.jsonl", each)
        output.write_json(out / "summary.json", result.summary)


def _print(totals: Mapping[str, Any], out: Path) -> None:
    screen = console()
    screen.print(f"{totals['records']:,} records, {totals['events']:,} events, {totals['people']:,} people → {out}")
    segments = [(name, t["now"], t["entered"], t["left"]) for name, t in totals["segments"].items()]
    screen.print(table("Segments", ("segment", "now", "entered", "left"), segments, numbers=(1, 2, 3)))
    decisions = [(rule, kind, n) for rule, kinds in totals["decisions"].items() for kind, n in kinds.items()]
    screen.print(table("Decisions", ("rule", "kind", "number"), decisions, numbers=(2,)))
    deliveries = [(status, why, n) for status, whys in totals["deliveries"].items() for why, n in whys.items()]
    screen.print(table("Deliveries", ("status", "reason", "number"), deliveries, numbers=(2,)))
    if totals["rejected"]:
        screen.print(table("Rejected lines", ("code", "number"), list(totals["rejected"].items()), numbers=(1,)))
