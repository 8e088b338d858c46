"""`make run-servers`: the demo on a Kafka, a Valkey and a PostgreSQL that are started for it and go with it."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.servers.kafka import shared_kafka
from tests.servers.postgres import postgres
from tests.servers.required import ServerMissing
from tests.servers.valkey import valkey

__all__ = ["main", "settings"]

_NAME = "demo"


def settings() -> dict[str, str]:
    """Start the servers; the stores of one simulation on them. Raises `ServerMissing`."""
    kafka, database = shared_kafka(), postgres()
    return {
        "TOUCHLINE_SIM_LOG": f"kafka://{kafka.address}/{_NAME}",
        "TOUCHLINE_SIM_STATE": f"{valkey().url}?prefix={_NAME}",
        "TOUCHLINE_SIM_LEDGER": database.url(database.database(_NAME)),
    }


def main(words: list[str]) -> int:
    """Run the demo; its exit code."""
    try:
        where = settings()
    except ServerMissing as error:
        sys.stderr.write(f"touchline: a server is missing: {error}\n")
        return 2
    command = [sys.executable, "-m", "workers", "demo", "--engine", "servers", "--workers", "2", *words]
    return subprocess.run(command, env=os.environ | where, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
