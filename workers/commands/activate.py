"""`touchline activate`: make a playbook the one that decides."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from schemas.errors import PlaybookError
from workers.activation import Activated, activate
from workers.playbooks import read_folder
from workers.settings import environment, read_settings
from workers.terminal import console, print_json
from workers.workspace import open_workspace

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["run_activate"]


def run_activate(folder: Path, data: Path | None, *, fire_entries: bool, as_json: bool) -> None:
    """Activate and say what changed."""
    files = read_folder(folder)
    settings = read_settings(environment(), data=data)

    async def work() -> Activated:
        workspace = await open_workspace(settings)
        try:
            return await activate(workspace, files, fire_entries=fire_entries)
        finally:
            await workspace.close()

    try:
        done = asyncio.run(work())
    except PlaybookError as error:
        raise PlaybookError(error.message, error.findings, hint="the program in force stays as it is") from None
    if as_json:
        print_json(
            {"hash": done.hash, "sequence": done.sequence, "changed": done.changed, "empty_windows": list(done.empty)}
        )
        return
    if not done.changed:
        console().print(f"playbook {done.hash[:12]} is in force already (activation {done.sequence})")
        return
    console().print(f"playbook {done.hash[:12]} is in force from now on (activation {done.sequence})")
    for window in done.empty:
        console().print(f"  starts empty, since the profiles do not hold it yet: {window}")
