"""The compose file as data, its containers as plain processes of this machine, and the `docker compose` that starts them."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.helpers.running import free_port
from tests.helpers.source import ROOT

__all__ = ["COMPOSE", "GIVEN", "OURS", "THEIRS", "Containers", "composed", "interpolated"]

COMPOSE = ROOT / "docker-compose.yml"
GIVEN = {"POSTGRES_PASSWORD": "letters", "TOUCHLINE_TOKEN": "token", "TOUCHLINE_BIND": "127.0.0.1"}
"""What somebody has written into `.env`."""
OURS = ("web", "worker", "dispatch", "clock")
THEIRS = ("kafka", "valkey", "postgres")
_PORTS = ("8080", "9100")
"""Ports that each container has for itself."""


def composed() -> dict[str, Any]:
    """The compose file."""
    loaded: dict[str, Any] = YAML(typ="safe").load(COMPOSE)
    return loaded


def interpolated(text: str) -> str:
    """What compose makes of `${NAME:?…}` and `${NAME:-…}`."""
    return re.sub(r"\$\{(\w+)[^}]*\}", lambda found: GIVEN[found[1]], text)


def _service(name: str) -> dict[str, Any]:
    found: dict[str, Any] = composed()["services"][name.partition("-")[0]]
    return found


def _image() -> dict[str, str]:
    """The variables that the image sets."""
    text = (ROOT / "Dockerfile").read_text("utf-8").split("\nENV ")[1].split("\nUSER ")[0]
    return dict(part.replace('"', "").split("=", 1) for part in text.replace("\\\n", " ").split())


@dataclass(slots=True)
class Containers:
    """`places`: what a container calls something, and what it is here (HOST:PORT, folder).

    A second worker is called `worker-2`.
    """

    folder: Path
    places: Mapping[str, str]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    ports: dict[str, dict[str, str]] = field(default_factory=dict)

    def _here(self, name: str, text: str) -> str:
        """A word of the compose file with places and ports of this machine."""
        for there, here in self.places.items():
            text = text.replace(there, here)
        ports = self.ports.setdefault(name, {port: str(free_port()) for port in _PORTS})
        return re.sub(r"\b(8080|9100)\b", lambda found: ports[found[1]], text)

    def _environment(self, name: str) -> dict[str, str]:
        """What the image and the compose file set, and the PATH: nothing else of this process."""
        given = _image() | {key: interpolated(value) for key, value in _service(name)["environment"].items()}
        here = {key: self._here(name, value) for key, value in given.items() if key != "PATH"}
        return here | {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}

    def _command(self, name: str, words: list[str]) -> list[str]:
        return [sys.executable, "-m", "workers", *(self._here(name, word) for word in words)]

    def enter(self, line: str) -> str:
        """Do what a line of `docker compose` does, as far as it concerns our containers; what it printed."""
        docker, compose, command, *words = shlex.split(line)
        assert (docker, compose) == ("docker", "compose")
        if command == "run":
            assert words.pop(0) == "--rm"
            done = self.run(*words)
            assert done.returncode == 0, done.stderr
            return done.stdout
        assert command == "up"
        assert set(words) <= {"--build", "--detach", "--scale", "worker=3"}
        for name in (*OURS, *(("worker-2", "worker-3") if "worker=3" in words else ())):
            if name not in self.running:
                self.start(name)
        return ""

    def start(self, name: str) -> None:
        """Start one container."""
        command = self._command(name, _service(name)["command"])
        with (self.folder / f"{name}.log").open("wb") as log:
            self.running[name] = subprocess.Popen(
                command, env=self._environment(name), cwd=self.folder, stdout=log, stderr=log
            )

    def run(self, name: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one container with other words to its end."""
        command = self._command(name, list(words) or _service(name)["command"])
        return subprocess.run(
            command,
            env=self._environment(name),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def is_healthy(self, name: str) -> bool:
        """What its health check says; it is to be a command of Python."""
        assert self.running[name].poll() is None, self.said(name)
        how, program, *words = _service(name)["healthcheck"]["test"]
        assert (how, program) == ("CMD", "python")
        command = [sys.executable, *(self._here(name, word) for word in words)]
        return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0

    def said(self, name: str) -> str:
        """What a container has written."""
        return (self.folder / f"{name}.log").read_text("utf-8")

    def stop(self) -> dict[str, int]:
        """`docker compose stop`: every one gets SIGTERM, and has as long as it is granted. Their exit codes."""
        for process in self.running.values():
            process.send_signal(signal.SIGTERM)
        return {name: process.wait(_seconds(name)) for name, process in self.running.items()}

    def close(self) -> None:
        """Leave nothing running."""
        for process in self.running.values():
            if process.poll() is None:
                process.kill()
                process.wait()


def _seconds(name: str) -> float:
    found = re.fullmatch(r"(\d+)s", _service(name)["stop_grace_period"])
    assert found is not None
    return float(found[1])
