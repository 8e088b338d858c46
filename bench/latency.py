"""From an event's POST to the call of a webhook, through a real `touchline up`; and what it costs while idle.

Events are sent at an even pace whether or not earlier ones were answered in time, and each is timed from the moment at
which it was meant to leave: a stall counts for every event that it held up.

    python -m bench.latency [--rate 500] [--seconds 10]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import sys
import tempfile
from asyncio.subprocess import DEVNULL, Process, create_subprocess_exec
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["LatencyFigures", "measure"]

_CONNECTIONS = 32
_READY_SECONDS = 30.0
_DRAIN_SECONDS = 60.0
_ROOT = Path(__file__).parents[1]
_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
_PLAYBOOK = """\
workspace: {name: Latency, zone: Europe/London, currency: GBP}
events:
  order.paid: {properties: {number: {type: integer}}}
segments:
  buyers: {when: 'count("order.paid", "30d") >= 2'}
templates:
  thanks: {purpose: transactional, channels: {webhook: {en: "{{ event.number }}"}}}
rules:
  thanks: {event: order.paid, when: event.number % EVERY == 0, then: [{send: {template: thanks, channels: [webhook]}}]}
"""


class LatencyFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one run; times in ms, memory in MB of 1,000,000 bytes. `lost`: events that no call came of in time."""

    rate: int
    events: int
    lost: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    idle_rss_mb: float
    idle_cpu_percent: float
    busy_rss_mb: float
    busy_cpu_percent: float


@dataclass(slots=True)
class _Receiver:
    """A webhook that notes when each message came, by its number; `complete` once there are `wanted` of them."""

    wanted: int
    arrived: dict[int, float] = field(default_factory=dict)
    complete: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                body = await _message(reader)
                number = int(json.loads(body)["data"]["body"])
                self.arrived.setdefault(number, perf_counter())
                if len(self.arrived) == self.wanted:
                    self.complete.set()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
        writer.close()


async def _message(reader: asyncio.StreamReader) -> bytes:
    """The body of the next HTTP message."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = next((line for line in head.split(b"\r\n") if line.startswith(b"content-length:")), b":0")
    return await reader.readexactly(int(length.partition(b":")[2]))


@dataclass(frozen=True, slots=True)
class _Usage:
    """What a process has used: seconds of CPU since it began, bytes of memory now, and when that was."""

    cpu: float
    rss: int
    at: float

    @classmethod
    def of(cls, process: Process) -> _Usage:
        """Look into /proc."""
        fields = Path(f"/proc/{process.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        ticks, pages = int(fields[11]) + int(fields[12]), int(fields[21])
        return cls(ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE"), perf_counter())

    def percent_since(self, before: _Usage) -> float:
        """Share of one core that was used since then."""
        return round(100 * (self.cpu - before.cpu) / (self.at - before.at), 1)


def measure(*, rate: int = 500, seconds: int = 10, every: int = 50) -> LatencyFigures:
    """Start `up`, leave it alone for a while, then send `rate` events a second for so many seconds.

    One event in `every` decides a message; those are timed.
    """
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measured(Path(folder), rate, seconds, every))


async def _measured(folder: Path, rate: int, seconds: int, every: int) -> LatencyFigures:
    receiver = _Receiver(wanted=1 + rate * seconds // every)  # and the one that only warms up
    server = await asyncio.start_server(receiver.answer, "127.0.0.1", 0)
    async with server, _running(folder, server.sockets[0].getsockname()[1], every) as (process, port):
        await _one_through(receiver, port)
        begin = _Usage.of(process)
        await asyncio.sleep(seconds)
        idle = _Usage.of(process)
        meant = await _send(port, rate, rate * seconds)
        sent = _Usage.of(process)
        with suppress(TimeoutError):
            await asyncio.wait_for(receiver.complete.wait(), _DRAIN_SECONDS)
    timed = {number: at for number, at in enumerate(meant, 1) if number % every == 0}
    return _figures(rate, timed, receiver.arrived, begin, idle, sent)


def _figures(
    rate: int, meant: dict[int, float], arrived: dict[int, float], begin: _Usage, idle: _Usage, sent: _Usage
) -> LatencyFigures:
    took = sorted(1_000 * (arrived[number] - at) for number, at in meant.items() if number in arrived)
    return LatencyFigures(
        rate=rate,
        events=len(meant),
        lost=len(meant) - len(took),
        p50_ms=round(took[len(took) // 2], 1),
        p99_ms=round(took[len(took) * 99 // 100], 1),
        max_ms=round(took[-1], 1),
        idle_rss_mb=round(idle.rss / 1e6, 1),
        idle_cpu_percent=idle.percent_since(begin),
        busy_rss_mb=round(sent.rss / 1e6, 1),
        busy_cpu_percent=sent.percent_since(idle),
    )


@asynccontextmanager
async def _running(folder: Path, receiver: int, every: int) -> AsyncIterator[tuple[Process, int]]:
    """`touchline up` in a folder, sending to a receiver's port; its process and its own port."""
    (folder / "playbook").mkdir()
    (folder / "playbook" / "latency.yaml").write_text(_PLAYBOOK.replace("EVERY", str(every)), "utf-8")
    port = _free_port()
    url = f"http://127.0.0.1:{receiver}/"
    webhook = {"adapter": "webhook", "url": url, "secret": _SECRET, "private": True}
    mine = {"TOUCHLINE_CHANNELS": json.dumps({"webhook": webhook}), "PYTHONPATH": str(_ROOT)}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHLINE_")}
    process = await create_subprocess_exec(
        sys.executable, "-m", "workers", "up", "--port", str(port), "--data", "data",
        cwd=folder, env=clean | mine, stdout=DEVNULL, stderr=DEVNULL,
    )  # fmt: skip
    try:
        yield process, port
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


