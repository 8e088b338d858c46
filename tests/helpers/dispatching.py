"""An office: a ledger in memory, a clock that is set by hand, adapters that record, and dispatchers at work."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from messaging.adapters.memory import MemoryAdapter
from messaging.dispatch import Dispatcher
from messaging.ports import Answer, Capabilities
from schemas.decisions import ConsentRow, ContactRow, Decision, Outcome
from schemas.errors import NamedStop, StoreUnavailable
from tests.helpers.messages import NOW, a_template, some_offers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from messaging.ports import Adapter, SendRequest
    from schemas.offers import Offers
    from stores.ports import LeasedRow, Ledger, Result

__all__ = ["CHANNELS", "FORGETS", "RECORDS", "Blocked", "Broken", "Office", "Unrecorded", "a_decision"]

CHANNELS = ("email", "sms", "wecom_group")
KEY = b"k" * 32
RECORDS = Capabilities(duplicates="native_key", needs_address=False, max_bytes=65_536)
FORGETS = Capabilities(duplicates="none", needs_address=False, max_bytes=65_536)


def a_decision(number: int = 1, channel: str = "email", **changes: Any) -> Decision:  # noqa: ANN401 - any field
    """A send of `hello`, decided now; numbers give ids, people and the order of happening."""
    values: dict[str, Any] = {
        "id": f"{number:032x}",
        "time": NOW + number,
        "person": f"p{number}",
        "rule": "welcome",
        "step": "0",
        "kind": "send",
        "occurrence": f"event:test:{number}",
        "event_id": str(number),
        "params": {"template": "hello", "channels": [channel]},
        "order": number,
        "program": "program",
        "variables": {"person": {"name": f"Person {number}"}},
    }
    return Decision(**(values | changes))


class Office:
    """What a dispatcher needs, and a look at what became of its rows."""

    def __init__(self, ledger: Ledger, adapters: dict[str, Adapter] | None = None) -> None:
        self.ledger = ledger
        self.set_to = NOW + 1_000_000
        self.runs_since: float | None = None
        self.adapters: dict[str, Adapter] = {name: MemoryAdapter(RECORDS) for name in CHANNELS} | (adapters or {})
        self.offers: dict[str, Offers] = {"program": some_offers(a_template(channels=CHANNELS))}
        self.position = 0

    @property
    def now(self) -> int:
        """The office's clock (unix ms): it stands still unless it was let run."""
        ran = 0.0 if self.runs_since is None else time.monotonic() - self.runs_since
        return self.set_to + int(ran * 1_000)

    def let_time_run(self) -> None:
        """From now on time passes by itself."""
        self.runs_since = time.monotonic()

    async def record(self, *decisions: Decision, **rows: Any) -> None:  # noqa: ANN401 - as the method behind it
        """Put decisions (and contacts, consents) into the ledger."""
        self.position += 1
        await self.ledger.record(0, "log", self.position, self.position, Outcome(decisions=list(decisions), **rows))

    async def consent(self, person: str, *, given: bool, order: int) -> None:
        """Note a consent to marketing on all channels, or its withdrawal."""
        await self.record(consents=[ConsentRow(person, order, "marketing", "*", self.now, given)])

    async def address(self, person: str, channel: str, address: str) -> None:
        """Note an address."""
        await self.record(contacts=[ContactRow(person, 0, channel, NOW, address)])

    def dispatcher(self, ledger: Ledger | None = None, **options: Any) -> Dispatcher:  # noqa: ANN401 - as the method behind it
        """A dispatcher, as another process would have it."""
        return Dispatcher(ledger or self.ledger, self.programs, self.adapters, lambda: self.now, KEY, **options)

    async def programs(self, hash_: str) -> Offers:
        """What a program offers."""
        if hash_ not in self.offers:
            raise NamedStop(f"the program {hash_} is not there", code="PROGRAM_MISSING")
        return self.offers[hash_]

    async def work(self, dispatcher: Dispatcher, until: int = 0, step: int = 1_000) -> None:
        """Let a dispatcher work until nothing is due, in steps of `step` ms up to `until` ms from now."""
        end = self.now + until
        while True:
            while await dispatcher.step():
                pass
            if self.now >= end:
                return
            self.set_to = min(self.set_to + step, end)

    async def rows(self) -> dict[int, tuple[str, str]]:
        """Number → (status, reason) of every send."""
        found = await self.ledger.fetch("deliveries")
        return {int(row["decision_id"], 16): (row["status"], row["reason"] or "") for row in found}

    async def statuses(self) -> list[str]:
        """The statuses of all sends, sorted."""
        return sorted(status for status, _ in (await self.rows()).values())

    def memory(self, channel: str) -> MemoryAdapter:
        """The adapter of a channel."""
        adapter = self.adapters[channel]
        assert isinstance(adapter, MemoryAdapter)
        return adapter


class Blocked(MemoryAdapter):
    """A service that answers when it is let."""

    def __init__(self, capabilities: Capabilities = RECORDS) -> None:
        super().__init__(capabilities)
        self.let = asyncio.Event()
        self.calls = 0

    async def send(self, request: SendRequest, timeout: float) -> Answer:
        """Take a message when it is let."""
        self.calls += 1
        await self.let.wait()
        return await super().send(request, timeout)


class Broken(MemoryAdapter):
    """An adapter with a defect for the people that `is_bad` names."""

    def __init__(self, is_bad: Callable[[str], bool]) -> None:
        super().__init__(RECORDS)
        self.is_bad = is_bad

    async def send(self, request: SendRequest, timeout: float) -> Answer:
        """Take a message, or raise what no adapter may raise."""
        if self.is_bad(request.person):
            raise ZeroDivisionError(request.address)
        return await super().send(request, timeout)


class Unrecorded:
    """A ledger whose results do not arrive: as often as `times` says the store is away, or with None for ever."""

    def __init__(self, ledger: Ledger, times: int | None = None) -> None:
        self.ledger = ledger
        self.times = times
        self.tries = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as the method behind it
        """Give everything else of the ledger."""
        return getattr(self.ledger, name)

    async def lease(self, *arguments: Any, **options: Any) -> list[LeasedRow]:  # noqa: ANN401 - as the method behind it
        """Lease as the ledger does."""
        return await self.ledger.lease(*arguments, **options)

    async def finish(self, results: Sequence[Result], now: int) -> int:
        """Lose results, or record them once the store is back."""
        self.tries += 1
        if self.times is None or self.tries <= self.times:
            raise StoreUnavailable("the store is away")
        return await self.ledger.finish(results, now)
