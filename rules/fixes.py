"""What can only have been meant in one way: findings whose hint is the very text to write, and their correction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.check import check_playbook
from rules.edits import edit_of
from schemas.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rules.edits import Edit

__all__ = ["fixed"]

_ROUNDS = 20


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
    known = {(each.file, each.line, each.code, each.message) for each in before if each is not finding}
    last = finding.column + len(edit.replacement)
    for each in after:
        fresh = each.severity == "error" and (each.file, each.line, each.code, each.message) not in known
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
