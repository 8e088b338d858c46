from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rules.loader import Mapping, load
from schemas.findings import Finding, Mark
from tests.helpers.nodes import plain, read, scalar

if TYPE_CHECKING:
    from collections.abc import Iterator


TRAPS = Path(__file__).parent / "yaml_traps"


def expected() -> Iterator[tuple[str, list[tuple[str, int, int]]]]:
    found: dict[str, list[tuple[str, int, int]]] = {path.stem: [] for path in sorted(TRAPS.glob("*.yaml"))}
    for row in (TRAPS / "expected.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        name, code, line, column = row.split("\t")
        found[name].append((code, int(line), int(column)))
    yield from found.items()


def places(findings: list[Finding]) -> list[tuple[str, int, int]]:
    return [(finding.code, finding.line, finding.column) for finding in findings]


@pytest.mark.parametrize(("name", "found"), [pytest.param(*case, id=case[0]) for case in expected()])
def test_a_bomb_or_trap_is_refused_at_its_place(name: str, found: list[tuple[str, int, int]]) -> None:
    text = (TRAPS / f"{name}.yaml").read_bytes().decode()

    _, findings = load(text, f"{name}.yaml")

    assert found != []
    assert places(findings) == found
    assert {finding.severity for finding in findings} == {"error"}
    assert all(finding.message and finding.hint for finding in findings)


def test_there_are_at_least_sixty_bombs_and_traps() -> None:
    assert len(list(TRAPS.glob("*.yaml"))) >= 60


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('when: !in_segment("vip")\n', "write '!in_segment(\"vip\")'"),
        ('when: "vip" in profile.tags\n', "write '\"vip\" in profile.tags'"),
        ('s: {when: count("order.paid", "7d") >= 1}\n', 'write \'count("order.paid", "7d") >= 1\''),
        ("s: {when: profile.stage in ['new', 'active'], a: 1}\n", "write \"profile.stage in ['new', 'active']\""),
        ("- [event.x > 1, min(x, y) > 1]\n", "write 'min(x, y) > 1'"),
        ("when: event.note == \"a #b\" || event.x == 'c'\n", "write 'event.note == \"a #b\" || event.x == ''c'''"),
        ("when: event.x > 1 ? 2 : 3\n", "write 'event.x > 1 ? 2 : 3'"),
        ("- event.x > 1 ? 2 : 3  # why\n", "write 'event.x > 1 ? 2 : 3'"),
        ("body: {{ name }} 好\n", "write '{{ name }} 好'"),
        ("s: {a: 1,\n  when: sum('o', 'p',\n    '7d') > 5}\n", "write \"sum('o', 'p', '7d') > 5\""),
    ],
)
def test_an_expression_without_quotes_is_answered_with_the_quoted_form(text: str, hint: str) -> None:
    _, findings = load(text, "file.yaml")

    assert [(finding.code, finding.hint) for finding in findings] == [("yaml_unquoted", hint)]


@pytest.mark.parametrize(
    "text",
    [
        "title: it's 5 # don't\n",
        'when: event.note == "a"  # not "b"\n',
        "a: b#c\n",
        "time: 12:30\n",
        "url: http://example.com/a,b?c#d\n",
        'when: count("order.paid", "7d") >= 1\n',
        "when: profile.stage in ['new', 'active'] && !in_segment('x')\n",
        "body: 你好 {{ person.name }}\n",
        "a: [x (y), z]\n",
    ],
)
def test_a_plain_text_that_yaml_reads_whole_is_left_alone(text: str) -> None:
    assert load(text, "file.yaml")[1] == []


