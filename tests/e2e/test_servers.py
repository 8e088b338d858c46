"""`make servers`: three real servers until somebody says stop, then none, and their data still there."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from stores.connect import connect_ledger, connect_log, connect_state
from stores.ports import Appendable, Position
from tests.helpers.source import ROOT
from tests.helpers.stores import Clock, kafka
from tests.helpers.waiting import wait_until
from tests.servers.postgres import needed
from tests.servers.valkey import own_valkey
from workers.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

START_SECONDS = 120


@pytest.fixture(autouse=True)
def _servers_can_be_had() -> None:
    kafka()
    needed()
    with own_valkey():
        pass


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that PostgreSQL may enter, too, which never runs as root."""
    made = Path(tempfile.mkdtemp(prefix="touchline-servers-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


class Servers:
    """The command, and everything that it started."""

    def __init__(self, folder: Path) -> None:
        words = [sys.executable, "-m", "tests.servers", "--json", "--data", str(folder)]
        self.process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.started: list[psutil.Process] = []

    def settings(self) -> dict[str, str]:
        """What it prints when all three are there."""
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        assert select.select([self.process.stdout], [], [], START_SECONDS)[0]
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        self.started = psutil.Process(self.process.pid).children(recursive=True)
        found: dict[str, str] = json.loads(line)
        return found

    def left(self) -> list[psutil.Process]:
        """What still runs of all that it started."""
        return [each for each in self.started if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


@contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    started = Servers(folder)
    with ExitStack() as stack:
        for stream in (started.process.stdout, started.process.stderr):
            if stream is not None:
                stack.enter_context(stream)
        try:
            yield started
        finally:
            started.process.kill()
            started.process.wait()


async def test_three_servers_run_until_they_are_told_to_stop_and_know_everything_the_next_time(folder: Path) -> None:
    known: object = ((0, 0), None, None)
    for _ in range(2):
        with servers(folder / "data") as running:
            urls = running.settings()
            settings = read_settings(urls)
            log = await connect_log(settings.url("log"), clock=Clock(), new_id=lambda: "never")
            state = await connect_state(settings.url("state"))
            ledger = await connect_ledger(settings.url("ledger"))
            found = (await log.ends(0), await state.position(0), await ledger.get_meta("name"))
            assert found == known
            known = ((0, 1), (Position(1), "log"), "value")
            await log.append([Appendable("", b"x", 0)])
            await state.begin(0, "log", Position(1))
            await ledger.set_meta("name", "value")
            for store in (log, state, ledger):
                await store.close()

            assert len(running.started) >= 4
            running.process.send_signal(signal.SIGTERM)
            assert running.process.wait(60) == 0
            assert running.left() == []


def test_no_server_outlives_the_command_that_was_killed_and_a_second_one_says_that_they_run(folder: Path) -> None:
    with servers(folder / "data") as running:
        running.settings()
        words = [sys.executable, "-m", "tests.servers", "--data", str(folder / "data")]
        second = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)

        running.process.kill()

        wait_until(lambda: running.left() == [], 20, "every server to end")
    assert (second.returncode, second.stdout) == (2, "")
    assert second.stderr.startswith("make servers: they run already")


def test_without_java_one_sentence_says_what_to_install(folder: Path) -> None:
    words = [sys.executable, "-m", "tests.servers", "--data", str(folder / "data")]
    bare = os.environ | {"PATH": str(folder)}

    done = subprocess.run(words, cwd=ROOT, env=bare, capture_output=True, text=True, check=False, timeout=60)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("make servers: java is missing (")
    assert done.stderr.count("\n") == 1
