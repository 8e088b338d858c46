"""Posts messages as JSON to a URL, signed by the Standard Webhooks rules, with the decision's id as the message's id.

The receiver is expected to know an id again and to answer 2xx to it without acting twice; that is what the id is for.
"""

from __future__ import annotations

import json
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from messaging.options import Options, read_options
from messaging.ports import Answer, Capabilities, HttpReply, HttpRequest, SendRequest
from messaging.transport import HttpClient, exchange
from schemas.errors import SettingsError
from schemas.times import format_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["CAPABILITIES", "WebhookAdapter", "WebhookOptions", "adapter", "build", "parse"]

CAPABILITIES = Capabilities(duplicates="native_key", needs_address=False, max_bytes=65_536, has_subject=True)
_MISCONFIGURED = frozenset({401, 403, 404, 405, 410})
_LATER = frozenset({408, 409, 425, 429})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class WebhookOptions(Options, frozen=True, kw_only=True):
    """What the adapter takes.

    `secret`: `whsec_…` or its base64 alone. `url`: https and public, unless `private`: a receiver in one's own network.

    `ca`: the path of a PEM file with the authorities to trust in place of the usual ones.

    `needs_address`: whether a person without an address on this channel is passed over (a gateway for short messages).
    """

    url: str
    secret: str
    private: bool = False
    ca: str = ""
    needs_address: bool = False


def build(request: SendRequest, options: WebhookOptions) -> HttpRequest:
    """The signed request. The body is the same on every attempt; the time of the signature is the attempt's."""
    from standardwebhooks import Webhook

    body = json.dumps(
        {
            "type": "message.send",
            "timestamp": format_time(request.time),
            "data": {
                "decision_id": request.key,
                "person": request.person,
                "channel": request.channel,
                "address": request.address,
                "template": request.template,
                "kind": request.kind,
                "subject": request.content.subject,
                "body": request.content.body,
            },
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )
    signed_at = _EPOCH + timedelta(seconds=request.at // 1_000)
    headers = {
        "Content-Type": "application/json",
        "webhook-id": request.key,
        "webhook-timestamp": str(request.at // 1_000),
        "webhook-signature": Webhook(options.secret).sign(request.key, signed_at, body),
    }
    return HttpRequest("POST", options.url, headers, body.encode(), trusted=options.private)


def parse(reply: HttpReply) -> Answer:
    """2xx: taken. What may pass: later. What only an operator can mend: misconfigured. Anything else: refused."""
    status = reply.status
    reason = f"http_{status}"
    if 200 <= status < 300:
        return Answer("sent", receipt=reply.headers.get("webhook-receipt", "")[:128])
    if status >= 500 or status in _LATER:
        return Answer("retry", reason, retry_after=_retry_after(reply))
    if status < 400 or status in _MISCONFIGURED:
        return Answer("misconfigured", reason)
    return Answer("rejected", reason)


def _retry_after(reply: HttpReply) -> float | None:
    """Seconds, where the header gives them; its other form, a date, is not worth a clock here."""
    text = reply.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 7 else None


class WebhookAdapter:
    """One receiver."""

    name = "webhook"

    def __init__(self, options: WebhookOptions, http: HttpClient) -> None:
        self.capabilities = Capabilities(
            duplicates=CAPABILITIES.duplicates,
            needs_address=options.needs_address,
            max_bytes=CAPABILITIES.max_bytes,
            has_subject=True,
        )
        self._options = options
        self._http = http

    async def send(self, request: SendRequest, timeout: float) -> Answer:
        """Post one message."""
        return await exchange(self._http, build(request, self._options), timeout, parse)

    async def close(self) -> None:
        """Close the HTTP client."""
        await self._http.close()


def adapter(options: Mapping[str, Any], _: Path) -> WebhookAdapter:
    """The adapter from its options. Raises `SettingsError`."""
    read = read_options("webhook", options, WebhookOptions)
    from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

    try:
        Webhook(read.secret)
    except (ValueError, EmptyWebhookSecretError) as error:
        message = "The secret of the adapter webhook is not base64; make one with: openssl rand -base64 32."
        raise SettingsError(message) from error
    return WebhookAdapter(read, HttpClient(tls=_trust(read.ca)))


def _trust(ca: str) -> ssl.SSLContext | None:
    if not ca:
        return None
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as error:  # ssl.SSLError is one too
        message = f"The option ca of the adapter webhook names {ca}, which is no PEM file of authorities."
        raise SettingsError(message) from error
