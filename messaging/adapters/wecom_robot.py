"""Posts messages into a WeCom group by its robot. Errors come with HTTP 200 and an `errcode`: the code is what counts.

The service does not know a repeat, so where no reply came the message is held for an operator, or sent again with
`on_doubt: retry`. A robot takes 20 messages a minute.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from messaging.options import Options, read_options
from messaging.ports import Answer, Capabilities, HttpReply, HttpRequest, SendRequest
from messaging.transport import HttpClient, exchange
from schemas.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["CAPABILITIES", "WecomRobotAdapter", "WecomRobotOptions", "adapter", "build", "parse"]

CAPABILITIES = Capabilities(duplicates="none", needs_address=False, on_doubt="hold", per_minute=20, max_bytes=2_048)
_BUSY = -1
_TOO_MANY = 45_009
_TOO_MANY_PAUSE = 60.0
_MISCONFIGURED = frozenset({93_000, 93_008, 93_017, 40_001, 40_014, 42_001})
"""The robot is unknown, was removed, or its key is wrong."""
_BUSY_ATTEMPTS = 3


class WecomRobotOptions(Options, frozen=True, kw_only=True):
    """`url`: the whole address that WeCom shows for the robot, key included; treat it as a secret."""

    url: str
    on_doubt: Literal["hold", "retry"] = "hold"


def build(request: SendRequest, options: WecomRobotOptions) -> HttpRequest:
    """A text message: WeCom shows it as it is, so nothing in it can become a link or a mention."""
    body = json.dumps({"msgtype": "text", "text": {"content": request.content.body}}, ensure_ascii=False)
    headers = {"Content-Type": "application/json"}
    return HttpRequest("POST", options.url, headers, body.encode(), trusted=True)


def parse(reply: HttpReply, attempt: int) -> Answer:
    """By `errcode`. `attempt` counts: a busy service is asked three times."""
    if reply.status == 429:
        return Answer("retry", "http_429", retry_after=_TOO_MANY_PAUSE)
    if reply.status != 200:
        return Answer("unknown", f"http_{reply.status}")
    code = _errcode(reply.body)
    reason = f"errcode_{code}"
    if code is None:
        return Answer("unknown", "unreadable_reply")
    if code == 0:
        return Answer("sent")
    if code == _BUSY:
        return Answer("retry" if attempt <= _BUSY_ATTEMPTS else "rejected", "busy")
    if code == _TOO_MANY:
        return Answer("retry", reason, retry_after=_TOO_MANY_PAUSE)
    return Answer("misconfigured" if code in _MISCONFIGURED else "rejected", reason)


def _errcode(body: bytes) -> int | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    code = value.get("errcode") if isinstance(value, dict) else None
    return code if isinstance(code, int) and not isinstance(code, bool) else None


class WecomRobotAdapter:
    """One robot of one group."""

    name = "wecom_robot"

    def __init__(self, options: WecomRobotOptions, http: HttpClient) -> None:
        self.capabilities = Capabilities(
            duplicates=CAPABILITIES.duplicates,
            needs_address=False,
            on_doubt=options.on_doubt,
            per_minute=CAPABILITIES.per_minute,
            max_bytes=CAPABILITIES.max_bytes,
        )
        self._options = options
        self._http = http

    async def send(self, request: SendRequest, timeout: float) -> Answer:
        """Post one message into the group."""
        read = partial(parse, attempt=request.attempt)
        return await exchange(self._http, build(request, self._options), timeout, read)

    async def close(self) -> None:
        """Close the HTTP client."""
        await self._http.close()


def adapter(options: Mapping[str, Any], _: Path) -> WecomRobotAdapter:
    """The adapter from its options. Raises `SettingsError`."""
    read = read_options("wecom_robot", options, WecomRobotOptions)
    if not read.url.startswith(("https://", "http://")):
        message = "The option url of the adapter wecom_robot is the robot's whole address, from https:// to its key."
        raise SettingsError(message)
    return WecomRobotAdapter(read, HttpClient())
