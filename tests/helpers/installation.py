"""A real installation in a folder: its stores, its playbook, and its processes, which may be killed at any moment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.helpers.source import ROOT

__all__ = ["Installation"]


@dataclass(slots=True)
class Installation:
    """`data` is the data folder; `settings` are environment variables without their prefix."""

    folder: Path
    playbook: Mapping[str, str]
    settings: dict[str, str] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        """The folder of the stores."""
        return self.folder / "data"

    def write_playbook(self) -> Path:
        """The playbook as files."""
        for name, text in self.playbook.items():
            path = self.folder / "playbook" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return self.folder / "playbook"

    def serve_channel(self, channel: str, **options: object) -> None:
        """Let an adapter serve a channel."""
        self.settings["CHANNELS"] = json.dumps({channel: options})

    def environment(self) -> dict[str, str]:
        """The environment of its processes."""
        mine = {f"TOUCHLINE_{name}": value for name, value in self.settings.items()}
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHLINE_")}
        return clean | mine | {"TOUCHLINE_DATA": str(self.data), "PYTHONPATH": str(ROOT)}

    def run(self, *words: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "workers", *words],
            env=self.environment(), cwd=self.folder, capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip

    def start(self, name: str, *words: str) -> None:
        """Start a process (again)."""
        words = words or (name,)
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", "workers", *words],
                env=self.environment(),
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )

    def kill(self, name: str) -> None:
        """End a process without giving it a chance."""
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def stop(self, name: str, timeout: float = 15) -> int:
        """Ask a process to stop; its exit code."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGTERM)
        return process.wait(timeout)

    def close(self) -> None:
        """Leave nothing running."""
        for name in list(self.running):
            self.kill(name)
