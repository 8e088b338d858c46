"""What a mapping makes of single values: times, expressions, columns; and its faults."""

from __future__ import annotations

from decimal import Decimal

import pytest

from rules.mapping import read_mapping
from schemas.errors import EventRefused, InputError
from schemas.times import format_time
from tests.helpers.mappings import INVOICES, apply, each_line, mapping_of, value_of

# -- times


@pytest.mark.parametrize(
    ("zone", "written", "moment"),
    [
        ("Europe/London", "2010-12-01 08:26:00", "2010-12-01T08:26:00.000Z"),
        ("Europe/London", "2010-12-01T08:26", "2010-12-01T08:26:00.000Z"),
        ("Europe/London", " 2010-12-01 ", "2010-12-01T00:00:00.000Z"),
        ("Europe/London", "2010-06-01 08:26:00.1239", "2010-06-01T07:26:00.123Z"),
        ("Asia/Shanghai", "2010-12-01 08:26:00", "2010-12-01T00:26:00.000Z"),
        ("Asia/Shanghai", "2010-12-01T08:26:00Z", "2010-12-01T08:26:00.000Z"),
        ("Asia/Shanghai", "2010-12-01T08:26:00.5+01:00", "2010-12-01T07:26:00.500Z"),
        ("Asia/Shanghai", "1291191960000", "2010-12-01T08:26:00.000Z"),
        ("Europe/London", "2011-10-30 01:30:00", "2011-10-30T00:30:00.000Z"),  # comes twice: the first
        ("Europe/London", "2011-03-27 00:59:59.999", "2011-03-27T00:59:59.999Z"),
        ("Europe/London", "2011-03-27 01:30:00", "2011-03-27T01:00:00.000Z"),  # never comes: the end of the gap
        ("Europe/London", "2011-03-27 01:00:00", "2011-03-27T01:00:00.000Z"),
        ("Europe/London", "2011-03-27 02:00:00", "2011-03-27T01:00:00.000Z"),
        ("America/New_York", "2011-03-13 02:59:59", "2011-03-13T07:00:00.000Z"),
        ("America/New_York", "2011-11-06 01:00:00", "2011-11-06T05:00:00.000Z"),
        ("Pacific/Apia", "2011-12-30 12:00:00", "2011-12-30T10:00:00.000Z"),  # a day that was left out
        ("Australia/Lord_Howe", "2011-10-02 02:15:00", "2011-10-01T15:30:00.000Z"),  # half an hour
    ],
)
def test_a_time_without_a_zone_is_local(zone: str, written: str, moment: str) -> None:
    events, refused = apply(INVOICES.replace("Europe/London", zone), f"1,ann,{written},1,1")

    assert refused == {}
    assert format_time(events[0].time or 0) == moment


def test_in_a_time_that_never_comes_the_fraction_of_a_second_does_not_count() -> None:
    events, _ = apply(INVOICES, "1,ann,2011-03-27 01:30:00.250,1,1")

    assert format_time(events[0].time or 0) == "2011-03-27T01:00:00.000Z"


def test_a_local_time_without_any_zone_is_refused() -> None:
    text = INVOICES.replace("zone: Europe/London\n", "")

    events, refused = apply(text, "1,ann,2020-01-02 10:00:00,1,1", "2,ann,2020-01-02T10:00:00Z,1,1")

    assert [e.id for e in events] == ["2"]
    assert refused == {1: "bad_time"}


# -- expressions


