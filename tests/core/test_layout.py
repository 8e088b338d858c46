"""The canonical form of files: the same meaning, every comment, and nothing left to change the second time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.check import check_playbook
from rules.layout.printer import formatted
from rules.loader import load
from rules.nodes import Mapping, Scalar, Sequence
from rules.read import read_playbook
from tests.helpers.mutations import GOOD, KINDS, spoilt
from tests.helpers.playbooks import BASE
from tests.helpers.source import ROOT
from workers.playbooks import read_folder

SAMPLE = read_folder(Path(__file__).parents[2] / "examples" / "online_retail" / "playbook")

CASES = {
    "indentation": ("rules:\n    r:\n        event: a\n        then:\n        - tag: x\n", "rules:\n  r:\n    event: a\n    then:\n      - tag: x\n"),
    "the order of keys": ("rules:\n  r:\n    then: []\n    when: 'true'\n    event: a\n", "rules:\n  r:\n    event: a\n    when: 'true'\n    then: []\n"),
    "quotes that nobody needs": ("segments:\n  s:\n    when: 'event.a > 5'\n", "segments:\n  s:\n    when: event.a > 5\n"),
    "quotes that are needed": ('segments:\n  s:\n    when: "!has(x.y)"\n', "segments:\n  s:\n    when: '!has(x.y)'\n"),
    "quotes of a number": ("segments:\n  s:\n    when: '5'\n", "segments:\n  s:\n    when: '5'\n"),
    "quotes of a text stay": ("segments:\n  s:\n    title: 'x'\n", "segments:\n  s:\n    title: 'x'\n"),
    "comments": (
        "# top\n\n\n\nrules:   # rules\n  # of r\n  r:\n    then: []  # nothing\n    # of when\n    when: 'true' # why\n    event: a\n# end\n",
        "# top\n\nrules:  # rules\n  # of r\n  r:\n    event: a\n    # of when\n    when: 'true'  # why\n    then: []  # nothing\n# end\n",
    ),
    "comments of items": ("a:\n# one\n- x\n   # two\n-   k: 1\n    l: 2\n", "a:\n  # one\n  - x\n  # two\n  - k: 1\n    l: 2\n"),
    "texts of several lines": ("a:\n    b: |\n        x\n          y\n\n        z\n    c: >-\n      p\n      q\n", "a:\n  b: |\n    x\n      y\n\n    z\n  c: >-\n    p\n    q\n"),
    "brackets over lines": ("a:\n   b: [x,  # one\n  {c: 1},\n     y\n   ]\n", "a:\n  b: [x,  # one\n    {c: 1},\n    y\n  ]\n"),
    "line ends of Windows": ("a:\r\n  b: 1\r\n", "a:\n  b: 1\n"),
    "empty values": ("a:\n    b:\n    c:   # none\n", "a:\n  b:\n  c:  # none\n"),
    "lists of lists": ("a:\n- - x\n  - y\n- z\n", "a:\n  - - x\n    - y\n  - z\n"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=list(CASES))
def test_a_file_is_written_in_its_canonical_form(text: str, expected: str) -> None:
    assert formatted(text) == expected
    assert formatted(expected) == expected


@pytest.mark.parametrize(
    "text", ["a: [\n", "a: *x\n", "", "# only a comment\n", "- x\n\ty", "a: 1\na: 2\n", "just text\n"]
)
def test_a_file_with_faults_or_without_anything_stays_as_it_is(text: str) -> None:
    assert formatted(text) == text


@pytest.mark.parametrize("files", [*({"p.yaml": text} for text in GOOD.values()), BASE, SAMPLE])
def test_the_canonical_form_means_the_same(files: dict[str, str]) -> None:
    new = {name: formatted(text) for name, text in files.items()}
    before, _ = read_playbook(files)
    after, _ = read_playbook(new)

    assert before is not None
    assert after is not None
    assert replace(after, hash="") == replace(before, hash="")
    assert {name: formatted(text) for name, text in new.items()} == new


@pytest.mark.parametrize("name", list(SAMPLE))
def test_the_sample_is_in_its_canonical_form(name: str) -> None:
    assert formatted(SAMPLE[name]) == SAMPLE[name]


PACK_FILES = sorted(ROOT.glob("rules/packs/*/**/*.yaml"))


@pytest.mark.parametrize("path", PACK_FILES, ids=lambda path: path.relative_to(ROOT / "rules/packs").as_posix())
def test_formatting_a_pack_once_is_enough_and_keeps_what_it_means(path: Path) -> None:
    text = path.read_text("utf-8")
    made = formatted(text)

    assert formatted(made) == made
    assert (meant(made), made.count("#")) == (meant(text), text.count("#"))


@pytest.mark.parametrize("kind", list(KINDS))
def test_formatting_a_faulty_file_once_is_enough_and_hides_no_fault(kind: str) -> None:
    for good in list(GOOD)[:4]:
        text, _ = spoilt(good, kind)
        made = formatted(text)

        assert formatted(made) == made, good
        assert codes(made) == codes(text), good


def meant(text: str) -> object:
    root, findings = load(text, "p.yaml")
    assert findings == []
    return plain_value(root)


def plain_value(node: object) -> object:
    match node:
        case Mapping(entries):
            return {key: plain_value(entry.value) for key, entry in entries.items()}
        case Sequence(items):
            return [plain_value(item) for item in items]
        case Scalar(value):
            return value
    raise AssertionError(node)


def codes(text: str) -> list[str]:
    return sorted(finding.code for finding in check_playbook({"p.yaml": text})[1])


def block(value: object, indent: int, step: int, comment: str) -> str:
    """A value in block style, indented by `step`, with a comment above each entry."""
    space = " " * indent
    if isinstance(value, dict) and value:
        lines = [
            f"{space}{comment}\n{space}{key}:{block(each, indent + step, step, comment)}" for key, each in value.items()
        ]
        return "\n" + "\n".join(lines)
    if isinstance(value, list) and value:
        return "\n" + "\n".join(
            f"{space}-{block(each, indent + step, step, comment).lstrip() and ' ' + scalar(each)}" for each in value
        )
    return " " + scalar(value)


def scalar(value: object) -> str:
    return "[]" if value in ([], {}) else "{k: [x, 'y']}" if isinstance(value, list | dict) else str(value)


texts = st.sampled_from(["x", "'a: b'", '"c # d"', "5", "true", "event.a > 5", "中文", "'it''s'"])
trees = st.recursive(
    texts,
    lambda inner: (
        st.dictionaries(st.sampled_from(["when", "then", "event", "title", "b-c", "中"]), inner, min_size=1)
        | st.lists(inner, min_size=1)
    ),
    max_leaves=10,
)


@given(
    st.dictionaries(st.sampled_from(["rules", "segments", "x"]), trees, min_size=1),
    st.integers(1, 5),
    st.sampled_from(["# c", "#"]),
)
def test_whatever_is_formatted_keeps_its_comments_and_changes_only_once(
    value: dict[str, object], step: int, comment: str
) -> None:
    text = block(value, 0, step, comment).lstrip("\n") + "\n"

    made = formatted(text)

    assert formatted(made) == made
    assert made.count("#") == text.count("#")
