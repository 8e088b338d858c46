"""A receiver of our webhooks as another team would write it: it checks signatures and knows ids it has seen."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from standardwebhooks import Webhook, WebhookVerificationError

from tests.fakes.http import Reply, Request, serve

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from tests.fakes.http import Server

__all__ = ["SECRET", "Receiver"]

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass(slots=True)
class Receiver:
    """`seen`: what was taken, by id. `planned`: replies for the next requests; `after_planned`: taken all the same.

    `gate`: while it is clear, no request is answered.
    """

    seen: dict[str, dict[str, Any]] = field(default_factory=dict)
    repeats: int = 0
    planned: deque[Reply] = field(default_factory=deque)
    takes_planned: bool = False
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def serve(self) -> AbstractAsyncContextManager[Server]:
        """Listen while the block runs."""
        self.gate.set()
        return serve(self.answer)

    async def answer(self, request: Request) -> Reply:
        """Take a message, unless something else is planned."""
        await self.gate.wait()
        if self.planned:
            reply = self.planned.popleft()
            if self.takes_planned:
                self.take(request)
            return reply
        try:
            Webhook(SECRET).verify(request.body, request.headers)
        except WebhookVerificationError as error:
            return Reply(401, str(error).encode())
        self.take(request)
        return Reply(200, headers={"webhook-receipt": f"r-{request.headers['webhook-id']}"})

    def take(self, request: Request) -> None:
        """Keep a message once."""
        key = request.headers["webhook-id"]
        if key in self.seen:
            self.repeats += 1
        self.seen.setdefault(key, json.loads(request.body))
