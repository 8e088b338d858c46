"""Commands about a workspace: look at it, change what decides, move it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workers.words.app import Data, Json, app

__all__ = ["activate", "migrate", "pause", "person", "resume", "status"]

Rules = Annotated[list[str] | None, typer.Argument(metavar="RULE", help="Rules, by their ids.")]
Channels = Annotated[list[str] | None, typer.Option("--channel", metavar="NAME", help="A channel; may come again.")]
Purposes = Annotated[
    list[str] | None, typer.Option("--purpose", metavar="NAME", help="marketing or transactional messages.")
]
Everything = Annotated[bool, typer.Option("--all", help="Everything: messages, coupons, events for others.")]


@app.command(epilog="Example: touchline activate playbook")
def activate(
    folder: Annotated[Path, typer.Argument(help="The playbook's folder.")],
    data: Data = None,
    fire_entries: Annotated[
        bool, typer.Option("--fire-entries", help="Let people whom the change itself puts into segments start rules.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a playbook the one that decides, from one moment on, for everybody at once."""
    from workers.commands.activate import run_activate

    run_activate(folder, data, fire_entries=fire_entries, as_json=as_json)


@app.command(epilog="Example: touchline person 17850")
def person(
    identity: Annotated[str, typer.Argument(metavar="ID", help="The person's id.")],
    data: Data = None,
    source: Annotated[Path | None, typer.Option("--from", help="OUT of a simulation.")] = None,
    as_json: Json = False,
) -> None:
    """Show one person: stage, segments, traits, tags, and the last decisions with what became of them."""
    from workers.commands.look import run_person

    run_person(identity, data, source, as_json=as_json)


@app.command(epilog="Example: touchline status --json")
def status(data: Data = None, as_json: Json = False) -> None:
    """Show positions, lag, people, segments and the outbox in one screen."""
    from workers.commands.look import run_status

    run_status(data, as_json=as_json)


@app.command(
    epilog="Example: touchline pause cart-rescue; or: touchline pause --channel sms --channel email,"
    " touchline pause --purpose marketing, touchline pause --all"
)
def pause(
    rules: Rules = None,
    channel: Channels = None,
    purpose: Purposes = None,
    everything: Everything = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Hold back what a rule decides, what goes out on a channel or for a purpose, or everything; nothing is lost."""
    from workers.commands.switches import Request, run_pause

    request = Request(tuple(rules or ()), tuple(channel or ()), tuple(purpose or ()), everything)
    run_pause(request, data, as_json=as_json)


@app.command(epilog="Example: touchline resume cart-rescue; or: touchline resume --channel sms, touchline resume --all")
def resume(
    rules: Rules = None,
    channel: Channels = None,
    purpose: Purposes = None,
    everything: Everything = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Let what was paused go on; each pause is taken back by its own name."""
    from workers.commands.switches import Request, run_resume

    request = Request(tuple(rules or ()), tuple(channel or ()), tuple(purpose or ()), everything)
    run_resume(request, data, as_json=as_json)


@app.command(
    epilog="Example: touchline migrate --to-log kafka://k1:9092/shop --to-state redis://v1 --to-ledger env:LEDGER"
)
def migrate(
    to_log: Annotated[
        str, typer.Option("--to-log", metavar="URL", help="Where the log goes; env:NAME names a variable.")
    ],
    to_state: Annotated[str, typer.Option("--to-state", metavar="URL", help="Where the state goes.")],
    to_ledger: Annotated[str, typer.Option("--to-ledger", metavar="URL", help="Where the ledger goes.")],
    partitions: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Partitions of the new log (a file 1, Kafka 12).")
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Move a workspace to other stores: stop every process, copy, compare by counts and hashes, start there."""
    from workers.commands.migrate import Request, run_migrate

    run_migrate(Request(to_log, to_state, to_ledger, partitions, data), as_json=as_json)
