"""`touchline up` as a sender of events sees it: a port to send to, and messages in files."""

from __future__ import annotations

import json
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx

from tests.helpers.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.helpers.installation import Installation

__all__ = ["Up", "free_port", "running"]

READY_SECONDS = 40.0


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


class Up:
    """A running `touchline up` of an installation."""

    def __init__(self, here: Installation, port: int) -> None:
        self.here, self.port = here, port
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10)

    @property
    def log(self) -> str:
        """What it has said so far."""
        return (self.here.folder / "up.log").read_text("utf-8")

    def start(self) -> None:
        """Start it (again) and wait until it is ready."""
        self.here.start("up", "up", "--playbook", "playbook", "--port", str(self.port))
        wait_until(self._is_ready, READY_SECONDS, f"touchline up to be ready: {self.log}")

    def _is_ready(self) -> bool:
        assert self.here.running["up"].poll() is None, self.log
        try:
            return self.http.get("/readyz").status_code == 200
        except httpx.HTTPError:
            return False

    def send(self, *events: Mapping[str, Any]) -> dict[str, Any]:
        """Send events; the answer."""
        reply = self.http.post("/v1/events", json=list(events))
        assert reply.status_code == 200, reply.text
        answer: dict[str, Any] = reply.json()
        return answer

    def messages(self, channel: str = "webhook") -> list[dict[str, Any]]:
        """What lies in a channel's file."""
        return _lines(self.here.data / "messages" / f"{channel}.jsonl")

    def await_message(self, text: str, timeout: float = 20) -> None:
        """Wait until a message says this."""
        wait_until(lambda: text in {m["body"] for m in self.messages()}, timeout, f"the message {text!r}: {self.log}")


def _lines(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    whole, _, _ = path.read_text("utf-8").rpartition("\n")  # the last line may be half written
    return [json.loads(line) for line in whole.splitlines()]


@contextmanager
def running(here: Installation) -> Iterator[Up]:
    """`touchline up` while the block runs, on a free port."""
    here.write_playbook()
    up = Up(here, free_port())
    try:
        up.start()
        yield up
    finally:
        up.http.close()
        here.close()
