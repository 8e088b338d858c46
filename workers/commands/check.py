"""`touchline check` and `touchline codes`: every fault of a playbook, with its place and what to write instead."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rules.check import check_playbook
from rules.codes.catalogue import CODES
from rules.codes.document import code_section, codes_document
from rules.codes.languages import localised
from rules.report import render_text
from schemas.errors import InputError
from schemas.findings import nearest
from workers.clock import now_ms
from workers.playbooks import read_folder, read_tests, zone_names
from workers.terminal import console, print_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rules.codes.languages import Language
    from schemas.findings import Finding

__all__ = ["check_folder", "findings_of", "print_codes"]

_CLEAN = {"en": "{files}, all clean", "zh": "{files}，没有问题"}
_TOTAL = {"en": "{files}: {errors}, {warnings}", "zh": "{files}：{errors}，{warnings}"}
_NUMBER = {
    ("en", "file"): ("{n} file", "{n} files"),
    ("zh", "file"): ("{n} 个文件", "{n} 个文件"),
    ("en", "error"): ("{n} error", "{n} errors"),
    ("en", "warning"): ("{n} warning", "{n} warnings"),
    ("zh", "error"): ("{n} 个错误", "{n} 个错误"),
    ("zh", "warning"): ("{n} 个警告", "{n} 个警告"),
}


def findings_of(files: Mapping[str, str], tests: Mapping[str, str]) -> list[Finding]:
    """All findings of a playbook and its tests, sorted."""
    _, findings = check_playbook(files, zone_names(), now_ms(), tests=tests)
    return sorted(set(findings))


def check_folder(folder: Path, form: str, language: Language = "en", *, strict: bool = False) -> int:
    """Print the findings; 1 if one of them is an error, or if there is any and it is to be `strict`."""
    files, tests = read_folder(folder), read_tests(folder)
    findings = findings_of(files, tests)
    if form == "json":
        print_json([finding.as_json() for finding in localised(findings, language)])
    elif form == "github":
        for finding in localised(findings, language):
            print(_annotation(folder, finding))  # noqa: T201 - what the command is for
    else:
        _print({**files, **tests}, findings, language)
    return int(any(strict or finding.severity == "error" for finding in findings))


def print_codes(code: str | None) -> None:
    """Print what a code means and what to do, or the page of all codes."""
    if code is not None and code not in CODES:
        close = nearest(code, CODES)
        hint = f"did you mean {close}?" if close else "touchline codes lists them all"
        raise InputError(f"There is no code {code!r}; {hint}", code="unknown_code")
    sys.stdout.write(codes_document() if code is None else code_section(CODES[code]))


def _number(number: int, what: str, language: Language) -> str:
    return _NUMBER[language, what][number != 1].format(n=number)


def _annotation(folder: Path, finding: Finding) -> str:
    text = _escaped(f"{finding.message}\n{finding.hint}".strip())
    file = _escaped(str(folder / finding.file)).replace(":", "%3A").replace(",", "%2C")
    place = f"file={file},line={finding.line},col={finding.column},title={finding.code}"
    return f"::{finding.severity} {place}::{text}"


def _escaped(text: str) -> str:
    """What a workflow command may hold: the lines of its own text, and of file names, are no commands."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _print(files: Mapping[str, str], findings: Sequence[Finding], language: Language) -> None:
    screen = console()
    if not findings:
        screen.print(_CLEAN[language].format(files=_number(len(files), "file", language)))
        return
    print(render_text(findings, files, color=screen.is_terminal, language=language))  # noqa: T201
    errors = sum(finding.severity == "error" for finding in findings)
    said = _number(errors, "error", language), _number(len(findings) - errors, "warning", language)
    number = _number(len(files), "file", language)
    screen.print(_TOTAL[language].format(files=number, errors=said[0], warnings=said[1]))
