"""What `touchline test` says around its results, in English and Chinese."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.codes.languages import Language

__all__ = ["WORDS", "said"]

WORDS: dict[str, dict[Language, str]] = {
    "passed": {
        "en": "{passed} passed, {failed} failed in {seconds:.1f} s",
        "zh": "{passed} 个通过，{failed} 个失败，用时 {seconds:.1f} 秒",
    },
    "fail": {"en": "FAIL", "zh": "失败"},
    "watching": {"en": "watching {folder}; Ctrl-C stops it", "zh": "正在留意 {folder}；按 Ctrl-C 结束"},
    "playbook": {
        "en": "the playbook has faults, so its tests were not run",
        "zh": "剧本有错误，所以没有运行它的测试",
    },
    "tests": {"en": "the tests have faults, so none was run", "zh": "测试有错误，所以一个也没有运行"},
    "defaults": {"en": "these faults come of the defaults of inputs", "zh": "这些错误来自输入项的默认值"},
    "none": {"en": "there are no tests: write some in {place}", "zh": "没有测试：写在 {place} 里"},
    "none_chosen": {
        "en": "none of the {number} tests is what was asked for",
        "zh": "{number} 个测试里没有符合要求的",
    },
    "coverage": {
        "en": "the coverage is {found:.1f}%, and --fail-under asks for {wanted:g}%",
        "zh": "覆盖率是 {found:.1f}%，--fail-under 要求 {wanted:g}%",
    },
}
"""Each sentence by a name of its own; both languages have the same parts."""


def said(sentence: str, language: Language, **parts: object) -> str:
    """A sentence with its parts."""
    return WORDS[sentence][language].format(**parts)
