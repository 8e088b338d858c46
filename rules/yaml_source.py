"""The text of a YAML file: places in it, and the expressions that stand in it."""

from __future__ import annotations

import re
from bisect import bisect_right

from schemas.findings import Finding, Mark, Severity
from segments.syntax import ExpressionError, Literal, Name, parse

__all__ = ["Source", "folded", "is_expression", "quoted"]

_PIECE = re.compile(
    r"""(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?P<open>[(\[{])|(?P<close>[)\]}])|[ ]\#|[\s\S]""", re.VERBOSE
)
_STOPS = {False: {"\n", " #"}, True: {"\n", " #", ","}}
_BREAK = re.compile(r"[ \t]*\r?\n\s*")
_SPACE, _INDENT = re.compile(r"\s*"), re.compile(r" *")
_GOES_ON = re.compile(r"[ \t]*\r?\n[ ]+(?:&&|\|\|)[^\n#]*")
_LONGEST = 4_000


class Source:
    """One file's text."""

    def __init__(self, file: str, text: str) -> None:
        self.file, self.text = file, text
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]

    def mark(self, index: int) -> Mark:
        """The place of the character at `index`."""
        line = bisect_right(self._lines, index)
        return Mark(self.file, line, index - self._lines[line - 1] + 1)

    def finding(
        self, index: int, code: str, message: str, hint: str = "", *, severity: Severity = "error", length: int = 1
    ) -> Finding:
        """A finding at the character at `index`."""
        mark = self.mark(index)
        return Finding(mark.file, mark.line, mark.column, code, severity, message, hint, length)

    def same_line(self, one: int, other: int) -> bool:
        """Whether both characters stand in one line."""
        return self.mark(one).line == self.mark(other).line

    def line_start(self, index: int) -> int:
        """Where the line of a character begins."""
        return self._lines[self.mark(index).line - 1]

    def indent(self, index: int) -> int:
        """By how many spaces the line of a character is indented."""
        start = self.line_start(index)
        match = _INDENT.match(self.text, start)
        return 0 if match is None else match.end() - start

    def has_indent_before(self, index: int, spaces: int) -> bool:
        """Whether the nearest line above that of a character, empty ones and comments aside, is so far indented."""
        for start in reversed(self._lines[: self.mark(index).line - 1]):
            line = self.text[start:].partition("\n")[0].strip()
            if line and not line.startswith("#"):
                return self.indent(start) == spaces
        return False

    def skip_space(self, index: int) -> int:
        """The index of the next character that is not white."""
        match = _SPACE.match(self.text, index)
        return index if match is None else match.end()

    def value(self, start: int, *, flow: bool) -> str:
        """What was meant as one value: the rest of the line; inside brackets up to the comma or bracket that ends it.

        Commas and brackets within brackets or quotes of its own belong to it.
        """
        depth = 0
        end = min(len(self.text), start + _LONGEST)
        for match in _PIECE.finditer(self.text, start, end):
            depth += (match.lastgroup == "open") - (match.lastgroup == "close")
            if (match[0] in _STOPS[flow] and not (flow and depth)) or (flow and depth < 0):
                end = match.start()
                break
        return self.text[start:end].strip()

    def continued(self, start: int) -> str:
        """The rest of the line, and the lines below it that begin with `&&` or `||`: one long condition."""
        end = start + len(self.value(start, flow=False))
        while (more := _GOES_ON.match(self.text, end)) is not None and more.end() - start < _LONGEST:
            end = more.end()
        return self.text[start:end].strip()


def is_expression(text: str) -> bool:
    """Whether this is an expression that somebody may have meant: more than a single value."""
    try:
        return not isinstance(parse(text), Literal | Name)
    except ExpressionError:
        return False


def folded(text: str) -> str:
    """The text with its line breaks as YAML reads them."""
    return _BREAK.sub(" ", text)


def quoted(text: str) -> str:
    """The text as a quoted YAML scalar, in the form that is easiest to read."""
    text = folded(text)
    if "'" in text and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return "'" + text.replace("'", "''") + "'"
