from __future__ import annotations

import pytest

from rules.report import render_text
from schemas.findings import Finding, nearest


def finding(line: int, column: int, *, code: str = "c", length: int = 1, hint: str = "") -> Finding:
    return Finding("a.yaml", line, column, code, "error", "m", hint, length)


def test_findings_sort_by_file_line_column_and_code() -> None:
    other = Finding("b.yaml", 1, 1, "a", "warning", "m")
    wanted = [finding(2, 1), finding(10, 1, code="a"), finding(10, 1, code="b"), finding(10, 2, code="a"), other]

    assert sorted([other, wanted[3], wanted[0], wanted[2], wanted[1]]) == wanted


def test_a_finding_as_json_has_exactly_the_published_fields() -> None:
    assert Finding("a.yaml", 3, 4, "unknown_key", "warning", "text", "do this", 9).as_json() == {
        "file": "a.yaml",
        "line": 3,
        "column": 4,
        "code": "unknown_key",
        "severity": "warning",
        "message": "text",
        "hint": "do this",
    }


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("cart_totl", "cart_total"),
        ("cartTotal", "cart_total"),
        ("Cart Total", "cart_total"),
        ("CART-TOTAL", "cart_total"),
        ("order.payed", "order.paid"),
        ("加购提醒", "加购一小时提醒"),
        ("nothing_like_it", None),
        ("加购", "加购一小时提醒"),
        ("ca", None),
        ("", None),
    ],
)
def test_the_nearest_name_is_offered_if_one_is_near(name: str, meant: str | None) -> None:
    assert nearest(name, {"order.paid", "cart_total", "加购一小时提醒"}) == meant


def test_the_nearest_name_does_not_depend_on_the_order_of_the_candidates() -> None:
    names = [f"segment_{letter}" for letter in "abcdef"]

    assert nearest("segment_x", names) == nearest("segment_x", reversed(names))


def test_a_report_shows_place_code_line_caret_and_hint() -> None:
    source = "a: 1\nwhen: event.x = 1\n"
    wanted = ["a.yaml:2:15: error[c]: m", "  when: event.x = 1", "                ^", "  hint: did you mean == ?"]

    text = render_text([finding(2, 15, hint="did you mean == ?")], {"a.yaml": source}, color=False)

    assert text.split("\n") == wanted


def test_the_caret_stands_under_the_token_and_is_as_long() -> None:
    (_, line, caret) = render_text([finding(1, 3, length=4)], {"a.yaml": "a: wxyz"}, color=False).split("\n")

    assert (line, caret) == ("  a: wxyz", "    ^^^^")


def test_wide_characters_and_tabs_keep_the_caret_in_place() -> None:
    (_, line, caret) = render_text([finding(1, 5, length=2)], {"a.yaml": "标题\t:好的"}, color=False).split("\n")

    assert (line, caret) == ("  标题 :好的", "        ^^^^")


def test_the_caret_ends_with_its_line() -> None:
    (_, _, caret) = render_text([finding(1, 1, length=999)], {"a.yaml": "ab\ncd"}, color=False).split("\n")

    assert caret == "  ^^"


def test_a_line_cannot_write_to_the_terminal() -> None:
    text = render_text([finding(1, 1)], {"a.yaml": "a: \x1b[2J\x07\u2028\r\n"}, color=False)

    assert text.isprintable() or text.replace("\n", "").isprintable()


@pytest.mark.parametrize("line", [0, 3, 99])
def test_a_place_outside_the_file_is_reported_without_a_line(line: int) -> None:
    assert render_text([finding(line, 1)], {"a.yaml": "a\n"}, color=False).startswith(f"a.yaml:{line}:1: error[c]: m")


def test_a_file_whose_text_is_not_at_hand_is_reported_without_a_line() -> None:
    assert render_text([finding(1, 1)], {}, color=False) == "a.yaml:1:1: error[c]: m"


def test_colour_adds_only_escapes() -> None:
    findings = [finding(1, 1, hint="h"), Finding("a.yaml", 1, 2, "w", "warning", "m")]
    source = {"a.yaml": "ab"}
    coloured = render_text(findings, source, color=True)

    for code in ("31", "33", "1", "2", "0"):
        coloured = coloured.replace(f"\x1b[{code}m", "")
    assert coloured == render_text(findings, source, color=False)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("order.payed", "order.paid"), ("OrderPayed", "OrderPaid"), ("order_payed", "order.paid")],
)
def test_of_names_that_differ_by_case_and_separators_the_one_written_alike_is_meant(name: str, meant: str) -> None:
    assert nearest(name, ["OrderPaid", "order.paid"]) == meant
