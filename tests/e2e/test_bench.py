"""The measurements that the page on performance names still run; their figures are nobody's business here."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.helpers.source import ROOT
from tests.helpers.stores import kafka
from tests.servers.postgres import needed

SMALL = {
    "bench.run": "--quick --only worker",  # make bench
    "bench.servers": "--events 500 --rounds 1 --only rates --playbook trivial --json",  # make bench-servers
    "bench.state": "--people 300 --rounds 1",
    "bench.ledger": "",
    "bench.playbook_tests": "--cases 5",
}


@pytest.mark.parametrize("module", SMALL)
def test_a_measurement_in_small_prints_figures(module: str) -> None:
    if module == "bench.servers":
        kafka()
    if module in {"bench.servers", "bench.ledger"}:
        needed()

    done = subprocess.run(
        [sys.executable, "-m", module, *SMALL[module].split()],
        cwd=ROOT, capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert any(character.isdigit() for character in done.stdout)
