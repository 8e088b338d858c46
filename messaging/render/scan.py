"""A first look at a template's text, in one pass: its braces, its tags and its size.

The Liquid lexer tries several patterns at every brace, and an unclosed or empty one makes it read the rest of the text
again each time: six thousand braces take seconds. So everything that could do that is refused here, before it is lexed.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from schemas.texts import say

__all__ = ["MAX_SOURCE", "TAGS", "TemplateFault", "fault_at", "first_fault"]

MAX_SOURCE = 65_536
"""Characters of one template text."""
_MAX_MARKUP = 1_000
"""Characters between two braces."""

TAGS = ("if", "elsif", "else", "endif", "unless", "endunless", "case", "when", "endcase", "for", "endfor", "assign")
"""The tags that a template may use."""

_TAG_NAME = re.compile(r"-?\s*(\w+|#)?")


class TemplateFault(NamedTuple):
    """What is wrong with a template, and where in its text: line and column from 1."""

    message: str
    line: int
    column: int


def fault_at(source: str, index: int, message: str) -> TemplateFault:
    """A fault at a character of the text."""
    before = source[: max(index, 0)]
    return TemplateFault(message, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)


def first_fault(source: str) -> TemplateFault | None:
    """The first thing that keeps a text from being lexed safely."""
    if len(source) > MAX_SOURCE:
        return TemplateFault(
            say(
                "the text has {number} characters; {max_source} are allowed", number=len(source), max_source=MAX_SOURCE
            ),
            1,
            1,
        )
    at = 0
    while (start := _next_opening(source, at)) >= 0:
        closing = "}}" if source[start + 1] == "{" else "%}"
        end = source.find(closing, start + 2)
        if end < 0:
            return fault_at(
                source,
                start,
                say("`{source}` is not closed by `{closing}`", source=source[start : start + 2], closing=closing),
            )
        message = _markup_fault(source[start + 2 : end], closing)
        if message:
            return fault_at(source, start, message)
        at = end + 2
    return None


def _next_opening(source: str, at: int) -> int:
    found = [place for place in (source.find("{{", at), source.find("{%", at)) if place >= 0]
    return min(found, default=-1)


def _markup_fault(markup: str, closing: str) -> str:
    """What is wrong between two braces; empty if nothing is."""
    if len(markup) > _MAX_MARKUP:
        return say(
            "there are {number} characters between the braces; {max_markup} are allowed",
            number=len(markup),
            max_markup=_MAX_MARKUP,
        )
    if closing == "}}":
        return "" if markup.strip("- \t\r\n") else "there is nothing between the braces"
    match = _TAG_NAME.match(markup)
    name = match[1] if match else None
    if name is None:
        return "the tag has no name"
    if name not in TAGS:
        return say("there is no tag `{name}` in message templates; there are {names}", name=name, names=", ".join(TAGS))
    return ""
