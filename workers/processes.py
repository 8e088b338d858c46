"""The processes as coroutines: each runs until its stop event is set and finishes what it has in hand."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from messaging.dispatch import Dispatcher
from messaging.registry import adapters_of
from schemas.errors import PlaybookError, StoreUnavailable
from stores.connect import scheme_of
from stores.sqlite_log import SqliteLog
from workers import metrics
from workers.activation import activate
from workers.channels import CHANNELS
from workers.clock import now_ms
from workers.folding import Folding
from workers.housekeeping import keep_house
from workers.listening import keep_listening
from workers.log import logger
from workers.playbooks import read_folder
from workers.running import pause, together
from workers.ticker import Ticker
from workers.trimming import keep_trimming

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from messaging.ports import Adapter
    from workers.workspace import Workspace

    Process = Callable[[Workspace, asyncio.Event], Coroutine[Any, Any, None]]

__all__ = ["clock", "dispatch", "monitored", "up", "web", "worker"]

_LOOK = 5.0
"""Seconds between two looks at lag and outbox."""


async def worker(workspace: Workspace, stop: asyncio.Event, decided: asyncio.Event | None = None) -> None:
    """Fold: on Kafka the partitions that the group gives us, else every one. Raises `NamedStop`.

    `decided` is set when there may be new decisions.
    """
    if scheme_of(workspace.settings.url("log")) == "kafka":
        from workers.faust_worker import folding_of, run_worker

        await run_worker(workspace, stop, folding_of(workspace, decided))
        return
    folding = Folding(workspace, decided)
    workers = [folding.worker(workspace.log, partition) for partition in range(workspace.log.info.partitions)]
    keep = workspace.settings.log_keep
    trimming = [] if keep is None else [keep_trimming(workspace, keep, stop)]
    await together(stop, *(folding.run(each, stop) for each in workers), *trimming)


async def dispatch(workspace: Workspace, stop: asyncio.Event, decided: asyncio.Event | None = None) -> None:
    """Carry out decisions, and let go in the ledger of what is old. `decided` is set when there may be new ones."""
    ledger, adapters = workspace.ledger, _adapters(workspace)
    hearing, surely = [], decided is not None
    if ledger.tells:
        decided = decided or asyncio.Event()
        hearing.append(keep_listening(ledger, decided, stop))
    dispatcher = Dispatcher(
        ledger, workspace.programs.offers, adapters, now_ms, workspace.key, lease_ms=workspace.settings.lease
    )
    try:
        await together(stop, dispatcher.run(stop, decided, surely=surely), keep_house(ledger, now_ms, stop), *hearing)
    finally:
        for adapter in adapters.values():
            await adapter.close()


def _adapters(workspace: Workspace) -> dict[str, Adapter]:
    """The adapters of the deployment; without any setting, messages go into files in the data folder."""
    settings = workspace.settings
    default = {c: {"adapter": "file", "path": f"messages/{c}.jsonl"} for c in CHANNELS}
    adapters = adapters_of(settings.channels or default, settings.data, workspace.log)
    return {channel: metrics.Counted(adapter, channel, metrics.process) for channel, adapter in adapters.items()}


async def clock(workspace: Workspace, stop: asyncio.Event) -> None:
    """Tell the log that time passes."""
    await Ticker(workspace.log, workspace.ledger, workspace.programs, now_ms).run(stop)


async def web(workspace: Workspace, stop: asyncio.Event) -> None:
    """Take events over HTTP."""
    from web.app import make_app, stores_away
    from web.server import serve

    settings = workspace.settings
    app = make_app(
        workspace.log,
        workspace.ledger,
        token=settings.token,
        ready=lambda: stores_away(workspace.log, workspace.ledger),
        metrics=metrics.render,
        counted=metrics.process.ingested,
    )
    await serve(app, settings.host, settings.port, stop)


async def monitored(workspace: Workspace, stop: asyncio.Event, process: Process) -> None:
    """Run a process that does not listen itself; with a port for metrics, it shows its health and figures there."""
    settings = workspace.settings
    if settings.metrics_port is None:
        await process(workspace, stop)
        return
    from starlette.applications import Starlette

    from web.app import health_routes, stores_away
    from web.server import serve

    routes = health_routes(lambda: stores_away(workspace.log, workspace.ledger), metrics.render)
    app, option = Starlette(routes=routes), "TOUCHLINE_METRICS_PORT"
    shown = serve(app, settings.metrics_host, settings.metrics_port, stop, option=option)
    await together(stop, process(workspace, stop), shown, _observe(workspace, stop))


async def _observe(workspace: Workspace, stop: asyncio.Event) -> None:
    """Refresh what is measured by looking: lag and outbox."""
    while not stop.is_set():
        with suppress(StoreUnavailable):
            await _look(workspace)
        await pause(stop, _LOOK)


async def _look(workspace: Workspace) -> None:
    for partition in range(workspace.log.info.partitions):
        stored = await workspace.state.position(partition)
        lag = (await workspace.log.ends(partition))[1] - (stored[0].offset if stored is not None else 0)
        metrics.process.set("touchline_partition_lag_records", lag, partition=str(partition))
    rows = await workspace.ledger.fetch("outbox_by_state")
    oldest = await workspace.ledger.fetch("oldest_pending", now=now_ms())
    metrics.process.outbox({r["status"]: r["number"] for r in rows}, oldest[0]["age"] if oldest else 0)


async def up(workspace: Workspace, playbook: Path, stop: asyncio.Event) -> None:
    """Web, worker, dispatch and clock together, and the playbook's folder watched."""
    activated = await activate(workspace, read_folder(playbook))
    logger().info("activated", hash=activated.hash[:12], sequence=activated.sequence)
    decided = asyncio.Event()
    # Nearly all records come from this very process, which is told at once; others (an import) may take a tenth.
    if isinstance(workspace.log, SqliteLog):
        workspace.log.longest_poll = 0.1
    await together(
        stop,
        worker(workspace, stop, decided),
        dispatch(workspace, stop, decided),
        clock(workspace, stop),
        web(workspace, stop),
        _observe(workspace, stop),
        _watch(workspace, playbook, stop),
    )


async def _watch(workspace: Workspace, playbook: Path, stop: asyncio.Event) -> None:
    """Activate the folder whenever it has changed and checks clean; otherwise the old program stays in force."""
    from watchfiles import awatch

    async for _ in awatch(playbook, stop_event=stop, debounce=300, step=100):
        try:
            activated = await activate(workspace, read_folder(playbook))
        except PlaybookError as error:
            first = error.findings[0] if error.findings else None
            place = "" if first is None else f" {first.file}:{first.line}:{first.column}: {first.message}"
            logger().warning("playbook_refused", count=len(error.findings), reason=f"{error.message};{place}")
            continue
        if activated.changed:
            logger().info("activated", hash=activated.hash[:12], sequence=activated.sequence)
