"""A sealed process reaches nobody: every way out is refused at the moment it is tried, and remembered."""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from messaging.adapters.recorder import RecorderAdapter
from messaging.adapters.webhook import adapter as webhook
from messaging.ports import Adapter, Answer, SendRequest
from tests.fakes.http import Reply, Request, serve
from tests.helpers.cases import Stage
from tests.helpers.messages import a_request
from workers.sealed import Reached, sealed

if TYPE_CHECKING:
    from collections.abc import Callable

CART = """\
  - name: x
    given: {traits: {level: 3}, consent: marketing, contacts: email}
    when: [{event: cart.added, cart_total: 320}, {at: 2h}]
    expect: [{send: cart}]
"""


def _connect() -> None:
    with socket.socket() as one:
        one.connect(("127.0.0.1", 9))


def _listen() -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))


def _datagram() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(b"x", ("127.0.0.1", 9))


WAYS: dict[str, Callable[[], object]] = {
    "a connection": _connect,
    "a server": _listen,
    "a datagram": _datagram,
    "a name": lambda: socket.getaddrinfo("localhost", 80),
    "a process": lambda: subprocess.run([sys.executable, "-c", ""], check=False),
    "a shell": lambda: os.system("true"),
    "a new file": lambda: Path("left-behind").write_text("x", "utf-8"),
    "a longer file": lambda: Path("there").open("a", encoding="utf-8").close(),
    "a file in C": lambda: os.open("left-behind", os.O_CREAT | os.O_WRONLY),
    "a deletion": lambda: Path("there").unlink(),
    "a renaming": lambda: Path("there").rename("gone"),
    "a folder": lambda: Path("folder").mkdir(),
    "a database": lambda: sqlite3.connect("left-behind"),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_out_is_refused(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there").write_text("x", "utf-8")

    with sealed() as refused, pytest.raises(Reached, match="nothing may reach out of a test"):
        WAYS[way]()

    assert len(refused) == 1
    assert [(path.name, path.read_text("utf-8")) for path in tmp_path.iterdir()] == [("there", "x")]


def test_what_only_reads_is_allowed_and_afterwards_everything_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", "utf-8")

    with sealed() as refused:
        assert (tmp_path / "file").read_text("utf-8") == "x"
    (tmp_path / "file").write_text("y", "utf-8")
    _listen()

    assert refused == []


def test_other_threads_are_sealed_too_and_an_error_that_is_swallowed_is_remembered() -> None:
    def try_it() -> None:
        with contextlib.suppress(OSError):
            _connect()

    with sealed() as refused:
        thread = threading.Thread(target=try_it)
        thread.start()
        thread.join()

    assert [each.split()[0] for each in refused] == ["socket.connect"]


def test_seals_may_lie_within_each_other(tmp_path: Path) -> None:
    with sealed() as outer:
        with sealed() as inner, contextlib.suppress(OSError):
            _connect()
        with pytest.raises(Reached):
            (tmp_path / "file").write_text("x", "utf-8")

    assert (len(outer), len(inner)) == (1, 1)


async def test_a_real_adapter_cannot_send_and_its_server_hears_nothing(tmp_path: Path) -> None:
    async def accept(_: Request) -> Reply:
        return Reply(200)

    async with serve(accept) as server:
        made = webhook({"url": server.url, "secret": "whsec_c2VjcmV0", "private": True}, tmp_path)
        try:
            with sealed() as refused:
                sealed_answer = await made.send(a_request(), 5.0)
            free_answer = await made.send(a_request(), 5.0)
        finally:
            await made.close()

        assert (sealed_answer.outcome == "sent", bool(refused)) == (False, True)
        assert (free_answer.outcome, len(server.requests)) == ("sent", 1)


class Chatty(Adapter):
    """Takes a message, and tells somebody of it."""

    name = "chatty"

    def __init__(self, address: tuple[str, int], like: Adapter) -> None:
        self.address, self.capabilities = address, like.capabilities

    async def send(self, request: SendRequest, timeout: float) -> Answer:  # noqa: ARG002 - the port's
        with contextlib.suppress(OSError), socket.socket() as one:
            one.connect(self.address)
            one.sendall(request.content.body.encode())
        return Answer("sent")

    async def close(self) -> None:
        """Nothing to close."""


async def test_a_test_of_a_playbook_in_which_something_reaches_out_fails_and_nobody_is_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)  # noqa: FBT003 - the standard library's signature
        adapters = {name: Chatty(server.getsockname(), RecorderAdapter(name)) for name in ("email", "sms", "log")}
        stage = Stage(adapters=adapters)
        try:
            happened = await stage.play(CART)
        finally:
            await stage.close()

        with pytest.raises(BlockingIOError):
            server.accept()
    (problem,) = happened.problems
    assert problem.startswith("something tried to reach out: socket.connect")


async def test_with_recorders_nothing_reaches_out() -> None:
    stage = Stage()
    try:
        happened = await stage.play(CART)
    finally:
        await stage.close()

    assert (happened.problems, [d.status for d in happened.decided]) == ([], ["done", "sent"])
