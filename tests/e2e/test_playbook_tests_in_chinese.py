"""`touchline test` in Chinese: by `--lang` or by the locale, and every sentence is there in both languages."""

from __future__ import annotations

import json
from string import Formatter
from typing import TYPE_CHECKING

import pytest

from tests.helpers.cases import SHOP
from tests.helpers.installation import Installation
from tests.helpers.typed import Typed, typing_in
from workers.commands.test_words import WORDS

if TYPE_CHECKING:
    from pathlib import Path

FAULTY = "tests:\n  - {name: one, when: [{event: cart.aded}], expect: []}\n"
TESTS = """\
tests:
  - {name: one, when: [{event: cart.added, cart_total: 1}], expect: []}
  - {name: two, when: [{event: cart.added, cart_total: 1}], expect: [{send: cart, at: 1h}]}
"""


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Typed:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    here = Installation(tmp_path, {"shop.yaml": SHOP, "tests/cart.yaml": TESTS})
    here.write_playbook()
    return typing_in(here, monkeypatch, capfd)


def test_results_are_told_in_chinese(typed: Typed) -> None:
    done = typed("test", "playbook", "--lang", "zh")

    assert done.code == 1
    assert "失败 tests/cart.yaml:3:5: two" in done.out
    assert "1 个通过，1 个失败，用时" in done.out


def test_faults_of_tests_are_told_in_chinese_by_the_locale_and_in_english_if_asked(
    typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "playbook/tests/cart.yaml").write_text(FAULTY, "utf-8")
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")

    chinese, english = typed("test", "playbook"), typed("test", "playbook", "--lang", "en")
    document = json.loads(typed("test", "playbook", "--json").out)

    assert "未知的事件 'cart.aded'" in chinese.out
    assert "测试有错误，所以一个也没有运行" in chinese.err
    assert "unknown event 'cart.aded'" in english.out
    assert document["findings"][0]["message"] == "未知的事件 'cart.aded'"


@pytest.mark.parametrize("name", WORDS)
def test_a_sentence_is_there_in_both_languages_with_the_same_parts(name: str) -> None:
    parts = {
        language: {part for _, part, _, _ in Formatter().parse(text) if part} for language, text in WORDS[name].items()
    }

    assert set(parts) == {"en", "zh"}
    assert parts["en"] == parts["zh"]
