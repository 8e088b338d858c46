"""`touchline import`: recorded events into the log of a workspace, as history; resumable, and never twice."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

import msgspec

from schemas.errors import EventRefused, InputError
from schemas.records import Behaviour, behaviour, decode, encode
from stores.ports import Appendable
from workers.clock import now_ms
from workers.inputs import read_events
from workers.settings import environment, read_settings
from workers.terminal import console, print_json, progress_bar, say
from workers.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from workers.inputs import Inputs

__all__ = ["Imported", "import_events", "restarted", "run_import"]

_BATCH = 1_000
_CHUNK = 1 << 20


class Mark(msgspec.Struct):
    """How far an import is: events before `done` are in the log; those before `begun` may be, behind `ends`."""

    done: int = 0
    begun: int = 0
    ends: list[int] = msgspec.field(default_factory=list)


class Imported(msgspec.Struct):
    """What an import came to."""

    records: int
    events: int
    appended: int
    duplicates: int
    rejected: dict[str, int]


def run_import(files: Sequence[Path], mapping: Path | None, data: Path | None, *, live: bool, as_json: bool) -> None:
    """Import and say what came of it."""
    settings = read_settings(environment(), data=data)
    with progress_bar() as progress:
        inputs = read_events(files, mapping, progress)
        identity = _fingerprint([*files, *([mapping] if mapping is not None else [])], live=live)

        async def work() -> Imported:
            workspace = await open_workspace(settings)
            try:
                return await import_events(workspace, inputs, identity, live=live, progress=progress)
            finally:
                await workspace.close()

        imported = asyncio.run(work())
    if as_json:
        print_json(msgspec.to_builtins(imported))
        return
    for refused in inputs.rejected[:10]:
        say(f"{refused.file}:{refused.line}: {refused.code}: {refused.message}")
    console().print(
        f"{imported.records:,} records, {imported.events:,} events: {imported.appended:,} appended now, "
        f"{imported.duplicates:,} repeats, {sum(imported.rejected.values()):,} lines rejected"
    )
    console().print("They are history: a worker builds profiles of them and sends nothing. See: touchline status")


def _fingerprint(files: Sequence[Path], *, live: bool) -> str:
    """A hash of what is imported: the bytes of the files and of the mapping."""
    digest = hashlib.sha256(b"live" if live else b"history")
    for path in files:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
        digest.update(b"\0")
    return digest.hexdigest()[:32]


async def import_events(
    workspace: Workspace, inputs: Inputs, identity: str, *, live: bool, progress: Callable[[str, int, int], None]
) -> Imported:
    """Append what is not in the log yet. Raises `InputError` when no playbook is active."""
    if await workspace.ledger.active() is None:
        message = "no playbook is active in this workspace, so the events would mean nothing"
        raise InputError(message, hint="activate one first: touchline activate playbook")
    events, duplicates = _events(inputs, workspace, live=live)
    mark = msgspec.json.decode(await workspace.ledger.get_meta(f"import:{identity}") or "{}", type=Mark)
    landed = await _landed(workspace, mark)
    appended = 0
    for start in range(mark.done, len(events), _BATCH):
        batch = [e for e in events[start : start + _BATCH] if (e.person, e.source, e.id) not in landed]
        ends = [(await workspace.log.ends(p))[1] for p in range(workspace.log.info.partitions)]
        await _note(workspace, identity, Mark(start, start + _BATCH, ends))
        if batch:
            await workspace.log.append([Appendable(e.person, encode(e)) for e in batch])
        appended += len(batch)
        landed = set()
        await _note(workspace, identity, Mark(start + _BATCH, start + _BATCH, []))
        progress("import", min(start + _BATCH, len(events)), len(events))
    rejected: dict[str, int] = {}
    for line in inputs.rejected:
        rejected[line.code] = rejected.get(line.code, 0) + 1
    return Imported(inputs.records, len(events), appended, duplicates, rejected)


async def _note(workspace: Workspace, identity: str, mark: Mark) -> None:
    await workspace.ledger.set_meta(f"import:{identity}", msgspec.json.encode(mark).decode())


def _events(inputs: Inputs, workspace: Workspace, *, live: bool) -> tuple[list[Behaviour], int]:
    """In the order of their times, the first of each (source, id) of a person; recent ones are live with `live`."""
    recent = now_ms() - workspace.settings.lateness if live else None
    out: dict[tuple[str, str, str], Behaviour] = {}
    for each in sorted(inputs.arrived, key=lambda a: a.event.time or 0):
        event = each.event
        history = recent is None or (event.time or 0) < recent
        out.setdefault((event.person, event.source, event.id), behaviour(event, history=history))
    return list(out.values()), len(inputs.arrived) - len(out)


def restarted(mark: str, partitions: int) -> str:
    """A kept mark for a copy of the log, where places are others: what may be there is looked for in all of it."""
    found = msgspec.json.decode(mark, type=Mark)
    if found.begun > found.done:
        found.ends = [0] * partitions
    return msgspec.json.encode(found).decode()


async def _landed(workspace: Workspace, mark: Mark) -> set[tuple[str, str, str]]:
    """(person, source, id) of the events of a batch that was begun and never noted as done, but is in the log."""
    found: set[tuple[str, str, str]] = set()
    if mark.begun <= mark.done:
        return found
    for partition, end in enumerate(mark.ends):
        at = max(end, (await workspace.log.ends(partition))[0])
        while records := await workspace.log.read(partition, at, _BATCH):
            at = records[-1].offset + 1
            for record in records:
                try:
                    payload = decode(record.value)
                except EventRefused:
                    continue
                if isinstance(payload, Behaviour):
                    found.add((payload.person, payload.source, payload.id))
    return found
