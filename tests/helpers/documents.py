"""The documents as text, and the commands in them that a reader is asked to type."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.helpers.source import ROOT

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Block", "blocks", "documents", "name_of", "read", "sentences"]

_FENCE = re.compile(r"^```(\w*) ?([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. `marks`: what follows its language, as `run`, `start`, `stop`, `servers`, `shown`, `exit=1`."""

    language: str
    text: str
    marks: dict[str, str] = field(default_factory=dict)

    @property
    def lines(self) -> list[str]:
        """What is typed, a command a line if none goes on in the next."""
        return self.text.splitlines()


def documents() -> list[Path]:
    """Every document for readers."""
    folders = ("docs/*.md", "examples/*/*.md", "rules/packs/*/*.md")
    tops = (ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG"))
    return [*tops, *(path for folder in folders for path in sorted(ROOT.glob(folder)))]


def name_of(path: Path) -> str:
    """What a document is called here: `docs/tutorial.md`."""
    return path.relative_to(ROOT).as_posix()


def read(name: str) -> str:
    """The text of a document."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text: str) -> list[Block]:
    """The fenced blocks of a text, in order."""
    return [
        Block(language, body, {name: value for name, _, value in (mark.partition("=") for mark in marks.split())})
        for language, marks, body in _FENCE.findall(text)
    ]


def sentences(text: str) -> list[str]:
    """What stands in backticks outside of the blocks of a text."""
    spans = re.findall(r"`((?:[^`\n]|\n(?!\n))+)`", _FENCE.sub("", text))
    return [" ".join(span.split()) for span in spans]
