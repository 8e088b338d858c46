"""Kafka, Valkey and PostgreSQL for whoever works on Touchline: `make servers`, until Ctrl-C. Their data stay in a folder.

They listen on this machine only, on their usual ports where those are free. A missing part is one sentence.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import shlex
import signal
import socket
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.helpers.running import free_port
from tests.servers.kafka import Kafka
from tests.servers.postgres import Postgres
from tests.servers.required import ServerMissing
from tests.servers.valkey import Valkey

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(".touchline-servers")
DATABASE = "touchline"
_LASTS = ("--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction")


class _Stopped(Exception):
    """Somebody asked for the end."""


def main() -> int:
    """Run the three until a signal comes; the exit code."""
    words = argparse.ArgumentParser(prog="make servers", description=__doc__)
    words.add_argument("--json", action="store_true", help="print the settings as one JSON document")
    words.add_argument("--data", type=Path, default=FOLDER, help=f"folder of their data (default {FOLDER})")
    asked = words.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        with _running(asked.data.absolute()) as settings:
            _tell(settings, asked.data, as_json=asked.json)
            while True:
                signal.pause()
    except _Stopped:
        return 0
    except ServerMissing as error:
        sys.stderr.write(f"make servers: {error}\n")
        return 2


def _stop(*_: object) -> None:
    """Once: whoever is impatient does not leave servers behind."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise _Stopped


def _tell(settings: dict[str, str], folder: Path, *, as_json: bool) -> None:
    lines = [json.dumps(settings)] if as_json else [f"export {n}={shlex.quote(url)}" for n, url in settings.items()]
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()
    sys.stderr.write(f"They run until Ctrl-C (or SIGTERM) here; their data stay in {folder}.\n")


@contextmanager
def _running(folder: Path) -> Iterator[dict[str, str]]:
    """The settings of the three servers while they run. Raises `ServerMissing`."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as running:
        lock = running.enter_context((folder / "lock").open("w"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ServerMissing(f"they run already, with their data in {folder}; stop them there") from None
        kafka = Kafka(folder / "kafka", _port(9092))
        running.callback(kafka.close)
        kafka.start()
        postgres = Postgres(folder / "postgres", _port(5432))
        running.callback(postgres.stop)
        if not postgres.execute(f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"):
            postgres.execute(f"CREATE DATABASE {DATABASE}")
        (folder / "valkey").mkdir(exist_ok=True)
        valkey = Valkey(_LASTS, _port(6379), folder / "valkey", is_lasting=True)
        running.callback(valkey.stop)
        valkey.start()
        yield {
            "TOUCHLINE_LOG": f"kafka://{kafka.address}",
            "TOUCHLINE_STATE": valkey.url,
            "TOUCHLINE_LEDGER": postgres.url(DATABASE),
        }


def _port(usual: int) -> int:
    """The usual port if nobody listens on it, else a free one."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", usual))
        except OSError:
            return free_port()
    return usual


if __name__ == "__main__":
    sys.exit(main())