def test_what_was_meant_is_read_on_so_that_all_faults_of_a_file_are_found_in_one_pass() -> None:
    root, findings = load("a: {when: sum(x, y) > 1, b: 2, b: 3}\nc: !has(x.y)\nno: 1\n", "file.yaml")

    assert places(findings) == [
        ("yaml_unquoted", 1, 11),
        ("yaml_duplicate_key", 1, 32),
        ("yaml_unquoted", 2, 4),
        ("yaml_trap_key", 3, 1),
    ]
    assert root is not None
    assert plain(root) == {"a": {"when": "sum(x, y) > 1", "b": 2}, "c": "!has(x.y)", "no": 1}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("", None),
        ("0", 0),
        ("-17", -17),
        ("10.50", Decimal("10.50")),
        ("1e3", Decimal("1e3")),
        ("9" * 30, int("9" * 30)),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("Off", "Off"),
        ("True", "True"),
        ("NULL", "NULL"),
        ("~", "~"),
        ("12:30", "12:30"),
        ("012", "012"),
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        ("0o7", "0o7"),
        ("+1", "+1"),
        (".5", ".5"),
        ("1.", "1."),
        (".inf", ".inf"),
        (".NaN", ".NaN"),
        ("2026-05-01", "2026-05-01"),
        ("１２", "１２"),
        ("30d", "30d"),
        ("-", "-"),
    ],
)
def test_only_the_constants_and_numbers_of_json_are_more_than_text(text: str, value: object) -> None:
    node = scalar(read(f"a: {text}\n" if text != "-" else 'a: "-"\n'), "a")

    assert (node.value, type(node.value), node.text) == (value, type(value), text)
    assert node.plain is (text != "-")


def test_digits_are_kept_as_written() -> None:
    assert str(scalar(read("a: 10.50\n"), "a").value) == "10.50"


def test_quoted_scalars_are_text_and_not_plain() -> None:
    root = read("a: \"5\"\nb: 'true'\nc: |\n  5\n")

    assert plain(root) == {"a": "5", "b": "true", "c": "5\n"}
    assert not any(scalar(root, key).plain for key in "abc")


def test_every_node_and_key_knows_its_place() -> None:
    root = read('# 注\nrules:\n  购物车:\n    when: [a, "b"]\n')

    assert isinstance(root, Mapping)
    rules = root.entries["rules"].value
    assert isinstance(rules, Mapping)
    cart = rules.entries["购物车"]
    assert (root.mark, rules.mark, cart.key_mark) == (
        Mark("file.yaml", 2, 1),
        Mark("file.yaml", 3, 3),
        Mark("file.yaml", 3, 3),
    )
    assert scalar(cart.value, "when", 1).mark == Mark("file.yaml", 4, 15)


def test_columns_count_code_points() -> None:
    assert scalar(read("😀é: x\n"), "😀é").mark == Mark("file.yaml", 1, 5)


def test_line_ends_of_windows_are_line_ends() -> None:
    root = read("a: 1\r\nb: |\r\n  x\r\n  y\r\n")

    assert plain(root) == {"a": 1, "b": "x\ny\n"}
    assert scalar(root, "b").position(2) == Mark("file.yaml", 4, 3)


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n", "---\n...\n"])
def test_an_empty_file_has_no_findings(text: str) -> None:
    root, findings = load(text, "file.yaml")

    assert findings == []
    assert root is None or plain(root) is None


def test_the_first_of_two_equal_keys_counts_and_the_second_names_its_line() -> None:
    root, (finding,) = load("a: 1\nb: 2\na: 3\n", "file.yaml")

    assert root is not None
    assert plain(root) == {"a": 1, "b": 2}
    assert "line 1" in finding.message


def test_a_file_above_one_mebibyte_is_refused() -> None:
    assert places(load("# " + "é" * (1 << 19), "file.yaml")[1]) == [("yaml_too_long", 1, 1)]
    assert load("# " + "é" * ((1 << 19) - 1), "file.yaml") == (None, [])


def test_nodes_without_a_mark_of_their_own_are_counted_too() -> None:
    text = "{" + ",".join(f"k{i}" for i in range(25_000)) + "}\n"

    root, findings = load(text, "file.yaml")

    assert root is None
    assert places(findings) == [("yaml_too_many", 1, text.index("k24999") + len("k24999") + 1)]


def test_thirty_two_levels_are_allowed() -> None:
    assert load("[" * 32 + "]" * 32, "file.yaml")[1] == []
    assert load("- " * 32 + "x\n", "file.yaml")[1] == []


def test_lone_surrogates_are_refused() -> None:
    assert places(load("a: \ud800\n", "file.yaml")[1]) == [("yaml_control", 1, 4)]


def test_a_file_of_faults_gives_at_most_a_hundred_findings() -> None:
    assert len(load("a: *x\n" * 1_000, "file.yaml")[1]) == 100
    assert len(load("\x01" * 1_000, "file.yaml")[1]) == 100


def test_a_long_key_does_not_make_a_long_message() -> None:
    key = "k" * 1_000
    (finding,) = load(f"{key}: 1\n{key}: 2\n", "file.yaml")[1]

    assert len(finding.message) < 200
