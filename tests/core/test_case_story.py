"""The time line of a failed test can be read at a glance: in columns, whatever the names, and without repetitions."""

from __future__ import annotations

from rules.case_story import Line, _gathered, story_texts
from rules.verdicts import Clock
from schemas.texts import columns
from schemas.times import DAY, HOUR, MINUTE, parse_time

START = parse_time("2026-01-05T02:00:00Z")
CLOCK = Clock(START, "Asia/Shanghai")


def test_the_columns_stand_below_each_other_also_with_chinese_names() -> None:
    story = [
        Line(START - 1, "小美", "given the tags vip"),
        Line(START, "小美", "event visit"),
        Line(START + 2 * DAY + 23 * HOUR + 15 * MINUTE, "bob", "enters the stage new"),
        Line(START + 3 * DAY, "", "the test ends"),
    ]

    texts = story_texts(story, CLOCK)

    assert texts == [
        "                    before  小美  given the tags vip",
        "2026-01-05 10:00        0m  小美  event visit",
        "2026-01-08 09:15  2d23h15m  bob   enters the stage new",
        "2026-01-08 10:00        3d        the test ends",
    ]
    assert {columns(text[: text.index(line.text)]) for text, line in zip(texts, story, strict=True)} == {34}


def test_what_is_refused_again_and_again_is_told_once() -> None:
    refused = [
        Line(START + n, person, "tick does not start: its limit is reached") for n in range(9) for person in "ab"
    ]
    once = Line(START + 3, "a", "tour does not start: its conditions are false")

    told = _gathered([*refused, once])

    assert [(line.person, line.text) for line in told] == [
        ("a", "tick does not start: its limit is reached (9 times from here on)"),
        ("b", "tick does not start: its limit is reached (9 times from here on)"),
        ("a", "tour does not start: its conditions are false"),
    ]
