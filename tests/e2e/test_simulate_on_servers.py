"""A simulation on Kafka, Valkey and PostgreSQL writes the files of one in memory, with any number of workers."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from stores.connect import connect_ledger, connect_log, connect_state
from stores.ports import Appendable, Position
from tests.everything.history import PLAYBOOK, UNTIL, write_history
from tests.helpers.installation import Installation
from tests.helpers.source import ROOT
from tests.helpers.stores import kafka_url
from tests.servers.postgres import ledger_url
from tests.servers.valkey import state_url

if TYPE_CHECKING:
    from pathlib import Path

WORDS = (
    "simulate", "--playbook", "playbook", "--events", "one.jsonl", "two.jsonl", "--until", UNTIL, "--json",
)  # fmt: skip


def stores_of(folder: Path, partitions: int = 5) -> dict[str, str]:
    """The settings of stores that nobody has used, another three for each folder."""
    return {
        "SIM_LOG": kafka_url(folder, f"?partitions={partitions}"),
        "SIM_STATE": state_url(folder),
        "SIM_LEDGER": ledger_url(folder),
    }


def simulated(here: Installation, name: str, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """A simulation into the folder `name`."""
    elsewhere = Installation(here.folder, {}, settings)
    return elsewhere.run(*WORDS, "--out", name, *words)


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The playbook, its events, and what memory makes of them in the folder `wanted`."""
    here = Installation(tmp_path_factory.mktemp("servers"), PLAYBOOK)
    here.write_playbook()
    write_history(here.folder)
    done = simulated(here, "wanted")
    assert done.returncode == 0, done.stderr
    return here


@pytest.mark.parametrize("workers", [1, 3])
def test_the_files_are_the_same_byte_for_byte(here: Installation, workers: int) -> None:
    name = f"workers-{workers}"
    words = ("--engine", "servers", "--workers", str(workers), "--batch", "60", "--tick", "19h")

    done = simulated(here, name, *words, **stores_of(here.folder / name))

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.encode() == (here.folder / "wanted" / "summary.json").read_bytes()
    found, wanted = files_of(here.folder / name), files_of(here.folder / "wanted")
    assert [file for file in wanted if found[file] != wanted[file]] == []
    assert list(found) == list(wanted)
    shown, other = (here.run("person", "p07", "--json", "--from", folder) for folder in (name, "wanted"))
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout == other.stdout


def test_stores_that_are_not_named_are_asked_for_and_those_of_the_installation_are_left_alone(
    here: Installation,
) -> None:
    live = {
        "LOG": "kafka://127.0.0.1:1/live",
        "STATE": "redis://127.0.0.1:1",
        "LEDGER": "postgresql://127.0.0.1:1/live",
    }

    done = simulated(here, "missing", "--engine", "servers", SIM_STATE="redis://127.0.0.1:1", **live)

    assert done.returncode == 2
    first, hint = done.stderr.splitlines()
    assert first.startswith("touchline: --engine servers needs TOUCHLINE_SIM_LOG and TOUCHLINE_SIM_LEDGER: ")
    assert hint.startswith("  kafka://")
    assert not (here.folder / "missing").exists()


@pytest.mark.parametrize(
    ("setting", "url"),
    [("SIM_LOG", "sqlite:///log.db"), ("SIM_STATE", "memory://"), ("SIM_LEDGER", "sqlite:///ledger.db")],
)
def test_a_store_that_is_on_no_server_is_refused(here: Installation, setting: str, url: str) -> None:
    urls = {"SIM_LOG": "kafka://127.0.0.1:1/t", "SIM_STATE": "redis://127.0.0.1:1", "SIM_LEDGER": "postgresql:///none"}

    done = simulated(here, "embedded", "--engine", "servers", **(urls | {setting: url}))

    assert done.returncode == 2
    assert f"TOUCHLINE_{setting} is no URL of a server" in done.stderr


def test_workers_are_for_servers_only(here: Installation) -> None:
    done = simulated(here, "lonely", "--workers", "3")

    assert (done.returncode, "--workers is for --engine servers" in done.stderr) == (2, True)


@pytest.mark.parametrize("used", ["SIM_LOG", "SIM_STATE", "SIM_LEDGER"])
async def test_stores_that_hold_something_are_refused_and_stay_as_they_are(here: Installation, used: str) -> None:
    urls = stores_of(here.folder / f"used-{used}", partitions=2)
    await use(used, urls[used])

    done = simulated(here, "refused", "--engine", "servers", **urls)

    assert done.returncode == 2, done.stderr
    assert "is not empty" in done.stderr
    assert len(done.stderr.splitlines()) == 2


async def use(setting: str, url: str) -> None:
    """Leave something in a store."""
    if setting == "SIM_LOG":
        log = await connect_log(url, clock=lambda: 0, new_id=lambda: "", virtual_time=True)
        await log.append([Appendable("", b"{}", 1, 5)])
        await log.close()
    elif setting == "SIM_STATE":
        state = await connect_state(url)
        await state.begin(1, "other", Position(7))
        await state.close()
    else:
        ledger = await connect_ledger(url)
        await ledger.set_meta("workspace", "somebody's")
        await ledger.close()


def test_the_topic_of_a_living_log_is_refused(here: Installation) -> None:
    urls = stores_of(here.folder / "living", partitions=2)
    live = Installation(here.folder, {}, {"LOG": urls["SIM_LOG"], "LEDGER": ledger_url(here.folder / "live-ledger")})
    assert live.run("activate", "playbook").returncode == 0

    done = simulated(here, "living", "--engine", "servers", **urls)

    assert done.returncode == 2
    assert "TOUCHLINE_SIM_LOG: the topic" in done.stderr
    assert "name a topic that nobody has used" in done.stderr


def test_the_demo_on_servers_says_in_one_line_which_server_cannot_be_had(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.servers.demo"],
        cwd=ROOT, env=os.environ | {"PATH": str(tmp_path)}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert done.returncode == 2
    assert done.stderr == (
        "touchline: a server is missing: java is missing (Debian and Ubuntu: apt install openjdk-17-jre-headless maven)\n"
    )
