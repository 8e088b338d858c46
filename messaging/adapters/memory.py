"""Keeps messages in memory: the provider of simulations and tests.

It behaves as a good provider does: it knows the keys it has taken, answers a repeat as it answered the first, takes
nothing new for it, and refuses a key that comes with another message.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from messaging.options import Options, read_options
from messaging.ports import Answer, Capabilities, SendRequest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["CAPABILITIES", "MemoryAdapter", "adapter"]

CAPABILITIES = Capabilities(duplicates="own_table", needs_address=False, max_bytes=262_144, has_subject=True)


class _Options(Options, frozen=True, kw_only=True):
    """`needs_address`: as the channel that it stands for."""

    needs_address: bool = False


class MemoryAdapter:
    """`sent` holds what was taken, by key, in order; `repeats` counts what came again.

    `answers`: put answers here to be given next, one a call, instead of taking the message. An `unknown` takes it all
    the same: that is the case where the reply was lost.
    """

    name = "memory"

    def __init__(self, capabilities: Capabilities = CAPABILITIES) -> None:
        self.capabilities = capabilities
        self.sent: dict[str, SendRequest] = {}
        self.repeats = 0
        self.answers: deque[Answer] = deque()

    async def send(self, request: SendRequest, timeout: float) -> Answer:  # noqa: ARG002 - memory does not wait
        """Take one message."""
        planned = self.answers.popleft() if self.answers else None
        if planned is not None and planned.outcome != "unknown":
            return planned
        answer = self._take(request)
        return planned or answer

    def _take(self, request: SendRequest) -> Answer:
        known = self.sent.get(request.key)
        if known is None:
            self.sent[request.key] = request
        else:
            self.repeats += 1
            if (known.address, known.content) != (request.address, request.content):
                return Answer("rejected", "key_reused")
        return Answer("sent", receipt=f"memory:{request.key}")

    async def close(self) -> None:
        """There is nothing to close."""


def adapter(options: Mapping[str, Any], _: Path) -> MemoryAdapter:
    """The adapter from its options."""
    read = read_options("memory", options, _Options)
    return MemoryAdapter(
        Capabilities(
            duplicates="own_table", needs_address=read.needs_address, max_bytes=CAPABILITIES.max_bytes, has_subject=True
        )
    )
