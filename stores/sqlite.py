"""The one way to open an SQLite file: the driver, the pragmas, the thread that works on it, and errors as sentences.

A file has one connection and one thread for each object that opened it. All of a process go through the same library:
a second one would drop the locks of the first when it closes a file, and committed rows would be lost.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import IO, TYPE_CHECKING, Literal, ParamSpec, TypeVar, cast

from schemas.errors import SettingsError, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Database", "Driver", "Thread", "choose_driver", "immediate"]

P = ParamSpec("P")
T = TypeVar("T")

_FIXED = (3, 51, 3)
"""SQLite 3.7.0 up to this one may damage a WAL file when two connections write and checkpoint at the same moment."""
_KINDS = {"log": 0x544C4C47, "state": 0x544C5354, "ledger": 0x544C4C45}
"""What stands in a file's header, so that a log is never taken for a ledger."""
_BUSY_SECONDS = 5.0
_PRAGMAS = ("cache_size=-16384", "mmap_size=0", "temp_store=MEMORY", "journal_size_limit=67108864", "fullfsync=ON")
_SENTENCES = {
    "SQLITE_FULL": ("the disk is full", "free some space; what was not confirmed may be sent again"),
    "SQLITE_BUSY": (
        "another process keeps it locked",
        "try again; if it stays so, see which process has the file open",
    ),
    "SQLITE_LOCKED": ("it is locked", "try again"),
    "SQLITE_READONLY": (
        "it may not be written to",
        "give the user of this process write access to the file and its folder",
    ),
    "SQLITE_PERM": ("access is denied", "give the user of this process access to the file and its folder"),
    "SQLITE_CANTOPEN": (
        "it cannot be opened",
        "see whether its folder exists and the user of this process may write there",
    ),
    "SQLITE_NOTADB": ("it is not a database of ours", "name another file, or put the right one back"),
    "SQLITE_CORRUPT": ("it is damaged", "restore it from a backup"),
    "SQLITE_IOERR": ("the disk does not read or write it", "look at the disk, then try again"),
}


@dataclass(frozen=True, slots=True)
class Driver:
    """A DB-API module. `shared`: several connections may write to one file, also of several processes."""

    module: ModuleType
    shared: bool


@cache
def choose_driver() -> Driver:
    """pysqlite3 where it is installed, else the standard module; the same one for every file of the process."""
    try:
        module = import_module("pysqlite3")
    except ImportError:
        module = sqlite3
    return Driver(module, module.sqlite_version_info >= _FIXED)


def _warn(message: str) -> None:
    logging.getLogger(__name__).warning(message)


class Thread:
    """One thread that does the work of one file, in the order in which it was asked for."""

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call it there. A caller that is cancelled may find later that its work was done all the same."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, partial(function, *args, **kwargs))

    def close(self) -> None:
        """Let the thread end after what it was asked for."""
        self._executor.shutdown(wait=False)


