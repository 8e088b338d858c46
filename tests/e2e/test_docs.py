"""Every command that the documents ask a reader to type, typed in a checkout; what needs servers is in test_docs_on_servers.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.helpers.documents import blocks, documents, name_of, read
from tests.helpers.reader import ACTIVATE, Reader, cut_sample, make_checkout

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOGETHER = {"README.md", "docs/tutorial.md", "docs/operating.md"}
OTHERS = [
    name
    for path in documents()
    if (name := name_of(path)) not in TOGETHER and any("run" in block.marks for block in blocks(read(name)))
]
"""Pages whose commands need nothing that another page has typed."""

IN_SENTENCES = {
    "sh scripts/setup.sh requirements.lock && .venv/bin/touchline demo": "People by stage",
    "make run PYTHON=python3.12": "People by stage",
    ".venv/bin/python -m pytest tests/core/test_windows.py -k late": "1 passed",
    ".venv/bin/python -m pytest --hypothesis-profile=search tests/properties": " passed",
}
"""Commands that stand in a sentence of the README or of CONTRIBUTING, and what they print."""


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    reader = Reader(make_checkout(tmp_path / "checkout"), tmp_path / "desk")
    yield reader
    reader.leave()


def test_the_commands_of_the_readme_work(reader: Reader) -> None:
    for block in blocks(read("README.md")):
        reader.follow(block)

    assert "welcome" in reader.said


@pytest.mark.parametrize("page", OTHERS)
def test_the_commands_of_every_other_page_work(reader: Reader, page: str) -> None:
    cut_sample(reader.folder, 20_000)
    assert reader.enter(ACTIVATE) == 0
    for block in blocks(read(page)):
        reader.follow(block)


def test_the_commands_of_the_tutorial_and_the_backup_of_its_data_work(reader: Reader) -> None:
    for block in [*blocks(read("docs/tutorial.md")), *blocks(read("docs/operating.md"))]:
        reader.follow(block)

    assert "1 people" in reader.said


@pytest.mark.parametrize("command", IN_SENTENCES)
def test_the_commands_inside_sentences_work(reader: Reader, command: str) -> None:
    cut_sample(reader.folder, 5_000)
    reader.places["python3.12"] = ".venv/bin/python"  # the interpreter that there is

    assert reader.enter(command) == 0, reader.said
    assert IN_SENTENCES[command] in reader.said
