from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from messaging.egress import is_public, target_of
from messaging.ports import HttpReply, HttpRequest
from messaging.transport import MAX_REPLY, Blocked, HttpClient, NoReply, NotSent
from tests.fakes.http import Reply, Request, Server, serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PUBLIC = "93.184.216.34"

# What a name resolves to, for names that stand for tricks of resolvers and of attackers.
NAMES = {
    "localhost": ["127.0.0.1", "::1"],
    "localhost.": ["127.0.0.1"],
    "127.0.0.1.nip.example": ["127.0.0.1"],
    "intranet": ["10.1.2.3"],
    "router.example": ["192.168.0.1"],
    "office.example": ["172.16.0.9"],
    "carrier.example": ["100.64.0.1"],
    "alibaba-metadata.example": ["100.100.100.200"],
    "metadata.google.internal": ["169.254.169.254"],
    "azure-host.example": ["168.63.129.16"],
    "benchmark.example": ["198.18.0.1"],
    "documentation.example": ["192.0.2.1"],
    "future.example": ["240.0.0.1"],
    "broadcast.example": ["255.255.255.255"],
    "multicast.example": ["224.0.0.1"],
    "multicast6.example": ["ff02::1"],
    "any.example": ["0.0.0.0"],
    "any6.example": ["::"],
    "local6.example": ["::1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "mapped-public.example": [f"::ffff:{PUBLIC}"],
    "compatible.example": ["::127.0.0.1"],
    "translated.example": ["::ffff:0:7f00:1"],
    "nat64.example": ["64:ff9b::7f00:1"],
    "nat64-local.example": ["64:ff9b:1::7f00:1"],
    "sixtofour.example": ["2002:7f00:1::"],
    "teredo.example": ["2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    "unique-local.example": ["fd00:ec2::254"],
    "link-local.example": ["fe80::1"],
    "link-local-scoped.example": ["fe80::1%1"],
    "site-local.example": ["fec0::1"],
    "documentation6.example": ["2001:db8::1"],
    "one-bad.example": [PUBLIC, "127.0.0.1"],
    "last-bad.example": [PUBLIC, "2606:2800:220:1::1", "10.0.0.1"],
    "nothing.example": [],
    "rubbish.example": ["not an address"],
}

URLS = [
    *(f"https://{name}:PORT/" for name in NAMES),
    "http://127.0.0.1:PORT/",
    "http://public.example:PORT/",
    "HTTP://public.example/",
    "https://127.0.0.1:PORT/",
    "https://127.0.0.1.:PORT/",
    "https://127.1:PORT/",
    "https://127.0.1:PORT/",
    "https://2130706433:PORT/",
    "https://0x7f000001:PORT/",
    "https://0x7f.0.0.1:PORT/",
    "https://0x7f.1:PORT/",
    "https://0177.0.0.1:PORT/",
    "https://017700000001:PORT/",
    "https://00000177.0.0.1:PORT/",
    "https://127.0.0.0x1:PORT/",
    "https://134744072:PORT/",
    "https://0:PORT/",
    "https://0.0.0.0:PORT/",
    "https://[::1]:PORT/",
    "https://[::]:PORT/",
    "https://[0:0:0:0:0:0:0:1]:PORT/",
    "https://[::ffff:127.0.0.1]:PORT/",
    "https://[::ffff:7f00:1]:PORT/",
    "https://[64:ff9b::127.0.0.1]:PORT/",
    "https://[fe80::1%25lo]:PORT/",
    "https://[2606:2800:220:1::1%251]:PORT/",
    "https://[::1%00]:PORT/",
    "https://user@127.0.0.1:PORT/",
    "https://user:pass@public.example:PORT/",
    "https://public.example@127.0.0.1:PORT/",
    "https://public.example:443@127.0.0.1:PORT/",
    "https://public.example%40127.0.0.1:PORT/",
    "https://127.0.0.1:PORT\\@public.example/",
    "https://public.example\\.127.0.0.1:PORT/",
    "https://public.example%00.127.0.0.1:PORT/",
    "https://127.0.0.1%00.public.example:PORT/",
    "https://127.0.0.1%2f@public.example:PORT/",
    "https://public.example:PORT:80/",
    "https://public.example:0x50/",
    "https://public.example:99999/",
    "https://public.example:/",
    "https://public.example:-1/",
    "https://①②⑦.⓪.⓪.①:PORT/",
    "https://127。0。0。1:PORT/",
    "https://１２７.0.0.1:PORT/",
    "https://ｌocalhost:PORT/",
    "https://bücher.example:PORT/",
    "https://loc\u00adalhost:PORT/",
    "https:///127.0.0.1:PORT/",
    "https:127.0.0.1:PORT/",
    "https://",
    "//127.0.0.1:PORT/",
    "127.0.0.1:PORT",
    "ftp://127.0.0.1:PORT/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:PORT/_x",
    "dict://127.0.0.1:PORT/",
    "javascript:alert(1)",
    " https://127.0.0.1:PORT/",
    "https://127.0.0.1:PORT/ ",
    "https://127.0.0.1 :PORT/",
    "https://public.example/\r\nHost: 127.0.0.1",
    "https://public.example/a b",
    "https://public.example/\x00",
    "https://public.example/" + "a" * 3_000,
    "https://-bad.example:PORT/",
    "https://a..b.example:PORT/",
    "https://" + "a" * 64 + ".example:PORT/",
    "",
]


async def resolver(host: str, _: int) -> list[str]:
    """Resolve as the table says; any other name leads to the listener of the test."""
    return NAMES.get(host, ["127.0.0.1"])


@pytest.fixture
async def listener() -> AsyncIterator[Server]:
    async def answer(_: Request) -> Reply:
        return Reply(200, b"reached")

    async with serve(answer) as server:
        yield server


def request_to(url: str, *, trusted: bool = False, body: bytes = b"") -> HttpRequest:
    return HttpRequest("POST", url, {}, body, trusted=trusted)


def test_there_are_at_least_eighty_urls() -> None:
    assert len(set(URLS)) >= 80


async def test_no_url_leads_into_the_own_network(listener: Server) -> None:
    client = HttpClient(resolver)
    reached = []

    for url in URLS:
        try:
            await client.send(request_to(url.replace("PORT", str(listener.port))), 2)
        except Blocked:
            continue
        reached.append(url)
    await client.close()

    assert reached == []
    assert listener.connections == 0


async def test_a_name_is_resolved_once_and_the_judged_address_is_used() -> None:
    asked = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return [PUBLIC] if len(asked) == 1 else ["127.0.0.1"]

    url, headers, extensions = await HttpClient(rebinding)._pinned(request_to("https://hook.example:8443/a?b=c"))

    assert asked == [("hook.example", 8_443)]
    assert str(url) == f"https://{PUBLIC}:8443/a?b=c"
    assert headers["Host"] == "hook.example:8443"
    assert extensions == {"sni_hostname": "hook.example"}


async def test_a_public_ipv6_address_is_used_in_brackets() -> None:
    async def resolve(*_: object) -> list[str]:
        return ["2606:2800:220:1::1"]

    url, headers, _ = await HttpClient(resolve)._pinned(request_to("https://hook.example/x"))

    assert str(url) == "https://[2606:2800:220:1::1]/x"
    assert headers["Host"] == "hook.example"


@pytest.mark.parametrize(
    "url",
    ["https://hook.example", "https://hook.example/a?b=c", "https://xn--bcher-kva.example/", "https://93.184.216.34:8443/x",
     "https://[2606:2800:220:1::1]/", "https://A.Example.COM/", "https://a_b.example/", "https://hook.example./"],
)  # fmt: skip
def test_ordinary_urls_may_be_asked_for(url: str) -> None:
    assert target_of(url) is not None


@pytest.mark.parametrize(("address", "expected"), [(PUBLIC, True), ("8.8.8.8", True), ("2606:2800:220:1::1", True),
                                                   ("10.0.0.1", False), ("", False), ("8.8.8.8.8", False)])  # fmt: skip
def test_public_addresses_are_told_from_others(address: str, expected: bool) -> None:
    assert is_public(address) is expected


async def sent(client: HttpClient, request: HttpRequest, timeout: float = 2) -> HttpReply:
    try:
        return await client.send(request, timeout)
    finally:
        await client.close()


async def test_a_trusted_request_reaches_its_service(listener: Server) -> None:
    reply = await sent(HttpClient(), request_to(f"{listener.url}/x", trusted=True, body=b"hello"))

    assert (reply.status, reply.body) == (200, b"reached")
    assert (listener.requests[0].path, listener.requests[0].body) == ("/x", b"hello")
    assert listener.requests[0].headers["user-agent"] == "touchline"


async def test_a_redirect_is_not_followed(listener: Server) -> None:
    async def redirect(_: Request) -> Reply:
        return Reply(302, headers={"Location": f"{listener.url}/secret"})

    async with serve(redirect) as server:
        reply = await sent(HttpClient(), request_to(server.url, trusted=True))

    assert reply.status == 302
    assert listener.connections == 0


async def test_a_long_reply_is_cut_and_a_packed_one_is_not_opened() -> None:
    async def endless(_: Request) -> Reply:
        return Reply(200, b"x" * (5 * MAX_REPLY), {"Content-Encoding": "gzip"})

    async with serve(endless) as server:
        reply = await sent(HttpClient(), request_to(server.url, trusted=True))

    assert reply.body == b"x" * MAX_REPLY


async def test_proxies_of_the_environment_are_not_used(listener: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert (await sent(HttpClient(), request_to(listener.url, trusted=True))).status == 200


async def test_each_request_has_a_connection_of_its_own(listener: Server) -> None:
    client = HttpClient()

    for _ in range(3):
        await client.send(request_to(listener.url, trusted=True), 2)
    await client.close()

    assert listener.connections == 3


async def test_nothing_was_sent_when_there_is_no_connection() -> None:
    async with serve(lambda _: never()) as server:
        url = server.url

    with pytest.raises(NotSent):
        await sent(HttpClient(), request_to(url, trusted=True))


async def test_nothing_was_sent_when_the_name_is_not_resolved_in_time() -> None:
    async def slow(*_: object) -> list[str]:
        await asyncio.Event().wait()
        return []

    async def unknown(*_: object) -> list[str]:
        raise OSError("no such name")

    for way in (slow, unknown):
        with pytest.raises(NotSent):
            await sent(HttpClient(way), request_to("https://hook.example/"), 0.05)


@pytest.mark.parametrize("reply", [Reply(cut=True), Reply(200, b"", {"Content-Length": "x"})])
async def test_a_request_without_a_readable_reply_may_have_been_carried_out(reply: Reply) -> None:
    async def answer(_: Request) -> Reply:
        return reply

    async with serve(answer) as server:
        with pytest.raises(NoReply):
            await sent(HttpClient(), request_to(server.url, trusted=True))


async def test_a_service_that_is_silent_is_left_at_the_deadline() -> None:
    async with serve(lambda _: never()) as server:
        with pytest.raises(NoReply):
            await sent(HttpClient(), request_to(server.url, trusted=True), 1.0)


async def never() -> Reply:
    await asyncio.Event().wait()
    return Reply()
