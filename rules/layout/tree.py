"""A file as the formatter sees it: keys and values with their pieces of the text, and the comments around them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.events import (
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Branch", "Piece", "Twig", "tree_of"]


@dataclass(slots=True)
class Piece:
    """What is written as it stands: a scalar, or a collection in brackets.

    `style`: its quote, `|` or `>`, `{` of a collection, else nothing. `above`: the comments and empty lines before the
    line in which it begins; `behind`: the comment that ends its last line.
    """

    source: str
    style: str
    value: str = ""
    above: list[str] = field(default_factory=list)
    behind: str = ""


@dataclass(slots=True)
class Twig:
    """One entry of a mapping (with a key) or one item of a list (without)."""

    key: Piece | None
    value: Piece | Branch


@dataclass(slots=True)
class Branch:
    """A mapping or list in block style."""

    mapping: bool
    twigs: list[Twig] = field(default_factory=list)


def tree_of(text: str) -> tuple[Piece | Branch | None, list[str]]:
    """The root of a text that the strict reader accepts (None of an empty one), and the comments at its end."""
    reader = _Reader(text)
    root = reader.root()
    reader.comment(text[reader.done :], last=True)
    return root, reader.rest


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.done = text, 0
        self.events: Iterator[Any] = YAML(typ="safe", pure=True).parse(text)
        self.before: Piece | None = None
        self.rest: list[str] = []

    def root(self) -> Piece | Branch | None:
        for event in self.events:
            if isinstance(event, NodeEvent):
                return self._node(event)
        return None

    def _node(self, event: Any) -> Piece | Branch:  # noqa: ANN401 - the parser's events have no common type
        start = event.start_mark.index
        if isinstance(event, ScalarEvent):
            return self._piece(start, event.end_mark.index, event.style or "", event.value)
        if event.flow_style:
            return self._piece(start, self._closing(), "{")
        branch = Branch(isinstance(event, MappingStartEvent))
        for each in self.events:
            if isinstance(each, MappingEndEvent | SequenceEndEvent):
                break
            first = self._node(each)
            if branch.mapping and isinstance(first, Piece):
                branch.twigs.append(Twig(first, self._node(next(self.events))))
            else:
                branch.twigs.append(Twig(None, first))
        return branch

    def _closing(self) -> int:
        """Where a collection in brackets ends; its inside is passed over."""
        depth = 1
        while True:
            event = next(self.events)
            depth += isinstance(event, MappingStartEvent | SequenceStartEvent)
            depth -= isinstance(event, MappingEndEvent | SequenceEndEvent)
            if depth == 0:
                return int(event.end_mark.index)

    def _piece(self, start: int, end: int, style: str, value: str = "") -> Piece:
        source = self.text[start:end]
        if style in {"|", ">"} and "+" not in source.partition("\n")[0]:
            source = source.rstrip("\n")
        self.comment(self.text[self.done : start], last=False)
        piece = Piece(source, style, value, self.rest)
        self.rest, self.before, self.done = [], piece, start + len(source)
        return piece

    def comment(self, gap: str, *, last: bool) -> None:
        """What stands between two pieces: the end of the line of the first, and the lines above the second."""
        first, *lines = gap.split("\n")
        if self.before is None:
            lines = [first, *lines]
        elif "#" in first:
            self.before.behind = first[first.index("#") :].rstrip()
        for line in lines if last else lines[:-1]:
            stripped = line.lstrip(" \t-") if "#" in line else line.strip()
            if stripped.startswith("#") or not stripped:
                self.rest.append(stripped.rstrip())
