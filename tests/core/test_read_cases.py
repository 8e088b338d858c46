"""Tests of a playbook are read strictly: each fault with its place, a code, and what to write instead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.read_cases import read_cases
from schemas.times import DAY, HOUR, MINUTE, format_time, parse_time
from tests.helpers.cases import FILE, cases_of, shop
from tests.helpers.playbooks import marked

SHOP = shop()
START = parse_time("2026-01-05T10:00:00Z")
FULL = """\
  - name: everything at once
    given:
      traits: {name: Ann, level: 3, joined_at: -3d}
      consent: {marketing: [email, sms]}
      contacts: {email: ann@example.com}
      tags: [loyal, early]
      events: [{at: -40d, event: Order Completed, amount: 50}, {at: -50d, event: order.paid, amount: 60.5, source: till, id: X}]
    when:
      - {event: cart.added, cart_total: 320, due: 2d}
      - {at: 30m, event: order.paid, amount: 320, time: -1h}
      - {at: 2026-01-06 09:00}
    expect:
      exact: [{send: cart, at: 1h}]
      segments: {at: 3d, in: vip, stage: usual}
      tags: vip
      traits: {level: 9, name: null}
"""


def test_a_test_is_people_events_and_what_must_come_of_them() -> None:
    (case,) = cases_of(SHOP, FULL)

    (p,) = case.people
    told = [
        (h.event.name, h.event.properties, None if h.event.time is None else h.event.time - START, h.at - START)
        for h in p.history
    ]
    assert told == [
        ("person.updated", {"name": "Ann", "level": 3, "joined_at": format_time(START - 3 * DAY)}, -1, -1),
        ("consent.given", {"purpose": "marketing", "channel": "email"}, -1, -1),
        ("consent.given", {"purpose": "marketing", "channel": "sms"}, -1, -1),
        ("contact.updated", {"channel": "email", "address": "ann@example.com"}, -1, -1),
        ("order.paid", {"amount": p.history[4].event.properties["amount"]}, -50 * DAY, -1),
        ("order.paid", {"amount": 50}, -40 * DAY, -1),
    ]  # fmt: skip
    assert (p.history[4].event.id, p.history[4].event.source, p.tags) == ("X", "till", ("early", "loyal"))
    assert [(s.at - START, s.event.time, s.event.name, s.event.person) for s in case.steps] == [
        (0, None, "cart.added", "p"), (30 * MINUTE, START - HOUR, "order.paid", "p"),
    ]  # fmt: skip
    assert case.steps[0].event.properties == {"cart_total": 320, "due": format_time(START + 2 * DAY)}
    assert (case.start, case.end, case.expected.exact) == (START, START + 3 * DAY, True)
    assert case.expected.told[0].traits == {"level": 9, "name": None}


@pytest.mark.parametrize(
    ("expect", "exact", "number"),
    [
        ("[]", True, 0),
        ("[{send: cart}]", False, 1),
        ("{exact: []}", True, 0),
        ("{exact: [{send: cart}]}", True, 1),
        ("{exact: true, decisions: [{send: cart}]}", True, 1),
        ("{decisions: []}", True, 0),
        ("{tags: vip}", False, 0),
    ],
)
def test_an_empty_list_means_that_nothing_may_be_decided(expect: str, exact: bool, number: int) -> None:
    (case,) = cases_of(SHOP, f"  - name: x\n    when: [{{event: cart.added}}]\n    expect: {expect}\n")

    assert (case.expected.exact, len(case.expected.decisions)) == (exact, number)


def test_a_test_may_begin_at_another_local_time_and_ends_with_what_is_last_asked() -> None:
    test = "  - name: x\n    start: 2026-07-01 09:00\n    when: [{event: cart.added}]\n    expect: [{send: cart, at: 1h}]\n"

    (case,) = cases_of(SHOP, test)

    assert (case.start, case.end) == (parse_time("2026-07-01T08:00:00Z"), parse_time("2026-07-01T09:00:00Z"))


def test_people_have_names_or_are_one() -> None:
    many = "  - name: x\n    given: {people: {ann: {tags: loyal}, bob: }}\n    when: [{person: bob, event: cart.added}]\n    expect: []\n"
    single = "  - name: y\n    given: {people: {ann: }}\n    when: [{event: cart.added}]\n    expect: []\n"

    first, second = cases_of(SHOP, many, single)

    assert [given.person for given in first.people] == ["ann", "bob"]
    assert second.steps[0].event.person == "ann"


def test_made_up_addresses_serve_where_nobody_cares_for_them() -> None:
    test = "  - name: x\n    given: {contacts: [email, sms]}\n    when: [{at: 1h}]\n    expect: []\n"

    (case,) = cases_of(SHOP, test)

    assert [h.event.properties for h in case.people[0].history] == [
        {"channel": "email", "address": "p@email.test"}, {"channel": "sms", "address": "p@sms.test"},
    ]  # fmt: skip


CASE = "tests:\n  - name: x\n    given: {}\n    when: [{event: cart.added}]\n    expect: []\n"


CASE_FAULTS = [
    ("tests:", "▶test:\n  - a\ntests:", "unknown_key"),
    ("name: x", "▶nam: x\n    name: x", "unknown_key"),
    ("name: x", "name: ▶12", "wrong_type"),
    ("given: {}", "given: {▶trait: {}}", "unknown_key"),
    ("given: {}", "given: {traits: {▶levle: 3}}", "unknown_trait"),
    ("given: {}", "given: {traits: {level: ▶high}}", "wrong_type"),
    ("given: {}", "given: {consent: ▶newsletter}", "not_allowed"),
    ("given: {}", "given: {contacts: ▶pigeon}", "unknown_channel"),
    ("given: {}", "given: {events: [{at: ▶1h, event: order.paid}]}", "not_allowed"),
    ("given: {}", "given: {events: [{at: -1h, event: ▶order.payd}]}", "unknown_event"),
    ("given: {}", "given: {people: {ann: }, ▶tags: loyal}", "not_allowed"),
    ("given: {}", "start: ▶soon", "bad_time"),
    ("{event: cart.added}", "{event: ▶cart.addd}", "unknown_event"),
    ("{event: cart.added}", "{event: cart.added, ▶cart_totl: 3}", "unknown_property"),
    ("{event: cart.added}", "{event: cart.added, cart_total: ▶-3}", "wrong_type"),
    ("{event: cart.added}", "{event: cart.added, cart_total: ▶many}", "wrong_type"),
    ("{event: cart.added}", "{at: ▶noon, event: cart.added}", "bad_time"),
    ("{event: cart.added}", "{at: ▶-1h, event: cart.added}", "not_allowed"),
    ("{event: cart.added}", "{at: 2h}, {at: ▶1h}", "not_allowed"),
    ("{event: cart.added}", "{at: 1h, ▶evnt: cart.added}", "unknown_key"),
    ("{event: cart.added}", "▶later", "wrong_type"),
    ("expect: []", "expect: ▶nothing", "wrong_type"),
    ("expect: []", "expect: [{send: ▶crt}]", "unknown_template"),
    ("expect: []", "expect: [{issue_coupon: ▶crt}]", "unknown_pool"),
    ("expect: []", "expect: [{invite: ▶clb}]", "unknown_community"),
    ("given: {}", "given: {stock: {▶crt: 0}}", "unknown_pool"),
    ("given: {}", "given: {stock: {cart: ▶2}}", "not_allowed"),
    ("given: {}", "given: {stock: {cart: ▶-1}}", "not_allowed"),
    ("given: {}", "given: {stock: {cart: ▶many}}", "wrong_type"),
    ("given: {}", "given: {stock: {cart: 0}, people: {ann: {▶stock: {cart: 0}}}}", "unknown_key"),
    ("expect: []", "expect: [{rule: cart, step: ▶2}]", "unknown_step"),
    ("expect: []", "expect: [{rule: vips, step: ▶1.then.0}]", "unknown_step"),
    ("expect: []", "expect: [{step: ▶3}]", "unknown_step"),
    ("expect: []", "expect: [{rule: ▶crt}]", "unknown_rule"),
    ("expect: []", "expect: [{rule: ▶later}]", "not_allowed"),
    ("expect: []", "expect: [{kind: ▶sned}]", "not_allowed"),
    ("expect: []", "expect: [{send: cart, ▶tag: vip}]", "two_actions"),
    ("expect: []", "expect: [{send: cart, ▶form: x}]", "unknown_key"),
    ("expect: []", "expect: [{send: cart, person: ▶bob}]", "unknown_person"),
    ("expect: []", "expect: [{send: cart, delivery: ▶sending}]", "not_allowed"),
    ("expect: []", "expect: [{send: cart, message: {▶contain: x}}]", "unknown_key"),
    ("expect: []", "expect: [▶{}]", "empty"),
    ("expect: []", "expect: [{not: {send: ▶crt}}]", "unknown_template"),
    ("expect: []", "expect: {segments: {at: 1h, in: ▶vipp}}", "unknown_segment"),
    ("expect: []", "expect: {segments: {at: 1h, stage: ▶nwe}}", "unknown_stage"),
    ("expect: []", "expect: {segments: {at: ▶-1h, in: vip}}", "not_allowed"),
    ("expect: []", "expect: {exact: [], ▶decisions: []}", "duplicate_key"),
    ("expect: []", "expect: {people: {▶bob: {tags: vip}}}", "unknown_person"),
    ("expect: []", "expect: {traits: {▶levle: 3}}", "unknown_trait"),
    ("    expect: []", "  - name: ▶x\n    when: [{at: 1h}]\n    expect: []\n    expect: []", "duplicate_name"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "code"), CASE_FAULTS)
def test_a_fault_is_named_with_its_place(old: str, new: str, code: str) -> None:
    assert old in CASE
    text, where = marked(CASE.replace(old, new))

    cases, findings = read_cases({"case.yaml": text}, SHOP)

    assert (where[0], code) in {((f.file, f.line, f.column), f.code) for f in findings}, findings
    assert len(cases) <= 1


def test_what_is_missing_is_named() -> None:
    _, findings = read_cases({FILE: "tests:\n  - given: {}\n"}, SHOP)

    assert [(f.code, f.message) for f in findings] == [
        ("missing_key", f"a test has no {key!r}") for key in ("expect", "name", "when")
    ]


def test_an_unknown_name_comes_with_the_one_that_was_meant() -> None:
    _, findings = read_cases({FILE: CASE.replace("[]", "[{rule: crt}]")}, SHOP)

    assert findings[0].hint == "did you mean 'cart'?"


@given(st.text(max_size=200), st.text(max_size=40))
def test_whatever_a_file_of_tests_holds_it_is_answered_with_findings(tail: str, value: str) -> None:
    for text in (tail, CASE + tail, CASE.replace("[]", value), CASE.replace("cart.added", value)):
        read_cases({FILE: text}, SHOP)
