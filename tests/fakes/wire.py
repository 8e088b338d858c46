"""A connection that breaks: between a client and a real server, or with a server that only ever says one thing."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["Wire", "saying", "wire"]


@dataclass(slots=True)
class Wire:
    """A way to a server. `lose_after`: when this has gone to the server, its answer is lost and the connection with it."""

    target: int
    port: int = 0
    lose_after: bytes = b""
    lost: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry what comes over one connection, both ways, until it breaks."""
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self.target)
        losing = asyncio.Event()
        back = asyncio.create_task(self._back(from_server, writer, losing))
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                if self.lose_after and self.lose_after in data:
                    self.lose_after = b""
                    losing.set()
                to_server.write(data)
                await to_server.drain()
        for each in (to_server, writer):
            each.close()
        await back

    async def _back(
        self, from_server: asyncio.StreamReader, writer: asyncio.StreamWriter, losing: asyncio.Event
    ) -> None:
        with suppress(ConnectionError):
            while data := await from_server.read(65_536):
                if losing.is_set():
                    self.lost += 1
                    break
                writer.write(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def wire(target: int) -> AsyncIterator[Wire]:
    """A way to the server on port `target`."""
    way = Wire(target)
    server = await asyncio.start_server(way.carry, "127.0.0.1", 0)
    way.port = server.sockets[0].getsockname()[1]
    async with server:
        yield way


@asynccontextmanager
async def saying(answer: bytes) -> AsyncIterator[int]:
    """A server that answers each command with this line; its port. With no answer it says nothing at all."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                writer.write(answer * sum(line.startswith(b"*") for line in data.split(b"\r\n")))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
