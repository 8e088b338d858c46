"""What can only have been meant in one way: findings whose hint is the very text to write, as edits of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.check import check_playbook
from rules.yaml_source import quoted
from schemas.findings import Finding
from schemas.texts import Said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Edit", "edit_of", "fixed"]

_ROUNDS = 20
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


def fixed(files: Mapping[str, str], zones: frozenset[str] | None = None) -> tuple[dict[str, str], list[Finding]]:
    """The files with all safe corrections, and the findings that were corrected.

    Each edit is tried, at most one a line at a time; one that leaves its fault or makes another is taken back.
    """
    texts, done, refused = dict(files), list[Finding](), set[Finding]()
    for _ in range(_ROUNDS):
        _, before = check_playbook(texts, zones)
        chosen = _chosen(texts, before, refused)
        while chosen:
            changed = _applied(texts, chosen)
            _, after = check_playbook(changed, zones)
            bad = {finding for finding, edit in chosen if _harmed(finding, edit, before, after)}
            refused |= bad
            chosen = [pair for pair in chosen if pair[0] not in bad]
            if not bad:
                texts, done = changed, [*done, *(finding for finding, _ in chosen)]
                break
        if not chosen:
            break
    return texts, done


def _harmed(finding: Finding, edit: Edit, before: Sequence[Finding], after: Sequence[Finding]) -> bool:
    """Whether a correction made it no better: an error stands in it now, or the file is not even YAML any more.

    Errors elsewhere in the line may only have been hidden by this one.
    """
    known = {(each.file, each.line, each.column, each.code) for each in before if each is not finding}
    last = finding.column + len(edit.replacement)
    for each in after:
        fresh = each.severity == "error" and (each.file, each.line, each.column, each.code) not in known
        here = (each.file, each.line) == (finding.file, finding.line)
        if fresh and here and (finding.column <= each.column <= last or each.code == "expr_open_text"):
            return True
    return _yaml(after, finding.file) > _yaml(before, finding.file)


def _yaml(findings: Sequence[Finding], file: str) -> int:
    return sum(finding.file == file and finding.code.startswith("yaml_") for finding in findings)


def _chosen(texts: Mapping[str, str], findings: Sequence[Finding], refused: set[Finding]) -> list[tuple[Finding, Edit]]:
    """At most one edit a line."""
    out: dict[tuple[str, int], tuple[Finding, Edit]] = {}
    for finding in findings:
        edit = None if finding in refused or finding.file not in texts else edit_of(finding, texts[finding.file])
        if edit is not None:
            out.setdefault((finding.file, finding.line), (finding, edit))
    return list(out.values())


def _applied(texts: Mapping[str, str], chosen: Sequence[tuple[Finding, Edit]]) -> dict[str, str]:
    out = dict(texts)
    for finding, (start, end, replacement) in sorted(chosen, key=lambda pair: pair[1], reverse=True):
        text = out[finding.file]
        out[finding.file] = text[:start] + replacement + text[end:]
    return out


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
