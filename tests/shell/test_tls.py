"""TLS for real: certificates are checked against the name that was asked for, wherever a connection goes."""

from __future__ import annotations

import asyncio
import json
import ssl
from typing import TYPE_CHECKING

import pytest

from messaging.adapters.webhook import WebhookAdapter, WebhookOptions, adapter
from messaging.ports import Answer, Content, HttpRequest, SendRequest
from messaging.transport import HttpClient, Untrusted
from schemas.errors import SettingsError, StoreUnavailable, TouchlineError
from stores.connect import connect_ledger, connect_log, connect_state
from stores.ports import Appendable, Position
from tests.fakes.http import serve
from tests.fakes.receiver import SECRET, Receiver
from tests.fakes.tls import tls_in_front_of
from tests.helpers.installation import Installation
from tests.helpers.waiting import wait_until_async
from tests.servers.certificates import Authority, Signed
from tests.servers.kafka import PASSWORD, USER, Kafka
from tests.servers.postgres import needed
from tests.servers.required import ServerMissing, absent
from tests.servers.valkey import valkey
from workers.clock import now_ms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REFUSED = {"wrong name": "certificate_name", "address": "certificate_name", "expired": "certificate_expired"}
REFUSED |= {"stranger": "certificate_untrusted"}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    try:
        return Authority(tmp_path_factory.mktemp("authority"))
    except ServerMissing as error:
        absent("openssl", error)


@pytest.fixture(scope="module")
def shown(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Signed]:
    """Certificates, good and bad, for a server that is asked for as `hook.example` or `localhost`."""
    stranger = Authority(tmp_path_factory.mktemp("stranger"))
    return {
        "right": authority.sign("hook.example", "localhost"),
        "wrong name": authority.sign("other.example"),
        "address": authority.sign("IP:127.0.0.1"),
        "expired": authority.sign("hook.example", "localhost", until="20210101000000Z"),
        "stranger": stranger.sign("hook.example", "localhost"),
    }


# ---------------------------------------------------------------- HTTP


def trusting(authority: Authority) -> HttpClient:
    """A client whose names all lead to this machine, which is allowed here, and which trusts the authority alone."""

    async def here(*_: object) -> list[str]:
        return ["127.0.0.1"]

    return HttpClient(here, tls=ssl.create_default_context(cafile=authority.ca), is_allowed=lambda _: True)


def message(key: str = "k1") -> SendRequest:
    return SendRequest(
        key=key, person="ada", channel="webhook", address="", content=Content("Hello"), template="hello", kind="send",
        variables={}, time=1_000, attempt=1, at=now_ms(),
    )  # fmt: skip


async def test_a_name_leads_to_a_judged_address_and_the_certificate_is_that_of_the_name(
    authority: Authority, shown: dict[str, Signed]
) -> None:
    receiver, client = Receiver(), trusting(authority)
    receiver.gate.set()
    async with serve(receiver.answer, shown["right"].server()) as server:
        url = f"https://hook.example:{server.port}/in?a=b"
        answer = await WebhookAdapter(WebhookOptions(url=url, secret=SECRET), client).send(message(), 5)
    await client.close()

    assert answer == Answer("sent", receipt="r-k1")
    assert server.requests[0].headers["host"] == f"hook.example:{server.port}"
    assert server.requests[0].path == "/in?a=b"


@pytest.mark.parametrize("which", list(REFUSED))
async def test_a_certificate_that_is_wrong_is_said_and_nothing_is_sent(
    authority: Authority, shown: dict[str, Signed], which: str, caplog: pytest.LogCaptureFixture
) -> None:
    receiver, client = Receiver(), trusting(authority)
    async with serve(receiver.answer, shown[which].server()) as server:
        url = f"https://hook.example:{server.port}/secret"
        with pytest.raises(Untrusted) as refused:
            await client.send(HttpRequest("POST", url, {}, b"Hello"), 5)
        answer = await WebhookAdapter(WebhookOptions(url=url, secret=SECRET), client).send(message(), 5)
    await client.close()

    assert answer == Answer("retry", REFUSED[which])
    assert refused.value.message.startswith("Nothing was sent to hook.example: its certificate ")
    assert [record.getMessage() for record in caplog.records if record.name == "messaging.transport"] == [
        refused.value.message
    ]
    assert (server.requests, "secret" in caplog.text) == ([], False)


