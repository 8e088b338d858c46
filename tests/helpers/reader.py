"""A reader of the documents: somebody at a shell, in a checkout of their own, who types what the pages say."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import venv
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from tests.helpers.running import free_port
from tests.helpers.source import ROOT
from tests.helpers.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.helpers.documents import Block

__all__ = ["ACTIVATE", "Reader", "cut_sample", "make_checkout"]

ACTIVATE = ". .venv/bin/activate"
SECONDS = 400
"""How long one block may take."""
_SUITE = (
    *("__init__.py", "conftest.py", "helpers", "reference", "servers", "core/__init__.py", "core/test_windows.py"),
    *("properties/__init__.py", "properties/test_coupon_properties.py"),
)
"""What the checkout has of the tests: a whole suite in it would run itself."""
_CURL = """
import sys, httpx
url = next(word for word in sys.argv if "localhost" in word)
reply = httpx.post("http://" + url, content=sys.argv[sys.argv.index("-d") + 1])
print(reply.text)
sys.exit(0 if reply.is_success else 22)
"""
"""What stands in for `curl` where a machine has none."""
_EXPORTED = "import json, os, sys; json.dump(dict(os.environ), open(sys.argv[1], 'w'))"


def make_checkout(folder: Path) -> Path:
    """What `git clone` and `make dev` make: the tree, with the tests of two modules, and a .venv that is up to date."""
    folder.mkdir()
    for path in ROOT.iterdir():
        if not path.name.startswith(".") and path.name not in {"tests", "scripts", "build", "dist"}:
            (folder / path.name).symlink_to(path)
    for name in (*(f"tests/{each}" for each in _SUITE), "scripts/setup.sh"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).symlink_to(ROOT / name)
    _make_venv(folder)
    return folder


def cut_sample(checkout: Path, lines: int) -> None:
    """Let the sample be the first lines of its orders, so that what plays it takes seconds."""
    sample = checkout / "examples/online_retail"
    (checkout / "examples").unlink()
    sample.mkdir(parents=True)
    for path in (ROOT / "examples/online_retail").iterdir():
        (sample / path.name).symlink_to(path)
    orders = sample / "online_retail.csv.gz"
    with gzip.open(orders, "rb") as whole:
        kept = b"".join(islice(whole, lines))
    orders.unlink()
    orders.write_bytes(gzip.compress(kept))


def _make_venv(checkout: Path) -> None:
    """A venv whose `python` is the one that runs this, with what is installed there."""
    venv.create(checkout / ".venv", symlinks=True)
    programs = checkout / ".venv/bin"
    for path in programs.glob("python*"):
        path.unlink()
    _write_program(programs / "python", f'exec "{sys.executable}" "$@"')
    _write_program(programs / "touchline", f'exec "{sys.executable}" -m workers "$@"')
    for lock in ("requirements.lock", "requirements-dev.lock"):
        stamp = f"cat {lock} pyproject.toml | cksum > .venv/.stamp-{lock}"
        subprocess.run(["sh", "-c", stamp], cwd=checkout, check=True)


def _write_program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


@dataclass(slots=True)
class Reader:
    """Somebody at a shell. `folder` moves with `cd`, `exported` with `export`; `said` is what the last block printed.

    `places` says what an address of the documents is on this machine; `desk` is a folder for what the reader needs.
    """

    folder: Path
    desk: Path
    places: dict[str, str] = field(default_factory=dict)
    said: str = ""
    exported: dict[str, str] = field(default_factory=dict)
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with an environment in which nothing of Touchline is set."""
        self.desk.mkdir()
        port = free_port()
        self.places["localhost:8080"] = f"localhost:{port}"
        ours = ("TOUCHLINE_", "PYTEST_", "VIRTUAL_ENV", "MAKE", "MFLAGS")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        self.exported = clean | {"PYTHONPATH": str(self.folder), "TOUCHLINE_PORT": str(port), "COLUMNS": "120"}
        if shutil.which("curl") is None:
            _write_program(self.desk / "curl", f'exec "{sys.executable}" -c \'{_CURL}\' "$@"')
            self.exported["PATH"] = f"{self.desk}{os.pathsep}{os.environ['PATH']}"

    def export(self, settings: Mapping[str, str]) -> None:
        """Set variables, as a reader does who has an installation."""
        self.exported |= settings

    def follow(self, block: Block) -> None:
        """Do what a block asks for."""
        if block.language == "text" and "shown" in block.marks:
            assert [line for line in block.text.splitlines() if line.strip() not in self.said] == [], self.said
        elif "start" in block.marks:
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
        where, exported = self.desk / "where", self.desk / "exported"
        keep = f"pwd > '{where}'\n'{sys.executable}' -I -S -c \"{_EXPORTED}\" '{exported}'\n"
        script = f"set -e\n{self._here(text)}\n{keep}"
        done = subprocess.run(
            ["sh", "-c", script],
            cwd=self.folder, env=self.exported, text=True, timeout=SECONDS, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.said = done.stdout
        if done.returncode == 0:
            self.folder = Path(where.read_text(encoding="utf-8").strip())
            self.exported = json.loads(exported.read_text(encoding="utf-8"))
        return done.returncode

    def _here(self, text: str) -> str:
        for there, here in self.places.items():
            text = text.replace(there, here)
        return text

    def start(self, text: str) -> None:
        """Type a command that goes on until it is told to stop."""
        with (self.desk / "log").open("ab") as log:
            process = subprocess.Popen(
                ["sh", "-c", f"exec {text}"], cwd=self.folder, env=self.exported, stdout=log, stderr=log
            )
        self.running.append(process)

    def stop(self) -> None:
        """Tell it to stop."""
        process = self.running.pop()
        process.send_signal(signal.SIGTERM)
        code = process.wait(15)
        log = (self.desk / "log").read_text(encoding="utf-8")
        assert (code, "Traceback" in log) == (0, False), log

    def leave(self) -> None:
        """End what still runs."""
        for process in self.running:
            process.kill()
            process.wait()
