"""Strict YAML: one file's text to nodes with places, bounded in everything, with the traps of YAML reported.

What JSON can say, in YAML's clothes: anchors, aliases, merge keys, tags, directives and further documents are refused,
keys are texts that come once, and only `true`, `false`, `null` and JSON's numbers are more than text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.nodes import Entry, Mapping, Node, Scalar, Sequence
from rules.yaml_reader import MAX_FINDINGS, MAX_NODES, TAG_HINT, Reader, too_deep, too_many
from rules.yaml_source import Source
from schemas.texts import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.findings import Finding

__all__ = ["Entry", "Mapping", "Node", "Scalar", "Sequence", "load"]

_MAX_BYTES = 1 << 20
_MARKS = ("\n", ",", "[", "{", ":", "- ", "? ")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]|\r(?!\n)")
_LONG_TAG = re.compile(r"(?<![^\s\[{,:?-])![!-~]{1000}")
_DEEP = re.compile(r"[\[{]{33}")
_DIRECTIVE = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*%")


def load(text: str, file: str) -> tuple[Node | None, list[Finding]]:
    """The root of a file and what is wrong with it, sorted.

    With a root there may still be errors: it serves to find more of them in the same pass. Without one and without
    findings the file is empty. `file` is the name that findings show.
    """
    findings: list[Finding] = []
    source = Source(file, text.removeprefix("\ufeff"))
    if text.startswith("\ufeff"):
        hint = "save the file as UTF-8 without a byte order mark"
        findings.append(source.finding(0, "yaml_bom", "the file begins with a byte order mark", hint))
    unreadable = list(_unreadable(source))
    if unreadable:
        return None, sorted(findings + unreadable)
    root = Reader(source, findings).document()
    return root, sorted(findings)


def _unreadable(source: Source) -> Iterator[Finding]:
    """What keeps a text from being read at all."""
    text = source.text
    if len(text) > _MAX_BYTES or len(text.encode(errors="surrogatepass")) > _MAX_BYTES:
        yield source.finding(0, "yaml_too_long", "the file is larger than 1 MiB", "split it into several files")
        return
    # What would take the parser seconds to find: nearly every node has one of these marks, and its lookahead is slow.
    if sum(map(text.count, _MARKS)) > MAX_NODES:
        yield too_many(source, 0)
    if deep := _DEEP.search(text):
        yield too_deep(source, deep.end() - 1)
    if tag := _LONG_TAG.search(text):
        yield source.finding(tag.start(), "yaml_tag", "tags are not allowed", TAG_HINT)
    if directive := _DIRECTIVE.match(text):
        at = directive.end() - 1
        yield source.finding(at, "yaml_directive", "directives are not allowed", "take the line away")
    for number, match in enumerate(_CONTROL.finditer(text)):
        if number == MAX_FINDINGS:
            return
        message = say("the character U+{number:04X} may not stand here", number=ord(match[0]))
        hint = say('delete it; where it is meant, write "\\u{number:04x}" in double quotes', number=ord(match[0]))
        yield source.finding(match.start(), "yaml_control", message, hint)