async def test_a_receiver_in_the_own_network_with_an_authority_of_its_own(
    authority: Authority, shown: dict[str, Signed], tmp_path: Path
) -> None:
    receiver, options = Receiver(), {"secret": SECRET, "private": True}
    receiver.gate.set()
    async with serve(receiver.answer, shown["right"].server()) as server:
        url = f"https://localhost:{server.port}/in"
        trusts = adapter({**options, "url": url, "ca": str(authority.ca)}, tmp_path)
        doubts = adapter({**options, "url": url}, tmp_path)
        answers = [await each.send(message(key), 5) for key, each in (("a", trusts), ("b", doubts))]
        for each in (trusts, doubts):
            await each.close()

    assert answers == [Answer("sent", receipt="r-a"), Answer("retry", "certificate_untrusted")]
    assert list(receiver.seen) == ["a"]


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_authority_that_cannot_be_read_stops_the_start(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)

    with pytest.raises(SettingsError, match=r"names .*ca\.pem, which is no PEM file of authorities"):
        adapter({"url": "https://hook.example/", "secret": SECRET, "ca": str(path)}, tmp_path)


# ---------------------------------------------------------------- the state


async def test_the_state_behind_tls(authority: Authority, shown: dict[str, Signed]) -> None:
    async with tls_in_front_of(server_of_state(), shown["right"].server()) as front:
        state = await connect_state(f"rediss://localhost:{front.port}?prefix=tls&ca={authority.ca}")
        await state.begin(0, "log", Position(3))
        assert await state.position(0) == (Position(3), "log")
        await state.close()

    assert front.passed > 0


@pytest.mark.parametrize("which", ["wrong name", "expired", "stranger"])
async def test_a_server_of_the_state_that_is_not_the_one_is_refused(
    authority: Authority, shown: dict[str, Signed], which: str
) -> None:
    async with tls_in_front_of(server_of_state(), shown[which].server()) as front:
        with pytest.raises(TouchlineError) as refused:
            await connect_state(f"rediss://:word@localhost:{front.port}?prefix=tls&ca={authority.ca}")

    assert isinstance(refused.value, SettingsError | StoreUnavailable)
    assert "certificate" in f"{refused.value} {refused.value.hint}", refused.value
    assert (front.passed, "word" in f"{refused.value}") == (0, False)


def server_of_state() -> int:
    try:
        return valkey().port
    except ServerMissing as error:
        absent("valkey", error)


# ---------------------------------------------------------------- the ledger


async def test_the_ledger_behind_tls_whose_certificate_is_checked_in_full(
    authority: Authority, shown: dict[str, Signed], tmp_path: Path
) -> None:
    async with tls_in_front_of(needed().port, shown["right"].server(), asks_first=True) as front:
        ledger = await connect_ledger(ledger_at(front.port, authority, tmp_path))
        await ledger.set_meta("name", "value")
        assert await ledger.get_meta("name") == "value"
        await ledger.close()

    assert front.passed > 0


@pytest.mark.parametrize("which", ["wrong name", "expired", "stranger"])
async def test_a_server_of_the_ledger_that_is_not_the_one_is_refused(
    authority: Authority, shown: dict[str, Signed], tmp_path: Path, which: str
) -> None:
    async with tls_in_front_of(needed().port, shown[which].server(), asks_first=True) as front:
        with pytest.raises(SettingsError) as refused:
            await connect_ledger(ledger_at(front.port, authority, tmp_path))

    assert "certificate" in f"{refused.value} {refused.value.hint}", refused.value
    assert front.passed == 0


def ledger_at(port: int, authority: Authority, folder: Path) -> str:
    server = needed()
    url = server.url(server.database(folder), tcp=True).replace(f"127.0.0.1:{server.port}", f"localhost:{port}")
    return f"{url}?sslmode=verify-full&sslrootcert={authority.ca}"


# ---------------------------------------------------------------- the log


