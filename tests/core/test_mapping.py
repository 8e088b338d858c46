from __future__ import annotations

from decimal import Decimal

import pytest

from schemas.times import format_time
from tests.helpers.mappings import INVOICES, apply, each_line

# -- groups


def test_the_lines_of_an_invoice_become_one_event() -> None:
    events, refused = apply(
        INVOICES,
        "1,17850.0,2010-12-01 08:26:00,6,2.55",
        "1,17850.0,2010-12-01 08:26:00,6,3.39",
        "1,17850,2010-12-01 08:26:00,2,7.65",
    )

    assert refused == {}
    assert len(events) == 1
    event = events[0]
    assert (event.id, event.person, event.name, event.source) == ("1", "17850", "order.paid", "shop")
    assert event.properties == {"order_id": "1", "amount": Decimal("50.94"), "currency": "GBP", "lines": 3}


def test_lines_of_a_group_need_not_be_consecutive_and_events_come_in_the_order_of_first_lines() -> None:
    events, _ = apply(
        INVOICES,
        "2,ann,2020-01-02 10:00:00,1,1",
        "1,bob,2020-01-01 10:00:00,1,1",
        "2,ann,2020-01-02 10:00:00,1,2",
        "1,bob,2020-01-01 10:00:00,1,4",
    )

    assert [(e.person, e.properties["amount"]) for e in events] == [("ann", 3), ("bob", 5)]


def test_the_time_of_a_group_is_the_earliest_of_its_accepted_lines() -> None:
    events, refused = apply(
        INVOICES,
        "1,ann,2020-01-03 10:00:00,1,1",
        "1,ann,2020-01-02 10:00:00,1,1",
        "1,,2020-01-01 10:00:00,1,1",
    )

    assert refused == {3: "no_person"}
    assert [format_time(e.time or 0) for e in events] == ["2020-01-02T10:00:00.000Z"]


def test_what_is_no_total_is_of_the_first_accepted_line() -> None:
    text = INVOICES.replace("lines: count()", "date: row.date, first: first(row.quantity)")

    events, refused = apply(text, "1,ann,2020-13-01,9,1", "1,ann,2020-01-02,5,1", "1,ann,2020-01-01,7,1")

    assert refused == {1: "bad_time"}
    assert (events[0].properties["date"], events[0].properties["first"]) == ("2020-01-02", "5")


def test_the_first_entry_that_holds_on_the_first_accepted_line_wins() -> None:
    events, _ = apply(INVOICES, "C7,ann,2020-01-02,-3,1.50", "C7,ann,2020-01-02,-1,0.25", "7,ann,2020-01-01,1,2")

    assert [(e.name, e.properties["amount"]) for e in events] == [
        ("order.cancelled", Decimal("4.75")),
        ("order.paid", 2),
    ]


def test_exact_repeats_of_a_line_are_lines() -> None:
    events, _ = apply(INVOICES, *["1,ann,2020-01-02,1,1.10"] * 3)

    assert events[0].properties["amount"] == Decimal("3.30")
    assert events[0].properties["lines"] == 3


def test_least_and_greatest_are_of_numbers_and_not_of_texts() -> None:
    text = INVOICES.replace("lines: count()", "least: min(row.quantity), most: max(row.quantity * 1)")

    events, _ = apply(text, "1,ann,2020-01-02,9,1", "1,ann,2020-01-02,10,1", "1,ann,2020-01-02,-3.5,1")

    assert (events[0].properties["least"], events[0].properties["most"]) == (Decimal("-3.5"), 10)


def test_totals_can_be_calculated_with() -> None:
    text = INVOICES.replace("lines: count()", "mean: sum(row.price) / count(), taxed: sum(row.price) * row.quantity")

    events, _ = apply(text, "1,ann,2020-01-02,2,1.10", "1,ann,2020-01-02,9,1.20")

    assert (events[0].properties["mean"], events[0].properties["taxed"]) == (Decimal("1.15"), Decimal("4.60"))


def test_an_empty_group_key_is_refused() -> None:
    assert apply(INVOICES, ",ann,2020-01-02,1,1", ",bob,2020-01-02,1,1") == ([], {1: "no_group", 2: "no_group"})


def test_a_group_with_two_people_is_refused_with_all_its_lines() -> None:
    events, refused = apply(
        INVOICES,
        "1,ann,2020-01-02,1,1",
        "2,ann,2020-01-02,1,1",
        "1,bob,2020-01-02,1,1",
        "1,,2020-01-02,1,1",
        "1,ann,2020-01-02,x,1",
    )

    assert [e.id for e in events] == ["2"]
    assert refused == {1: "mixed_person", 3: "mixed_person", 4: "no_person", 5: "not_a_number"}


def test_one_person_written_as_a_whole_number_and_as_a_decimal_is_one() -> None:
    events, refused = apply(
        INVOICES, "1,17850.0,2020-01-02,1,1", "1,17850,2020-01-02,1,1", "1, 17850.00 ,2020-01-02,1,1"
    )

    assert refused == {}
    assert [e.person for e in events] == ["17850"]


def test_a_faulty_line_does_not_decide_which_entry_a_group_is_of() -> None:
    text = """\
group_by: row.g
person: row.p
time: row.t
events:
  - event: refund
    when: row.kind == "refund"
    properties: {amount: sum(row.n)}
  - event: sale
    properties: {amount: sum(row.n)}
"""

    events, refused = apply(
        text, "1,ann,2020-01-01T00:00:00Z,refund,oops", "1,ann,2020-01-01T00:00:00Z,sale,5", header="g,p,t,kind,n"
    )

    assert refused == {1: "not_a_number"}
    assert [(e.name, e.properties) for e in events] == [("sale", {"amount": 5})]


