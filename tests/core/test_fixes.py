"""Corrections that `check --fix` makes: only what can have been meant in one way, and never another fault."""

from __future__ import annotations

import pytest

from rules.check import check_playbook
from rules.fixes import fixed
from tests.core.test_operator_mistakes import MISTAKES
from tests.helpers.mutations import GOOD, KINDS, spoilt
from tests.helpers.playbooks import BASE, CASE, ZONES, marked, rule_text

RIGHT = {
    "a comma in braces": '  s: {when: \'count("order.paid", "7d") >= 1\'}',
    "a leading exclamation mark": "    when: '!in_segment(\"vip\")'",
    "a single equals sign": "    when: event.amount == 5",
    "an arrow": "    when: event.amount >= 5",
    "and": "    when: event.amount > 5 && true",
    "OR": "    when: event.amount > 5 || true",
    "a full-width comparison": "    when: event.amount > 5",
    "a full-width quote": '    when: profile.name == "a"',
    "a Chinese and": "    when: event.amount > 5 && true",
    "a separator of thousands": "    when: event.amount > 5000",
    "one in braces": "  t: {when: profile.level > 5000}",
    "on as a key": "    event: order.paid",
    "no for false": "  x: {interaction: false}",
    "no as a name": "  \"no\": {when: 'true'}",
    "a unit in Chinese": "    expires: 2h",
    "no space behind a colon": "    event: order.paid",
}
GUESSES = [
    "not",
    "between",
    "a currency",
    "a bare length of time",
    "a bare date",
    "chained comparisons",
    "a tab",
    "a clock as a length of time",
    "no unit",
    "money without its currency",
]


def case(name: str) -> str:
    return marked(MISTAKES[name][0].replace("“a", "“a”") if name == "a full-width quote" else MISTAKES[name][0])[0]


@pytest.mark.parametrize("name", list(RIGHT))
def test_what_can_only_have_been_meant_in_one_way_is_corrected(name: str) -> None:
    text = case(name).replace("””", "”")

    files, done = fixed({**BASE, CASE: text}, ZONES)

    assert [finding.code for finding in done] == [MISTAKES[name][1]]
    assert RIGHT[name] in files[CASE].splitlines()
    assert files["base.yaml"] == BASE["base.yaml"]


@pytest.mark.parametrize("name", GUESSES)
def test_what_would_be_a_guess_is_left_to_a_person(name: str) -> None:
    files, done = fixed({**BASE, CASE: case(name)}, ZONES)

    assert (files[CASE], done) == (case(name), [])


def test_several_faults_of_one_line_are_corrected_one_after_the_other() -> None:
    text = rule_text("when: event.amount = 5 and event.amount ≥ 1,000  # why")

    files, done = fixed({**BASE, CASE: text}, ZONES)

    assert "    when: event.amount == 5 && event.amount >= 1000  # why\n" in files[CASE]
    assert len(done) == 4


def test_an_edit_that_would_break_the_file_is_taken_back() -> None:
    text = rule_text('when: "profile.name == “a”"')

    files, done = fixed({**BASE, CASE: text}, ZONES)

    assert (files[CASE], done) == (text, [])


def test_a_retired_name_gives_way_to_its_replacement() -> None:
    text = "events:\n  old: {retired: true, replaced_by: order.paid}\n" + rule_text(
        'when: count("old", "7d") > 1  # an old one', start="event: old"
    )

    files, _ = fixed({**BASE, CASE: text}, ZONES)

    assert '    event: order.paid\n    when: count("order.paid", "7d") > 1  # an old one\n' in files[CASE]
    assert check_playbook(files, ZONES)[1] == []


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_correction_never_makes_a_fault_of_another_line(kind: str) -> None:
    for good in list(GOOD)[:: len(GOOD) // 4]:
        text, line = spoilt(good, kind)

        files, done = fixed({"p.yaml": text})

        _, findings = check_playbook(files)
        assert {finding.line for finding in findings if finding.severity == "error"} <= {line}
        assert fixed(files) == (files, []), "nothing is left to correct"
        if not done:
            assert files["p.yaml"] == text


def test_a_sound_file_is_not_touched() -> None:
    for text in list(GOOD.values())[:4]:
        assert fixed({"p.yaml": text}) == ({"p.yaml": text}, [])
