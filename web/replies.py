"""What the API answers with: JSON, and for every failure a code for machines and a sentence for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from starlette.exceptions import HTTPException
from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

__all__ = ["failure", "http_failure", "json_reply"]

_NAMES = {
    404: ("not_found", "there is nothing at this address; events go to POST /v1/events"),
    405: ("method_not_allowed", "this address does not take that method; events go to POST /v1/events"),
}


def json_reply(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with a JSON document."""
    return Response(msgspec.json.encode(value), status, headers, media_type="application/json")


def failure(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with the JSON form of every failure."""
    return json_reply({"code": code, "message": message}, status, headers)


async def http_failure(_request: Request, error: Exception) -> Response:
    """Turn the router's own refusals into the same JSON form."""
    if not isinstance(error, HTTPException):
        raise error
    code, message = _NAMES.get(error.status_code, ("http_error", str(error.detail)))
    return failure(error.status_code, code, message, error.headers)
