"""The adapter port: what a send is, what a provider's answer means, and what an adapter declares of itself."""

from __future__ import annotations

from typing import Any, Literal, Protocol

import msgspec

__all__ = [
    "FINAL",
    "STATUSES",
    "Adapter",
    "Answer",
    "Capabilities",
    "Content",
    "HttpReply",
    "HttpRequest",
    "OutboxRow",
    "SendRequest",
]

STATUSES = (
    "pending", "leased", "sent", "done", "failed", "suppressed", "expired", "withdrawn", "in_doubt", "dead", "refused",
)  # fmt: skip
FINAL = frozenset(STATUSES) - {"pending", "leased"}


class OutboxRow(msgspec.Struct, frozen=True, kw_only=True):
    """A decision as the outbox holds it; times unix ms."""

    decision_id: str
    person: str
    rule: str
    kind: str
    time: int
    params: dict[str, Any]
    variables: dict[str, Any]
    needs: tuple[str, ...] = ()
    valid_until: int | None = None
    program: str = ""
    body: Content | None = None
    channel: str = ""
    order: int = 0


class Content(msgspec.Struct, frozen=True):
    """A rendered message: rendered once, stored, the same bytes on every attempt. `subject` where a channel has one."""

    body: str
    subject: str = ""


class SendRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to send. `key` is the decision id, the same on every attempt; `address` "" where none is needed."""

    key: str
    person: str
    channel: str
    address: str
    content: Content
    template: str
    kind: str = "send"
    variables: dict[str, Any] = msgspec.field(default_factory=dict)
    time: int = 0
    """The decision's own time, unix ms."""
    attempt: int = 1
    """Which attempt this is: 1, 2, …"""
    at: int = 0
    """The moment of this attempt, unix ms."""


class Answer(msgspec.Struct, frozen=True):
    """What an attempt came to.

    `sent`: accepted. `rejected`: will never be accepted (`reason` from the adapter's list). `retry`: not accepted, try
    again after `retry_after` seconds. `unknown`: it may or may not have been accepted. `misconfigured`: this channel
    cannot send at all until an operator mends it.
    """

    outcome: Literal["sent", "rejected", "retry", "unknown", "misconfigured"]
    reason: str = ""
    receipt: str = ""
    retry_after: float | None = None


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What an adapter declares.

    `duplicates`: how its service tells a repeat: `own_table`, `native_key`, `content_window`, `query`, `none`.
    `on_doubt`: with `none`, whether an unknown outcome is held for an operator or sent again.
    `horizon_ms`: retries end this long after the first attempt (less than the service remembers keys).
    """

    duplicates: Literal["own_table", "native_key", "content_window", "query", "none"]
    needs_address: bool
    on_doubt: Literal["hold", "retry"] = "hold"
    horizon_ms: int = 86_400_000 - 3_600_000
    per_minute: int | None = None
    max_bytes: int = 4_096
    has_subject: bool = False


class HttpRequest(msgspec.Struct, frozen=True):
    """A request that `build` made and the one HTTP client sends."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    trusted: bool = False
    """The URL is the deployment's own setting of a known service, not a free one; else the address is checked."""


class HttpReply(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


class Adapter(Protocol):
    """One provider. `send` raises nothing but `asyncio.CancelledError`: every failure is an `Answer`."""

    name: str
    capabilities: Capabilities

    async def send(self, request: SendRequest, timeout: float) -> Answer:
        """Hand one message over, within `timeout` seconds."""

    async def close(self) -> None:
        """Give back what is held open."""
