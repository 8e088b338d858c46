"""Sends mail by SMTP: plain text in UTF-8, with a Message-ID made of the decision's id.

SMTP does not know a repeat by itself, so where the connection is lost after the text went out, the message is held for
an operator (`on_doubt: hold`, the default) or sent again (`retry`); its Message-ID is the same, and many mailboxes
then show one. Each message has a connection of its own: an old one may be half closed, and then the outcome is unknown
for nothing.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.errors import HeaderParseError, MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING, Any, Literal

from messaging.options import Options, read_options
from messaging.ports import Answer, Capabilities, SendRequest
from schemas.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from aiosmtplib import SMTP as Connection  # noqa: N811 - the policy has the same name

__all__ = ["CAPABILITIES", "EmailAdapter", "EmailOptions", "adapter", "build", "parse"]

CAPABILITIES = Capabilities(duplicates="none", needs_address=True, on_doubt="hold", max_bytes=262_144, has_subject=True)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MISCONFIGURED = frozenset({530, 534, 535, 538})


class EmailOptions(Options, frozen=True, kw_only=True):
    """What the adapter takes.

    `sender`: `shop@example.com` or `The shop <shop@example.com>`. `unsubscribe`: an https or mailto URL for the header
    List-Unsubscribe, which large mailboxes ask of whoever sends many. `tls`: `starttls` (port 587), `tls` (port 465) or
    `none` (a relay on the same machine).
    """

    host: str
    sender: str
    port: int = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: str = ""
    reply_to: str = ""
    unsubscribe: str = ""
    on_doubt: Literal["hold", "retry"] = "hold"


def build(request: SendRequest, options: EmailOptions) -> EmailMessage:
    """The mail: the same bytes on every attempt. Raises `ValueError` for an address that is none."""
    message = EmailMessage(policy=SMTP)
    message["From"] = options.sender
    message["To"] = _address(request.address)
    message["Subject"] = request.content.subject
    message["Date"] = _EPOCH + timedelta(seconds=request.time // 1_000)
    message["Message-ID"] = f"<{request.key}@{_domain(options.sender)}>"
    if options.reply_to:
        message["Reply-To"] = options.reply_to
    if options.unsubscribe:
        message["List-Unsubscribe"] = f"<{options.unsubscribe}>"
        if options.unsubscribe.startswith("https://"):
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(request.content.body, charset="utf-8", cte="base64")
    return message


def _address(text: str) -> Address:
    """A mail address. Raises `ValueError`."""
    try:
        address = Address(addr_spec=text)
    except (HeaderParseError, MessageError, IndexError) as error:
        message = "this is no mail address"
        raise ValueError(message) from error
    if not address.domain or not text.isascii() or not text.isprintable():
        message = "this is no mail address"
        raise ValueError(message)
    return address


def _domain(sender: str) -> str:
    return sender.rpartition("@")[2].rstrip("> ")


def parse(code: int) -> Answer:
    """What a reply code of a server means."""
    reason = f"smtp_{code}"
    if 200 <= code < 300:
        return Answer("sent")
    if code in _MISCONFIGURED:
        return Answer("misconfigured", reason)
    return Answer("retry" if 400 <= code < 500 else "rejected", reason)


class EmailAdapter:
    """One mail server."""

    name = "email"

    def __init__(self, options: EmailOptions) -> None:
        self._options = options
        self.capabilities = Capabilities(
            duplicates=CAPABILITIES.duplicates,
            needs_address=True,
            on_doubt=options.on_doubt,
            max_bytes=CAPABILITIES.max_bytes,
            has_subject=True,
        )

    async def send(self, request: SendRequest, timeout: float) -> Answer:
        """Hand one mail to the server."""
        try:
            message = build(request, self._options)
        except ValueError:
            return Answer("rejected", "invalid_address")
        return await self._hand_over(message, request.address, timeout)

    async def close(self) -> None:
        """There is nothing to close."""

    async def _hand_over(self, message: EmailMessage, address: str, timeout: float) -> Answer:
        import aiosmtplib

        connection = self._connection(timeout)
        is_sending = False
        try:
            async with asyncio.timeout(timeout), connection:
                if self._options.username:
                    await connection.login(self._options.username, self._options.password)
                await connection.mail(str(message["From"].addresses[0].addr_spec))
                await connection.rcpt(address)
                is_sending = True
                reply = await connection.data(message.as_bytes())
                return parse(reply.code)
        except aiosmtplib.SMTPResponseException as error:
            return parse(error.code) if error.code >= 400 else Answer("unknown", "smtp_confused")
        except (aiosmtplib.SMTPException, OSError):
            return Answer("unknown", "no_reply") if is_sending else Answer("retry", "unreachable")

    def _connection(self, timeout: float) -> Connection:
        import aiosmtplib

        options = self._options
        return aiosmtplib.SMTP(
            hostname=options.host,
            port=options.port,
            timeout=timeout,
            use_tls=options.tls == "tls",
            start_tls=options.tls == "starttls",
        )


def adapter(options: Mapping[str, Any], _: Path) -> EmailAdapter:
    """The adapter from its options. Raises `SettingsError`."""
    read = read_options("email", options, EmailOptions)
    for name, text in (("sender", read.sender), ("reply_to", read.reply_to or read.sender)):
        if not _is_mailbox(text):
            message = f"The option {name} of the adapter email is no mail address; write shop@example.com."
            raise SettingsError(message)
    return EmailAdapter(read)


def _is_mailbox(text: str) -> bool:
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = text
        return len(message["From"].addresses) == 1 and bool(_address(message["From"].addresses[0].addr_spec))
    except (ValueError, IndexError):
        return False
