"""The documents as text, and the commands in them that a reader is asked to type."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.helpers.source import ROOT

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Block", "blocks", "documents", "read"]

_FENCE = re.compile(r"^```(\w+) ?([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. `marks`: what follows its language, as `run`, `start`, `stop`, `shown`, `exit=1`, `within=10`."""

    language: str
    text: str
    marks: dict[str, str] = field(default_factory=dict)


def documents() -> list[Path]:
    """Every document for readers."""
    return [*(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG")), *sorted(ROOT.glob("docs/*.md"))]


def read(name: str) -> str:
    """The text of a document."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text: str) -> list[Block]:
    """The fenced blocks of a text, in order."""
    return [
        Block(language, body, {name: value for name, _, value in (mark.partition("=") for mark in marks.split())})
        for language, marks, body in _FENCE.findall(text)
    ]
