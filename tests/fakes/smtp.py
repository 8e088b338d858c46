"""A mail server: takes mail on a free port, and answers with what is planned for each of its commands."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

from aiosmtpd.smtp import SMTP

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["MailServer"]


@dataclass(slots=True)
class MailServer:
    """`mails` that were taken. `rcpt`, `data`: replies for the next recipients and texts; "cut" ends the connection."""

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

    async def handle_RCPT(self, *about: Any) -> str:  # noqa: ANN401, N802 - the names are the library's
        """Answer to RCPT TO; `about`: server, session, envelope, address, options."""
        if self.rcpt:
            return self.rcpt.popleft()
        about[2].rcpt_tos.append(about[3])
        return "250 OK"

    async def handle_DATA(self, *about: Any) -> str:  # noqa: ANN401, N802 - the names are the library's
        """Answer to the text; `about`: server, session, envelope."""
        server, _, envelope = about
        reply = self.data.popleft() if self.data else "250 OK"
        if reply.startswith(("250", "cut")):
            self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
            self.recipients.extend(envelope.rcpt_tos)
        if reply == "cut":
            server.transport.abort()
        return reply
