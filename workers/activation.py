"""Activation: a playbook checked, kept in the ledger by its hash, and switched to by a record in every partition."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from rules.read import read
from schemas.errors import PlaybookError
from schemas.records import ProgramActivated, encode
from stores.ports import Appendable
from workers.clock import now_ms
from workers.playbooks import zone_names
from workers.programs import pack_files, program_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.program import Program
    from workers.workspace import Workspace

__all__ = ["Activated", "activate", "new_windows"]

_TOLD = "program_told"
"""The sequence of the last activation that is in the log, in every partition."""


class Activated(NamedTuple):
    """What an activation came to. `changed` False: it was in force already. `empty`: windows that fill from now on."""

    hash: str
    sequence: int
    changed: bool
    empty: tuple[str, ...] = ()


async def activate(workspace: Workspace, files: Mapping[str, str], *, fire_entries: bool = False) -> Activated:
    """Switch the workspace to a playbook. Raises `PlaybookError`; the old program then stays in force."""
    program = program_of(files)
    refuse_what_is_not_obeyed(files)
    current = await workspace.ledger.active()
    if current is not None and current[0] == program.hash:
        await _tell(workspace, *current, fire_entries=fire_entries)  # the last attempt may have ended before the log
        return Activated(program.hash, current[1], changed=False)
    older = await workspace.programs.load(current[0]) if current is not None else None
    await workspace.ledger.put_program(program.hash, pack_files(files))
    sequence = await workspace.ledger.activate(program.hash, now_ms())
    await _tell(workspace, program.hash, sequence, fire_entries=fire_entries)
    workspace.programs.compiled[program.hash] = program
    return Activated(program.hash, sequence, changed=True, empty=new_windows(program, older))


async def _tell(workspace: Workspace, hash_: str, sequence: int, *, fire_entries: bool) -> None:
    """Append the activation to every partition, unless that was done; a repeat is passed over by its sequence."""
    told = await workspace.ledger.get_meta(_TOLD)
    if told == str(sequence):
        return
    value = encode(ProgramActivated(hash_, sequence, fire_entries))
    partitions = range(workspace.log.info.partitions)
    await workspace.log.append([Appendable("", value, partition) for partition in partitions])
    await workspace.ledger.set_meta(_TOLD, str(sequence))


def refuse_what_is_not_obeyed(files: Mapping[str, str]) -> None:
    """Raise `PlaybookError` for keys that the engine does not obey yet, except in rules that are not live.

    Such a playbook may be checked and simulated; live, its quiet hours or caps would be promised and not kept.
    """
    reading = read(files, zone_names())
    rules = reading.playbook.rules
    marks = sorted((mark, key[1]) for key, mark in reading.places.items() if key[0] == "rule" and len(key) == 2)
    found = []
    for finding in reading.findings:
        owner = None
        for mark, name in marks:
            if mark.file == finding.file and mark.line <= finding.line:
                owner = rules.get(str(name))
        if finding.code == "not_available" and (owner is None or owner.status == "live"):
            found.append(replace(finding, severity="error", hint="take it out, or let the rule be a draft until then"))
    if found:
        message = f"the playbook asks for {len(found)} things that are not available yet, so it cannot go live"
        raise PlaybookError(message, found)


def new_windows(program: Program, older: Program | None) -> tuple[str, ...]:
    """Windows that the profiles do not hold yet: they start empty and are whole when they are once past."""
    if older is None:
        return ()
    held = older.plan.tracks.by_key
    missing = [t for key, t in program.plan.tracks.by_key.items() if not t.holds(held.get(key))]
    return tuple(f"{' of '.join(reversed(t.key[1:]))} ({t.horizon // 86_400_000}d)" for t in missing)
