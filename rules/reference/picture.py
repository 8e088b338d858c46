"""The picture of a rule's journey, as SVG: what starts it, what must hold, and every step, one below the other."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import east_asian_width

from rules.lint.parts import steps_of
from rules.model import SendMessage, WaitStep
from rules.reference.words import condition_text, limit_text, step_text, trigger_text, wait_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.model import Rule

__all__ = ["picture_of"]

_WIDTH, _MARGIN, _LINE, _GAP, _COLUMNS = 460, 16, 18, 26, 54
_COLOURS = {
    "start": ("#e8f1fd", "#2f6fc4"),
    "ask": ("#fff6dc", "#b98900"),
    "wait": ("#f1ecfb", "#7a52c7"),
    "send": ("#e6f6ea", "#2f8f4e"),
    "do": ("#f4f4f4", "#777777"),
}


class _Box(NamedTuple):
    kind: str
    lines: list[str]

    @property
    def height(self) -> int:
        return _LINE * len(self.lines) + 14


def picture_of(rule: Rule) -> str:
    """An SVG file; it needs nothing from elsewhere and names itself for those who cannot see it."""
    boxes = list(_boxes(rule))
    parts, y = [], _MARGIN
    for at, box in enumerate(boxes):
        if at:
            parts.append(_arrow(y))
            y += _GAP
        parts.append(_drawn(box, y))
        y += box.height
    name = escape(rule.title or rule.id, quote=False)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y + _MARGIN}" width="{_WIDTH}" role="img" '
        f'font-family="ui-sans-serif, system-ui, sans-serif" font-size="13">\n<title>{name}</title>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _boxes(rule: Rule) -> Iterator[_Box]:
    limit = limit_text(rule.limit)
    yield _box("start", trigger_text(rule), *([limit] if limit else []))
    if rule.trigger.audience is not None:
        yield _box("ask", "for " + condition_text(rule.trigger.audience))
    if rule.when is not None:
        yield _box("ask", "when " + condition_text(rule.when))
    if rule.unless is not None:
        yield _box("ask", "unless " + condition_text(rule.unless))
    if rule.wait is not None:
        yield _box("wait", wait_text(rule.wait))
    for _, step in steps_of(rule):
        kind = "wait" if isinstance(step, WaitStep) else "send" if isinstance(step, SendMessage) else "do"
        yield _box(kind, step_text(step))


def _box(kind: str, *texts: str) -> _Box:
    return _Box(kind, [line for text in texts for line in _wrapped(text)])


def _wrapped(text: str) -> list[str]:
    """Lines that fit into a box; Chinese characters are two columns wide, and a line may break behind any of them."""
    lines, width, line = [], 0, ""
    for character in text:
        width += 2 if east_asian_width(character) in "WF" else 1
        line += character
        if width >= _COLUMNS and (character == " " or ord(character) > 0x2E80 or width >= _COLUMNS + 8):
            lines.append(line.strip())
            width, line = 0, ""
    return [*lines, line.strip()] if line.strip() or not lines else lines


def _drawn(box: _Box, y: int) -> str:
    fill, stroke = _COLOURS[box.kind]
    size = f'width="{_WIDTH - 2 * _MARGIN}" height="{box.height}" rx="8"'
    out = [f'<rect x="{_MARGIN}" y="{y}" {size} fill="{fill}" stroke="{stroke}"/>']
    for at, line in enumerate(box.lines):
        out.append(
            f'<text x="{_MARGIN + 12}" y="{y + 20 + at * _LINE}" fill="#222222">{escape(line, quote=False)}</text>'
        )
    return "\n".join(out)


def _arrow(y: int) -> str:
    x, end = _WIDTH // 2, y + _GAP
    path = f"M{x} {y} V{end - 2} M{x - 4} {end - 8} L{x} {end - 2} L{x + 4} {end - 8}"
    return f'<path d="{path}" stroke="#999999" fill="none"/>'
