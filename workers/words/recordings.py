"""Commands that take recorded events."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workers.words.app import Data, Engine, Files, Json, MappingFile, Out, Workers, app

__all__ = ["demo", "import_", "simulate"]


@app.command(
    epilog="Example: touchline simulate --playbook playbook --events orders.csv.gz --mapping orders.yaml --out out"
)
def simulate(  # noqa: PLR0913, PLR0917 - the options of a command
    playbook: Annotated[Path, typer.Option("--playbook", help="The playbook's folder.")],
    events: Files,
    out: Out,
    mapping: MappingFile = None,
    until: Annotated[
        str | None, typer.Option("--until", help="End of the run, inclusive: 2011-12-31T00:00:00Z.")
    ] = None,
    engine: Annotated[
        Engine, typer.Option(help="memory, sqlite, or servers (TOUCHLINE_SIM_…); the files are the same.")
    ] = Engine.memory,
    partitions: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Partitions of the log; changes no result.")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, max=10_000, help="Records at a time; changes no result.")] = 500,
    tick: Annotated[str, typer.Option(help="How often virtual time is told; changes no result.")] = "1d",
    workers: Workers = 1,
    as_json: Json = False,
) -> None:
    """Play recorded events through a playbook on a virtual clock; nothing is sent to anybody."""
    from workers.commands.simulate import Request, run_simulation

    request = Request(playbook, tuple(events), mapping, out, until, engine.value, partitions, batch, tick, workers)
    run_simulation(request, as_json=as_json)


@app.command(epilog="Example: touchline demo --out touchline-demo")
def demo(
    out: Out = Path("touchline-demo"),
    engine: Annotated[Engine, typer.Option(help="sqlite, memory, or servers (TOUCHLINE_SIM_…).")] = Engine.sqlite,
    workers: Workers = 1,
    as_json: Json = False,
) -> None:
    """A year of a real shop's orders, from CSV to messages in files, and what a shop owner would want to know of it."""
    from workers.commands.demo import run_demo

    run_demo(out, engine.value, workers, as_json=as_json)


@app.command("import", epilog="Example: touchline import orders.csv.gz --mapping orders.yaml")
def import_(
    files: Annotated[list[Path], typer.Argument(help="Files of events.")],
    mapping: MappingFile = None,
    data: Data = None,
    live: Annotated[bool, typer.Option("--live", help="Let events within the lateness bound fire rules.")] = False,
    as_json: Json = False,
) -> None:
    """Bring recorded events into a workspace as history: profiles and segments are built, nothing is sent."""
    from workers.commands.history import run_import

    run_import(files, mapping, data, live=live, as_json=as_json)
