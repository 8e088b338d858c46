"""The reference of a playbook: everything in it is named, and the pictures are sound."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from rules.read import read_playbook
from rules.reference.document import reference_of
from rules.reference.words import duration_text
from schemas.times import parse_duration
from tests.helpers.mutations import GOOD
from tests.helpers.playbooks import BASE, rule_text
from workers.playbooks import read_folder

if TYPE_CHECKING:
    from rules.model import Playbook

SAMPLE = read_folder(Path(__file__).parents[2] / "examples" / "online_retail" / "playbook")


def read(files: dict[str, str]) -> Playbook:
    playbook, findings = read_playbook(files)
    assert playbook is not None, findings
    return playbook


@pytest.mark.parametrize("files", [SAMPLE, *({"p.yaml": text} for text in list(GOOD.values())[::3])])
def test_everything_of_a_playbook_is_in_its_reference(files: dict[str, str]) -> None:
    playbook = read(files)
    text = reference_of(playbook)["playbook.md"]

    names = [
        *playbook.catalogue.events,
        *playbook.catalogue.traits,
        *playbook.segments,
        *playbook.templates,
        *playbook.pools,
    ]
    names += [*playbook.communities, *playbook.rules, *(stage.id for stage in playbook.stages)]
    assert [name for name in names if f"`{name}`" not in text and f"### {name}" not in text] == []


def test_every_picture_is_an_svg_that_the_text_shows() -> None:
    files = reference_of(read(SAMPLE))
    pictures = {name for name in files if name.endswith(".svg")}

    assert set(re.findall(r"\]\((pictures/[^)]+)\)", files["playbook.md"])) == pictures
    for name in pictures:
        root = ET.fromstring(files[name])
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root.find("{http://www.w3.org/2000/svg}title") is not None


def test_a_picture_shows_the_way_from_the_trigger_to_the_last_step() -> None:
    text = rule_text(
        "when: event.amount > 5",
        'unless: in_segment("vip")',
        "wait: {for: 90m, unless: [order.cancelled]}",
        "limit: once",
        then="[{issue_coupon: gift}, {wait: 2d}, {send: {template: hello, channels: [sms, email]}}, {tag: <a&b>}]",
    )  # fmt: skip
    picture = reference_of(read({**BASE, "case.yaml": text}))["pictures/r.svg"]

    root = ET.fromstring(picture)
    assert [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")] == [
        "event order.paid", "once", "when event.amount > 5", 'unless in_segment("vip")', "wait 1h30m, unless order.cancelled",
        "issue a coupon of gift as coupon", "wait 2d", "send hello by sms, email", "tag <a&b>",
    ]  # fmt: skip


def test_long_texts_stay_in_their_box() -> None:
    text = rule_text("when: '" + " && ".join(["event.amount > 5"] * 20) + "'", f"title: {'很长' * 60}")
    picture = reference_of(read({**BASE, "case.yaml": text}))["pictures/r.svg"]

    assert max(len(line.text or "") for line in ET.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")) <= 64


def test_a_pipe_in_a_text_does_not_end_a_cell() -> None:
    text = reference_of(
        read({**BASE, "case.yaml": "segments:\n  s: {title: a | b, when: 'profile.level > 3 || true'}\n"})
    )["playbook.md"]
    row = next(line for line in text.splitlines() if line.startswith("| `s` |"))

    assert re.split(r"(?<!\\)\|", row)[1:-1] == [" `s` ", " a \\| b ", " `profile.level > 3 \\|\\| true` "]


@pytest.mark.parametrize("text", ["45s", "90m", "1d12h", "2w", "30d", "1h30m", "500ms", "36h"])
def test_a_length_of_time_in_words_is_the_same_length(text: str) -> None:
    assert parse_duration(duration_text(parse_duration(text))) == parse_duration(text)


def test_the_reference_of_the_same_playbook_is_the_same() -> None:
    assert reference_of(read(SAMPLE)) == reference_of(read(SAMPLE))
