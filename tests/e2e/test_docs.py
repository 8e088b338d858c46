"""Every command that the documents ask a reader to type, typed in a folder that looks like a checkout."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.helpers.documents import blocks, documents, read
from tests.helpers.source import ROOT
from tests.helpers.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.helpers.documents import Block

# What stands in for programs that a machine may lack, and for the part of `make run` that installs.
PROGRAMS = {
    "touchline": f'exec "{sys.executable}" -m workers "$@"',
    "make": 'test "$*" = run && exec touchline demo',
}
CURL = f"""exec "{sys.executable}" -c '
import sys, httpx
url = next(word for word in sys.argv if "localhost" in word)
reply = httpx.post("http://" + url, content=sys.argv[sys.argv.index("-d") + 1])
print(reply.text)
sys.exit(0 if reply.is_success else 22)' "$@"
"""


TOGETHER = {"README.md", "docs/tutorial.md", "docs/operating.md"}
OTHERS = [
    name
    for path in documents()
    if (name := path.relative_to(ROOT).as_posix()) not in TOGETHER
    and any(block.language == "sh" and block.marks for block in blocks(read(name)))
]
"""Pages whose commands need nothing that another page has typed."""


@dataclass(slots=True)
class Reader:
    """Somebody at a shell. `folder` moves with `cd`; `said` is what the last block printed."""

    folder: Path
    programs: Path
    port: int
    said: str = ""
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        """A plain environment in which our programs come first."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHLINE_")}
        path = f"{self.programs}{os.pathsep}{os.environ['PATH']}"
        return clean | {"PATH": path, "PYTHONPATH": str(ROOT), "TOUCHLINE_PORT": str(self.port), "COLUMNS": "120"}

    def follow(self, block: Block) -> None:
        """Do what a block asks for."""
        if block.language == "text" and "shown" in block.marks:
            assert [line for line in block.text.splitlines() if line.strip() not in self.said] == [], self.said
        if block.language != "sh":
            return
        if "start" in block.marks:
            self.start(block.text)
        elif "stop" in block.marks:
            self.stop()
        elif "run" in block.marks:
            self.run(block)

    def run(self, block: Block) -> None:
        """Type a block; `within` seconds it may be typed again until it works."""
        wanted = int(block.marks.get("exit", "0"))
        if "within" in block.marks:
            wait_until(
                lambda: self.enter(block.text) == wanted, float(block.marks["within"]), f"{block.text}{self.said}"
            )
        else:
            assert self.enter(block.text) == wanted, f"{block.text}{self.said}"

    def enter(self, text: str) -> int:
        """Type commands and press Enter; the exit code of the first that fails, else 0."""
        where = self.programs / "where"
        script = f"set -e\n{text.replace('localhost:8080', f'localhost:{self.port}')}\npwd > '{where}'\n"
        done = subprocess.run(
            ["sh", "-c", script],
            cwd=self.folder, env=self.environment(), text=True, timeout=400, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.said = done.stdout
        if done.returncode == 0:
            self.folder = Path(where.read_text(encoding="utf-8").strip())
        return done.returncode

    def start(self, text: str) -> None:
        """Type a command that goes on until it is told to stop."""
        command = ["sh", "-c", f"exec {text}"]
        with (self.programs / "log").open("ab") as log:
            process = subprocess.Popen(command, cwd=self.folder, env=self.environment(), stdout=log, stderr=log)
        self.running.append(process)

    def stop(self) -> None:
        """Tell it to stop."""
        process = self.running.pop()
        process.send_signal(signal.SIGTERM)
        code = process.wait(15)
        log = (self.programs / "log").read_text(encoding="utf-8")
        assert (code, "Traceback" in log) == (0, False), log


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    programs, checkout = tmp_path / "programs", tmp_path / "checkout"
    programs.mkdir()
    checkout.mkdir()
    (checkout / "examples").symlink_to(ROOT / "examples")
    for name, script in PROGRAMS.items() if shutil.which("curl") else {**PROGRAMS, "curl": CURL}.items():
        path = programs / name
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    reader = Reader(checkout, programs, port)
    yield reader
    for process in reader.running:
        process.kill()
        process.wait()


def test_the_commands_of_the_readme_work(reader: Reader) -> None:
    for block in blocks(read("README.md")):
        reader.follow(block)

    assert "welcome" in reader.said


@pytest.mark.parametrize("page", OTHERS)
def test_the_commands_of_every_other_page_work(reader: Reader, page: str) -> None:
    for block in blocks(read(page)):
        reader.follow(block)


def test_the_commands_of_the_tutorial_and_the_backup_of_its_data_work(reader: Reader) -> None:
    for block in [*blocks(read("docs/tutorial.md")), *blocks(read("docs/operating.md"))]:
        reader.follow(block)

    assert "1 people" in reader.said
