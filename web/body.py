"""From a request's body to the bytes of each event, within limits, whatever was sent."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

import msgspec

from schemas.errors import EventRefused, InputError
from schemas.events import load_json

if TYPE_CHECKING:
    from collections.abc import AsyncIterable

__all__ = ["MAX_BODY", "MAX_EVENTS", "BodyRefused", "plain", "read_body", "split_events"]

MAX_BODY = 512_000
"""Bytes of a body (500 KB), as it is sent and again decompressed."""
MAX_EVENTS = 1_000
_GZIP = b"\x1f\x8b"
_GZIP_FORMAT = 31
_SPACE = b" \t\r\n"
_MAX_TOKENS = 100_000
_list = msgspec.json.Decoder(list[msgspec.Raw])
# A whole string, or one character that matters outside of strings; the possessive repeats keep it linear.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|["\[\]{},]', re.DOTALL)


class BodyRefused(InputError):
    """A body that cannot be taken as events at all; `status` is the HTTP status to answer with."""

    def __init__(self, message: str, *, code: str, status: int = 400) -> None:
        super().__init__(message, code=code)
        self.status = status


async def read_body(chunks: AsyncIterable[bytes]) -> bytes:
    """Read a body as it was sent. Raises `BodyRefused` as soon as it is too large."""
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > MAX_BODY:
            raise _too_large()
    return bytes(body)


def plain(body: bytes) -> bytes:
    """Decompress a body that begins like gzip, never beyond the limit. Raises `BodyRefused`."""
    if not body.startswith(_GZIP):
        return body
    stream = zlib.decompressobj(_GZIP_FORMAT)
    try:
        text = stream.decompress(body, MAX_BODY + 1)
    except zlib.error:
        raise BodyRefused("the body begins like gzip but cannot be decompressed", code="bad_gzip") from None
    if len(text) > MAX_BODY:
        raise _too_large()
    if not stream.eof or stream.unused_data:
        raise BodyRefused("the gzip body is cut off, or something follows it", code="bad_gzip")
    return text


def split_events(body: bytes) -> list[bytes]:
    """The bytes of each event of a body: one JSON object, or a list.

    A list that is broken is still cut at its own commas, so one unreadable event is refused alone, with its original
    bytes, and the others go on. Raises `BodyRefused` when nothing can be cut.
    """
    text = body.strip(_SPACE)
    if text.startswith(b"["):
        return _list_of(text)
    try:
        value = load_json(text)
    except EventRefused as error:
        if text.startswith(b"{") and error.code != "bad_json":
            return [text]
        raise BodyRefused(error.message, code=error.code) from None
    if not isinstance(value, dict):
        raise BodyRefused("send one event as a JSON object, or several in a list", code="not_an_object")
    return [text]


def _list_of(text: bytes) -> list[bytes]:
    try:
        found = [bytes(element) for element in _list.decode(text)]
    except (msgspec.MsgspecError, RecursionError):
        found = _cut(text)
    if len(found) > MAX_EVENTS:
        message = f"at most {MAX_EVENTS:,} events are taken at once; send them in parts"
        raise BodyRefused(message, code="too_many", status=413)
    return found


def _cut(text: bytes) -> list[bytes]:
    """Cut a list by its brackets, commas and quotation marks alone."""
    depth, start, found = 0, 1, list[bytes]()
    for number, match in enumerate(_TOKEN.finditer(text)):
        token = match[0]
        if token in b"[{":
            depth += 1
        elif token == b"," and depth == 1:
            found.append(text[start : match.start()].strip(_SPACE))
            start = match.end()
        elif token in b"]}":
            depth -= 1
            if depth == 0 and match.end() == len(text):
                return [*found, text[start : match.start()].strip(_SPACE)]
        if token == b'"' or depth == 0 or number > _MAX_TOKENS:
            break
    raise BodyRefused("the JSON list is broken: its brackets and quotation marks do not match", code="bad_json")


def _too_large() -> BodyRefused:
    message = f"the body has more than {MAX_BODY:,} bytes (decompressed); send the events in parts"
    return BodyRefused(message, code="body_too_large", status=413)
