"""What must hold of any text that the loader reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.loader import Mapping, Node, Scalar, Sequence, load
from schemas.findings import Mark
from tests.helpers.nodes import plain, read, scalar

if TYPE_CHECKING:
    from collections.abc import Iterator


PIECES = [
    "!",
    "!a",
    "!<",
    "%41",
    "&a",
    "*a",
    "[",
    "{",
    "a:",
    "?",
    "-",
    '"',
    "'",
    "a",
    "\\n",
    "|",
    "|2",
    ">-",
    "\\",
    "\\t",
    "---",
    "...",
    "%a",
    "%YAML",
    ":",
    ",",
    "é",
    "😀",
    "]",
    "}",
    "{{",
    "}}",
    "when:",
    "on:",
    "no",
    "12:30",
    'count("o","7d")',
    'event.x=="b"',
    "!has(x.y)",
    "a?b:c",
    "\\x41",
    "\\u0041",
    "\\q",
    "@",
    "`",
    "1",
    "1e5",
    "<<:",
    "key:",
    "-",
    "&",
    "*",
    "~",
    "=",
    ".",
    "!!str",
]


characters = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="\ufeff\ufffe\uffff")
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(1 - 10**30, 10**30 - 1) | st.text(characters),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcdé\"'#: -", min_size=1), inner, max_size=4),
    max_leaves=12,
)


@given(json_values, st.sampled_from([None, 2]))
def test_what_json_says_is_read_as_json_says_it(value: object, indent: int | None) -> None:
    assert plain(read(json.dumps(value, indent=indent, ensure_ascii=False))) == value


words = st.text("ab\"'\\#é😀:{}", min_size=1, max_size=8)
texts = st.lists(words, min_size=1, max_size=6).map(" ".join)


def written(character: str, style: str) -> str:
    """How the character stands in a scalar of that style."""
    if style == "single":
        return character.replace("'", "''")
    if style == "double":
        return character.replace("\\", "\\\\").replace('"', '\\"')
    if style == "escaped":
        codes = {"é": "\\u00e9", "😀": "\\U0001F600", "b": "\\x62", '"': '\\"', "\\": "\\\\"}
        return codes.get(character, character)
    return "\n  " if character == " " else character


@given(texts, st.sampled_from(["single", "double", "escaped", "literal", "folded"]))
def test_a_place_in_a_text_is_the_same_character_in_the_file(text: str, style: str) -> None:
    content = "".join(written(character, style) for character in text)
    quotes = {
        "single": ("'", "'"),
        "double": ('"', '"'),
        "escaped": ('"', '"'),
        "literal": ("|-\n  ", ""),
        "folded": (">-\n  ", ""),
    }
    source = f"é: 1\nb: {quotes[style][0]}{content}{quotes[style][1]}\n"
    node = scalar(read(source), "b")
    lines = source.split("\n")

    assert node.text == text.replace(" ", "\n" if style == "literal" else " ")
    for offset, character in enumerate(text):
        mark = node.position(offset)
        there = lines[mark.line - 1][mark.column - 1 :]
        form = written(character, style)
        assert there == "" if form == "\n  " else there.startswith(form)


@pytest.mark.parametrize(
    ("source", "needle"),
    [
        ("a: x &&\n  yy ||\n\n  @z\n", "@"),
        ("a: 'x && ''\n  yy'' ||\n\n\n  @z'\n", "@"),
        ('a: "x \\\n  yy \\" ||\n\n  \\\n  @z"\n', "@"),
        ("a: |2\n    x\n  yy\n\n  @z\n", "@"),
        ("a: >\n  x\n  yy\n\n    more\n  zz\n  @z\n", "@"),
        ("a: |+\n\n  x\n\n  @z\n\n", "@"),
    ],
)
def test_a_place_in_a_text_of_several_lines_is_found(source: str, needle: str) -> None:
    node = scalar(read(source), "a")
    line = next(number for number, text in enumerate(source.split("\n"), 1) if needle in text)

    assert node.position(node.text.index(needle)) == Mark(
        "file.yaml", line, source.split("\n")[line - 1].index(needle) + 1
    )


def test_a_place_outside_the_text_is_its_nearest_end() -> None:
    node = scalar(read("a: 'xy' # z\n"), "a")

    assert node.position(-5) == Mark("file.yaml", 1, 5)
    assert node.position(2) == node.position(99) == Mark("file.yaml", 1, 7)


@given(st.lists(st.sampled_from([*PIECES, "\n", "\n  ", " ", " #x", "\r\n", "\ufeff"]), max_size=25).map("".join))
def test_any_text_gives_nodes_or_findings_within_the_file(text: str) -> None:
    root, findings = load(text, "file.yaml")
    lines = text.split("\n")

    assert findings == sorted(findings)
    for finding in findings:
        assert finding.message
        assert 1 <= finding.line <= len(lines)
        assert 1 <= finding.column <= len(lines[finding.line - 1]) + 1
    for node in () if root is None else below(root):
        if isinstance(node, Scalar):
            mark = node.position(len(node.text))
            assert 1 <= mark.column <= len(lines[mark.line - 1]) + 1


@given(st.text())
def test_no_text_at_all_raises(text: str) -> None:
    load(text, "file.yaml")


def below(node: Node) -> Iterator[Node]:
    yield node
    if isinstance(node, Mapping):
        for entry in node.entries.values():
            yield from below(entry.value)
    if isinstance(node, Sequence):
        for item in node.items:
            yield from below(item)
