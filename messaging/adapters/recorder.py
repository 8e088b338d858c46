"""Takes every message and delivers none: what stands behind each channel in a simulation.

A recorder needs an address where the real channel does, and takes as much text; its answer is always that it was sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from messaging.policy import ADDRESS_CHANNELS, EVENT_CHANNEL
from messaging.ports import Answer, Capabilities, SendRequest
from messaging.render import MAIL_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas.offers import Template

__all__ = ["RecorderAdapter", "recorders"]

_BYTES = {"email": MAIL_BYTES, "sms": 1_024, "wecom_group": 2_048}
_USUAL_BYTES = 4_096


class RecorderAdapter:
    """Stands for one channel. What it was given stands in the ledger; it keeps nothing itself."""

    name = "recorder"

    def __init__(self, channel: str) -> None:
        self.capabilities = Capabilities(
            duplicates="own_table",
            needs_address=channel in ADDRESS_CHANNELS,
            max_bytes=_BYTES.get(channel, _USUAL_BYTES),
            has_subject=channel == "email",
        )

    async def send(self, request: SendRequest, timeout: float) -> Answer:  # noqa: ARG002 - nothing happens
        """Say that it was sent."""
        return Answer("sent")

    async def close(self) -> None:
        """There is nothing to close."""


def recorders(templates: Iterable[Template]) -> dict[str, RecorderAdapter]:
    """A recorder for each channel that a template is written for, and one for emitted events."""
    channels = {EVENT_CHANNEL}.union(*(template.channels for template in templates))
    return {channel: RecorderAdapter(channel) for channel in sorted(channels)}
