"""Boxes, columns and forks of a picture: each knows its size and draws itself where it is put.

A figure is entered at the top and left at the bottom, both on its axis; one that `ends` is not left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Protocol

from rules.reference.lettering import LETTERS, width_of, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MARGIN", "NARROW", "WIDE", "Box", "Column", "Figure", "Fork", "Lane", "picture"]

MARGIN, WIDE, NARROW = 16, 428, 264
_LINE, _PADDING, _GAP, _APART = 18, 12, 26, 24
_HEAD, _FOOT = 46, 22
_COLOURS = {
    "start": ("#e8f1fd", "#2f6fc4"),
    "ask": ("#fff6dc", "#b98900"),
    "wait": ("#f1ecfb", "#7a52c7"),
    "send": ("#e6f6ea", "#2f8f4e"),
    "split": ("#e3f5f6", "#1f8a93"),
    "stop": ("#fbe9e7", "#b5473c"),
    "do": ("#f4f4f4", "#777777"),
}
_GREY = "#999999"


class Figure(Protocol):
    """A part of a picture. `left`, `right`: how far it reaches from its axis."""

    left: float
    right: float
    height: float
    ends: bool

    def draw(self, x: float, y: float) -> Iterator[str]:
        """The figure with the top of its axis there."""


@dataclass(slots=True)
class Box:
    """A rounded box with lines of text."""

    kind: str
    texts: Sequence[str]
    width: float = WIDE
    ends: bool = False
    left: float = field(init=False)
    right: float = field(init=False)
    height: float = field(init=False)
    lines: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.lines = [line for text in self.texts for line in wrapped(text, self.width - 2 * _PADDING)]
        self.left = self.right = self.width / 2
        self.height = _LINE * len(self.lines) + 14

    def draw(self, x: float, y: float) -> Iterator[str]:
        """The box and its lines."""
        fill, stroke = _COLOURS[self.kind]
        at = x - self.left
        size = f'width="{self.width:g}" height="{self.height:g}" rx="8"'
        yield f'<rect x="{at:g}" y="{y:g}" {size} fill="{fill}" stroke="{stroke}"/>'
        for number, line in enumerate(self.lines):
            yield _text(line, at + _PADDING, y + 20 + number * _LINE, "#222222")


@dataclass(slots=True)
class Column:
    """Figures one below the other, on one axis; behind one that ends nothing is led on."""

    figures: Sequence[Figure]
    left: float = field(init=False)
    right: float = field(init=False)
    height: float = field(init=False)
    ends: bool = field(init=False)

    def __post_init__(self) -> None:
        self.left = max((each.left for each in self.figures), default=0)
        self.right = max((each.right for each in self.figures), default=0)
        self.height = sum(each.height for each in self.figures) + _GAP * max(0, len(self.figures) - 1)
        self.ends = any(each.ends for each in self.figures)

    def draw(self, x: float, y: float) -> Iterator[str]:
        """The figures with arrows between them."""
        for number, figure in enumerate(self.figures):
            if number and not self.figures[number - 1].ends:
                yield from _arrow(x, y - _GAP, y)
            yield from figure.draw(x, y)
            y += figure.height + _GAP


@dataclass(frozen=True, slots=True)
class Lane:
    """One side of a fork: what is written at its entrance, and what happens there."""

    label: str
    column: Column

    @property
    def left(self) -> float:
        """How far it reaches to the left of its axis."""
        return max(self.column.left, 10)

    @property
    def right(self) -> float:
        """How far it reaches to the right of its axis: its label stands there."""
        return max(self.column.right, width_of(self.label) + 12)


@dataclass(slots=True)
class Fork:
    """A box, the lanes that lead on from it side by side, and the line on which they come together again."""

    head: Box
    lanes: Sequence[Lane]
    left: float = field(init=False)
    right: float = field(init=False)
    height: float = field(init=False)
    ends: bool = field(init=False)

    def __post_init__(self) -> None:
        width = sum(each.left + each.right for each in self.lanes) + _APART * (len(self.lanes) - 1)
        self.left = self.right = max(width / 2, self.head.width / 2)
        self.ends = all(each.column.ends for each in self.lanes)
        deepest = max(each.column.height for each in self.lanes)
        self.height = self.head.height + _HEAD + deepest + (0 if self.ends else _FOOT)

    def draw(self, x: float, y: float) -> Iterator[str]:
        """The box above, then each lane, then where they meet."""
        yield from self.head.draw(x, y)
        top, axes = y + self.head.height, list(self._axes(x))
        bar, foot = top + _HEAD - 30, y + self.height
        yield _line(f"M{x:g} {top:g} V{bar:g} M{min(x, *axes):g} {bar:g} H{max(x, *axes):g}")
        open_axes = [x]
        for lane, axis in zip(self.lanes, axes, strict=True):
            yield from _arrow(axis, bar, top + _HEAD) if lane.column.figures else ()
            yield _text(lane.label, axis + 7, bar + 17, "#555555")
            yield from lane.column.draw(axis, top + _HEAD)
            if not lane.column.ends:
                begin = top + _HEAD + lane.column.height if lane.column.figures else bar
                yield _line(f"M{axis:g} {begin:g} V{foot:g}")
                open_axes.append(axis)
        if not self.ends:
            yield _line(f"M{min(open_axes):g} {foot:g} H{max(open_axes):g}")

    def _axes(self, x: float) -> Iterator[float]:
        width = sum(each.left + each.right for each in self.lanes) + _APART * (len(self.lanes) - 1)
        at = x - width / 2
        for lane in self.lanes:
            yield at + lane.left
            at += lane.left + lane.right + _APART


def picture(figure: Figure, name: str) -> str:
    """An SVG file; it needs nothing from elsewhere and names itself for those who cannot see it."""
    width, height = figure.left + figure.right + 2 * MARGIN, figure.height + 2 * MARGIN
    parts = "\n".join(figure.draw(figure.left + MARGIN, MARGIN))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" role="img" '
        f'font-family="ui-sans-serif, system-ui, sans-serif" font-size="{LETTERS}">\n'
        f"<title>{escape(name, quote=False)}</title>\n"
        f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>\n{parts}\n</svg>\n'
    )


def _text(text: str, x: float, y: float, colour: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" fill="{colour}">{escape(text, quote=False)}</text>'


def _line(path: str) -> str:
    return f'<path d="{path}" stroke="{_GREY}" fill="none"/>'


def _arrow(x: float, top: float, end: float) -> Iterator[str]:
    yield _line(f"M{x:g} {top:g} V{end - 2:g} M{x - 4:g} {end - 8:g} L{x:g} {end - 2:g} L{x + 4:g} {end - 8:g}")
