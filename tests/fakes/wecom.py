"""The group robot of WeCom, from its public documentation: HTTP 200 whatever happens, and a code in the body."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.fakes.http import Reply, Request, serve

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from tests.fakes.http import Server

__all__ = ["KEY", "Robot"]

KEY = "693a91f6-7b51-4d5f-a1c5-000000000000"
_MAX_TEXT = 2_048
_PER_MINUTE = 20


@dataclass(slots=True)
class Robot:
    """`texts` that the group shows. `codes`: error codes for the next requests. A minute ends with `next_minute()`."""

    texts: list[str] = field(default_factory=list)
    codes: deque[int] = field(default_factory=deque)
    this_minute: int = 0
    planned: deque[Reply] = field(default_factory=deque)

    def serve(self) -> AbstractAsyncContextManager[Server]:
        """Listen while the block runs."""
        return serve(self.answer)

    def next_minute(self) -> None:
        """Let the limit begin anew."""
        self.this_minute = 0

    async def answer(self, request: Request) -> Reply:
        """Show a text, or say why not."""
        if self.planned:
            return self.planned.popleft()
        code = self.codes.popleft() if self.codes else self.judge(request)
        return Reply(200, json.dumps({"errcode": code, "errmsg": "ok" if code == 0 else "see the code"}).encode())

    def judge(self, request: Request) -> int:
        """The error code of a request; 0: the text is shown."""
        if request.path != f"/cgi-bin/webhook/send?key={KEY}":
            return 93_000
        value = json.loads(request.body)
        if value.get("msgtype") != "text":
            return 40_008
        text = value["text"]["content"]
        if not text or len(text.encode()) > _MAX_TEXT:
            return 40_058
        self.this_minute += 1
        if self.this_minute > _PER_MINUTE:
            return 45_009
        self.texts.append(text)
        return 0
