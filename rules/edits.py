"""Edits of a file's text that correct a finding whose hint is the very text to write."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.yaml_source import quoted
from schemas.texts import Said

if TYPE_CHECKING:
    from schemas.findings import Finding

__all__ = ["Edit", "edit_of"]

_BY_HINT = {
    "yaml_unquoted": ("write {quoted}", "quoted"),
    "expr_bad_operator": ("did you mean {sign} ?", "sign"),
    "expr_single_equals": ("did you mean {sign} ?", "sign"),
    "expr_full_width": ("write {sign}", "sign"),
    "expr_unknown_character": ("write {sign}", "sign"),
    "expr_thousands": ("write {plain}", "plain"),
    "bad_duration": ("did you mean {text}?", "text"),
    "wrong_type": ("did you mean {meant}?", "meant"),
}
"""Code → the hint that names its replacement, and under which part. `30` for `30d` is a guess, and is not here."""
_PAIRS = {"“": ("”", '"'), "「": ("」", '"'), "‘": ("’", "'"), "＂": ("＂", '"'), "＇": ("＇", "'")}
"""Opening quote → the closing one, and what stands for both."""
_WORDS = {"and": "&&", "or": "||"}
_QUOTED_KEYS = frozenset({"yaml_key", "yaml_trap_key"})


class Edit(NamedTuple):
    """Replace the characters from `start` to `end` of a file's text."""

    start: int
    end: int
    replacement: str


def edit_of(finding: Finding, text: str) -> Edit | None:
    """The edit that corrects a finding; None if a person must decide."""
    bom = text.startswith("\ufeff")
    if finding.code == "yaml_bom":
        return Edit(0, 1, "") if bom else None
    start = _offset(text, finding.line, finding.column) + (bom and finding.line == 1)
    end = start + finding.length
    found = text[start:end]
    if finding.code == "expr_full_width" and found in _PAIRS:
        return _both_quotes(text, start, found)
    new = _replacement(finding, found)
    return None if new is None or not found or new == found else Edit(start, end, new)


def _both_quotes(text: str, start: int, opening: str) -> Edit | None:
    """Both ends of a text in full-width quotes, if the other one stands in the same line."""
    closing, quote = _PAIRS[opening]
    end = text.find(closing, start + 1)
    inside = text[start + 1 : max(end, 0)]
    return None if end < 0 or "\n" in inside else Edit(start, end + 1, f"{quote}{inside}{quote}")


def _replacement(finding: Finding, found: str) -> str | None:
    hint = finding.hint
    named = _BY_HINT.get(finding.code)
    if named is not None and isinstance(hint, Said) and hint.template == named[0]:
        new = str(hint.arguments[named[1]])
        return new if finding.code != "yaml_unquoted" or new == quoted(found) else None
    match finding.code:
        case "expr_word_operator":
            return _WORDS.get(found.lower())
        case "yaml_missing_space":
            return ": " if found in {":", "："} else None
        case "yaml_on_key":
            return "event"
        case "retired_name" if isinstance(hint, Said):
            old = str(finding.arguments.get("name"))
            return found.replace(old, str(hint.arguments["name"])) if old in found else None
        case code if code in _QUOTED_KEYS and found and '"' not in found and isinstance(hint, Said):
            return f'"{found}"'
    return None


def _offset(text: str, line: int, column: int) -> int:
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
    return start + column - 1
