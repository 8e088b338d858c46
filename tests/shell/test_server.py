"""The server on a real port: it answers, it stops when told, and it says plainly why it cannot start."""

from __future__ import annotations

import asyncio
import gzip
import signal
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from schemas.errors import InputError
from tests.helpers.ingesting import Shop
from tests.helpers.waiting import wait_until_async
from web.server import serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

EVENT = b'{"id":"1","person":"17850","event":"order.paid"}'


@asynccontextmanager
async def serving(shop: Shop) -> AsyncIterator[int]:
    """Serve on a free port; give the port."""
    stop, port = asyncio.Event(), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(shop.app, "127.0.0.1", 0, stop, listening=port.set_result))
    try:
        yield await asyncio.wait_for(port, 10)
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)


async def test_events_are_taken_over_the_network() -> None:
    shop = Shop()
    async with serving(shop) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        plain = await client.post("/v1/events", content=EVENT)
        packed = await client.post("/v1/events", content=gzip.compress(b"[" + EVENT + b",1]"))
        large = await client.post("/v1/events", content=b" " * 600_000)
        health = await client.get("/healthz")

    assert (plain.status_code, plain.json()["accepted"]) == (200, 1)
    assert (packed.json()["accepted"], packed.json()["refused"][0]["code"]) == (1, "not_an_object")
    assert (large.status_code, large.json()["code"]) == (413, "body_too_large")
    assert "server" not in health.headers
    assert len(await shop.records()) == 2


async def test_many_senders_at_once_lose_nothing() -> None:
    shop = Shop()
    async with serving(shop) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        bodies = [f'{{"id":"{n}","person":"p{n % 7}","event":"e"}}'.encode() for n in range(200)]
        answers = await asyncio.gather(*(client.post("/v1/events", content=body) for body in bodies))

    assert {answer.status_code for answer in answers} == {200}
    assert sorted(int(each.id) for each in await shop.events()) == list(range(200))


async def test_a_sender_that_hangs_up_in_the_middle_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    shop = Shop()
    async with serving(shop) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + EVENT)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            assert (await client.post("/v1/events", content=EVENT)).status_code == 200

    assert len(await shop.records()) == 1
    assert [line.getMessage() for line in caplog.records if line.levelname == "ERROR"] == []


async def test_what_is_no_http_is_answered_and_the_server_goes_on() -> None:
    async with serving(Shop()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\x16\x03\x01\x02\x00\x01\x00\xff\r\n\r\n")
        assert (await asyncio.wait_for(reader.read(), 10)).startswith(b"HTTP/1.1 400")
        writer.close()
        await writer.wait_closed()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            assert (await client.get("/healthz")).status_code == 200


async def test_the_server_leaves_signals_alone_and_frees_its_port() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    async with serving(Shop()) as port:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            await client.get("/healthz")
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before

    with socket.create_server(("127.0.0.1", port)):
        pass


async def test_a_request_that_is_under_way_is_answered_before_the_server_stops() -> None:
    shop, stop, started = Shop(), asyncio.Event(), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(shop.app, "127.0.0.1", 0, stop, listening=started.set_result))
    reader, writer = await asyncio.open_connection("127.0.0.1", await asyncio.wait_for(started, 10))
    head = f"POST /v1/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(EVENT)}\r\n"
    writer.write(head.encode() + b"Expect: 100-continue\r\n\r\n")
    assert b"100" in await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)

    stop.set()
    await wait_until_async(lambda: not accepts(writer.get_extra_info("peername")[1]), 10, "the port to be closed")
    writer.write(EVENT)

    assert b'"accepted":1' in await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await asyncio.wait_for(task, 10)
    assert len(await shop.records()) == 1


def accepts(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


async def test_a_port_that_is_taken_is_said_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(InputError) as refused:
            await serve(Shop().app, "127.0.0.1", port, asyncio.Event())

    assert refused.value.message == f"port {port} is taken by another program; choose another with --port"


@pytest.mark.parametrize("host", ["203.0.113.7", "no-such-host.invalid"])
async def test_an_address_of_another_machine_is_said_in_one_sentence(host: str) -> None:
    with pytest.raises(InputError, match="choose another with --host"):
        await serve(Shop().app, host, 0, asyncio.Event())
