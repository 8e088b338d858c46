"""Commands that run until somebody stops them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workers.words.app import Data, app

__all__ = ["clock", "dispatch", "up", "web", "worker"]


@app.command(
    epilog='Example: touchline up, then: curl localhost:8080/v1/events -d \'{"person": "p1", "event": "order.paid"}\''
)
def up(
    data: Data = None,
    playbook: Annotated[
        Path | None, typer.Option("--playbook", help="The playbook's folder (default ./playbook).")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on (default 127.0.0.1).")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="Port to listen on (default 8080).")] = None,
) -> None:
    """Run everything in one process: web, worker, dispatch and clock, on the embedded stores."""
    from workers.commands.serve import run_up

    run_up(data, playbook, host, port)


@app.command(epilog="Example: touchline web --port 8080")
def web(
    data: Data = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="Port to listen on.")] = None,
) -> None:
    """Take events over HTTP and append them to the log."""
    from workers.commands.serve import run_process

    run_process("web", data, host, port)


@app.command(epilog="Example: touchline worker")
def worker(data: Data = None) -> None:
    """Fold the log: profiles, segments and decisions."""
    from workers.commands.serve import run_process

    run_process("worker", data)


@app.command(epilog="Example: touchline dispatch")
def dispatch(data: Data = None) -> None:
    """Carry out decisions: coupons and messages."""
    from workers.commands.serve import run_process

    run_process("dispatch", data)


@app.command(epilog="Example: touchline clock")
def clock(data: Data = None) -> None:
    """Tell the log that time passes, and which schedules are due; any number may run."""
    from workers.commands.serve import run_process

    run_process("clock", data)
