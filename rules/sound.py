"""The part of a playbook that no fault touches: what can be warned of while something else is still wrong.

A part of a playbook (a rule, a segment, the lifecycle, a template, …) is sound if there is no error in its lines and it
names nothing that is not sound itself. Names are looked for as words, whatever they mean there: a part that happens to
use the same word is passed over too, and what it is to be warned of is said in the next pass. So nothing is ever said
that follows from a fault alone.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from rules.nodes import Mapping, Node, Scalar
from rules.read import Reading
from schemas.findings import Mark
from segments.model import Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Mapping as Dictionary

    from schemas.findings import Finding

__all__ = ["Sound", "sound"]

T = TypeVar("T")
_WORD, _NAME, _QUOTED = re.compile(r"\w+"), re.compile(r"[\w.-]+"), re.compile(r"""["']([^"']+)["']""")
_WHOLE = frozenset({"workspace", "lifecycle"})
"""Sections that are one part."""
_UNNAMED = frozenset({"rules", "events", "workspace"})
"""Sections whose parts nobody rests on by their name; of events that is the `doubtful` properties."""
_OF_ALL = frozenset({"segment_cycle"})
"""Faults of all segments and stages, wherever they are said."""
_NOT_PUT_IN = "${"
"""What the text of an input that has no value begins with."""


@dataclass(frozen=True, slots=True)
class Sound:
    """`reading`: with the sound rules, segments, stages, templates, pools and definitions alone.

    `workspace`: its settings could be read; `rules`: what all rules do could be. `stages`: all of them, also where the
    condition of one is faulty; none if there may be others.
    """

    reading: Reading
    workspace: bool = True
    stages: tuple[Stage, ...] = ()
    rules: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    section: str
    name: str
    node: Node

    def names(self, stages: Iterable[str]) -> Iterable[str]:
        """The words by which others rest on it."""
        if self.section == "lifecycle":
            return "stage", *stages
        return () if self.section in _UNNAMED else (self.name,)


def sound(reading: Reading, errors: Iterable[Finding]) -> Sound:
    """The sound part. `errors`: all there are, those among them that are not reported for want of certainty."""
    errors = list(errors)
    if reading.complete and not errors:
        return Sound(reading, stages=reading.playbook.stages)
    parts, boundaries = _parts(reading)
    faulty = _touched(boundaries, errors)
    unread = _touched(boundaries, (each for each in reading.findings if each.severity == "error"))
    stages = [stage.id for stage in reading.playbook.stages]
    if any(each.code in _OF_ALL for each in errors):
        faulty |= {part for part in parts if part.section in {"segments", "lifecycle"}}
    names = {_NOT_PUT_IN, *reading.doubtful, *(name for _, name in reading.playbook.definitions.missing)}
    names |= set() if reading.complete else {"stage", *stages}
    shaky = {(part.section, part.name) for part in _spread(parts, {part for part in faulty if part}, names, stages)}
    whole = reading.complete and None not in unread
    return Sound(
        _without(reading, shaky),
        workspace=bool(reading.sections["workspace"]) and ("workspace", "") not in shaky,
        stages=reading.playbook.stages if whole and not _in_lifecycle(unread) else (),
        rules=whole and not reading.broken,
    )


def _in_lifecycle(parts: Iterable[_Part | None]) -> bool:
    return any(part is not None and part.section == "lifecycle" for part in parts)


def _parts(reading: Reading) -> tuple[list[_Part], dict[str, list[tuple[Mark, _Part | None]]]]:
    """All parts, and by file where each begins; None: where a section does."""
    parts, boundaries = list[_Part](), dict[str, list[tuple[Mark, _Part | None]]]()
    for section, entries in reading.sections.items():
        for top in entries:
            begins = boundaries.setdefault(top.key_mark.file, [])
            if section in _WHOLE:
                parts.append(_Part(section, "", top.value))
                begins.append((top.key_mark, parts[-1]))
                continue
            begins.append((top.key_mark, None))
            for entry in top.value.entries.values() if isinstance(top.value, Mapping) else ():
                parts.append(_Part(section, entry.key, entry.value))
                begins.append((entry.key_mark, parts[-1]))
    for begins in boundaries.values():
        begins.sort(key=lambda each: each[0])
    return parts, boundaries


def _touched(boundaries: dict[str, list[tuple[Mark, _Part | None]]], errors: Iterable[Finding]) -> set[_Part | None]:
    """The parts in which these errors stand; None: one stands in no part."""
    out = set[_Part | None]()
    for error in errors:
        begins = boundaries.get(error.file, [])
        mark = Mark(error.file, error.line, error.column)
        at = bisect_right(begins, mark, key=lambda each: each[0]) - 1
        outside = at < 0 or (error.column <= begins[0][0].column and begins[at][0] != mark)
        out.add(None if outside else begins[at][1])
    return out


def _spread(parts: list[_Part], faulty: set[_Part], names: set[str], stages: list[str]) -> set[_Part]:
    """The faulty parts and all that rest on them, or on these names."""
    users: dict[str, list[_Part]] = {}
    for part in parts:
        for word in {word for text in _texts(part.node) for word in _words(text)}:
            users.setdefault(word, []).append(part)
    out, waiting = set(faulty), [*sorted(names), *(name for part in faulty for name in part.names(stages))]
    for name in waiting:
        for part in users.get(name, ()):
            if part not in out:
                out.add(part)
                waiting.extend(part.names(stages))
    return out


def _texts(node: Node) -> Iterator[str]:
    if isinstance(node, Scalar):
        yield from (node.text, node.given)
    elif isinstance(node, Mapping):
        for entry in node.entries.values():
            yield entry.key
            yield from _texts(entry.value)
    else:
        for item in node.items:
            yield from _texts(item)


def _words(text: str) -> set[str]:
    """Every name that may stand in a value, an expression or a text of a message."""
    left = [_NOT_PUT_IN] if _NOT_PUT_IN in text else []
    return {text, *left, *_WORD.findall(text), *_NAME.findall(text), *_QUOTED.findall(text)}


def _without(reading: Reading, shaky: set[tuple[str, str]]) -> Reading:
    playbook, definitions = reading.playbook, reading.playbook.definitions

    def kept(section: str, held: Dictionary[str, T]) -> dict[str, T]:
        return {name: value for name, value in held.items() if (section, name) not in shaky}

    rules = {name: rule for name, rule in kept("rules", playbook.rules).items() if name not in reading.broken}
    names = replace(definitions, lets=kept("let", definitions.lets), lists=kept("lists", definitions.lists))
    return replace(
        reading,
        playbook=replace(
            playbook,
            rules=rules,
            segments=kept("segments", playbook.segments),
            stages=() if ("lifecycle", "") in shaky else playbook.stages,
            templates=kept("templates", playbook.templates),
            pools=kept("coupon_pools", playbook.pools),
            definitions=names,
        ),
    )
