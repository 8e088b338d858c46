"""Every command of every page is typed by a test, or stands in a short list here with the test that does the same."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
import typer

from tests.e2e.test_docs import IN_SENTENCES
from tests.helpers.documents import blocks, documents, name_of, sentences
from tests.helpers.source import ROOT
from workers.cli import app

if TYPE_CHECKING:
    from pathlib import Path

PAGES = [path for path in documents() if path.name != "CHANGELOG.md"]
MARKS = {"run", "start", "stop", "servers", "containers"}
"""Of a block: tests/e2e/test_docs.py types the first three, test_docs_on_servers.py and test_containers.py the others."""
LANGUAGES = {"sh", "text", "yaml", "json", "python", "toml"}
PROGRAMS = re.compile(
    r"(touchline|make|sh|bash|docker|curl|sed|git|pip|uv|npm|createdb|psql|sqlite3|python3?|\.venv/bin/\w+) +\S"
)

MAKE = {
    "bench": ("-m bench.run", "tests/e2e/test_bench.py::test_a_measurement_in_small_prints_figures"),
    "bench-servers": ("-m bench.servers", "tests/e2e/test_bench.py::test_a_measurement_in_small_prints_figures"),
    "crash": ("pytest -m crash tests/e2e", "tests/e2e/test_crashes.py::test_a_few_kills_change_nothing"),
    "crash-servers": (
        "pytest -m crash tests/e2e/test_crashes_on_servers.py tests/e2e/test_stops_on_servers.py",
        "tests/e2e/test_crashes_on_servers.py::test_ten_kills_and_a_hand_over_change_nothing",
    ),
    "demo-everywhere": (
        "pytest -s -m demo tests/e2e/test_demo_everywhere.py",
        "tests/e2e/test_simulate_on_servers.py::test_the_files_are_the_same_byte_for_byte",
    ),
    "dev": ("sh scripts/setup.sh requirements-dev.lock", "tests/e2e/test_docs_on_servers.py::test_the_three_commands"),
    "format": ("ruff format .", ".ci/run::lint"),
    "layers": ("lint-imports", ".ci/run::layers"),
    "lint": ("ruff check .", ".ci/run::lint"),
    "lock": ("uv pip compile", "tests/test_packaging.py::test_"),
    "programs": (
        "pytest -m programs tests/properties",
        "tests/properties/test_grammar_against_reference.py::test_a_thousand_programs_from_the_grammar",
    ),
    "run": ("touchline demo", "tests/e2e/test_docs.py::test_the_commands_of_the_tutorial"),
    "run-servers": ("python -m tests.servers.demo", "tests/e2e/test_docs_on_servers.py::test_the_three_commands"),
    "servers": ("python -m tests.servers", "tests/e2e/test_servers.py::test_three_servers_run_until_they_are_told"),
    "test": ("python -m pytest -n 2", "tests/e2e/test_docs_on_servers.py::test_the_three_commands"),
    "test-compiled": ("python scripts/compiled.py --required", "tests/test_packaging.py::test_what_is_compiled_exists"),
    "types": ("mypy", ".ci/run::types"),
    "wheel-compiled": ("HATCH_BUILD_HOOK_ENABLE_CUSTOM=true", "tests/test_packaging.py::test_what_is_compiled_exists"),
}
"""Targets of make that stand in a sentence: what each runs, and what drives the same, or its little brother."""

ELSEWHERE = {
    "bash .ci/run": (".ci/run::make", "runs this suite, so no test can run it"),
    "python -m workers": ("tests/helpers/installation.py::workers", "every test of a command does"),
    "python workers/cli.py": ("CONTRIBUTING.md::the wrong folder on the path", "named as what not to type"),
    "python -m bench.ledger": ("tests/e2e/test_bench.py::bench.ledger", "takes minutes in full"),
    "python -m bench.playbook_tests": ("tests/e2e/test_bench.py::bench.playbook_tests", "takes minutes in full"),
    "python -m bench.state": ("tests/e2e/test_bench.py::bench.state", "takes minutes in full"),
    "createdb --encoding UTF8 --template template0 --owner touchline touchline": (
        "tests/e2e/test_docs_on_servers.py::test_the_database_that_the_page_on_settings_makes",
        "typed there, where there is a server",
    ),
    "sed -i s/CNY/GBP/ playbook/*.yaml": (
        "tests/e2e/test_packs.py::test_all_amounts_stand_in_three_files_so_that_another_currency_is_one_command",
        "the test replaces the same letters, as BSD has another sed",
    ),
}
"""Commands in sentences that no test types word for word: where the same is done, and why not these words."""


def spans() -> set[str]:
    """What stands in a sentence and begins like a command."""
    found = {span for path in PAGES for span in sentences(path.read_text("utf-8"))}
    return {span for span in found if PROGRAMS.match(span)}


@pytest.mark.parametrize("path", documents(), ids=name_of)
def test_a_block_says_its_language_and_one_of_commands_says_who_types_it(path: Path) -> None:
    text = path.read_text("utf-8")
    found = blocks(text)

    assert len(re.findall("^ *```", text, re.MULTILINE)) == 2 * len(found), "a fence begins at the line's beginning"
    assert {block.language for block in found} <= LANGUAGES
    for block in found:
        commands = block.language == "sh" or any(re.match(rf"\$ |{PROGRAMS.pattern}", line) for line in block.lines)
        assert len(MARKS & set(block.marks)) == commands, block.text


def test_blocks_for_containers_stand_on_the_page_whose_commands_are_typed() -> None:
    marked = [name_of(path) for path in PAGES if any("containers" in b.marks for b in blocks(path.read_text("utf-8")))]

    assert marked == ["docs/operating.md"]


def test_every_command_in_a_sentence_is_one_of_ours_or_listed_and_nothing_else_is_listed() -> None:
    others = {span for span in spans() if not re.match("touchline |make [a-z -]+$", span)}

    assert others == {*ELSEWHERE, *IN_SENTENCES}


def test_every_touchline_in_a_sentence_is_a_command_with_options_that_it_has() -> None:
    commands = typer.main.get_group(app).commands
    wrong = []
    begun = re.compile(rf"touchline |({'|'.join(commands)}) -")
    for span in sorted(span for path in PAGES for span in sentences(path.read_text("utf-8")) if begun.match(span)):
        name, *words = span.removeprefix("touchline ").split()
        options = {"--help"} | {o for p in (commands[name].params if name in commands else ()) for o in p.opts}
        named = {word for word in words if word.startswith("-")}
        if (name not in commands and name != "COMMAND") or (name in commands and named - options):
            wrong.append(span)

    assert wrong == []


def test_every_target_of_make_in_a_sentence_is_listed_and_nothing_else_is_listed() -> None:
    named = {target for span in spans() if (made := re.match("make ([a-z -]+)$", span)) for target in made[1].split()}

    assert named == set(MAKE)


@pytest.mark.parametrize("target", MAKE)
def test_a_target_of_make_runs_what_the_page_says(target: str) -> None:
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 0, done.stderr
    assert MAKE[target][0] in done.stdout


@pytest.mark.parametrize(
    "place", sorted({place for place, _ in ELSEWHERE.values()} | {place for _, place in MAKE.values()})
)
def test_what_is_named_in_place_of_a_command_exists(place: str) -> None:
    name, _, words = place.partition("::")

    assert words in (ROOT / name).read_text("utf-8")
