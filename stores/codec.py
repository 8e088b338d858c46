"""What stands in columns: JSON whose numbers keep their digits, and texts that every database takes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from messaging.ports import Content

__all__ = ["content_of", "needs_of", "pack", "storable", "unpack"]

pack = msgspec.json.Encoder(decimal_format="number").encode
unpack: Any = msgspec.json.Decoder(float_hook=Decimal).decode
needs_of = msgspec.json.Decoder(tuple[str, ...]).decode
_content = msgspec.json.Decoder(Content).decode


def content_of(value: bytes | None) -> Content | None:
    """A stored rendered body."""
    return None if value is None else _content(value)


def storable(text: str) -> str:
    """A text of others (what a provider answers, what an input quotes) without NULs and lone surrogates."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
