"""TLS in front of a server that has none: what comes encrypted goes on in the clear, and back."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator

__all__ = ["Front", "tls_in_front_of"]

_SSL_REQUEST = bytes.fromhex("0000000804d2162f")
"""With which a client of PostgreSQL asks whether there is TLS; the server says S, and TLS begins on that connection."""


@dataclass(slots=True)
class Front:
    """Where it listens, and how many came through with TLS agreed."""

    port: int = 0
    passed: int = 0


@asynccontextmanager
async def tls_in_front_of(port: int, context: ssl.SSLContext, *, asks_first: bool = False) -> AsyncIterator[Front]:
    """Listen while the block runs. `asks_first`: TLS begins when the client has asked for it, as PostgreSQL's do."""
    front = Front()
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with suppress(OSError, EOFError, asyncio.CancelledError):
            if asks_first:
                assert await reader.readexactly(len(_SSL_REQUEST)) == _SSL_REQUEST
                writer.write(b"S")
                await writer.drain()
                await writer.start_tls(context)
            front.passed += 1
            await _relay(reader, writer, port)
        writer.close()

    listener = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=None if asks_first else context)
    front.port = listener.sockets[0].getsockname()[1]
    try:
        yield front
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    inner, outer = await asyncio.open_connection("127.0.0.1", port)

    async def carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            target.write(data)
            await target.drain()
        target.close()

    try:
        await asyncio.gather(carry(reader, outer), carry(inner, writer))
    finally:
        outer.close()
