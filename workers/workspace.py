"""A workspace: the three stores of one installation, its id and its keys, opened by its settings."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass

from schemas.errors import InputError, NamedStop
from stores.connect import connect_ledger, connect_log, connect_state
from stores.ports import Ledger, Log, State
from workers.clock import now_ms
from workers.programs import Programs
from workers.settings import Settings, fresh_key
from workers.startup import check_partitions

__all__ = ["CLOSED", "Workspace", "check_open", "open_workspace"]

CLOSED = "closed"
"""Meta of the ledger: why nothing may work on this workspace any more, or not yet; empty when it may again."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """Open stores. `id` enters every decision id, `key` every coupon code; both are made once."""

    settings: Settings
    log: Log
    state: State
    ledger: Ledger
    programs: Programs
    id: str
    key: bytes

    async def close(self) -> None:
        """Close the stores."""
        for store in (self.log, self.state, self.ledger):
            await store.close()


async def open_workspace(settings: Settings, *, create: bool = True) -> Workspace:
    """Open (and, with `create`, make) the workspace; without `create` only to look, which a closed one allows.

    Raises `InputError`, `NamedStop`, `StoreUnavailable`.
    """
    if not settings.log and not create and not (settings.data / "log.db").exists():
        message = f"there is no workspace in {settings.data}"
        raise InputError(message, hint="start one with: touchline up")
    if not (settings.log and settings.state and settings.ledger):
        _make_folder(settings)
    async with AsyncExitStack() as opened:  # what is open is closed again when the next one cannot be had
        log = await connect_log(
            settings.url("log"), clock=now_ms, new_id=lambda: fresh_key(8), virtual_time=settings.virtual
        )
        opened.push_async_callback(log.close)
        state = await connect_state(settings.url("state"))
        opened.push_async_callback(state.close)
        ledger = await connect_ledger(settings.url("ledger"))
        opened.push_async_callback(ledger.close)
        if create:
            await check_open(ledger)
        await check_partitions(log, ledger)
        identity = await ledger.keep_meta("workspace", fresh_key(8))
        key = await ledger.keep_meta("coupon_key", fresh_key(32))
        opened.pop_all()
    return Workspace(settings, log, state, ledger, Programs(ledger), identity, bytes.fromhex(key))


async def check_open(ledger: Ledger) -> None:
    """Raise `NamedStop` `WORKSPACE_CLOSED` when a move has left this workspace, or has not finished it."""
    why = await ledger.get_meta(CLOSED)
    if why:
        message = f"this workspace is closed: {why}"
        raise NamedStop(message, code="WORKSPACE_CLOSED", hint="see docs/operating.md, Moving to other stores")


def _make_folder(settings: Settings) -> None:
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"the folder {settings.data} cannot be made: {error.strerror}"
        raise InputError(message, hint="name another one with --data") from None
