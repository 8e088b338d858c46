"""The demo on every engine: a year of real orders, and the same files by their hashes (make demo-everywhere)."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from tests.e2e.test_simulate_on_servers import stores_of
from tests.helpers.installation import Installation
from workers.clock import elapsed

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.demo
ENGINES = {
    "memory": ("--engine", "memory"),
    "sqlite": ("--engine", "sqlite"),
    "servers, one worker": ("--engine", "servers", "--workers", "1"),
    "servers, three workers": ("--engine", "servers", "--workers", "3"),
}


def hashes(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file that a demo wrote, its messages too; the copies of its stores aside."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    kept = (path for path in files if path.relative_to(folder).parts[0] != "workspace")
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in kept}


def test_the_demo_writes_the_same_files_on_every_engine(tmp_path: Path) -> None:
    found, seconds = {}, {}
    for engine, words in ENGINES.items():
        settings = stores_of(tmp_path / engine) if engine.startswith("servers") else {}
        began = elapsed()
        done = Installation(tmp_path, {}, settings).run("demo", "--out", engine, "--json", *words, timeout=600)
        assert done.returncode == 0, done.stderr
        found[engine], seconds[engine] = hashes(tmp_path / engine), round(elapsed() - began)

    print(seconds)  # noqa: T201 - pytest -s shows how long each took
    assert {"decisions.jsonl", "summary.json", "messages/email.jsonl"} <= set(found["memory"])
    assert {engine: each == found["memory"] for engine, each in found.items()} == dict.fromkeys(ENGINES, True)
