"""Faults of conditions: each at its place in the file, with what to write instead."""

from __future__ import annotations

import pytest

from rules.check import check_playbook
from tests.helpers.playbooks import BASE, CASE, ZONES, marked, places


def segment(condition: str) -> str:
    return f"segments:\n  s: {{when: '{condition}'}}\n"


def scheduled(schedule: str, before: str = "") -> str:
    """A rule with a schedule, beside a trait `birthday`; `before`: stands before the schedule."""
    return f"traits: {{birthday: {{type: date}}}}\nrules:\n  r: {{schedule: {before}{schedule}, then: [{{tag: a}}]}}\n"


# One case a line: code and hint (a part of it) of what is found at the mark ▶. Nothing else may be found.
CASES: dict[str, tuple[str, str, str]] = {
    "more conditions than there are": ("wrong_arguments", "", segment("at_least(▶3, [true, false])")),
    "at least none": ("wrong_arguments", "", segment("at_least(▶0, [true, false])")),
    "at least a part": ("wrong_arguments", "", segment("at_least(▶1.5, [true, false])")),
    "at least of no list": ("wrong_type", "", segment("at_least(1, ▶true)")),
    "at least of a number": ("not_a_condition", ">= 3", segment("at_least(1, [true, ▶profile.level])")),
    "a sequence of one": ("wrong_arguments", "", segment('sequence(▶["order.paid"], "1d")')),
    "a sequence of no list": ("wrong_type", "", segment('sequence(▶"order.paid", "1d")')),
    "a sequence of an unknown event": (
        "unknown_event",
        "cart.added",
        segment('sequence(["order.paid", ▶"cart.add"], "1d")'),
    ),
    "a sequence without a window": ("wrong_arguments", "3d", segment('▶sequence(["order.paid", "cart.added"])')),
    "a sequence with a number for a window": ("wrong_type", "", segment('sequence(["order.paid", "cart.added"], ▶3)')),
    "an unknown event in between": (
        "unknown_event",
        "cart.added",
        segment('sequence(["order.paid", "cart.added"], "1d", [▶"cart.addded"])'),
    ),
    "a list that there is not": (
        "unknown_list",
        "big_cities",
        "lists: {big_cities: [Rome]}\n" + segment("profile.name in lists.▶big_city"),
    ),
    "a list of another type": (
        "wrong_type",
        "",
        "lists: {cities: [Rome]}\n" + segment("profile.level in ▶lists.cities"),
    ),
    "a list of two types": ("wrong_type", "one type", "lists: {l: [Rome, ▶3]}\n" + segment("profile.level in lists.l")),
    "a list that is none": ("wrong_type", "", "lists: {l: ▶Rome}\n" + segment("profile.name in lists.l")),
    "a list in a list": ("wrong_type", "", "lists: {l: [▶[Rome]]}\n" + segment("profile.name in lists.l")),
    "an empty list": ("empty", "", "lists: {l: ▶[]}\n" + segment("profile.name in lists.l")),
    "a list whose name expressions cannot write": ("bad_id", "gift_coupon", "lists: {▶big-cities: [Rome]}\n"),
    "a let that there is not": (
        "unknown_let",
        "big_spender",
        "let: {big_spender: 'true'}\n" + segment("let.▶big_spendr"),
    ),
    "a fault in a let, used twice": (
        "unknown_trait",
        "level",
        "let:\n  a: 'profile.▶levle > 1'\n  b: let.a && has(profile.level)\n" + segment("let.a && let.b"),
    ),
    "a fault in a let that nobody uses": (
        "unknown_event",
        "order.paid",
        'let: {a: \'count(▶"order.payed", "1d") > 1\'}\n',
    ),
    "a let that rests on itself": ("let_cycle", "out of", "let:\n  a: '!▶let.a'\n" + segment("let.a")),
    "lets that rest on each other": (
        "let_cycle",
        "out of",
        "let:\n  a: let.b\n  b: true && ▶let.a\n  c: let.a\n" + segment("let.a && let.c"),
    ),
    "a let of an event in a segment": (
        "no_event",
        "",
        "let: {large: event.amount >= 100}\n" + segment("▶let.large"),
    ),
    "a let of an event that lacks the property": (
        "unknown_property",
        "",
        "let: {large: event.amount >= 100}\nrules:\n  r: {event: cart.added, when: ▶let.large, then: [{tag: a}]}\n",
    ),
    "a let of a number where a condition stands": (
        "not_a_condition",
        ">= 3",
        "let: {n: profile.level + 1}\n" + segment("▶let.n"),
    ),
    "a number in a list of conditions": ("not_a_condition", ">= 3", "let:\n  n: [▶profile.level, 'true']\n"),
    "a let that is no expression": ("expr_unfinished", "", "let: {n: 1 ▶+}\n" + segment("let.n == 2")),
    "lists alone": ("bad_name", "", segment("profile.name in ▶lists")),
    "days until a time": ("wrong_type", "type date", segment('days_until(▶last("order.paid")) < 3')),
    "days until nothing": ("wrong_arguments", "birthday", segment("▶days_until() < 3")),
    "days until a text that is no date": ("bad_date", "", segment('days_until(▶"24.12.") < 3')),
    "holidays of no country": ("no_country", "country: CN", segment("▶is_holiday()")),
    "workdays of no country": ("no_country", "country: CN", segment("▶is_workday()")),
    "the end of which month": ("wrong_arguments", "", segment("▶is_month_end(1)")),
    "an anniversary without a time": ("missing_key", "at", scheduled("{anniversary: birthday}", before="▶")),
    "an anniversary of no date": ("wrong_type", "type date", scheduled('{anniversary: ▶level, at: "09:00"}')),
    "an anniversary of no trait": ("unknown_trait", "birthday", scheduled('{anniversary: ▶birthdy, at: "09:00"}')),
    "an anniversary at no time": ("bad_clock", "09:00", scheduled('{anniversary: birthday, at: ▶"9"}')),
    "an anniversary at a moment": ("bad_clock", "09:00", scheduled("{anniversary: birthday, at: ▶2026-05-01}")),
    "an anniversary in a zone": (
        "not_allowed",
        "take it out",
        scheduled('{anniversary: birthday, at: "09:00", ▶zone: UTC}'),
    ),
    "hours before an anniversary": (
        "bad_duration",
        "7d",
        scheduled('{anniversary: birthday, at: "09:00", before: ▶12h}'),
    ),
    "days before a cron": ("not_allowed", "", scheduled('{cron: "0 9 * * *", ▶before: 1d}')),
    "workdays of an anniversary": (
        "not_allowed",
        "is_workday",
        scheduled('{anniversary: birthday, at: "09:00", ▶workdays: false}'),
    ),
    "workdays of no country in a schedule": ("no_country", "CN", scheduled('{cron: "0 9 * * *", ▶workdays: true}')),
    "a schedule of two kinds": (
        "bad_schedule",
        "cron",
        scheduled('▶{cron: "0 9 * * *", month_end: true, at: "2026-05-01T10:00:00Z"}'),
    ),
    "the end of a month without a time": ("missing_key", "at", scheduled("{month_end: true}", before="▶")),
    "an absence without a window": ("wrong_arguments", "30d", segment('▶absent("order.paid")')),
    "an absence of an unknown event": ("unknown_event", "order.paid", segment('absent(▶"order.payed", "1d")')),
}


