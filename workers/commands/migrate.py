"""`touchline migrate`: a workspace into other stores, compared by counts and hashes before it may be used there."""

from __future__ import annotations

import asyncio
import shlex
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schemas.errors import SettingsError
from stores.connect import connect_ledger, connect_log, connect_state, scheme_of
from workers.clock import now_ms
from workers.moving.move import Copied, move
from workers.settings import (
    Settings,
    environment,
    fresh_key,
    from_environment,
    read_settings,
    with_password,
    without_password,
)
from workers.simulation import Stores
from workers.terminal import console, print_json, progress_bar, say, table
from workers.workspace import check_open, open_workspace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from stores.ports import Log

__all__ = ["Request", "run_migrate"]


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for. `data`: the folder of the workspace as it is."""

    log: str
    state: str
    ledger: str
    partitions: int | None = None
    data: Path | None = None


def run_migrate(request: Request, *, as_json: bool) -> None:
    """Move, and say what was moved and how to start there."""
    values = environment()
    settings = read_settings(values, data=request.data)
    urls = {name: _url(name, getattr(request, name), values) for name in ("log", "state", "ledger")}
    if settings.kafka_password is not None and scheme_of(urls["log"]) == "kafka":
        urls["log"] = with_password(urls["log"], settings.kafka_password)
        if scheme_of(settings.log) != "kafka":
            settings = replace(settings, kafka_password=None)
    shown = {f"TOUCHLINE_{name.upper()}": without_password(url) for name, url in urls.items()}
    copied = asyncio.run(_moved(settings, urls, request.partitions))
    if as_json:
        print_json(_document(copied, shown))
    else:
        _print(copied, shown)


def _url(name: str, given: str, values: dict[str, str]) -> str:
    url = from_environment(given, values, f"--to-{name}")
    if scheme_of(url) == "memory":
        message = f"--to-{name}: a {name} in memory would be gone with this command"
        raise SettingsError(message, hint="name a file (sqlite:///PATH) or a server")
    return url


async def _moved(settings: Settings, urls: dict[str, str], partitions: int | None) -> Copied:
    workspace = await open_workspace(settings, create=False)
    source = Stores(workspace.log, workspace.state, workspace.ledger)
    try:
        await check_open(workspace.ledger)
        async with _opened(urls, partitions) as target:
            with progress_bar() as progress:
                return await move(source, target, ", ".join(map(without_password, urls.values())), progress)
    finally:
        await source.close()


@asynccontextmanager
async def _opened(urls: dict[str, str], partitions: int | None) -> AsyncIterator[Stores]:
    """The stores that a workspace is moved to."""
    async with AsyncExitStack() as opened:
        ledger = await connect_ledger(urls["ledger"])
        opened.push_async_callback(ledger.close)
        state = await connect_state(urls["state"])
        opened.push_async_callback(state.close)
        log = await _new_log(urls["log"], partitions)
        opened.push_async_callback(log.close)
        yield Stores(log, state, ledger)


async def _new_log(url: str, partitions: int | None) -> Log:
    try:
        return await connect_log(
            url, clock=now_ms, new_id=lambda: fresh_key(8), partitions=partitions, virtual_time=True
        )
    except SettingsError as error:  # perhaps the topic of an installation: nobody is told how to change that one
        raise SettingsError(f"--to-log: {error.message}", hint="name a topic or file that nobody has used") from None


def _document(copied: Copied, settings: dict[str, str]) -> dict[str, Any]:
    moved = {what: {"count": each.count, "hash": each.hash} for what, each in copied.sums.items()}
    return {"partitions": copied.partitions, "moved": moved, "rebuildable": not copied.cut, "settings": settings}


def _print(copied: Copied, settings: dict[str, str]) -> None:
    screen = console()
    rows = [(what, each.count, each.hash) for what, each in copied.sums.items()]
    screen.print(table("Moved, the same in both", ("what", "count", "hash"), rows, numbers=(1,)))
    if copied.cut:
        say("The old log no longer had its first records: keep copies of the new state, it cannot be made of the log.")
    say("The old stores are closed. Start every process with these settings, and the same data folder:")
    for name, value in settings.items():
        screen.print(f"export {name}={shlex.quote(value)}", markup=False)
