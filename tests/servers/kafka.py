"""Apache Kafka as a plain process: one broker of its own for each test process, started when it is first asked for.

Needs Java 17 and Maven, which fetches Kafka's jars once into `~/.cache/touchline/kafka-…`.
"""

from __future__ import annotations

import atexit
import base64
import hashlib
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.helpers.running import free_port
from tests.helpers.waiting import wait_until
from tests.servers.required import ServerMissing

if TYPE_CHECKING:
    from tests.servers.certificates import Signed

__all__ = ["PASSWORD", "USER", "Kafka", "shared_kafka"]

USER, PASSWORD = "touchline", "p@ss/word"
"""Who may come in through the listener that asks."""
_HERE = Path(__file__).parent / "kafka_jars"
_READY_SECONDS = 60.0
_METADATA, _VERSION = 3, 5
_SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},SASL://127.0.0.1:{sasl},CONTROLLER://127.0.0.1:{controller}{also}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},SASL://127.0.0.1:{sasl}{also}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL:SASL_PLAINTEXT,TLS:SASL_SSL,CONTROLLER:PLAINTEXT
listener.name.sasl.sasl.enabled.mechanisms=PLAIN
listener.name.sasl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_{user}="{password}";
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
{tls}log.dirs={folder}/logs
auto.create.topics.enable=false
num.io.threads=2
num.network.threads=2
log.cleaner.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=1500
broker.heartbeat.interval.ms=300
"""
_TLS = """\
listener.name.tls.sasl.enabled.mechanisms=PLAIN
listener.name.tls.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_{user}="{password}";
listener.name.tls.ssl.keystore.type=PEM
listener.name.tls.ssl.keystore.location={store}
"""
_LAST_WORD = "import os, sys; sys.stdin.read(); os.kill(int(sys.argv[1]), 9)"
"""A process that ends another one as soon as nobody holds the other end of its input: no broker outlives its tests."""


class Kafka:
    """A broker with a data folder of its own. Raises `ServerMissing` when this machine cannot run one.

    `lasting`: a folder whose data stay, made when it is first used; `port`: where it listens, a free one unless said.
    `shown`: the certificate of a third listener, which asks for user and password behind TLS.
    """

    def __init__(self, lasting: Path | None = None, port: int = 0, shown: Signed | None = None) -> None:
        self._jars = _jars()
        self._is_lasting = lasting is not None
        self.folder = lasting or Path(tempfile.mkdtemp(prefix="touchline-kafka-"))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port, self.sasl_port, self.tls_port = port or free_port(), free_port(), free_port()
        settings = _SETTINGS.format(
            controller=self._controller() or free_port(),
            port=self.port,
            sasl=self.sasl_port,
            folder=self.folder,
            user=USER,
            password=PASSWORD,
            also="" if shown is None else f",TLS://localhost:{self.tls_port}",
            tls="" if shown is None else self._tls(shown),
        )
        (self.folder / "server.properties").write_text(settings, "utf-8")
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        if not (self.folder / "logs" / "meta.properties").exists():
            self._format()

    def _tls(self, shown: Signed) -> str:
        """Settings of the listener with TLS, and the file that it takes key and certificate from."""
        store = self.folder / "tls.pem"
        store.write_text(shown.key.read_text() + shown.cert.read_text())
        return _TLS.format(user=USER, password=PASSWORD, store=store)

    def _controller(self) -> int | None:
        """The port of the controller that this folder was made with, which its data name."""
        found = (
            re.search(r"CONTROLLER://127\.0\.0\.1:(\d+)", self._settings.read_text())
            if self._settings.exists()
            else None
        )
        return int(found[1]) if found else None

    @property
    def address(self) -> str:
        """HOST:PORT of the listener that lets everybody in."""
        return f"127.0.0.1:{self.port}"

    @property
    def sasl_address(self) -> str:
        """HOST:PORT of the listener that asks for `USER` and `PASSWORD`."""
        return f"127.0.0.1:{self.sasl_port}"

    def _java(self, *words: str) -> list[str]:
        memory = [
            "-Xms128m",
            "-Xmx384m",
            "-XX:+UseSerialGC",
            f"-Dlog4j2.configurationFile={_HERE / 'log4j2.properties'}",
        ]
        return ["java", *memory, "-cp", f"{self._jars}/*", *words]

    def _format(self) -> None:
        identity = base64.urlsafe_b64encode(b"k" + os.urandom(15)).rstrip(b"=").decode()  # it may not begin with "-"
        words = ["kafka.tools.StorageTool", "format", "--standalone", "-t", identity, "-c", str(self._settings)]
        done = subprocess.run(self._java(*words), capture_output=True, text=True, check=False)
        if done.returncode:
            raise ServerMissing(f"Kafka's storage cannot be made: {(done.stderr + done.stdout).strip()[-500:]}")

    @property
    def _settings(self) -> Path:
        return self.folder / "server.properties"

    def start(self) -> None:
        """Start it (again, on the same data) and return when it answers."""
        with (self.folder / "out.log").open("ab") as out:
            words = self._java("kafka.Kafka", str(self._settings))
            self._process = subprocess.Popen(words, stdout=out, stderr=out, cwd=self.folder)
        guard = [sys.executable, "-c", _LAST_WORD, str(self._process.pid)]
        self._guard = subprocess.Popen(guard, stdin=subprocess.PIPE, start_new_session=True)
        wait_until(self._is_ready, _READY_SECONDS, "Kafka to answer")

    def _is_ready(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise ServerMissing(f"Kafka has ended: {(self.folder / 'out.log').read_text('utf-8').strip()[-500:]}")
        return _brokers(self.port) > 0

    def kill(self) -> None:
        """End it without giving it a chance; `start` brings it back with what was on its disk."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        for process in (self._process, self._guard):
            if process is not None and process.poll() is None:
                process.send_signal(how if process is self._process else signal.SIGKILL)
                process.wait(30)
        if self._guard is not None and self._guard.stdin is not None:
            self._guard.stdin.close()
        self._process = self._guard = None

    def pause(self) -> None:
        """Let it stand still."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """End it for good; nothing is left but what is to last."""
        if self._is_lasting:
            self.stop()
            return
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


@cache
def shared_kafka() -> Kafka:
    """The broker of this test process. Raises `ServerMissing`."""
    broker = Kafka()
    atexit.register(broker.close)
    broker.start()
    return broker


def _brokers(port: int) -> int:
    """How many brokers a metadata request names; 0 while nobody answers it."""
    request = struct.pack(">hhih5sib", _METADATA, _VERSION, 1, 5, b"tests", 0, 0)
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.settimeout(2)
            connection.sendall(struct.pack(">i", len(request)) + request)
            answer = connection.recv(4_096)
    except OSError:
        return 0
    return int(struct.unpack_from(">i", answer, 12)[0]) if len(answer) >= 16 else 0


def _jars() -> Path:
    """The folder of Kafka's jars, fetched when they are first needed or the list of them has changed."""
    for tool in ("java", "mvn"):
        if shutil.which(tool) is None:
            raise ServerMissing(f"{tool} is missing (Debian and Ubuntu: apt install openjdk-17-jre-headless maven)")
    pom = _HERE / "pom.xml"
    cached = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "touchline"
    folder = cached / f"kafka-{hashlib.sha256(pom.read_bytes()).hexdigest()[:12]}"
    if not folder.exists():
        cached.mkdir(parents=True, exist_ok=True)
        _fetch(pom, folder)
    return folder


def _fetch(pom: Path, folder: Path) -> None:
    print(f"touchline: fetching Kafka's jars into {folder} (once)", file=sys.__stderr__, flush=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as fresh:
        words = ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={fresh}/jars"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ServerMissing(f"Maven cannot fetch Kafka: {done.stdout.strip()[-300:]}")
        try:
            (Path(fresh) / "jars").rename(folder)
        except OSError:
            if not folder.exists():  # else another test process was faster
                raise
