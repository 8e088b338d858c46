"""Findings as people read them: place, code, the line, a caret under the token, and what to write instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.codes.languages import localised
from schemas.texts import columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rules.codes.languages import Language
    from schemas.findings import Finding

__all__ = ["render_text"]

# Tabs would shift the caret; other control characters could write to the terminal.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")
_HINT = {"en": "hint: ", "zh": "提示："}
_RED, _YELLOW, _BOLD, _DIM, _PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[1m", "\x1b[2m", "\x1b[0m"


def render_text(
    findings: Sequence[Finding], sources: Mapping[str, str], *, color: bool, language: Language = "en"
) -> str:
    """`file:line:col: error[code]: message`, the source line, a caret, and the hint, for each finding."""
    word = _HINT[language]
    said = localised(findings, language)
    return "\n".join(_one(finding, sources.get(finding.file, ""), word, color=color) for finding in said)


def _one(finding: Finding, source: str, word: str, *, color: bool) -> str:
    place = f"{finding.file}:{finding.line}:{finding.column}"
    kind = f"{finding.severity}[{finding.code}]"
    if color:
        shade = _RED if finding.severity == "error" else _YELLOW
        place, kind = f"{_BOLD}{place}{_PLAIN}", f"{shade}{kind}{_PLAIN}"
    out = [f"{place}: {kind}: {finding.message}"]
    lines = source.split("\n")
    if source and 0 < finding.line <= len(lines):
        line = _CONTROL.sub(" ", lines[finding.line - 1].rstrip("\r"))
        caret = " " * columns(line[: finding.column - 1]) + "^" * _carets(line, finding)
        out += [f"  {line}", f"  {_RED}{caret}{_PLAIN}" if color else f"  {caret}"]
    if finding.hint:
        out.append(f"  {_DIM}{word}{finding.hint}{_PLAIN}" if color else f"  {word}{finding.hint}")
    return "\n".join(out)


def _carets(line: str, finding: Finding) -> int:
    token = line[finding.column - 1 : finding.column - 1 + finding.length]
    return max(1, columns(token))
