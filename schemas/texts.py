"""Sentences for people: an English template with named parts, from which another language can be made later."""

from __future__ import annotations

from typing import Self
from unicodedata import east_asian_width

__all__ = ["Said", "columns", "plain", "say"]


class Said(str):
    """An English sentence that still knows its template and its parts.

    It is a `str` like any other; whoever wants another language looks the template up and fills it with the same parts
    (`rules/codes/languages.py`).
    """

    __slots__ = ("arguments", "template")
    template: str
    arguments: dict[str, object]

    def __new__(cls, template: str, arguments: dict[str, object]) -> Self:
        """The template, filled in."""
        made = super().__new__(cls, template.format_map(arguments))
        made.template, made.arguments = template, arguments
        return made

    def __str__(self) -> str:
        """Itself: an error whose message it is gives it back with its parts."""
        return self


def say(template: str, /, **arguments: object) -> Said:
    """The sentence of a template such as `unknown event {name!r}`; `{{` and `}}` stand for braces.

    The template is a literal, so that a test can hold it against the Chinese one.
    """
    return Said(template, arguments)


def plain(text: str) -> str:
    """The text alone: encoders take a `str` and nothing that is derived from it."""
    return str.__str__(text)


def columns(text: str) -> int:
    """How wide a text is on a terminal: Chinese characters take two columns."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
