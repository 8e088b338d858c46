"""`touchline check`: every fault of a playbook, with its place and what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.check import check_playbook
from rules.report import render_text
from workers.playbooks import read_folder, zone_names
from workers.terminal import console, print_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from schemas.findings import Finding

__all__ = ["check_folder", "findings_of"]


def findings_of(files: Mapping[str, str]) -> list[Finding]:
    """All findings of a playbook, sorted."""
    _, findings = check_playbook(files, zone_names())
    return sorted(set(findings))


def check_folder(folder: Path, form: str) -> int:
    """Print the findings; 1 if one of them is an error."""
    files = read_folder(folder)
    findings = findings_of(files)
    if form == "json":
        print_json([finding.as_json() for finding in findings])
    elif form == "github":
        for finding in findings:
            print(_annotation(folder, finding))  # noqa: T201 - what the command is for
    else:
        _print(files, findings)
    return int(any(finding.severity == "error" for finding in findings))


def _number(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _annotation(folder: Path, finding: Finding) -> str:
    text = f"{finding.message} {finding.hint}".strip().replace("%", "%25").replace("\n", "%0A")
    place = f"file={folder / finding.file},line={finding.line},col={finding.column},title={finding.code}"
    return f"::{finding.severity} {place}::{text}"


def _print(files: Mapping[str, str], findings: Sequence[Finding]) -> None:
    screen = console()
    if findings:
        print(render_text(findings, files, color=screen.is_terminal))  # noqa: T201
    errors = sum(finding.severity == "error" for finding in findings)
    if findings:
        screen.print(f"{len(files)} files: {_number(errors, 'error')}, {_number(len(findings) - errors, 'warning')}")
    else:
        screen.print(f"{len(files)} files, all clean")
