"""The reference of a playbook: everything in it is named, and the pictures are sound."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from rules.read import read_playbook
from rules.reference.document import reference_of
from rules.reference.lettering import width_of, wrapped
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


SVG = "{http://www.w3.org/2000/svg}"
DEEP = """\
if_running: ignore
    canary: 12.5%
    then:
      - if: profile.level > 1 && in_segment("高价值人群的一部分")
        then:
          - split: 试验
            arms:
              甲: {weight: 1, then: [{id: wink, send: {template: hello, channels: [sms]}}, {if: profile.level > 5, else: [stop]}]}
              乙: {weight: 2, then: [{tag: 很长很长很长很长很长很长很长很长很长很长的标签}, {wait: {until: "09:30"}}]}
              对照: {weight: 0}
          - assign: {to: all}
        else:
          - wait: {event: [order.cancelled, order.paid], within: 12h, unless: [cart.added], while: profile.level < 9}
            then: [stop]
            else: [{if: profile.level > 0, then: [{tag: a}, stop], else: [stop]}]
      - tag: late
"""


def deep() -> dict[str, str]:
    text = "segments: {高价值人群的一部分: {when: profile.level > 7}}\n" + rule_text(DEEP.rstrip(), then="").replace(
        "    then: \n", ""
    )
    return reference_of(read({**BASE, "case.yaml": text}))


def boxes(picture: ET.Element) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of every box."""
    found = [
        [float(each.get(name, "0")) for name in ("x", "y", "width", "height")]
        for each in picture.iter(f"{SVG}rect")
        if each.get("rx")
    ]
    return [(x, y, x + width, y + height) for x, y, width, height in found]


def test_a_picture_draws_every_way_with_what_is_written_at_its_entrance() -> None:
    texts = [each.text for each in ET.fromstring(deep()["pictures/r.svg"]).iter(f"{SVG}text")]

    for label in ("yes", "no, or unknown", "甲 33.3%", "乙 66.7%", "对照 0%", "answered", "not within 12h"):
        assert label in texts
    assert texts.count("stop") == 4
    assert texts[:4] == [
        "event order.paid",
        "only for 12.5% of people",
        "while a run of it waits: ignore",
        "if profile.level > 1 &&",
    ]
    assert "wait until 09:30" in texts


def test_no_two_boxes_of_a_picture_overlap_and_all_lie_inside() -> None:
    picture = ET.fromstring(deep()["pictures/r.svg"])
    _, _, width, height = map(float, picture.get("viewBox", "").split())
    found = boxes(picture)

    assert len(found) == 16
    assert all(left >= 0 and top >= 0 and right <= width and bottom <= height for left, top, right, bottom in found)
    for at, (left, top, right, bottom) in enumerate(found):
        for x, y, to, end in found[at + 1 :]:
            assert right <= x or to <= left or bottom <= y or end <= top


def test_no_text_of_a_picture_lies_across_the_edge_of_a_box() -> None:
    picture = ET.fromstring(deep()["pictures/r.svg"])
    for text in picture.iter(f"{SVG}text"):
        x, y, width = float(text.get("x", "")), float(text.get("y", "")), width_of(text.text or "")
        for left, top, right, bottom in boxes(picture):
            inside = left <= x and x + width <= right and top < y < bottom
            outside = x + width <= left or right <= x or y <= top or bottom <= y - 9
            assert inside or outside, text.text


def test_steps_of_the_reference_have_the_names_that_tests_know_them_by() -> None:
    lines = deep()["playbook.md"].splitlines()

    at = lines.index('- `0` if profile.level > 1 && in_segment("高价值人群的一部分")')
    assert lines[at + 1 : at + 6] == [
        "  - then:",
        "    - `0.then.0` split 试验",
        "      - 甲, 33.3%:",
        "        - `wink` (`0.then.0.arms.甲.0`) send hello by sms",
        "        - `0.then.0.arms.甲.1` if profile.level > 5",
    ]
    assert "      - if it does not come within 12h:" in lines
    assert (
        "    - `0.else.0` wait for order.cancelled or order.paid, 12h at most, unless cart.added, while profile.level &lt; 9"
        in lines
    )


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("很长的旅程，很长", 60, ["很长的旅", "程，很长"]),
        ("很长的旅程，", 65, ["很长的旅程，"]),
        ('in_segment("一 二") && x', 140, ['in_segment("一 二")', "&& x"]),
        ("abcdefgh" * 3, 70, None),
        ("", 70, [""]),
    ],
)  # fmt: skip
def test_lines_break_between_words_and_behind_chinese_characters(
    text: str, width: float, lines: list[str] | None
) -> None:
    found = wrapped(text, width)

    assert "".join(found).replace(" ", "") == text.replace(" ", "")
    assert lines is None or found == lines
    assert all(width_of(line.rstrip("，")) <= width for line in found)


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
