"""Reading a playbook's mappings key by key: what stands there is typed, whatever else stands there is a finding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from rules.codes.lint import CODES
from rules.hints import NOWHERE, allowed
from rules.nodes import Entry, Mapping, Node, Scalar, Sequence
from schemas.findings import Finding, Mark, Severity
from schemas.texts import say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.hints import Hints

__all__ = [
    "WAIVABLE",
    "Fields",
    "Places",
    "Read",
    "Reader",
    "Waiver",
    "check_name",
    "describe",
    "duplicate",
    "named",
    "not_available",
    "scalar_length",
]

T = TypeVar("T")

Places = dict[tuple[str | int, ...], Mark]
"""Where parts of the playbook stand: `("rule", id)`, `("rule", id, step, "template")`, `("pool", id, "budget")`, …"""

WAIVABLE = frozenset(code.name for code in CODES)
"""Warnings of the lint that a rule, template or segment may `waive`."""
_MAX_ID = 128


class Waiver(NamedTuple):
    """Codes of warnings that somebody has looked at and accepts, in these lines of a file."""

    file: str
    first: int
    last: int
    codes: frozenset[str]


@dataclass(slots=True)
class Reader:
    """What all parts of one reading share: its findings, places, and the settings that values are held against.

    `zones`: the zone names that exist, None: not checked. `currency`: the workspace's, None until it is known.
    `country`: the workspace's, "" if it names none.
    """

    zones: frozenset[str] | None = None
    currency: str | None = None
    likely_currency: str = "CNY"
    """What hints write as long as it is not known."""
    country: str = ""
    findings: list[Finding] = field(default_factory=list)
    places: Places = field(default_factory=dict)
    waivers: list[Waiver] = field(default_factory=list)
    errors: int = 0
    doubtful: set[str] = field(default_factory=set)
    """Properties and traits whose declaration has a fault, so that their types cannot be relied on."""
    doubts: int = 0
    """How many of the errors stand in those declarations."""
    complete: bool = True
    """Every file could be read: what is not there does not exist."""
    gaps: int = 0
    """How many names may stand in a file that could not be read."""
    _marked: set[Mark] = field(default_factory=set)
    _muted: set[Mark] = field(default_factory=set)

    def fault(
        self, mark: Mark, code: str, message: str, hint: str = "", *, severity: Severity = "error", length: int = 1
    ) -> None:
        """Add a finding."""
        self.add(Finding(mark.file, mark.line, mark.column, code, severity, message, hint, length))

    def add(self, finding: Finding) -> None:
        """Add a finding that somebody else made."""
        mark = Mark(finding.file, finding.line, finding.column)
        self.errors += finding.severity == "error"
        if mark not in self._muted:
            self.findings.append(finding)
            self._marked.add(mark)

    def wrong_type(self, node: Node, what: str, hint: str = "") -> None:
        """Add the finding that `node` is not `what`, unless something has been said of its place already."""
        if self.has_fault_at(node.mark):
            return
        self.fault(
            node.mark,
            "wrong_type",
            say("{what} is expected, this is {found}", what=what, found=describe(node)),
            hint,
            length=scalar_length(node),
        )

    def declare(self, name: str, read: Callable[[], T]) -> T:
        """Read the declaration of a property or trait; with an error in it the name is doubtful."""
        before, doubts = self.errors, self.doubts
        declared = read()
        if self.errors > before:
            self.doubtful.add(name)
            self.doubts = doubts + self.errors - before  # those of the properties of items within are among them
        return declared

    def mute(self, mark: Mark) -> None:
        """Say nothing more of this place: what stands there has no value, and that has been said."""
        self._muted.add(mark)

    def has_fault_at(self, mark: Mark) -> bool:
        """Whether something has been said of this very place."""
        return mark in self._marked


Read = Callable[[Reader, Node], T | None]
"""Reads one node; None: it could not, and has said why."""


def describe(node: Node) -> str:
    """What a node is, in words."""
    match node:
        case Mapping():
            return "keys with values"
        case Sequence():
            return "a list"
        case Scalar(value=None):
            return "nothing"
        case Scalar(value=bool()):
            return say("the truth value {text}", text=node.text)
        case Scalar(value=str()):
            return say("the text {text!r}", text=node.text[:40])
        case _:
            return say("the number {text}", text=node.text)


def scalar_length(node: Node) -> int:
    """How much of a line a finding about the whole node underlines."""
    if isinstance(node, Scalar) and node.given:
        return len("${inputs.}") + len(node.given)
    return max(1, len(node.text)) if isinstance(node, Scalar) and "\n" not in node.text else 1


class Fields:
    """The keys of one mapping. Ask for each with `get` or `need`, then `close` reports the keys nobody asked for."""

    def __init__(self, reader: Reader, node: Node, what: str, mark: Mark | None = None, hint: str = "") -> None:
        """`what` names the mapping in messages; `mark`: where its name stands, for what is missing.

        `hint`: what to write, for whoever wrote something else than a mapping.
        """
        self.reader, self.what, self.mark = reader, what, mark or node.mark
        self._known: list[str] = []
        self._later: list[str] = []
        self.ok = isinstance(node, Mapping)
        self._entries = node.entries if isinstance(node, Mapping) else {}
        if not self.ok:
            reader.wrong_type(node, say("{what} with keys and values", what=what), hint)

    def get(self, key: str, read: Callable[[Reader, Node], T]) -> T | None:
        """The value of a key that may be missing."""
        self._known.append(key)
        entry = self._entries.get(key)
        return None if entry is None else read(self.reader, entry.value)

    def need(self, key: str, read: Callable[[Reader, Node], T]) -> T | None:
        """The value of a key that must be there."""
        if self.ok and key not in self._entries:
            self.reader.fault(
                self.mark,
                "missing_key",
                say("{what} has no {key!r}", what=self.what, key=key),
                say("add `{key}:`", key=key),
            )
        return self.get(key, read)

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def entry(self, key: str) -> Entry:
        """The entry of a key that is there."""
        return self._entries[key]

    def place(self, key: str) -> Mark:
        """Where a key's value stands; the mapping's own place without it."""
        entry = self._entries.get(key)
        return self.mark if entry is None else entry.value.mark

    def first_of(self, *keys: str) -> list[str]:
        """Those of `keys` that are there, in the order of the file."""
        self._known.extend(keys)
        return [key for key in self._entries if key in keys]

    def later(self, *keys: str, severity: Severity = "warning") -> None:
        """Keys of the language that the engine does not obey yet."""
        self._later.extend(keys)
        for key in keys:
            if key in self._entries:
                not_available(self.reader, self._entries[key].key_mark, key, severity)

    def waive(self) -> None:
        """`waive: [ad_word]`: warnings of the lint that are not to be given here."""
        known = tuple(sorted(WAIVABLE))
        node = self.get("waive", lambda _, node: node)
        items = node.items if isinstance(node, Sequence) else ()
        if node is not None and not isinstance(node, Sequence):
            self.reader.wrong_type(node, "a list")
        codes = [item.text if isinstance(item, Scalar) else "" for item in items]
        for item, code in zip(items, codes, strict=True):
            if code not in known:
                message = say("{text!r} is none of {names}", text=code[:40], names=", ".join(known))
                self.reader.fault(item.mark, "not_allowed", message, allowed(code, known), length=scalar_length(item))
        if codes:
            last = max(_last_line(entry.value) for entry in self._entries.values())
            self.reader.waivers.append(Waiver(self.mark.file, self.mark.line, last, frozenset(codes)))

    def close(self, elsewhere: Hints = NOWHERE) -> None:
        """Report every key that nobody asked for. `elsewhere`: see `allowed`."""
        for key, entry in self._entries.items():
            if key in self._known or key in self._later or self.reader.has_fault_at(entry.key_mark):
                continue
            message = say("{what} has no key {key!r}", what=self.what, key=key)
            self.reader.fault(
                entry.key_mark, "unknown_key", message, allowed(key, self._known, elsewhere), length=len(key)
            )


def _last_line(node: Node) -> int:
    match node:
        case Mapping(entries=entries):
            return max((_last_line(entry.value) for entry in entries.values()), default=node.mark.line)
        case Sequence(items=items):
            return max(map(_last_line, items), default=node.mark.line)
    return node.mark.line + node.source.count("\n")


def not_available(reader: Reader, mark: Mark, key: str, severity: Severity) -> None:
    """Say that a part of the language is not obeyed yet."""
    hint = "the rest works without it" if severity == "warning" else "take it out, or set `status: draft`"
    reader.fault(
        mark, "not_available", say("{key!r} is not available yet", key=key), hint, severity=severity, length=len(key)
    )


def named(reader: Reader, nodes: Iterable[Node], what: str, *, any_text: bool = False) -> list[Entry]:
    """The entries of all these mappings; a name that comes again or is none is reported.

    Names may hold letters of any script, digits and `. _ -`; with `any_text` whatever can be printed (events have names
    of other systems).
    """
    first: dict[str, Entry] = {}
    for node in nodes:
        if not isinstance(node, Mapping):
            reader.wrong_type(node, say("{what} names with values", what=what))
            continue
        for entry in node.entries.values():
            check_name(reader, entry.key, entry.key_mark, what, any_text=any_text)
            if entry.key in first:
                duplicate(
                    reader, entry.key_mark, say("{what} {name!r}", what=what, name=entry.key), first[entry.key].key_mark
                )
            else:
                first[entry.key] = entry
    return list(first.values())


def duplicate(reader: Reader, mark: Mark, what: str, first: Mark) -> None:
    """Say that a name comes twice, and where it came first."""
    message = say(
        "{what} is there already: {file}:{line}:{column}",
        what=what,
        file=first.file,
        line=first.line,
        column=first.column,
    )
    reader.fault(mark, "duplicate_name", message, "a name may come only once in all files; rename one")


def check_name(reader: Reader, name: str, mark: Mark, what: str, *, any_text: bool = False) -> None:
    """Report a name that may not be one."""
    if not name or len(name) > _MAX_ID:
        message = say(
            "the name of {what} has {number} characters; 1 to {max_id} are allowed",
            what=what,
            number=len(name),
            max_id=_MAX_ID,
        )
        reader.fault(mark, "bad_id", message)
        return
    wrong = next((c for c in name if not (c.isprintable() if any_text else c.isalnum() or c in "._-")), None)
    if wrong is not None and not reader.has_fault_at(mark):
        shown = repr(wrong) if wrong.isprintable() else f"U+{ord(wrong):04X}"
        hint = "" if any_text else "letters, digits, '.', '_' and '-' are allowed"
        reader.fault(
            mark,
            "bad_id",
            say("the name {name!r} of {what} may not hold {shown}", name=name, what=what, shown=shown),
            hint,
            length=len(name),
        )
