"""What a check has found: one fault or warning with its place, a stable code, and what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from difflib import SequenceMatcher, get_close_matches
from typing import TYPE_CHECKING, Literal

from schemas.texts import Said, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Finding", "Mark", "Severity", "nearest"]

Severity = Literal["error", "warning"]

_SEPARATORS = re.compile(r"[\s._-]+")


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in a file; line and column count from 1, columns in code points."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One fault. Sorts by file, line, column, code."""

    file: str
    line: int
    column: int
    code: str
    severity: Severity
    message: str
    hint: str = ""
    length: int = field(default=1, compare=False)
    """How many characters the caret underlines."""

    @property
    def arguments(self) -> Mapping[str, object]:
        """The parts of the message by name, such as `{"name": "vipp"}`; none where it is one fixed sentence."""
        return self.message.arguments if isinstance(self.message, Said) else {}

    def as_json(self) -> dict[str, str | int]:
        """The object that `check --format json` prints."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "code": self.code,
            "severity": self.severity,
            "message": plain(self.message),
            "hint": plain(self.hint),
        }


_BEGINNING = 3
"""Letters with which a name must begin to be meant by them; two Chinese ones say as much."""


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate that was most likely meant, if one is close, or the only one that begins so.

    Case and separators count little.
    """
    folded: dict[str, list[str]] = {}
    for candidate in sorted(candidates):
        folded.setdefault(_folded(candidate), []).append(candidate)
    given = _folded(name)
    close = get_close_matches(given, folded, n=1, cutoff=0.6)
    if not close and len(given) >= (_BEGINNING if given.isascii() else 2):
        begun = [each for each in folded if each.startswith(given)]
        close = begun if len(begun) == 1 else []
    return max(folded[close[0]], key=lambda each: SequenceMatcher(None, name, each).ratio()) if close else None


def _folded(name: str) -> str:
    """`Cart Total`, `cartTotal` and `cart_total` are one slip of the pen apart."""
    return _SEPARATORS.sub("", name).casefold()
