"""A mail server: takes mail on a free port, and answers with what is planned for each of its commands."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

from aiosmtpd.smtp import SMTP

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from email.message import EmailMessage

__all__ = ["MailServer"]


@dataclass(slots=True)
class MailServer:
    """`mails` that were taken. `rcpt` and `data`: replies for the next recipients and texts; "cut" ends the connection."""

    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    rcpt: deque[str] = field(default_factory=deque)
    data: deque[str] = field(default_factory=deque)
    port: int = 0

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[MailServer]:
        """Listen while the block runs."""
        loop = asyncio.get_running_loop()
        listener = await loop.create_server(lambda: SMTP(self, hostname="mail.example.com"), "127.0.0.1", 0)
        self.port = listener.sockets[0].getsockname()[1]
        async with listener:
            yield self

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        """Answer to RCPT TO."""
        if self.rcpt:
            return self.rcpt.popleft()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Answer to the text."""
        reply = self.data.popleft() if self.data else "250 OK"
        if reply.startswith(("250", "cut")):
            self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
            self.recipients.extend(envelope.rcpt_tos)
        if reply == "cut":
            server.transport.abort()
        return reply
