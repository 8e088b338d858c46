"""The HTTP application: ingest, health and metrics, over the ports it is given."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from schemas.errors import StoreUnavailable
from web.ingest import Ingest
from web.replies import http_failure, json_reply
from workers.clock import now_ms

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from starlette.requests import Request

    from stores.ports import Ledger, Log

__all__ = ["health_routes", "make_app", "stores_away"]

_PATIENCE = 2.0
"""Seconds in which a store must answer to count as there."""
_PROMETHEUS = "text/plain; version=1.0.0; charset=utf-8"


def _uncounted(_accepted: int, _refused: Sequence[str]) -> None:
    """Count nothing."""


def make_app(
    log: Log,
    ledger: Ledger,
    *,
    token: str | None = None,
    ready: Callable[[], Awaitable[dict[str, str]]],
    metrics: Callable[[], bytes],
    clock: Callable[[], int] = now_ms,
    counted: Callable[[int, Sequence[str]], None] = _uncounted,
) -> Starlette:
    """Make the application.

    `token`: what senders must show as bearer token, None: nothing. `ready` gives the parts that are away, each with a
    sentence why (empty: ready), or raises `StoreUnavailable`. `metrics` gives Prometheus text. `clock`: unix ms.
    `counted` is told of each stored request: events accepted, and the codes of those refused.
    """
    ingest = Ingest(log, ledger, token=token, clock=clock, counted=counted)
    routes = [Route("/v1/events", ingest.post, methods=["POST"]), *health_routes(ready, metrics)]
    app = Starlette(routes=routes, exception_handlers={HTTPException: http_failure})
    app.router.redirect_slashes = False
    return app


def health_routes(ready: Callable[[], Awaitable[dict[str, str]]], metrics: Callable[[], bytes]) -> list[Route]:
    """What every process can show of itself; `ready` and `metrics` as for `make_app`."""

    async def healthz(_request: Request) -> Response:
        return json_reply({"alive": True})

    async def readyz(_request: Request) -> Response:
        try:
            away = await ready()
        except StoreUnavailable as error:
            away = {"store": error.message}
        return json_reply({"ready": not away, "away": away}, 503 if away else 200)

    async def show_metrics(_request: Request) -> Response:
        return Response(metrics(), headers={"Content-Type": _PROMETHEUS})

    return [
        Route("/healthz", healthz, methods=["GET"]),
        Route("/readyz", readyz, methods=["GET"]),
        Route("/metrics", show_metrics, methods=["GET"]),
    ]


async def stores_away(log: Log, ledger: Ledger) -> dict[str, str]:
    """Ask both stores at once; those that are away, or silent for two seconds, with a sentence why."""
    asked = {"log": log.ends(0), "ledger": ledger.active()}
    reasons = await asyncio.gather(*(_reason(question) for question in asked.values()))
    return {name: reason for name, reason in zip(asked, reasons, strict=True) if reason}


async def _reason(question: Awaitable[object]) -> str:
    try:
        await asyncio.wait_for(question, _PATIENCE)
    except StoreUnavailable as error:
        return error.message
    except TimeoutError:
        return f"no answer within {_PATIENCE:g} seconds"
    return ""
