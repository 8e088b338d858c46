"""Shows messages on the terminal, for a first look with nothing to set up. After a crash one may be shown twice."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TextIO

from messaging.options import Options, read_options
from messaging.ports import Answer, Capabilities, SendRequest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["CAPABILITIES", "ConsoleAdapter", "adapter", "build"]

CAPABILITIES = Capabilities(
    duplicates="none", needs_address=False, on_doubt="retry", max_bytes=262_144, has_subject=True
)


class _Options(Options, frozen=True, kw_only=True):
    """The console has no options."""


def build(request: SendRequest) -> str:
    """What is shown. Control characters but the line feed are written out, so that a name cannot steer the terminal."""
    to = f"{request.person} <{request.address}>" if request.address else request.person
    lines = [f"── {request.channel} → {to}", request.content.subject, request.content.body]
    text = "\n".join(line for line in lines if line)
    return "".join(_visible(character) for character in text) + "\n"


def _visible(character: str) -> str:
    return character if character == "\n" or character.isprintable() else f"\\x{ord(character):02x}"


class ConsoleAdapter:
    """Writes to a stream, the standard output if none is given."""

    name = "console"
    capabilities = CAPABILITIES

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    async def send(self, request: SendRequest, timeout: float) -> Answer:  # noqa: ARG002 - a terminal does not wait
        """Show one message."""
        stream = self._stream or sys.stdout
        try:
            stream.write(build(request))
            stream.flush()
        except (OSError, ValueError):
            return Answer("retry", "no_terminal")
        return Answer("sent")

    async def close(self) -> None:
        """There is nothing to close."""


def adapter(options: Mapping[str, Any], _: Path) -> ConsoleAdapter:
    """The adapter from its options."""
    read_options("console", options, _Options)
    return ConsoleAdapter()
