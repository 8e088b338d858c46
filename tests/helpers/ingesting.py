"""An application over stores in memory that can go away, and requests to it without a network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import httpx

from schemas.decisions import DeadLetter
from schemas.errors import StoreUnavailable
from schemas.records import Behaviour, decode
from stores.memory import MemoryLog
from web.app import make_app, stores_away

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from starlette.applications import Starlette

    from schemas.records import Record
    from stores.ports import Appendable, Ledger, Place

__all__ = ["NOW", "Shop", "codes_of"]

NOW = 1_780_000_000_000


class ShakyLog(MemoryLog):
    """A log in memory that is away while `is_away` is set."""

    is_away = False

    async def append(self, items: Sequence[Appendable]) -> list[Place]:
        """Append, or raise `StoreUnavailable`."""
        self._check()
        return await super().append(items)

    async def ends(self, partition: int) -> tuple[int, int]:
        """Give the ends, or raise `StoreUnavailable`."""
        self._check()
        return await super().ends(partition)

    def _check(self) -> None:
        if self.is_away:
            raise StoreUnavailable("the disk of the log is full; make room")


@dataclass
class LetterBox:
    """As much of a ledger as ingest uses; away while `is_away` is set."""

    letters: list[DeadLetter] = field(default_factory=list)
    is_away: bool = False

    async def refuse(self, letters: Sequence[DeadLetter]) -> None:
        """Keep refusals."""
        self._check()
        self.letters += letters

    async def active(self) -> tuple[str, int] | None:
        """Say that nothing was activated."""
        self._check()
        return None

    def _check(self) -> None:
        if self.is_away:
            raise StoreUnavailable("the ledger is locked by another process; stop it")


class Shop:
    """A log, a ledger and the application over them."""

    def __init__(self, token: str | None = None, partitions: int = 3) -> None:
        self.log = ShakyLog(clock=lambda: NOW, new_id=lambda: "log", partitions=partitions)
        self.ledger = LetterBox()
        self.counted: list[tuple[int, list[str]]] = []
        self.app = self._app(token)

    def _app(self, token: str | None) -> Starlette:
        ledger = cast("Ledger", self.ledger)

        async def ready() -> dict[str, str]:
            return await stores_away(self.log, ledger)

        return make_app(
            self.log,
            ledger,
            token=token,
            ready=ready,
            metrics=lambda: b"touchline_batches_total 1.0\n",
            clock=lambda: NOW,
            counted=lambda accepted, codes: self.counted.append((accepted, list(codes))),
        )

    async def ask(self, method: str, path: str, content: bytes = b"", **headers: str) -> httpx.Response:
        """Send one request; an exception inside the application is raised here."""
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://shop.example") as client:
            encoded = {name.encode(): value.encode() for name, value in headers.items()}
            return await client.request(method, path, content=content, headers=encoded)

    async def send(self, content: bytes, **headers: str) -> httpx.Response:
        """Send events."""
        return await self.ask("POST", "/v1/events", content, **headers)

    async def records(self) -> list[Record]:
        """Give everything in the log, partition by partition."""
        read = [await self.log.read(partition, 0, 10_000) for partition in range(self.log.info.partitions)]
        return [record for records in read for record in records]

    async def events(self) -> list[Behaviour]:
        """Give everything in the log, decoded."""
        return [cast("Behaviour", decode(record.value)) for record in await self.records()]


def codes_of(answer: dict[str, Any]) -> Iterator[tuple[int, str]]:
    """Give the index and the code of each refusal of an answer."""
    return ((refusal["index"], refusal["code"]) for refusal in answer["refused"])
