"""Findings in another language: the template of each sentence is looked up and filled with the same parts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from rules.codes import (
    chinese_cases,
    chinese_definitions,
    chinese_expressions,
    chinese_lint,
    chinese_mapping,
    chinese_reading,
    chinese_restraint,
    chinese_sense,
    chinese_start,
    chinese_yaml,
)
from rules.codes.catalogue import CODES
from schemas.texts import Said

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas.findings import Finding

__all__ = ["CHINESE", "PHRASES", "Language", "in_chinese", "localised"]

Language = Literal["en", "zh"]

CHINESE: dict[str, str] = {
    **chinese_cases.CHINESE,
    **chinese_yaml.CHINESE,
    **chinese_reading.CHINESE,
    **chinese_expressions.CHINESE,
    **chinese_definitions.CHINESE,
    **chinese_mapping.CHINESE,
    **chinese_sense.CHINESE,
    **chinese_lint.CHINESE,
    **chinese_restraint.CHINESE,
    **chinese_start.CHINESE,
}
"""Templates and whole sentences in English → in Chinese."""

PHRASES = frozenset(
    {"fault", "found", "item_type", "kind", "message", "otherwise_kind", "right_kind", "right_type", "said", "type"}
    | {"value", "wanted", "what", "why", "usage"}
)
"""Parts of sentences that may be words of ours, such as `a list`; all others are names and values of somebody else."""


def localised(findings: Iterable[Finding], language: Language) -> list[Finding]:
    """The findings with message and hint in a language; everything else of them stays."""
    if language == "en":
        return list(findings)
    return [replace(each, message=_message(each), hint=in_chinese(each.hint) or each.hint) for each in findings]


def _message(finding: Finding) -> str:
    said = in_chinese(finding.message)
    if said is not None:
        return said
    code = CODES.get(finding.code)
    return finding.message if code is None else f"{code.chinese}（{finding.message}）"


def in_chinese(text: str) -> str | None:
    """A sentence in Chinese; None where there is none, the empty text stays."""
    if not isinstance(text, Said):
        return CHINESE.get(text) if text else ""
    template = CHINESE.get(text.template)
    if template is None:
        return None
    return template.format_map({name: _part(name, part) for name, part in text.arguments.items()})


def _part(name: str, part: object) -> object:
    if isinstance(part, Said) or (name in PHRASES and isinstance(part, str)):
        return in_chinese(part) or part
    return part
