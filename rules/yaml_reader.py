"""Nodes from the events of a YAML parser: the limits and refusals that need structure, and what was meant instead."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from rules import yaml_faults
from rules.nodes import Entry, Mapping, Node, Scalar, Sequence
from rules.yaml_source import Source, folded, is_expression
from rules.yaml_values import NumberTooLong, is_trap, resolve
from schemas.texts import say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from schemas.findings import Finding

__all__ = ["MAX_FINDINGS", "MAX_NODES", "TAG_HINT", "Reader", "too_deep", "too_many"]

MAX_NODES = 50_000
MAX_FINDINGS = 100
TAG_HINT = "take the tag away; a text that begins with ! needs quotes"
_MAX_DEPTH = 32
_SHOWN = 60
_NO_KEY = ("a key is missing here", "write it before the colon")
_SURROGATE = re.compile("[\x00\ud800-\udfff]")
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
_TAG_BEFORE = re.compile(r"!\S*\s+\Z")
_COMMENT = re.compile(r"[ \t]+#")
_COMPARED = re.compile(r"[<>=]\s*[0-9]{1,3}")
_THOUSANDS = re.compile(r"(?:,[0-9]{3})+(?![0-9])")
_HALF = re.compile(r"[?\"']")


class _Stop(Exception):
    """Reading on would find nothing of use; the last finding says why."""


def too_many(source: Source, at: int) -> Finding:
    """The finding that a file is too large to be read."""
    message = say("the file holds more than {max_nodes} lines, keys and values", max_nodes=MAX_NODES)
    return source.finding(at, "yaml_too_many", message, "split it into several files")


def too_deep(source: Source, at: int) -> Finding:
    """The finding that a file is nested too deep."""
    message = say("the file is nested deeper than {max_depth}", max_depth=_MAX_DEPTH)
    return source.finding(at, "yaml_too_deep", message, "nothing in a playbook is: take brackets or levels out")


class Reader:
    """Makes nodes of the parser's events."""

    def __init__(self, source: Source, findings: list[Finding]) -> None:
        self.source, self.findings = source, findings
        self.events: Iterator[Any] = YAML(typ="safe", pure=True).parse(source.text)
        self.nodes = 0
        self.last: yaml_faults.Last | None = None
        self.read_until = 0
        """Up to here the file has been understood as somebody meant it; what YAML sees in it counts no more."""

    def document(self) -> Node | None:
        """The root, None if there is none or the file cannot be read to its end."""
        try:
            return self._document()
        except _Stop:
            return None
        except MarkedYAMLError as error:
            finding = yaml_faults.fault_of(self.source, error, self.last)
        except YAMLError:
            finding = self.source.finding(0, "yaml_syntax", "this is no YAML", "compare it with a file that works")
        if all(known.line != finding.line for known in self.findings):
            self.findings.append(finding)
        return None

    def _document(self) -> Node | None:
        root, documents = None, 0
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    hint = "put what follows into a file of its own"
                    self._add(event.start_mark.index, "yaml_documents", "a second document begins here", hint)
                    return root
            elif isinstance(event, NodeEvent):
                root = self._node(event, 0, flow=False)
        return root

    def _add(self, at: int, code: str, message: str, hint: str, length: int = 1) -> None:
        self._found(self.source.finding(at, code, message, hint, length=length))

    def _found(self, finding: Finding) -> None:
        self.findings.append(finding)
        if len(self.findings) >= MAX_FINDINGS:
            raise _Stop

    # -- nodes
    def _node(self, event: NodeEvent, depth: int, *, flow: bool) -> Node:
        at = event.start_mark.index
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self.findings.append(too_many(self.source, at))
            raise _Stop
        if isinstance(event, ScalarEvent):
            return self._scalar(event, flow=flow)
        if not isinstance(event, MappingStartEvent | SequenceStartEvent):
            hint = "write the value itself; a text that begins with * needs quotes"
            self._add(at, "yaml_alias", "aliases are not allowed", hint)
            return Scalar(None, "", plain=True, mark=self.source.mark(at), source="")
        if depth == _MAX_DEPTH:
            self.findings.append(too_deep(self.source, at))
            raise _Stop
        self._refuse_properties(event)
        if isinstance(event, MappingStartEvent):
            return self._mapping(event, depth + 1, flow=flow)
        return self._sequence(event, depth + 1)

    def _refuse_properties(self, event: Any) -> None:  # noqa: ANN401 - any event of a node
        at = event.start_mark.index
        if event.anchor is not None:
            hint = "write the value where it is needed; a text that begins with & needs quotes"
            self._add(at, "yaml_anchor", "anchors are not allowed", hint)
        if event.tag is not None:
            self._add(at, "yaml_tag", "tags are not allowed", TAG_HINT)

    def _sequence(self, event: SequenceStartEvent, depth: int) -> Sequence:
        items: list[Node] = []
        for item in self.events:
            if isinstance(item, SequenceEndEvent):
                break
            meant = item.start_mark.index >= self.read_until
            node = self._node(item, depth, flow=event.flow_style)
            if meant:
                items.append(node)
        return Sequence(tuple(items), self.source.mark(event.start_mark.index))

    def _mapping(self, event: MappingStartEvent, depth: int, *, flow: bool) -> Node:
        at, inner = event.start_mark.index, bool(event.flow_style)
        entries: dict[str, Entry] = {}
        text = self._template(at, flow=flow) if inner else None
        for key_event in self.events:
            if isinstance(key_event, MappingEndEvent):
                break
            key_at = key_event.start_mark.index
            key = self._node(key_event, depth, flow=inner)
            text = text or self._choice(key, key_at, flow=inner)
            meant = key_at >= self.read_until
            value_event = next(self.events)
            value = self._node(value_event, depth, flow=inner)
            # Where nothing stands, it stands behind its key and not where the next line begins.
            if isinstance(value, Scalar) and value_event.start_mark.index == value_event.end_mark.index:
                value = replace(value, mark=self.source.mark(key_event.end_mark.index))
            if meant:
                self._enter(entries, key, key_at, value)
        return Mapping(entries, self.source.mark(at)) if text is None or entries else text

    def _enter(self, entries: dict[str, Entry], key: Node, at: int, value: Node) -> None:
        name = self._key(key, at)
        if name is None:
            return
        first = entries.setdefault(name, Entry(self.source.mark(at), name, value))
        if first.value is not value:
            message = say(
                "the key {name} stands here already, in line {line}", name=_short(name), line=first.key_mark.line
            )
            self._add(at, "yaml_duplicate_key", message, "a name may come only once: take one away", len(name))

    def _key(self, key: Node, at: int) -> str | None:
        if not isinstance(key, Scalar):
            self._add(at, "yaml_key", "a key is a text, not a list or a mapping", "a text with brackets needs quotes")
            return None
        text = key.text
        if key.plain and text == "<<":
            self._add(at, "yaml_merge", "merge keys are not allowed", "write the keys themselves", len(text))
            return None
        if key.plain and text.lower() == "on":
            hint = 'write `event:`; a name that is really "on" stands in quotes'
            self._add(at, "yaml_on_key", "YAML 1.1 reads the key `on` as true", hint, len(text))
        elif key.plain and not isinstance(key.value, str):
            message, hint = (
                (say("a key is a text, not {name}", name=_short(text)), say('write "{name}":', name=_short(text)))
                if text
                else _NO_KEY
            )
            self._add(at, "yaml_key", message, hint, max(1, len(text)))
        elif key.plain and is_trap(text):
            message = say("not every reader of YAML takes the key {name} for a text", name=_short(text))
            self._add(at, "yaml_trap_key", message, say('write "{name}":', name=_short(text)), len(text))
        return text

    # -- values
    def _scalar(self, event: ScalarEvent, *, flow: bool) -> Scalar:
        start, end = event.start_mark.index, event.end_mark.index
        self.last = yaml_faults.Last(start, end, event.style)
        if event.anchor is not None or event.tag is not None:
            negation = self._negation(self._first_property(start), flow=flow)
            if negation is not None:
                return negation
            self._refuse_properties(event)
            start = min(end, _end(_PROPERTIES, self.source.text, start))
        text: str = event.value
        if event.style is not None:
            if _SURROGATE.search(text):
                hint = "write the character itself, or \\U and eight digits"
                self._add(start, "yaml_escape", "the text holds an escape that stands for no character", hint)
                text = _SURROGATE.sub("\ufffd", text)
            return Scalar(text, text, plain=False, mark=self.source.mark(start), source=self.source.text[start:end])
        mistaken = self._mistaken(text, start, end, flow=flow)
        if mistaken is not None:
            return mistaken
        return Scalar(
            self._value(text, start), text, plain=True, mark=self.source.mark(start), source=self.source.text[start:end]
        )

    def _value(self, text: str, at: int) -> str | int | Decimal | bool | None:
        try:
            return resolve(text)
        except NumberTooLong:
            hint = "a text that is made of digits needs quotes"
            self._add(
                at, "yaml_number", "the number has more than 30 digits or too large a power of ten", hint, len(text)
            )
            return text

    # -- what somebody meant
    def _meant(self, at: int, text: str, why: str) -> Scalar:
        self.read_until = at + len(text)
        self._found(yaml_faults.unquoted(self.source, at, text, why))
        content = folded(text)
        return Scalar(content, content, plain=True, mark=self.source.mark(at), source=text)

    def _first_property(self, at: int) -> int:
        """Where the properties of a node begin: of `!a && b`, a tag and an anchor to YAML, events tell the anchor."""
        above = self.source.line_start(max(0, self.source.line_start(at) - 1))
        tag = _TAG_BEFORE.search(self.source.text, above, at) if self.source.text.startswith("&", at) else None
        return at if tag is None else tag.start()

    def _negation(self, at: int, *, flow: bool) -> Scalar | None:
        text = self.source.value(at, flow=flow) if flow else self.source.continued(at)
        return self._meant(at, text, yaml_faults.TAG) if text.startswith("!") and is_expression(text) else None

    def _mistaken(self, text: str, start: int, end: int, *, flow: bool) -> Scalar | None:
        """A plain text that YAML cuts short at a comma in brackets or in a number, or at what looks like a comment."""
        if start < self.read_until:
            return None
        if flow and _COMPARED.search(text, len(text) - 8) and (more := _THOUSANDS.match(self.source.text, end)):
            self.read_until = more.end()
            whole = text + more[0]
            return Scalar(whole, whole, plain=True, mark=self.source.mark(start), source=whole)
        if flow and text.count("(") > text.count(")"):
            meant = self.source.value(start, flow=True)
            if meant.count("(") == meant.count(")"):
                return self._meant(start, meant, yaml_faults.FLOW)
        if ('"' in text or "'" in text) and _COMMENT.match(self.source.text, end):
            meant = self.source.value(start, flow=flow)
            if len(meant) > end - start and is_expression(meant):
                return self._meant(start, meant, yaml_faults.HASH)
        return None

    def _choice(self, key: Node, at: int, *, flow: bool) -> Scalar | None:
        """A plain key that is the beginning of `test ? then : otherwise`, or of a text with a colon."""
        if at < self.read_until or not isinstance(key, Scalar) or not key.plain or not _HALF.search(key.text):
            return None
        text = self.source.value(at, flow=flow)
        return self._meant(at, text, yaml_faults.COLON) if len(text) > len(key.source) and is_expression(text) else None

    def _template(self, at: int, *, flow: bool) -> Scalar | None:
        if at < self.read_until or not self.source.text.startswith("{{", at):
            return None
        return self._meant(at, self.source.value(at, flow=flow), yaml_faults.BRACES)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    match = pattern.match(text, start)
    return start if match is None else match.end()
