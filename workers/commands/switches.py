"""`touchline pause` and `touchline resume`: kill switches, which hold messages back and lose none."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.hints import did_you_mean
from rules.read_restraint import PURPOSES
from schemas.errors import InputError
from workers.channels import CHANNELS
from workers.settings import environment, read_settings
from workers.terminal import console, print_json
from workers.workspace import check_open, open_workspace

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from workers.workspace import Workspace

__all__ = ["Request", "run_pause", "run_resume", "shown"]

_WORD = {True: "paused", False: "resumed"}


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be paused, or to go on."""

    rules: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    everything: bool = False

    @property
    def names(self) -> list[str]:
        """The switches by their names."""
        found = ["all"] if self.everything else []
        for kind, names in (("rule", self.rules), ("channel", self.channels), ("purpose", self.purposes)):
            found += [f"{kind}:{name}" for name in names]
        return found


def run_pause(request: Request, data: Path | None, *, as_json: bool) -> None:
    """Hold back what is named, from the next lease on."""
    _check_words("--channel", request.channels, CHANNELS)
    _check_words("--purpose", request.purposes, PURPOSES)
    _run(request, data, off=True, as_json=as_json)


def run_resume(request: Request, data: Path | None, *, as_json: bool) -> None:
    """Let what is named go on."""
    _run(request, data, off=False, as_json=as_json)


def shown(names: Sequence[str]) -> str:
    """Switches for people: `everything, rule cart-rescue, channel sms`."""
    return ", ".join("everything" if name == "all" else name.replace(":", " ", 1) for name in names)


def _check_words(option: str, given: Sequence[str], known: Collection[str]) -> None:
    for name in given:
        if name not in known:
            raise InputError(f"{option}: there is no {name!r}", hint=did_you_mean(name, known))


def _run(request: Request, data: Path | None, *, off: bool, as_json: bool) -> None:
    settings = read_settings(environment(), data=data)

    async def work() -> tuple[list[str], list[str]]:
        workspace = await open_workspace(settings, create=False)
        try:
            await check_open(workspace.ledger)
            await _check(workspace, request, off=off)
            changed = await workspace.ledger.switch(request.names, off=off)
            return changed, [row["name"] for row in await workspace.ledger.fetch("switches")]
        finally:
            await workspace.close()

    changed, now = asyncio.run(work())
    if as_json:
        print_json({"changed": changed, "paused": now})
        return
    same = [name for name in request.names if name not in changed]
    screen = console()
    if changed:
        screen.print(f"{_WORD[off]}: {shown(changed)}", markup=False)
    if same:
        screen.print(f"{'paused already' if off else 'not paused'}: {shown(same)}", markup=False)
    screen.print(f"paused now: {shown(now) or 'nothing'}", markup=False)


async def _check(workspace: Workspace, request: Request, *, off: bool) -> None:
    """Refuse what names nothing, and rules that nobody knows: a slip of the pen must not look like a pause."""
    if not request.names:
        paused = [row["name"] for row in await workspace.ledger.fetch("switches")]
        hint = "name rules, --channel, --purpose or --all" if off else f"paused now: {shown(paused) or 'nothing'}"
        raise InputError(f"say what to {'pause' if off else 'resume'}", hint=hint)
    known = await _rules(workspace) if off else set()
    for rule in request.rules:
        if off and rule not in known:
            raise InputError(f"there is no rule {rule!r} here", hint=did_you_mean(rule, known))


async def _rules(workspace: Workspace) -> set[str]:
    """The rules of the playbook in force, and those of rows that are still to be carried out."""
    active = await workspace.ledger.active()
    program = None if active is None else await workspace.programs.load(active[0])
    waiting = {str(row["rule"]) for row in await workspace.ledger.fetch("open_rules")}
    return waiting | (set() if program is None else set(program.playbook.rules))