class Database:
    """An open SQLite file, or one in memory (`path` None), with its thread. `kind` is what the file holds.

    `durable`: a commit survives a power cut; else the file may fall back to an earlier commit, never to a broken state.
    `shrinkable` (of a new file): deleted rows can be given back to the disk. `warn` is told when the SQLite at hand is
    an old one, so that only this process may have the file open. Raises `StoreUnavailable`, `SettingsError`.
    """

    def __init__(
        self,
        path: Path | None,
        kind: Literal["log", "state", "ledger"],
        *,
        durable: bool = True,
        checkpoint_pages: int = 1_000,
        shrinkable: bool = False,
        driver: Driver | None = None,
        warn: Callable[[str], None] = _warn,
    ) -> None:
        self.name = f"the {kind} in memory" if path is None else f"the file {path}"
        self._path = path
        driver = driver or choose_driver()
        self.module = driver.module
        self.shared = driver.shared and path is not None
        with ExitStack() as opened, self.sentences():
            if path is not None:
                _make_folder(path)
                if not driver.shared:
                    opened.enter_context(_lock(path, warn))
            self.connection = self._connect(opened)
            self._claim(kind, shrinkable=shrinkable)
            self._tune(path, durable=durable, checkpoint_pages=checkpoint_pages)
            self._opened = opened.pop_all()
        self.thread = Thread(kind)
        self._is_closed = False

    def _connect(self, opened: ExitStack, busy: float = _BUSY_SECONDS) -> sqlite3.Connection:
        connection = self.module.connect(
            ":memory:" if self._path is None else str(self._path),
            timeout=busy,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        opened.callback(connection.close)
        return cast("sqlite3.Connection", connection)

    def _claim(self, kind: str, *, shrinkable: bool) -> None:
        """Mark a new file with what it holds, and refuse one that holds something else."""
        run = self.connection.execute
        # The tables before the mark: a process that makes the file at this very moment marks it before it makes them.
        has_tables = run("SELECT 1 FROM sqlite_master").fetchone() is not None
        found = run("PRAGMA application_id").fetchone()[0]
        if found == _KINDS[kind]:
            return
        if found or has_tables:
            message = f"{self.name} does not hold a {kind}"
            raise StoreUnavailable(message, hint="see whether the URLs of log, state and ledger are mixed up")
        if shrinkable:
            run("PRAGMA page_size=4096")  # once there is a table both are ignored without a word
            run("PRAGMA auto_vacuum=INCREMENTAL")
        run(f"PRAGMA application_id={_KINDS[kind]}")

    def _tune(self, path: Path | None, *, durable: bool, checkpoint_pages: int) -> None:
        run = self.connection.execute
        if path is not None and run("PRAGMA journal_mode=WAL").fetchone()[0] != "wal":
            message = f"{self.name} is on a file system without the locks that SQLite needs; keep it on a local disk"
            raise StoreUnavailable(message)
        run(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        run(f"PRAGMA wal_autocheckpoint={checkpoint_pages}")
        for pragma in _PRAGMAS:
            run(f"PRAGMA {pragma}")

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call it in the file's thread. Raises `StoreUnavailable` for what only the machine can mend."""
        return await self.thread.run(self._run, partial(function, *args, **kwargs))

    def _run(self, function: Callable[[], T]) -> T:
        with self.sentences():
            return function()

    def watch(self) -> Callable[[], int]:
        """A function whose number changes with each commit to the file: quick and never waiting, it needs no thread."""
        connection = self._connect(self._opened, busy=0)
        last = 0

        def version() -> int:
            nonlocal last
            with suppress(self.module.OperationalError):  # busy for an instant: the next look tells
                last = connection.execute("PRAGMA data_version").fetchone()[0]
            return last

        return version

    @contextmanager
    def sentences(self) -> Iterator[None]:
        """Turn the driver's errors, bare or wrapped by SQLAlchemy, into sentences; a defect passes as it is."""
        try:
            yield
        except Exception as error:
            known = _sentence(self.name, getattr(error, "orig", error))
            if known is None:
                raise
            raise known from error

    def abandon(self) -> None:
        """Close it at once: whoever was to own it could not be made."""
        self._is_closed = True
        self._opened.close()
        self.thread.close()

    async def close(self) -> None:
        """Close the file after everything that was asked for; a second time does nothing."""
        if not self._is_closed:
            self._is_closed = True
            await self.thread.run(self._opened.close)
            self.thread.close()


def _sentence(name: str, error: object) -> StoreUnavailable | None:
    """What an error of SQLite means to an operator, None where it shows a defect of ours."""
    code = getattr(error, "sqlite_errorname", None) or ""
    for prefix, (what, hint) in _SENTENCES.items():
        if code.startswith(prefix):
            return StoreUnavailable(f"{name} cannot be used: {what}", hint=hint)
    return None


@contextmanager
def immediate(connection: sqlite3.Connection) -> Iterator[None]:
    """A transaction that takes the write lock first: one that reads before it writes could not wait for the lock."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:  # a full disk has rolled it back already
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"the folder {path.parent} cannot be made: {error.strerror}"
        raise StoreUnavailable(message, hint="name another folder, or make it and let this user write there") from error


@contextmanager
def _lock(path: Path, warn: Callable[[str], None]) -> Iterator[None]:
    """Keep every other connection away from a file."""
    try:
        fcntl = import_module("fcntl")
    except ImportError:
        message = "the SQLite of this Python is older than 3.51.3; use a newer Python, or install the package pysqlite3"
        raise SettingsError(message) from None
    with _lock_file(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            message = f"the file {path} is in use, and the SQLite of this Python is too old to share it"
            raise StoreUnavailable(message, hint="stop the other process, or install the package pysqlite3") from None
        warn(f"The SQLite of this Python is older than 3.51.3: only this process can use {path}.")
        yield


def _lock_file(path: Path) -> IO[bytes]:
    try:
        return Path(f"{path}.lock").open("ab")
    except OSError as error:
        message = f"the file {path} cannot be used: {error.strerror}"
        raise StoreUnavailable(message, hint="see whether this user may write in its folder") from error