@pytest.mark.parametrize(("code", "hint", "text"), CASES.values(), ids=list(CASES))
def test_a_fault_is_found_at_its_place_and_nothing_else_is(code: str, hint: str, text: str) -> None:
    plain, expected = marked(text)
    playbook, findings = check_playbook({**BASE, CASE: plain}, ZONES)
    assert [(finding.severity, finding.code) for finding in findings] == [("error", code)]
    assert places(findings) == expected
    assert hint in findings[0].hint
    assert playbook is None


@pytest.mark.parametrize("body", ["{0} && {0}", "!{0}"])
def test_a_let_that_stands_for_too_much_is_refused_at_its_text_and_once(body: str) -> None:
    text = "let:\n  a0: 'true'\n" + "".join(f"  a{n}: '{body.format(f'let.a{n - 1}')}'\n" for n in range(1, 80))
    _, findings = check_playbook({**BASE, CASE: text + segment("let.a79")}, ZONES)
    assert [finding.code for finding in findings] == ["let_too_long"]
    assert findings[0].column == len("  a9: '") + (findings[0].line > 11) + 1


def test_many_circles_are_found_in_no_time() -> None:
    text = "let:\n" + "".join(f"  a{n}: let.b{n}\n  b{n}: let.a{n}\n" for n in range(400))
    playbook, findings = check_playbook({**BASE, CASE: text + segment("let.a399")}, ZONES)
    assert playbook is None
    assert {finding.code for finding in findings} == {"let_cycle"}


def test_a_tag_that_only_a_let_asks_for_is_looked_for() -> None:
    plain, expected = marked("let: {a: 'has_tag(▶\"gone\")'}\n")
    _, findings = check_playbook({**BASE, CASE: plain}, ZONES)
    assert [finding.code for finding in findings] == ["unknown_tag"]
    assert places(findings) == expected
