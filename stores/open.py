"""From a URL to a store: `sqlite:///PATH` (a file), `memory://` (gone with the process)."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from schemas.errors import SettingsError
from stores.memory import MemoryLog
from stores.memory_state import MemoryState
from stores.sqlite import Database
from stores.sqlite_log import SqliteLog
from stores.sqlite_state import SqliteState

if TYPE_CHECKING:
    from collections.abc import Callable

    from stores.ports import Ledger, Log, State

__all__ = ["open_ledger", "open_log", "open_state"]

T = TypeVar("T")

_FORMS = {
    "log": "sqlite:///PATH or kafka://HOST:9092/TOPIC",
    "state": "sqlite:///PATH or redis://HOST:PORT",
    "ledger": "sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DATABASE",
}
_STATE_CHECKPOINT = 4_000
"""Pages. A batch dirties a page for each person, so that fewer and bigger checkpoints are quicker."""


def open_log(
    url: str,
    *,
    clock: Callable[[], int],
    new_id: Callable[[], str],
    partitions: int | None = None,
    virtual_time: bool = False,
) -> Log:
    """Open or make a log. `clock` gives unix ms.

    Of a new one: `partitions` (1 unless said), its id from `new_id`, `virtual_time` if appenders name the time. Raises
    `SettingsError`, `StoreUnavailable`; `NamedStop` `PARTITIONS_CHANGED` when the log has another count than is asked.
    """
    path = _path(url, "log")
    if path is None:
        return MemoryLog(clock=clock, new_id=new_id, partitions=partitions or 1, virtual_time=virtual_time)
    make = partial(SqliteLog, clock=clock, new_id=new_id, partitions=partitions, virtual_time=virtual_time)
    return _owned(make, Database(path, "log", shrinkable=True))


def open_state(url: str) -> State:
    """Open or make a state. Raises `SettingsError`, `StoreUnavailable`."""
    path = _path(url, "state")
    if path is None:
        return MemoryState()
    return _owned(SqliteState, Database(path, "state", durable=False, checkpoint_pages=_STATE_CHECKPOINT))


def open_ledger(url: str) -> Ledger:
    """Open or make a ledger, its tables brought up to date. Raises `SettingsError`, `StoreUnavailable`, `NamedStop`."""
    from stores.sqlite_ledger import SqliteLedger

    return _owned(SqliteLedger, Database(_path(url, "ledger"), "ledger"))


def _owned(make: Callable[[Database], T], database: Database) -> T:
    """The store of an open file; the file is closed if there can be none."""
    try:
        return make(database)
    except BaseException:
        database.abandon()
        raise


def _path(url: str, port: Literal["log", "state", "ledger"]) -> Path | None:
    """The file of a URL, None for memory. Raises `SettingsError`."""
    scheme, separator, rest = url.partition("://")
    if scheme == "memory" and separator and not rest:
        return None
    if scheme == "sqlite" and rest.startswith("/") and rest != "/":
        return Path(rest[1:])
    shown = f"{scheme}{separator}…@{rest.rpartition('@')[2]}" if "@" in rest else url  # never a password
    message = f"{shown!r} is no URL of a {port}; write {_FORMS[port]}"
    raise SettingsError(message, hint=f"set TOUCHLINE_{port.upper()}, or leave it out for a file in the data folder")
