"""A fault of YAML hides no other fault, and each is told at its place in the file that somebody wrote."""

from __future__ import annotations

import pytest

from rules.check import check_playbook
from rules.fixes import fixed
from tests.helpers.playbooks import ZONES

SHOP = """\
workspace: {name: Shop, zone: Europe/London, currency: GBP}
events:
  order.paid: {properties: {amount: {type: money}}}
"""


def found(segments: str, other: str = "") -> list[tuple[str, str]]:
    """Each finding: its code, and the text that it underlines."""
    files = {
        "base.yaml": SHOP,
        "one.yaml": f"segments:\n{segments}",
        "two.yaml": f"segments:\n{other}" if other else "",
    }
    playbook, findings = check_playbook(files, ZONES)
    assert playbook is None
    lines = {name: text.splitlines() for name, text in files.items()}
    return [
        (f.code, lines[f.file][f.line - 1][f.column - 1 :][: f.length]) for f in findings if f.code != "unused_segment"
    ]


def test_faults_behind_one_of_yaml_are_found_in_the_same_pass_in_its_file_and_in_others() -> None:
    segments = """\
  a: {when: count("order.paid", "7d") > 1, title: x}
  b: {when: !in_segmnt("a")}
  c: {when: 'count("order.piad", "7d") > 1'}
"""
    other = '  d: {when: \'sum("order.paid", "amuont", "7d") > 1\'}\n'

    assert found(segments, other) == [
        ("yaml_unquoted", 'count("order.paid", "7d") > 1'),
        ("yaml_unquoted", '!in_segmnt("a")'),
        ("unknown_function", "in_segmnt"),
        ("unknown_event", '"order.piad"'),
        ("unknown_property", '"amuont"'),
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            '{when: count("order.piad", "7d") > 1, titel: x}',
            [("unknown_event", '"order.piad"'), ("unknown_key", "titel")],
        ),
        ('{when: count("order.paid", "7d") = 1, titel: x}', [("expr_single_equals", "="), ("unknown_key", "titel")]),
        ("{when: !has_tag('a') && cuont(1), titel: x}", [("unknown_function", "cuont"), ("unknown_key", "titel")]),
    ],
)
def test_what_stands_in_a_text_that_wants_quotes_and_behind_it_is_found_at_its_place(
    line: str, expected: list[tuple[str, str]]
) -> None:
    first, *others = found(f"  a: {line}\n")

    assert first[0] == "yaml_unquoted"
    assert others == expected


def test_a_fault_that_somebody_must_decide_ends_what_can_be_seen_of_the_file() -> None:
    segments = '  a: {when: count("order.piad", "7d") > 1, title: x}\n  b: {when: [}\n  c: {whne: x}\n'

    assert [code for code, _ in found(segments)] == ["yaml_unquoted", "yaml_bracket"]


def test_fix_quotes_a_condition_that_holds_another_fault_and_corrects_that_too() -> None:
    segments = 'segments:\n  a: {when: count("order.paid", "7d") = 1, title: x}\n  b: {when: !in_segmnt("a")}\n'

    files, _ = fixed({"base.yaml": SHOP, "one.yaml": segments}, ZONES)

    assert files["one.yaml"].splitlines()[1:] == [
        '  a: {when: \'count("order.paid", "7d") == 1\', title: x}',
        "  b: {when: '!in_segmnt(\"a\")'}",
    ]
