"""Where each character of a scalar's text stands in the file: quotes, escapes and line folding undone."""

from __future__ import annotations

import re

__all__ = ["places"]

_FOLD = r"(?P<fold>[ \t]*(?:\r?\n[ \t]*)+)"
_RUN = r"|(?P<run>[ \t]+|[^ \t\r\n'\\]+|[\s\S])"
_PLAIN = re.compile(_FOLD + _RUN)
_SINGLE = re.compile(_FOLD + r"|(?P<escape>'')" + _RUN)
_DOUBLE = re.compile(
    _FOLD
    + r"|(?P<joined>\\\r?\n(?:[ \t]*\r?\n)*[ \t]*)"
    + r"|(?P<escape>\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[\s\S]))"
    + _RUN
)


def places(source: str, text: str) -> list[int]:
    """For every character of `text`, and for its end, the index in `source`, the scalar as it stands in the file."""
    match source[:1]:
        case "|" | ">":
            found = _block(source, text)
        case "'":
            found = _flow(_SINGLE, source, 1, len(source) - 1)
        case '"':
            found = _flow(_DOUBLE, source, 1, len(source) - 1)
        case _:
            found = _flow(_PLAIN, source, 0, len(source))
    # A form that was not foreseen must not stop a report: what is missing stands at the end.
    return found + [found[-1]] * (len(text) + 1 - len(found))


def _flow(pattern: re.Pattern[str], source: str, start: int, end: int) -> list[int]:
    found: list[int] = []
    for match in pattern.finditer(source, start, end):
        at, breaks = match.start(), match[0].count("\n")
        match match.lastgroup:
            case "fold":
                found += [at] * max(1, breaks - 1)
            case "joined":
                found += [at] * (breaks - 1)
            case "escape":
                found.append(at)
            case _:
                found += range(at, match.end())
    return [*found, end]


def _block(source: str, text: str) -> list[int]:
    """Line by line: the text holds the lines of the source in their order, with other space between them."""
    found = [0] * (len(text) + 1)
    done, last = 0, 0
    start = source.find("\n") + 1
    for line in source[start:].split("\n"):
        content = line.strip(" \t\r")
        at = text.find(content, done) if content else -1
        if at >= 0:
            first = start + line.index(content)
            end = at + len(content)
            indented = text.rfind("\n", done, at) + 1 or (at if done else 0)
            found[done:indented] = [last] * (indented - done)
            found[indented:end] = range(first - (at - indented), first + len(content))
            done, last = end, first + len(content)
        start += len(line) + 1
    found[done:] = [last] * (len(text) + 1 - done)
    return found
