"""What a YAML file is made of, each part with its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from rules.yaml_places import places
from schemas.findings import Mark

__all__ = ["Entry", "Mapping", "Node", "Scalar", "Sequence"]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value. `text` is its content; `plain`: it stands without quotes and may have meant something else."""

    value: str | int | Decimal | bool | None
    text: str
    plain: bool
    mark: Mark
    source: str = field(repr=False, compare=False)
    """The piece of the file, with quotes and line breaks."""
    given: str = field(default="", compare=False)
    """The input whose value it is; it stands for the use of the input, at whose place it is."""

    def position(self, offset: int) -> Mark:
        """Where the character of `text` at `offset` stands in the file; behind the last one, the place behind it."""
        if self.given:
            return self.mark
        at = places(self.source, self.text)[max(0, min(offset, len(self.text)))]
        before = self.source[:at]
        column = at - before.rfind("\n")
        lines = before.count("\n")
        return Mark(self.mark.file, self.mark.line + lines, column if lines else self.mark.column + at)


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    mark: Mark


@dataclass(frozen=True, slots=True)
class Entry:
    """One key with its value."""

    key_mark: Mark
    key: str
    value: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys with values, in the order of the file."""

    entries: dict[str, Entry]
    mark: Mark


Node = Scalar | Sequence | Mapping
