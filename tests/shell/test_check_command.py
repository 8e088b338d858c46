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
    assert "::未知的事件 'b'%0A" in annotations[1]


def test_the_tests_of_a_playbook_are_checked_in_the_same_pass(folder: Path) -> None:
    (folder / "tests").mkdir()
    (folder / "tests" / "t.yaml").write_text("tests:\n  - {name: x, when: [{event: b}], expect: []}\n", "utf-8")

    status, said = run("check", str(folder))

    assert status == 1
    assert "tests/t.yaml:2:30: error[unknown_event]: unknown event 'b'\n" in said
    assert "  - {name: x, when: [{event: b}], expect: []}\n" in said
    assert said.endswith("2 files: 1 error, 1 warning\n")


def test_a_code_is_explained_in_both_languages() -> None:
    status, said = run("codes", "unknown_event")

    assert status == 0
    assert said.startswith("### unknown_event\n")
    assert "目录里没有这个事件" in said


def test_fmt_writes_the_canonical_form_and_check_only_says_so(folder: Path) -> None:
    file = folder / "touchline.yaml"
    file.write_text(
        WARNED.replace("zone: UTC", "zone:  UTC").replace("lifecycle:", "# why\nlifecycle:  # how"), "utf-8"
    )
    file.write_text("segments:\n    s:\n        when: 'true'\n" + file.read_text("utf-8"), "utf-8")
    file.chmod(0o640)
    before = file.read_text("utf-8")

    assert run("fmt", str(folder), "--check")[0] == 1
    assert file.read_text("utf-8") == before
    assert run("fmt", str(folder), "--json") == (0, '[\n  "touchline.yaml"\n]\n')
    assert run("fmt", str(folder), "--check")[0] == 0
    assert file.read_text("utf-8").startswith("segments:\n  s:\n    when: 'true'\n")
    assert [path.name for path in folder.iterdir()] == ["touchline.yaml"]
    assert file.stat().st_mode & 0o777 == 0o640


def test_fix_corrects_the_file_and_reports_what_is_left(folder: Path) -> None:
    file = folder / "touchline.yaml"
    file.write_text(WARNED.replace("> 0", "= 0 and profile.x > 3"), "utf-8")

    status, said = run("check", str(folder), "--fix", "--json")

    assert status == 1
    assert "== 0 && profile.x > 3" in file.read_text("utf-8")
    assert [finding["code"] for finding in json.loads(said)] == ["no_otherwise", "unknown_trait"]


def test_docs_writes_the_reference_and_not_that_of_a_faulty_playbook(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    out = tmp_path_factory.mktemp("out") / "docs"

    assert run("docs", str(folder), "--out", str(out), "--json") == (0, '[\n  "playbook.md"\n]\n')
    assert "### a\n" in (out / "playbook.md").read_text("utf-8")
    (folder / "touchline.yaml").write_text(FAULTY, "utf-8")
    assert run("docs", str(folder), "--out", str(out / "again"))[0] == 1
    assert not (out / "again").exists()


def test_schema_prints_json_also_for_a_playbook_with_faults(folder: Path) -> None:
    (folder / "touchline.yaml").write_text(FAULTY, "utf-8")

    status, said = run("schema", str(folder))

    assert status == 0
    assert json.loads(said)["definitions"]["rule"]["properties"]["event"]["anyOf"][0]["enum"][-1] == "person.updated"