async def _one_through(receiver: _Receiver, port: int) -> None:
    """Wait until an event has gone all the way, so that everything is loaded and connected."""
    end = perf_counter() + _READY_SECONDS
    while 0 not in receiver.arrived:
        if perf_counter() > end:
            message = f"touchline up did not send anything within {_READY_SECONDS:g} seconds"
            raise TimeoutError(message)
        with suppress(OSError):
            await _sender(port, [(0, perf_counter())])
        await asyncio.sleep(0.1)


async def _send(port: int, rate: int, events: int) -> list[float]:
    """Send events 1, 2, 3 and so on at an even pace over several connections; when each was meant to leave."""
    begin = perf_counter() + 0.1
    meant = [begin + number / rate for number in range(events)]
    numbered = list(enumerate(meant, 1))
    await asyncio.gather(*(_sender(port, numbered[first::_CONNECTIONS]) for first in range(_CONNECTIONS)))
    return meant


async def _sender(port: int, numbered: list[tuple[int, float]]) -> None:
    """Send these events over one connection, each at its moment or as soon after it as the one before is answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number, at in numbered:
        await asyncio.sleep(max(at - perf_counter(), 0))
        writer.write(_request(number))
        await _message(reader)
    writer.close()


def _request(number: int) -> bytes:
    event = {"id": str(number), "source": "bench", "person": f"p{number % 1_000}", "event": "order.paid"}
    body = json.dumps(event | {"properties": {"number": number}}).encode()
    return b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def main() -> None:
    """Measure once and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.latency", description="From POST to webhook.")
    parser.add_argument("--rate", type=int, default=500, help="events a second")
    parser.add_argument("--every", type=int, default=50, help="one event in so many decides a message")
    parser.add_argument("--seconds", type=int, default=10, help="how long to send, and to look at it idle")
    options = parser.parse_args()
    figures = measure(rate=options.rate, seconds=options.seconds, every=options.every)
    for name, value in msgspec.structs.asdict(figures).items():
        print(f"{name:18} {value:>10,}")


if __name__ == "__main__":
    main()
