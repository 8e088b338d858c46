"""What every adapter promises, asked of each on a service that runs."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from messaging.adapters.console import ConsoleAdapter
from messaging.adapters.events import EventsAdapter
from messaging.adapters.memory import MemoryAdapter
from messaging.adapters.recorder import RecorderAdapter
from messaging.adapters.webhook import WebhookAdapter, WebhookOptions
from messaging.adapters.wecom_robot import WecomRobotAdapter, WecomRobotOptions
from messaging.ports import Adapter, Answer, Capabilities, Content
from messaging.transport import HttpClient
from schemas.errors import SettingsError
from tests.fakes.http import Reply, Request, serve
from tests.fakes.receiver import SECRET, Receiver
from tests.fakes.smtp import MailServer
from tests.fakes.wecom import KEY, Robot
from tests.helpers.messages import a_request
from tests.helpers.nasty import NAMES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from messaging.ports import SendRequest


@dataclass
class Arena:
    """An adapter with the service behind it. `texts`: the messages that the service holds, in order."""

    adapter: Adapter
    texts: Callable[[], list[str]]


@asynccontextmanager
async def console(_: Path) -> AsyncIterator[Arena]:
    stream = io.StringIO()
    yield Arena(ConsoleAdapter(stream), lambda: shown(stream.getvalue()))


def shown(text: str) -> list[str]:
    """The messages on a terminal: what stands between two headings, without the subject."""
    return [part.split("\nHello\n", 1)[1].removesuffix("\n") for part in text.split("── email → ")[1:]]


@asynccontextmanager
async def file(folder: Path) -> AsyncIterator[Arena]:
    adapter = import_module("messaging.adapters.file").adapter({"path": "sent/out.jsonl"}, folder)
    path = folder / "sent/out.jsonl"

    def texts() -> list[str]:
        return [json.loads(line)["body"] for line in path.read_bytes().splitlines()] if path.exists() else []

    yield Arena(adapter, texts)


@asynccontextmanager
async def memory(_: Path) -> AsyncIterator[Arena]:
    adapter = MemoryAdapter()
    yield Arena(adapter, lambda: [request.content.body for request in adapter.sent.values()])


@asynccontextmanager
async def webhook(_: Path) -> AsyncIterator[Arena]:
    receiver = Receiver()
    async with receiver.serve() as server:
        options = WebhookOptions(url=f"{server.url}/hook", secret=SECRET, private=True)
        yield Arena(
            WebhookAdapter(options, HttpClient()), lambda: [value["data"]["body"] for value in receiver.seen.values()]
        )


@asynccontextmanager
async def email(folder: Path) -> AsyncIterator[Arena]:
    async with MailServer().serve() as server:
        options = {"host": "127.0.0.1", "port": server.port, "tls": "none", "sender": "shop@example.com"}
        adapter = import_module("messaging.adapters.email").adapter(options, folder)
        yield Arena(adapter, lambda: [mail.get_content().removesuffix("\r\n") for mail in server.mails])


@asynccontextmanager
async def wecom_robot(_: Path) -> AsyncIterator[Arena]:
    robot = Robot()
    async with robot.serve() as server:
        options = WecomRobotOptions(url=f"{server.url}/cgi-bin/webhook/send?key={KEY}")
        yield Arena(WecomRobotAdapter(options, HttpClient()), lambda: robot.texts)


ARENAS = {
    "console": console,
    "email": email,
    "file": file,
    "memory": memory,
    "webhook": webhook,
    "wecom_robot": wecom_robot,
}
NETWORK = ("email", "webhook", "wecom_robot")


@pytest.fixture(params=sorted(ARENAS))
async def arena(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Arena]:
    async with AsyncExitStack() as stack:
        arena = await stack.enter_async_context(ARENAS[request.param](tmp_path))
        yield arena
        await arena.adapter.close()


def numbered(number: int, body: str = "") -> SendRequest:
    return a_request(key=f"{number:032x}", content=Content(body or f"message {number}", "Hello"))


async def test_a_message_is_taken_and_arrives(arena: Arena) -> None:
    answer = await arena.adapter.send(a_request(), 5)

    assert answer.outcome == "sent"
    assert arena.texts() == ["Hello Ann"]


async def test_a_repeat_with_the_same_key_arrives_once_where_the_service_tells_repeats(arena: Arena) -> None:
    first = await arena.adapter.send(numbered(1), 5)
    again = await arena.adapter.send(msgspec.structs.replace(numbered(1), attempt=2), 5)
    other = await arena.adapter.send(numbered(2), 5)

    assert (first.outcome, again.outcome, other.outcome) == ("sent", "sent", "sent")
    if arena.adapter.capabilities.duplicates in {"own_table", "native_key"}:
        assert arena.texts() == ["message 1", "message 2"]
    else:
        assert arena.texts() == ["message 1", "message 1", "message 2"]


async def test_messages_sent_at_the_same_time_all_arrive(arena: Arena) -> None:
    answers = await asyncio.gather(*(arena.adapter.send(numbered(number), 5) for number in range(15)))

    assert {answer.outcome for answer in answers} == {"sent"}
    assert sorted(arena.texts()) == sorted(f"message {number}" for number in range(15))


async def test_names_arrive_as_they_are(arena: Arena) -> None:
    if arena.adapter.name == "console":
        return  # a terminal shows control characters written out: see the test below
    names = NAMES if arena.adapter.capabilities.per_minute is None else NAMES[:15] + NAMES[30:34]
    sent = [f"Dear {name}, welcome" for name in names]

    for number, text in enumerate(sent):
        assert (await arena.adapter.send(numbered(number, text), 5)).outcome == "sent"

    assert arena.texts() == ([as_mail(text) for text in sent] if arena.adapter.name == "email" else sent)


def as_mail(text: str) -> str:
    """Mail has one kind of line end."""
    return "\r\n".join(text.replace("\r\n", "\n").split("\n"))


async def test_the_terminal_is_not_steered_by_a_name() -> None:
    stream = io.StringIO()

    await ConsoleAdapter(stream).send(a_request(content=Content("\x1b[2J\u202e\r\n\x07 {{7*7}}")), 5)

    assert stream.getvalue() == "── email → ann <ann@example.com>\n\\x1b[2J\\x202e\\x0d\n\\x07 {{7*7}}\n"


async def test_closing_twice_does_no_harm(arena: Arena) -> None:
    await arena.adapter.close()
    await arena.adapter.close()


def test_what_it_declares_fits_together(arena: Arena) -> None:
    capabilities = arena.adapter.capabilities

    assert isinstance(capabilities, Capabilities)
    assert arena.adapter.name
    assert capabilities.horizon_ms > 0
    assert capabilities.max_bytes >= 1_024
    assert capabilities.per_minute is None or capabilities.per_minute > 0


@pytest.mark.parametrize("name", NETWORK)
async def test_a_service_that_is_away_means_again_later(name: str, tmp_path: Path) -> None:
    async with ARENAS[name](tmp_path) as arena:
        adapter = arena.adapter

    assert await adapter.send(a_request(), 2) == Answer("retry", "unreachable")
    await adapter.close()


@pytest.mark.parametrize("name", ["webhook", "wecom_robot"])
async def test_a_request_without_a_reply_has_an_unknown_outcome(name: str) -> None:
    async def cut(_: Request) -> Reply:
        return Reply(cut=True)

    async with serve(cut) as server:
        adapter = http_adapter(name, server.url)
        answer = await adapter.send(a_request(), 2)
        await adapter.close()

    assert answer == Answer("unknown", "no_reply")


@pytest.mark.parametrize("name", ["webhook", "wecom_robot"])
async def test_a_silent_service_is_left_at_the_deadline(name: str) -> None:
    never = asyncio.Event()

    async def silent(_: Request) -> Reply:
        await never.wait()
        return Reply()

    async with serve(silent) as server:
        adapter = http_adapter(name, server.url)
        answer = await asyncio.wait_for(adapter.send(a_request(), 0.5), 5)
        await adapter.close()
        never.set()

    assert answer == Answer("unknown", "no_reply")


def http_adapter(name: str, url: str) -> Adapter:
    if name == "webhook":
        return WebhookAdapter(WebhookOptions(url=url, secret=SECRET, private=True), HttpClient())
    return WecomRobotAdapter(WecomRobotOptions(url=url), HttpClient())


@pytest.mark.parametrize("name", sorted(ARENAS))
def test_an_unknown_option_is_refused_in_one_sentence_without_its_value(name: str) -> None:
    options = {"url": "https://x", "secret": "c2VjcmV0", "host": "h", "sender": "a@b.example", "path": "p"}
    factory = import_module(f"messaging.adapters.{name}").adapter

    with pytest.raises(SettingsError) as caught:
        factory({**options, "bogus": "hunter2"}, Path())

    assert name in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "c2VjcmV0" not in str(caught.value)


def test_recorders_and_events_are_adapters_too() -> None:
    adapters: list[Adapter] = [RecorderAdapter("sms"), EventsAdapter(NoLog())]

    assert [adapter.name for adapter in adapters] == ["recorder", "events"]


class NoLog:
    async def append(self, items: object) -> None:
        """Take nothing."""
