"""What a fault of YAML would hide: files read as they were surely meant, and places told as they stand in the files."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from rules.edits import edit_of
from rules.loader import load
from schemas.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Repaired", "repaired"]

_ROUNDS = 20
"""Faults that are looked past in one file."""


class _Repair(NamedTuple):
    """In a line `length` characters from `column` on became `replacement`."""

    line: int
    column: int
    length: int
    replacement: str


@dataclass(slots=True)
class Repaired:
    """`texts`: the files to read instead, all of them; `faults`: what was repaired, and what then still is no YAML."""

    texts: dict[str, str]
    faults: list[Finding] = field(default_factory=list)
    repairs: dict[str, list[_Repair]] = field(default_factory=dict)

    def placed(self, finding: Finding) -> Finding:
        """A finding in one of `texts`, at its place in the file that somebody wrote."""
        for repair in reversed(self.repairs.get(finding.file, ())):
            if repair.line == finding.line and finding.column > repair.column:
                finding = replace(finding, column=_before(repair, finding.column))
        return finding


def _before(repair: _Repair, column: int) -> int:
    grown = len(repair.replacement) - repair.length
    if column >= repair.column + len(repair.replacement):
        return column - grown
    return min(column - min(grown, 1), repair.column + repair.length - 1)  # behind the quote that was put before it


def repaired(files: Mapping[str, str], findings: Iterable[Finding]) -> Repaired | None:
    """The files without faults of YAML that can only have been meant in one way; None if there are none.

    `findings` are those of reading the files as they are.
    """
    out = Repaired(dict(files))
    for name in sorted({finding.file for finding in findings if finding.code.startswith("yaml_")} & files.keys()):
        _repair(out, name)
    return out if out.repairs else None


def _repair(out: Repaired, name: str) -> None:
    """Look past one fault after the other, as long as each lies behind the last one."""
    reached = (0, 0)
    for _ in range(_ROUNDS):
        root, found = load(out.texts[name], name)
        if root is not None or not found:
            return
        fault = found[0]
        out.faults += [out.placed(each) for each in found if out.placed(each) not in out.faults]
        edit = edit_of(fault, out.texts[name])
        if edit is None or (fault.line, fault.column) <= reached:
            return
        reached, text = (fault.line, fault.column), out.texts[name]
        out.texts[name] = text[: edit.start] + edit.replacement + text[edit.end :]
        repair = _Repair(fault.line, fault.column, edit.end - edit.start, edit.replacement)
        out.repairs.setdefault(name, []).append(repair)
