"""`touchline check` and `touchline codes`: languages, strictness, forms."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from workers.cli import app
from workers.settings import language

if TYPE_CHECKING:
    from pathlib import Path

WARNED = """\
workspace: {zone: UTC, currency: GBP}
events: {a: }
lifecycle: [{id: one, when: 'count("a", "1d") > 0'}]
"""
FAULTY = WARNED.replace('"a", "1d"', '"b", "1d"')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "touchline.yaml").write_text(WARNED, "utf-8")
    return tmp_path


def run(*words: str, **environment: str) -> tuple[int, str]:
    done = CliRunner(env={"LC_ALL": "", "LC_MESSAGES": "", "LANG": "C", **environment}).invoke(app, words)
    return done.exit_code, done.stdout


def test_a_warning_passes_unless_the_check_is_strict(folder: Path) -> None:
    assert run("check", str(folder))[0] == 0
    assert run("check", str(folder), "--strict")[0] == 1


def test_the_language_is_that_of_the_option_else_of_the_locale(folder: Path) -> None:
    assert "people for whom no stage holds" in run("check", str(folder))[1]
    assert "不满足任何阶段" in run("check", str(folder), "--lang", "zh")[1]
    assert "1 个文件：0 个错误，1 个警告" in run("check", str(folder), LANG="zh_CN.UTF-8")[1]
    assert "people for whom" in run("check", str(folder), "--lang", "en", LANG="zh_CN.UTF-8")[1]


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US"}, "en"),
        ({"LANG": "en_US", "LC_ALL": "zh_TW"}, "zh"),
        ({"LANG": "zh_CN", "LC_ALL": ""}, "zh"),
    ],
)
def test_the_first_locale_that_is_set_counts(environment: dict[str, str], expected: str) -> None:
    assert language(environment) == expected


def test_json_and_annotations_are_said_in_the_language_too(folder: Path) -> None:
    (folder / "touchline.yaml").write_text(FAULTY, "utf-8")

    (error, warning) = json.loads(run("check", str(folder), "--json", "--lang", "zh")[1])[::-1]
    annotations = run("check", str(folder), "--format", "github", "--lang", "zh")[1].splitlines()

    assert (warning["code"], error["code"]) == ("no_otherwise", "unknown_event")
    assert error["message"] == "未知的事件 'b'"
    assert "::未知的事件 'b' " in annotations[1]


def test_a_code_is_explained_in_both_languages() -> None:
    status, said = run("codes", "unknown_event")

    assert status == 0
    assert said.startswith("### unknown_event\n")
    assert "目录里没有这个事件" in said
