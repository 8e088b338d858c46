"""Whether the texts of marketing messages use words that advertising law forbids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.lint.parts import warning
from rules.lint.words import forbidden_in
from rules.nodes import Mapping, Node, Scalar, Sequence
from schemas.texts import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.read import Reading
    from schemas.findings import Finding

__all__ = ["wording"]


def wording(reading: Reading) -> Iterator[Finding]:
    """Forbidden words in the channels of marketing templates, each at its place."""
    workspace = reading.playbook.workspace
    for section in reading.sections.get("templates", ()):
        for entry in section.value.entries.values() if isinstance(section.value, Mapping) else ():
            template = reading.playbook.templates.get(entry.key)
            if template is None or template.purpose != "marketing" or not isinstance(entry.value, Mapping):
                continue
            channels = entry.value.entries.get("channels")
            for text in _texts(channels.value) if channels is not None else ():
                yield from _found(text, workspace.ad_words, workspace.allowed_words)


def _found(node: Scalar, more: tuple[str, ...], allowed: tuple[str, ...]) -> Iterator[Finding]:
    for at, word in forbidden_in(node.text, more, allowed):
        message = say("advertising law forbids {word!r}", word=word)
        hint = "say it otherwise; where it is meant and checked, write `waive: [ad_word]` in the template"
        yield warning(node.position(at), "ad_word", message, hint, len(word))


def _texts(node: Node) -> Iterator[Scalar]:
    match node:
        case Scalar():
            yield node
        case Sequence(items):
            for item in items:
                yield from _texts(item)
        case Mapping(entries):
            for entry in entries.values():
                yield from _texts(entry.value)
