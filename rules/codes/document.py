"""The page of all codes, made of the catalogue: what each means and what to do, in both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.codes.catalogue import FAMILIES

if TYPE_CHECKING:
    from rules.codes.code import Code

__all__ = ["code_section", "codes_document"]

_HEAD = """\
# Codes of `touchline check`

Every finding has a code. Errors keep a playbook from being activated, warnings do not (`touchline check --strict` fails on them too).
`touchline codes CODE` prints one of these sections; `touchline check --lang zh` says the findings in Chinese. This page is what
`touchline codes` prints.
"""
_SEVERITY = {"error": "error · 错误", "warning": "warning · 警告", "either": "error or warning · 错误或警告"}


def codes_document() -> str:
    """The page, as Markdown."""
    parts = [_HEAD]
    for family, codes in FAMILIES.items():
        parts += [f"\n## {family}\n", *("\n" + code_section(code) for code in codes)]
    return "".join(parts)


def code_section(code: Code) -> str:
    """The section of one code."""
    lines = (
        f"### {code.name}\n",
        f"*{_SEVERITY[code.severity]}*\n",
        f"{_sentence(code.english)}. {code.remedy}\n",
        f"{code.chinese}。{code.remedy_chinese}\n",
    )
    return "\n".join(lines)


def _sentence(text: str) -> str:
    return text if text.startswith("`") else f"{text[0].upper()}{text[1:]}"