@pytest.fixture(scope="module")
def kafka(shown: dict[str, Signed]) -> Iterator[Kafka]:
    try:
        broker = Kafka(shown=shown["right"])
        broker.start()
    except ServerMissing as error:
        absent("kafka", error)
    yield broker
    broker.close()


def log_at(kafka: Kafka, ca: Path, host: str = "localhost", password: str = PASSWORD) -> str:
    word = password.replace("@", "%40").replace("/", "%2F")
    return f"kafka://{USER}:{word}@{host}:{kafka.tls_port}/tls?partitions=1&ca={ca}"


async def test_the_log_behind_tls_and_a_password(kafka: Kafka, authority: Authority) -> None:
    log = await connect_log(log_at(kafka, authority.ca), clock=now_ms, new_id=lambda: "")
    places = await log.append([Appendable("", b"one", 0), Appendable("", b"two", 0)])

    assert [record.value for record in await log.read(0, 0)] == [b"one", b"two"]
    assert [place.offset for place in places] == [0, 1]
    await log.close()


@pytest.mark.parametrize("which", ["stranger", "address", "password"])
async def test_a_broker_that_is_not_the_one_or_that_refuses_us_is_said(
    kafka: Kafka, authority: Authority, shown: dict[str, Signed], which: str
) -> None:
    urls = {
        "stranger": log_at(kafka, shown["stranger"].cert),
        "address": log_at(kafka, authority.ca, host="127.0.0.1"),
        "password": log_at(kafka, authority.ca, password="wrong-word"),
    }

    with pytest.raises(TouchlineError) as refused:
        await asyncio.wait_for(connect_log(urls[which], clock=now_ms, new_id=lambda: ""), 60)

    said = f"{refused.value} {refused.value.hint}"
    assert ("password" if which == "password" else "certificate") in said, said
    assert "wrong-word" not in said


# ---------------------------------------------------------------- all of it

PLAYBOOK = {
    "shop.yaml": """\
workspace: {name: Shop, zone: Europe/London, currency: GBP}
events: {order.paid: }
rules:
  thanks: {event: order.paid, then: [{send: {template: thanks, channels: [webhook]}}]}
templates:
  thanks: {purpose: transactional, channels: {webhook: {en: Thanks}}}
""",
}


async def test_a_worker_and_a_dispatcher_with_tls_to_every_store_and_to_the_receiver(
    kafka: Kafka, authority: Authority, shown: dict[str, Signed], tmp_path: Path
) -> None:
    receiver, certificate = Receiver(), shown["right"].server()
    receiver.gate.set()
    async with (
        tls_in_front_of(server_of_state(), certificate) as state,
        tls_in_front_of(needed().port, certificate, asks_first=True) as ledger,
        serve(receiver.answer, certificate) as server,
    ):
        settings = {
            "LOG": log_at(kafka, authority.ca).replace("/tls?", "/whole?"),
            "STATE": f"rediss://localhost:{state.port}?prefix=whole&ca={authority.ca}",
            "LEDGER": ledger_at(ledger.port, authority, tmp_path),
        }
        here = Installation(tmp_path, PLAYBOOK, settings)
        where = {
            "url": f"https://localhost:{server.port}/in",
            "secret": SECRET,
            "private": True,
            "ca": str(authority.ca),
        }
        here.serve_channel("webhook", adapter="webhook", **where)
        event = {"id": "1", "person": "ada", "event": "order.paid", "time": now_ms()}
        (tmp_path / "now.jsonl").write_text(json.dumps(event), "utf-8")
        try:
            for words in (("activate", str(here.write_playbook())), ("import", "now.jsonl", "--live")):
                done = await asyncio.to_thread(here.run, *words)
                assert done.returncode == 0, done.stderr
            for name in ("worker", "dispatch"):
                here.start(name)
            await wait_until_async(lambda: bool(receiver.seen), 60, "the message to arrive")
            codes = [await asyncio.to_thread(here.stop, name) for name in ("worker", "dispatch")]
        finally:
            here.close()

    assert [each["data"]["body"] for each in receiver.seen.values()] == ["Thanks"]
    assert codes == [0, 0]
    assert (state.passed > 0, ledger.passed > 0) == (True, True)
