"""The playbook of everything holds every feature that the language has, by the language's own registries."""

from __future__ import annotations

import pytest

from rules.check import check_playbook
from tests.everything.features import of_the_language, used_by
from tests.everything.history import OTHER, PLAYBOOK
from workers.playbooks import zone_names


def test_every_feature_of_the_language_is_used() -> None:
    lacking = of_the_language() - used_by(PLAYBOOK) - used_by(OTHER)

    assert lacking == set(), "write it into tests/everything/playbook, and let the history make use of it"


@pytest.mark.parametrize("name", sorted(set(PLAYBOOK) - {"touchline.yaml"}))
def test_what_a_file_holds_is_missed_when_it_is_gone(name: str) -> None:
    rest = {other: text for other, text in PLAYBOOK.items() if other != name}

    assert of_the_language() - used_by(rest) != set()


@pytest.mark.parametrize("files", [PLAYBOOK, OTHER], ids=["playbook", "other"])
def test_the_playbook_of_everything_is_sound(files: dict[str, str]) -> None:
    playbook, findings = check_playbook(files, zone_names())

    assert [finding for finding in findings if finding.severity == "error"] == []
    assert playbook is not None