@pytest.mark.parametrize(
    ("expression", "row", "value"),
    [
        ("row.a", {"a": " as is "}, " as is "),
        ("row.a", {"a": "12.50"}, "12.50"),
        ("row.a", {"a": ""}, None),
        ("row.a * 1", {"a": " 12.50 "}, Decimal("12.50")),
        ("row.a * 1", {"a": "+1.2e3"}, 1200),
        ("row.a * 1", {"a": ".5"}, Decimal("0.5")),
        ("row.a * 1", {"a": "5."}, 5),
        ("row.a * row.b", {"a": "0.1", "b": "0.2"}, Decimal("0.02")),
        ("row.a + row.b", {"a": "0.1", "b": "0.2"}, Decimal("0.3")),
        ("row.a - row.b - 1", {"a": "5", "b": "3"}, 1),
        ("row.a - (row.b - 1)", {"a": "5", "b": "3"}, 3),
        ("-row.a * row.b", {"a": "0", "b": "5"}, 0),
        ("row.a / 8", {"a": "1"}, Decimal("0.125")),
        ("row.a / 3", {"a": "2"}, Decimal("0.6666666666666666666666666666")),
        ("row.a / row.b", {"a": "1", "b": "0"}, "divided_by_zero"),
        ("row.a % row.b", {"a": "1", "b": "0.0"}, "divided_by_zero"),
        ("row.a % 3", {"a": "-7"}, -1),
        ("row.a * 1.10", {"a": "12345678901234567890"}, Decimal("13580246791358024679.00")),
        ("row.a * 1", {"a": "x"}, "not_a_number"),
        ('row.a + "-" + row.b', {"a": "1", "b": "2"}, "1-2"),
        ('"" + row.a + row.b', {"a": "1", "b": "2"}, "12"),
        ("1", {}, 1),
        ("true", {}, True),
        ('"x"', {}, "x"),
        ("row.a > 9", {"a": "10"}, True),
        ("9 < row.a", {"a": "10"}, True),
        ("row.a == 10", {"a": "10.00"}, True),
        ('row.a == "10"', {"a": "10.00"}, False),
        ("row.a > row.b", {"a": "10", "b": "9"}, False),
        ("row.a * 1 > row.b", {"a": "10", "b": "9"}, True),
        ('row.a != "x" && row.a != ""', {"a": "y"}, True),
        ('row.a == "x" || row.a == "y"', {"a": "y"}, True),
        ('row.a != "" && row.a * 1 > 0', {"a": ""}, False),
        ('!(row.a == "x")', {"a": "x"}, False),
        ('(row.a == "x") == (row.b == "x")', {"a": "1", "b": "2"}, True),
        ('row.a in ["x", "y"]', {"a": "y"}, True),
        ("row.a in [1, 2.5]", {"a": "2.50"}, True),
        ("row.a in [1, 2.5]", {"a": "3"}, False),
        ('row.a.startsWith("x")', {"a": "xy"}, True),
        ('row.a.endsWith("x")', {"a": "xy"}, False),
        ("row.a.contains(row.b)", {"a": "xyz", "b": "y"}, True),
        ('row.a.matches("^[0-9]+$")', {"a": "123"}, True),
        ('row.a.matches("^[0-9]+$")', {"a": "12x"}, False),
        ("row.a.size()", {"a": "价格"}, 2),
        ("row.a.size() > 3", {"a": "abcd"}, True),
        ('row.a == "" ? 0 : row.a', {"a": ""}, 0),
        ('row.a == "" ? 0 : row.a', {"a": "2.5"}, Decimal("2.5")),
        ('row.a == "" ? "none" : row.a', {"a": "2.5"}, "2.5"),
        ('row.a == "" ? row.b : row.a', {"a": "", "b": "7"}, "7"),
        ("has(row.a)", {"a": ""}, False),
        ("has(row.a)", {"a": "0"}, True),
        ("sum(row.a)", {"a": "1.10"}, Decimal("1.10")),
        ("first(row.a)", {"a": "1.10"}, "1.10"),
    ],
)
def test_an_expression_gives(expression: str, row: dict[str, str], value: object) -> None:
    found = value_of(expression, **row)

    assert found == value
    assert type(found) is type(value)


def test_a_sum_is_never_rounded() -> None:
    prices = ["0.001", "0.009", "1e-20", "-0.01", "99999999999999999999.5"]
    lines = [f"1,ann,2020-01-02,1,{price}" for price in prices]
    text = INVOICES.replace("lines: count()", "whole: sum(row.price) - 99999999999999999999.5")

    events, _ = apply(text.replace("amount: sum(row.quantity * row.price), ", ""), *lines)

    assert events[0].properties["whole"] == Decimal("1e-20")


def test_chains_may_be_as_long_as_the_language_allows() -> None:
    assert value_of(" + ".join(["row.a"] * 90), a="1") == 90
    assert value_of(" && ".join(['row.a == "1"'] * 45), a="1") is True


def test_a_text_that_is_empty_is_a_property_that_the_event_lacks() -> None:
    events, _ = apply(each_line(a="row.a", b="row.b"), "ann,,x", header="p,a,b")

    assert events[0].properties == {"b": "x"}


# -- columns


def test_an_unknown_column_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(InputError) as raised:
        mapping_of(INVOICES).picker(["invoice", "customer", "date", "quantity", "Price"], "orders.csv")

    assert raised.value.code == "no_column"
    assert str(raised.value) == "orders.csv has no column 'price', which the mapping uses; did you mean row.Price?"


def test_a_column_with_a_space_is_reached_with_an_underscore() -> None:
    events, _ = apply(each_line(x="row.Unit_Price"), "ann,2.50", header="p,Unit Price")

    assert events[0].properties == {"x": "2.50"}


def test_two_columns_of_one_name_are_an_error_only_if_the_mapping_uses_them() -> None:
    mapping = mapping_of(each_line(x="row.a"))

    assert mapping.picker(["p", "b", "b", "a"], "orders.csv")(["ann", "1", "2", "3"]) == ("ann", "3")
    with pytest.raises(InputError, match=r"orders\.csv has 2 columns that row\.a could be"):
        mapping.picker(["p", "a", "a"], "orders.csv")


def test_a_mapping_may_use_one_column_or_none() -> None:
    one = mapping_of(each_line(x="'\"constant\"'"))
    none = mapping_of(each_line(x="'\"constant\"'").replace("row.p", "'\"ann\"'"))

    assert one.picker(["a", "p"], "f")(["1", "2"]) == ("2",)
    assert none.picker(["a", "p"], "f")(["1", "2"]) == ()


