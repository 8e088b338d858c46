"""Appends the events that rules emit to other people: one partition has one writer, so they go through the log.

The event's id is the decision's, so the log may get it twice and the fold counts it once, as long as it knows ids
(72 hours).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from messaging.ports import Answer, Capabilities, SendRequest
from schemas.errors import EventRefused, StoreUnavailable
from schemas.events import event_from, load_json
from schemas.records import behaviour, encode
from schemas.times import HOUR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.events import Event

__all__ = ["CAPABILITIES", "Appends", "EventsAdapter", "build"]

CAPABILITIES = Capabilities(duplicates="native_key", needs_address=False, horizon_ms=48 * HOUR, max_bytes=65_536)


class Appends(Protocol):
    """The part of the log that is needed."""

    async def append(self, items: Sequence[Any]) -> Any:  # noqa: ANN401 - the log's own types
        """Append all or nothing."""


class _Item(NamedTuple):
    """What a log appends, by its shape."""

    key: str
    value: bytes
    partition: int | None = None
    at: int | None = None


def build(request: SendRequest) -> Event:
    """The event of a decision `emit`; its time is the decision's. Raises `EventRefused`."""
    given = load_json(request.content.body.encode())
    wanted = {name: given[name] for name in ("person", "event", "properties")}
    return event_from({**wanted, "id": request.key, "time": request.time, "source": "touchline"})


class EventsAdapter:
    """Serves the channel of emitted events."""

    name = "events"
    capabilities = CAPABILITIES

    def __init__(self, log: Appends) -> None:
        self._log = log

    async def send(self, request: SendRequest, timeout: float) -> Answer:  # noqa: ARG002 - an append is not broken off
        """Append one event."""
        try:
            event = build(request)
            await self._log.append([_Item(event.person, encode(behaviour(event)))])
        except StoreUnavailable:
            return Answer("retry", "log_unavailable")
        except EventRefused as error:
            return Answer("rejected", error.code)
        return Answer("sent")

    async def close(self) -> None:
        """The log is not this adapter's own."""
