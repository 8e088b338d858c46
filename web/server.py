"""Serves an application with uvicorn as one task among others: no signal handlers and no logs of its own."""

from __future__ import annotations

import asyncio
import errno
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from schemas.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp

__all__ = ["serve"]

_BACKLOG = 2_048
_GRACE = 5
"""Seconds that open requests have to end."""
_REASONS = {
    errno.EADDRINUSE: "port {port} is taken by another program; choose another with {option}",
    errno.EACCES: "port {port} may not be opened by this user; choose one above 1023 with {option}",
    errno.EADDRNOTAVAIL: "this machine does not have the address {host}; choose another with --host",
}


class _Server(uvicorn.Server):
    """Leaves signals to the program it runs in."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _ignore(_port: int) -> None:
    """Tell nobody."""


async def serve(
    app: ASGIApp,
    host: str,
    port: int,
    stop: asyncio.Event,
    *,
    listening: Callable[[int], None] = _ignore,
    option: str = "--port",
) -> None:
    """Serve until `stop` is set; open requests then have five seconds.

    Port 0 takes any free one; `listening` is told the port once connections are accepted. Raises `InputError` when the
    address cannot be opened; it says how to choose another: by `option`.
    """
    with _open(host, port, option) as opened:
        config = uvicorn.Config(
            app, lifespan="off", log_config=None, access_log=False, server_header=False, ws="none",
            backlog=_BACKLOG, timeout_graceful_shutdown=_GRACE,
        )  # fmt: skip
        server = _Server(config)
        listening(opened.getsockname()[1])
        ending = asyncio.create_task(_end(server, stop))
        try:
            await server.serve(sockets=[opened])
        finally:
            ending.cancel()


async def _end(server: uvicorn.Server, stop: asyncio.Event) -> None:
    await stop.wait()
    server.should_exit = True


def _open(host: str, port: int, option: str) -> socket.socket:
    """A listening socket: from here on connections wait in its queue, and nobody is turned away."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server((str(address[0]), port), family=family, backlog=_BACKLOG)
    except socket.gaierror:
        raise InputError(f"the address {host!r} is not known; choose another with --host") from None
    except OSError as error:
        known = _REASONS.get(error.errno or 0, "{host}:{port} cannot be opened: {reason}")
        raise InputError(known.format(host=host, port=port, option=option, reason=error.strerror)) from None