def test_a_json_object_is_read_as_texts_and_a_path_goes_into_it() -> None:
    mapping = mapping_of(each_line(a="row.a", b="row.customer.city", c="row.gone.far", d="row.yes"))
    record = {"p": 17850, "a": Decimal("12.50"), "customer": {"city": "Oslo"}, "gone": None, "yes": True}

    assert mapping.pick(record) == ("17850", "12.50", "Oslo", "", "true")
    with pytest.raises(EventRefused) as raised:
        mapping.pick({"p": "ann", "customer": {"city": ["Oslo"]}})
    assert raised.value.code == "bad_type"


# -- findings


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "column"),
    [
        ("person: row.customer\n", "", "missing_key", 1, 1),
        ("source: shop", "sauce: shop", "unknown_key", 1, 1),
        ("zone: Europe/London", "zone: Europe/Londn", "bad_zone", 2, 7),
        ("zone: Europe/London", "format: {type: xml}", "not_allowed", 2, 16),
        ("zone: Europe/London", "format: {encoding: utf-9}", "bad_encoding", 2, 20),
        ("zone: Europe/London", "format: {encoding: hex}", "bad_encoding", 2, 20),
        ("person: row.customer", "person: customer", "unknown_name", 4, 9),
        ("person: row.customer", "person: row", "unknown_name", 4, 9),
        ("person: row.customer", "person: event.customer", "unknown_name", 4, 9),
        ("person: row.customer", 'person: row.customer == "x"', "wrong_type", 4, 9),
        ("person: row.customer", "person: first(row.customer)", "total_here", 4, 9),
        ("person: row.customer", "person: row.customer.", "expr_missing_name", 4, 21),
        ("group_by: row.invoice", "group_by: [row.invoice]", "wrong_type", 3, 11),
        ('row.invoice.startsWith("C")', "row.invoice", "wrong_type", 9, 11),
        ('row.invoice.startsWith("C")', "sum(row.price) < 0", "total_here", 9, 11),
        ('row.invoice.startsWith("C")', 'row.invoice.matches("(")', "bad_pattern", 9, 31),
        ('row.invoice.startsWith("C")', "row.invoice.matches(row.price)", "wrong_type", 9, 31),
        ('row.invoice.startsWith("C")', 'row.invoice.begins("C")', "unknown_function", 9, 23),
        ('row.invoice.startsWith("C")', 'row.invoice in "C"', "wrong_type", 9, 26),
        ('row.invoice.startsWith("C")', 'row.invoice in ["C", 1]', "wrong_type", 9, 26),
        ('row.invoice.startsWith("C")', "row.invoice in []", "wrong_type", 9, 26),
        ('row.invoice.startsWith("C")', "row.price > 1 && row.invoice", "wrong_type", 9, 28),
        ('row.invoice.startsWith("C")', "(row.price > 1) > true", "wrong_type", 9, 11),
        ('row.invoice.startsWith("C")', 'row.price > 1 == "x"', "expr_chained", 9, 25),
        ('row.invoice.startsWith("C")', 'row.price * "x" > 1', "wrong_type", 9, 23),
        ('row.invoice.startsWith("C")', "row.invoice == null", "wrong_type", 9, 26),
        ('row.invoice.startsWith("C")', 'row.lines.exists(l, l.x == "1")', "wrong_type", 9, 11),
        ("-sum(row.quantity * row.price)", "-avg(row.quantity)", "unknown_function", 10, 50),
        ("-sum(row.quantity * row.price)", "-sum(sum(row.quantity))", "total_here", 10, 54),
        ("-sum(row.quantity * row.price)", "-sum()", "wrong_arguments", 10, 50),
        ("-sum(row.quantity * row.price)", "-sum(row.price > 1)", "wrong_type", 10, 54),
        ('row.invoice.startsWith("C")', "'(row.price > 1 ? 1 : \"x\") == 1'", "wrong_type", 9, 33),
        ("-sum(row.quantity * row.price)", "count(row.price)", "wrong_arguments", 10, 49),
        ("  - event: order.cancelled", "  - evnt: order.cancelled", "missing_key", 8, 5),
        ("    when: row", "    whn: row", "unknown_key", 9, 5),
    ],
)
def test_a_fault_is_found_at_its_place(old: str, new: str, code: str, line: int, column: int) -> None:
    mapping, findings = read_mapping(INVOICES.replace(old, new, 1), "mapping.yaml")

    assert mapping is None
    assert (code, line, column) in [(f.code, f.line, f.column) for f in findings]
    assert {f.file for f in findings} == {"mapping.yaml"}


def test_all_faults_are_found_at_once() -> None:
    text = (
        INVOICES.replace("row.customer", "customer").replace("count()", "counts()").replace("Europe/London", "London")
    )

    _, findings = read_mapping(text, "mapping.yaml")

    assert [f.code for f in findings] == ["bad_zone", "unknown_name", "unknown_function"]


@pytest.mark.parametrize("text", ["", "# nothing\n", "[]", "null", "person: row.p\ntime: row.t\nevents: []\n"])
def test_a_mapping_of_nothing_is_a_fault(text: str) -> None:
    mapping, findings = read_mapping(text, "mapping.yaml")

    assert mapping is None
    assert findings