def test_a_faulty_line_adds_to_no_total() -> None:
    text = INVOICES.replace("lines: count()", "lines: count(), prices: sum(row.price)")

    events, refused = apply(
        text, "1,ann,2020-01-02,1,1", "1,ann,2020-01-02,x,2", "1,ann,2020-01-02,1,y", "1,ann,2020-01-02,1,4"
    )

    assert refused == {2: "not_a_number", 3: "not_a_number"}
    assert events[0].properties == {"order_id": "1", "amount": 5, "currency": "GBP", "lines": 2, "prices": 5}


def test_a_group_whose_total_cannot_be_is_refused_with_all_its_lines() -> None:
    text = INVOICES.replace("lines: count()", "x: 1 / (count() - 2)")

    events, refused = apply(text, "1,ann,2020-01-02,1,1", "1,ann,2020-01-02,1,1", "2,ann,2020-01-02,1,1")

    assert [e.id for e in events] == ["2"]
    assert refused == {1: "divided_by_zero", 2: "divided_by_zero"}


def test_a_total_that_is_zero_for_the_first_line_alone_refuses_nothing() -> None:
    text = INVOICES.replace("lines: count()", "x: sum(row.price) / (count() - 1)")

    events, refused = apply(text, "1,ann,2020-01-02,1,4", "1,ann,2020-01-02,1,2", "2,ann,2020-01-02,1,1")

    assert [(e.id, e.properties["x"]) for e in events] == [("1", 6)]
    assert refused == {3: "divided_by_zero"}


def test_a_line_that_divides_by_zero_itself_is_refused_alone() -> None:
    text = INVOICES.replace("lines: count()", "x: row.price / row.quantity, y: 1 / (count() - 1)")

    events, refused = apply(text, "1,ann,2020-01-02,0,4", "1,ann,2020-01-02,2,8", "1,ann,2020-01-02,0,1")

    assert [(e.id, e.properties["x"], e.properties["y"]) for e in events] == [("1", 4, 1)]
    assert refused == {1: "divided_by_zero"}


# -- refusals


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("1,,2020-01-02,1,1", "no_person"),
        ("1,   ,2020-01-02,1,1", "no_person"),
        (f"1,{'x' * 129},2020-01-02,1,1", "bad_id"),
        ("1,a\tb,2020-01-02,1,1", "bad_id"),
        ("1,anonymous:7,2020-01-02,1,1", "bad_id"),
        (f"{'9' * 129},ann,2020-01-02,1,1", "bad_id"),
        ("1,ann,,1,1", "no_time"),
        ("1,ann,  ,1,1", "no_time"),
        ("1,ann,yesterday,1,1", "bad_time"),
        ("1,ann,12/1/2010 8:26,1,1", "bad_time"),
        ("1,ann,2020-02-30,1,1", "bad_time"),
        ("1,ann,2020-01-02 24:00:00,1,1", "bad_time"),
        ("1,ann,1999-12-31 23:59:59,1,1", "bad_time"),
        ("1,ann,2100-01-01,1,1", "bad_time"),
        ("1,ann,0001-01-01,1,1", "bad_time"),
        ("1,ann,2020-01-02,,1", "not_a_number"),
        ("1,ann,2020-01-02,one,1", "not_a_number"),
        ('1,ann,2020-01-02,"1,000",1', "not_a_number"),
        ("1,ann,2020-01-02,1_000,1", "not_a_number"),
        ("1,ann,2020-01-02,NaN,1", "not_a_number"),
        ("1,ann,2020-01-02,Infinity,1", "not_a_number"),
        ("1,ann,2020-01-02,0x10,1", "not_a_number"),
        ("1,ann,2020-01-02,１２,1", "not_a_number"),
        (f"1,ann,2020-01-02,{'9' * 31},1", "not_a_number"),
        ("1,ann,2020-01-02,1e99,1", "not_a_number"),
        (f"1,ann,2020-01-02,{'9' * 20},{'9' * 20}", "bad_number"),
    ],
)
def test_a_faulty_line_is_refused_alone_with_its_code(line: str, code: str) -> None:
    events, refused = apply(INVOICES, line, "8,bob,2020-01-02,1,1")

    assert refused == {1: code}
    assert [e.id for e in events] == ["8"]


def test_lines_that_no_entry_is_for_are_refused() -> None:
    text = INVOICES.replace("  - event: order.paid", '  - event: order.paid\n    when: row.invoice.startsWith("P")')

    events, refused = apply(text, "X,ann,2020-01-02,1,1", "P,ann,2020-01-02,1,1", "X,ann,2020-01-02,1,1")

    assert [e.id for e in events] == ["P"]
    assert refused == {1: "no_event", 3: "no_event"}


def test_without_groups_every_line_is_an_event_and_a_line_that_no_entry_is_for_is_refused() -> None:
    text = 'person: row.p\ntime: row.t\nevents:\n  - {event: e, when: row.k == "a", properties: {n: count()}}\n'

    events, refused = apply(text, "ann,1577836800000,a", "ann,1577836800001,b", "bob,1577836800002,a", header="p,t,k")

    assert [(e.person, e.time, e.properties) for e in events] == [
        ("ann", 1_577_836_800_000, {"n": 1}),
        ("bob", 1_577_836_800_002, {"n": 1}),
    ]
    assert refused == {2: "no_event"}


def test_without_an_id_the_same_line_gives_the_same_id_and_another_line_another() -> None:
    text = each_line(n="row.n")

    events, _ = apply(text, "ann,1", "ann,1", "ann,2", header="p,n")

    assert events[0].id == events[1].id != events[2].id
    assert all(len(event.id) == 32 for event in events)
