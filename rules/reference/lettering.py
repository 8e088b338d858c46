"""How wide a text is in a picture, and where its lines break: Chinese characters are as wide as they are high."""

from __future__ import annotations

import re
from unicodedata import east_asian_width

__all__ = ["LETTERS", "width_of", "wrapped"]

LETTERS = 13
"""The size of letters (px)."""
_WIDTHS = {"iljI.,:;'!|": 0.35, "ftr()[]{}-/\\ `": 0.43, "mwMW@%—": 1.0, "<>=+~&": 0.84, '_*"': 0.54}
_OF = {letter: width for letters, width in _WIDTHS.items() for letter in letters}
_LETTER, _CAPITAL = 0.64, 0.72
_PIECES = re.compile(r"""(?:"[^"]*"|'[^']*'|[^\s"'\u2e80-\uffef])+\s*|[\u2e80-\uffef]\s*|\s+|.""")
"""What stays in one line: a word, a text in quotes with what it hangs on, a Chinese character."""
_CLOSING = frozenset("，。、；：！？）》」』】〉”’")


def width_of(text: str) -> float:
    """The width of a text (px), rather too wide than too narrow: who looks has other letters than we."""
    return sum(map(_letter, text)) * LETTERS


def _letter(letter: str) -> float:
    if east_asian_width(letter) in "WF":
        return 1.0
    return _OF.get(letter, _CAPITAL if letter.isupper() else _LETTER)


def wrapped(text: str, width: float) -> list[str]:
    """Lines that are no wider: broken between words, behind any Chinese character, and where a word is longer."""
    lines, line = list[str](), ""
    for piece in _pieces(text, width):
        if line and width_of((line + piece).rstrip()) > width and piece not in _CLOSING:
            lines.append(line.strip())
            line = ""
        line += piece
    return [*lines, line.strip()] if line.strip() or not lines else lines


def _pieces(text: str, width: float) -> list[str]:
    """Words, Chinese characters, and the parts of what is wider than a line."""
    out = []
    for piece in _PIECES.findall(text):
        rest = piece
        while width_of(rest.rstrip()) > width:
            at = next(at for at in range(1, len(rest) + 1) if width_of(rest[: at + 1]) > width)
            out.append(rest[:at])
            rest = rest[at:]
        out.append(rest)
    return out
