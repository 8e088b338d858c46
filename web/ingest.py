"""`POST /v1/events`: events go into the log, refusals into the ledger, and the answer says which went where."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect
from starlette.responses import Response

from schemas.decisions import DeadLetter
from schemas.errors import EventRefused, StoreUnavailable
from schemas.events import decode_event
from schemas.records import behaviour, encode
from stores.ports import Appendable
from web.body import BodyRefused, plain, read_body, split_events
from web.replies import failure, json_reply

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.requests import Request

    from stores.ports import Ledger, Log

__all__ = ["Ingest"]

_RETRY = {"Retry-After": "5"}
_WARNING = {"code": "no_id", "message": "neither id nor time: if this event is sent again, it counts again"}


@dataclass(slots=True)
class _Sorted:
    """The events of one request, each in one of two heaps."""

    accepted: list[Appendable] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    refused: list[dict[str, object]] = field(default_factory=list)
    warnings: list[dict[str, object]] = field(default_factory=list)


class Ingest:
    """The endpoint over a log and a ledger.

    `token`: what senders must show, None: nothing. `clock`: unix ms. `counted` is told, after each request that was
    stored, how many events were accepted, and the codes of those refused.
    """

    def __init__(
        self,
        log: Log,
        ledger: Ledger,
        *,
        token: str | None,
        clock: Callable[[], int],
        counted: Callable[[int, Sequence[str]], None],
    ) -> None:
        self.log, self.ledger, self.token, self.clock, self.counted = log, ledger, token, clock, counted

    async def post(self, request: Request) -> Response:
        """Answer one request; 200 means that every event of it is stored, in the log or among the dead letters."""
        if not self._may_send(request):
            message = "show the token of this workspace: Authorization: Bearer TOKEN"
            return failure(401, "unauthorized", message, {"WWW-Authenticate": "Bearer"})
        try:
            events = split_events(plain(await read_body(request.stream())))
            return await self._store(_sort(events, self.clock()))
        except BodyRefused as error:
            return failure(error.status, error.code, error.message)
        except StoreUnavailable as error:
            return failure(503, error.code, f"{error.message}; nothing is lost, send the same request again", _RETRY)
        except ClientDisconnect:
            return Response(status_code=400)

    def _may_send(self, request: Request) -> bool:
        if self.token is None:
            return True
        shown = request.headers.get("authorization", "")
        kind, _, token = shown.partition(" ")
        return kind.lower() == "bearer" and hmac.compare_digest(token.strip().encode("latin-1"), self.token.encode())

    async def _store(self, found: _Sorted) -> Response:
        """Refusals first: if the log is away then, the repeat doubles a dead letter and not an event without an id."""
        if found.letters:
            await self.ledger.refuse(found.letters)
        if found.accepted:
            await self.log.append(found.accepted)
        self.counted(len(found.accepted), [letter.code for letter in found.letters])
        return json_reply({"accepted": len(found.accepted), "refused": found.refused, "warnings": found.warnings})


def _sort(events: Sequence[bytes], now: int) -> _Sorted:
    found = _Sorted()
    for index, raw in enumerate(events):
        try:
            event = decode_event(raw)
        except EventRefused as error:
            found.letters.append(DeadLetter(0, None, error.code, error.message, raw, now))
            found.refused.append({"index": index, "code": error.code, "message": error.message})
            continue
        found.accepted.append(Appendable(event.person, encode(behaviour(event))))
        if not event.id:
            found.warnings.append({"index": index, **_WARNING})
    return found
