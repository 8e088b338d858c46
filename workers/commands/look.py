"""`touchline person` and `touchline status`: what a workspace holds, on one screen."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

from rules.localtimes import local_text
from schemas.errors import InputError
from schemas.ids import partition_of
from schemas.profile import decode_profile
from schemas.times import format_time, parse_time
from workers.clock import now_ms
from workers.commands.switches import shown
from workers.output import profile_line, segments_of
from workers.playbooks import zone_names
from workers.settings import Settings, environment, read_settings
from workers.terminal import console, print_json, table
from workers.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from rules.program import Program

__all__ = ["run_person", "run_status"]

_SHOWN = 20


def run_person(identity: str, data: Path | None, source: Path | None, *, as_json: bool) -> None:
    """Show one person."""
    found = _with_workspace(data, source, lambda workspace: _person(workspace, identity))
    if as_json:
        print_json(found)
        return
    screen = console()
    profile, zone = found["profile"], found["zone"]
    screen.print(
        f"[bold]{identity}[/bold]  stage {profile['stage'] or '—'}, segments {', '.join(profile['segments']) or '—'}"
    )
    screen.print(f"tags {', '.join(profile['tags']) or '—'}")
    for name, value in profile["traits"].items():
        screen.print(f"  {name}: {value}", markup=False)
    changes = [(_local(c["time"], zone), c["change"], c["segment"], c["cause"]) for c in found["changes"]]
    if changes:
        screen.print(table(f"Last changes ({zone})", ("time", "change", "segment", "cause"), changes))
    rows = [
        (_local(d["time"], zone), d["rule"], d["step"], d["kind"], d["status"], d["channel"], _why(d, zone))
        for d in found["decisions"]
    ]
    columns = ("time", "rule", "step", "kind", "status", "channel", "reason")
    screen.print(table(f"Last decisions ({zone})", columns, rows))


def _local(time: str, zone: str) -> str:
    """A time of the JSON as that person's clock shows it."""
    return local_text(parse_time(time), zone)


def _why(decision: Mapping[str, Any], zone: str) -> str:
    """Why it has come to this, and until when it waits."""
    until = decision["until"]
    return decision["reason"] if until is None else f"{decision['reason']} until {_local(until, zone)}".strip()


def run_status(data: Path | None, *, as_json: bool) -> None:
    """Show positions, lag, people, segments, outbox."""
    found = _with_workspace(data, None, _status)
    if as_json:
        print_json(found)
        return
    screen = console()
    program = found["program"]
    screen.print(
        f"playbook {program['hash'][:12]} (activation {program['sequence']})" if program else "no playbook is active"
    )
    if found["paused"]:
        screen.print(f"paused: {shown(found['paused'])}", style="bold", markup=False)
    positions = [(p["partition"], p["position"], p["end"], p["lag"]) for p in found["partitions"]]
    screen.print(table("Partitions", ("partition", "position", "log end", "lag"), positions, numbers=(0, 1, 2, 3)))
    screen.print(f"{found['people']:,} people")
    screen.print(table("Segments", ("segment", "people"), list(found["segments"].items()), numbers=(1,)))
    screen.print(table("Outbox", ("status", "rows"), list(found["outbox"].items()), numbers=(1,)))
    if found["quiet_hours"]:
        number, until, zone = found["quiet_hours"].values()
        screen.print(
            f"{number:,} of the pending wait for the end of quiet hours, the first until {_local(until, zone)} ({zone})"
        )
    if found["dead_letters"]:
        screen.print(table("Dead letters", ("code", "events"), list(found["dead_letters"].items()), numbers=(1,)))


def _with_workspace(
    data: Path | None, source: Path | None, look: Callable[[Workspace], Awaitable[dict[str, Any]]]
) -> dict[str, Any]:
    settings = read_settings(environment(), data=data)
    if source is not None:
        settings = _simulated(source)

    async def work() -> dict[str, Any]:
        workspace = await open_workspace(settings, create=False)
        try:
            return await look(workspace)
        finally:
            await workspace.close()

    return asyncio.run(work())


def _simulated(out: Path) -> Settings:
    if not (out / "workspace" / "ledger.db").exists():
        message = f"{out} holds no stores of a simulation"
        raise InputError(message, hint="make them with: touchline simulate … --out OUT")
    return Settings(data=out / "workspace", virtual=True)


async def _person(workspace: Workspace, identity: str) -> dict[str, Any]:
    partition = partition_of(identity, workspace.log.info.partitions)
    saved = await workspace.state.person(partition, identity)
    if saved is None:
        message = f"nobody called {identity!r} is known here"
        raise InputError(message, hint="ids are exact; touchline status shows how many people there are")
    program = await workspace.programs.of_profile(decode_profile(saved.state))
    now = now_ms()
    if workspace.settings.virtual:  # the end of the simulation, which its activation bears
        now = max(row["at"] for row in await workspace.ledger.fetch("activations"))
    profile = profile_line(program, identity, saved.state, now)
    decisions = await workspace.ledger.fetch("decisions_of", person=identity, limit=_SHOWN)
    changes = await workspace.ledger.fetch("changes_of", person=identity, limit=_SHOWN)
    return {
        "profile": profile,
        "zone": _zone(profile["traits"].get("zone"), program),
        "due": _formatted(saved.due),
        "changes": [c | {"time": format_time(c["time"])} for c in changes],
        "decisions": [d | {"time": format_time(d["time"]), "until": _formatted(d["until"])} for d in decisions],
    }


def _zone(own: object, program: Program) -> str:
    """The zone of a person's clock."""
    return own if isinstance(own, str) and own in zone_names() else program.playbook.workspace.zone


def _formatted(ms: int | None) -> str | None:
    return None if ms is None else format_time(ms)


async def _status(workspace: Workspace) -> dict[str, Any]:
    partitions = []
    people = 0
    members: Counter[str] = Counter()
    for partition in range(workspace.log.info.partitions):
        stored = await workspace.state.position(partition)
        position = stored[0].offset if stored is not None else 0
        end = (await workspace.log.ends(partition))[1]
        partitions.append({"partition": partition, "position": position, "end": end, "lag": end - position})
        for _, saved in await workspace.state.people(partition):
            people += 1
            profile = decode_profile(saved.state)
            program = await workspace.programs.of_profile(profile)
            members.update(segments_of(program, profile))
            if profile.stage:
                members[f"stage:{program.plan.stages[profile.stage - 1]}"] += 1
    active = await workspace.ledger.active()
    return {
        "program": None if active is None else {"hash": active[0], "sequence": active[1]},
        "partitions": partitions,
        "people": people,
        "segments": dict(sorted(members.items())),
        "paused": [r["name"] for r in await workspace.ledger.fetch("switches")],
        "quiet_hours": await _quiet(workspace, active),
        "outbox": {r["status"]: r["number"] for r in await workspace.ledger.fetch("outbox_by_state")},
        "dead_letters": {r["code"]: r["number"] for r in await workspace.ledger.fetch("dead_letter_counts")},
    }


async def _quiet(workspace: Workspace, active: tuple[str, int] | None) -> dict[str, Any] | None:
    """How many messages quiet hours put off, and until when the first; the zone in which that is told."""
    held = await workspace.ledger.fetch("quiet", now=now_ms())
    if not held or active is None:
        return None
    program = await workspace.programs.load(active[0])
    return {
        "number": held[0]["number"],
        "until": format_time(held[0]["until"]),
        "zone": program.playbook.workspace.zone,
    }
