"""`touchline up`, `web`, `worker`, `dispatch`, `clock`: the processes, alone or all in one."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.errors import InputError, StoreUnavailable
from workers.log import logger, set_up_logging
from workers.running import AGAIN, Away, collect_seldom, pause, until_stopped
from workers.samples import sample
from workers.settings import Settings, environment, read_settings
from workers.terminal import say
from workers.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["run_process", "run_up"]


def run_up(data: Path | None, playbook: Path | None, host: str | None, port: int | None) -> None:
    """Everything in one process, until it is told to stop."""
    from workers.processes import up

    settings = _settings(data, host, port)
    folder = _playbook(playbook or settings.playbook)
    asyncio.run(_run(settings, lambda workspace, stop: up(workspace, folder, stop)))


def run_process(name: str, data: Path | None, host: str | None = None, port: int | None = None) -> None:
    """One process, until it is told to stop."""
    from workers import processes

    settings = _settings(data, host, port)
    if name == "web":
        asyncio.run(_run(settings, processes.web))
        return
    made = {"worker": processes.worker, "dispatch": processes.dispatch, "clock": processes.clock}[name]
    asyncio.run(_run(settings, lambda workspace, stop: processes.monitored(workspace, stop, made)))


def _settings(data: Path | None, host: str | None, port: int | None) -> Settings:
    settings = read_settings(environment(), data=data)
    return replace(settings, host=host or settings.host, port=settings.port if port is None else port)


def _playbook(folder: Path | None) -> Path:
    """The playbook's folder: the one named, ./playbook, or the sample that comes along (said in one line)."""
    if folder is not None:
        if not folder.is_dir():
            message = f"there is no playbook folder {folder}"
            raise InputError(message, hint="name it with --playbook, or leave it out to run the sample")
        return folder
    if Path("playbook").is_dir():
        return Path("playbook")
    folder = sample("online_retail") / "playbook"
    say(f"no ./playbook here: running the built-in sample {folder}")
    return folder


async def _run(settings: Settings, process: Callable[[Workspace, asyncio.Event], Awaitable[None]]) -> None:
    set_up_logging(settings.log_level)
    stop = until_stopped()
    workspace = await _opened(settings, stop)
    if workspace is None:
        return
    collect_seldom()
    try:
        await process(workspace, stop)
    finally:
        await workspace.close()
    logger().info("stopped")


async def _opened(settings: Settings, stop: asyncio.Event) -> Workspace | None:
    """The workspace, as soon as its servers can be reached; None when the process is told to stop before.

    Raises what `open_workspace` raises; for files also `StoreUnavailable`, as nobody is about to start them.
    """
    away = Away()
    while not stop.is_set():
        try:
            workspace = await open_workspace(settings)
        except StoreUnavailable as error:
            if not settings.on_servers:
                raise
            away.missed(error.message)
            await pause(stop, AGAIN)
        else:
            away.back()
            return workspace
    return None
