from __future__ import annotations

from pathlib import Path

import pytest

from rules.check import check_playbook
from rules.compile import compile_playbook
from rules.read import read_playbook
from tests.helpers.playbooks import BASE, CASE, ZONES, marked, places, rule_text
from workers.playbooks import read_folder, zone_names

SAMPLE = Path(__file__).parents[2] / "examples" / "online_retail" / "playbook"
ALONE = "workspace: {zone: UTC, currency: GBP}\nevents: {a: {properties: {x: {type: text}}}, b: }\n"


def rule_with(then: str, *lines: str, start: str = "event: order.paid") -> str:
    return rule_text(*lines, start=start, then=then)


def send(template: str, channel: str = "email") -> str:
    return f"{{send: {{template: {template}, channels: [{channel}]}}}}"


# One case a line: severity and code of what is found at the mark ▶ of the text. Nothing else may be found.
CASES: dict[str, tuple[str, str, str]] = {
    "a rule without steps": ("error", "never_acts", "rules:\n  ▶r: {event: order.paid, then: []}\n"),
    "a rule that only waits": ("error", "never_acts", "rules:\n  ▶r: {event: order.paid, then: [{wait: 1h}]}\n"),
    "no text for a channel": (
        "error",
        "no_text",
        rule_with(f"[{send('gift', '▶sms')}]").replace("[{send", "[{issue_coupon: gift}, {send"),
    ),
    "no text for the second channel": (
        "error",
        "no_text",
        rule_with("[{send: {template: hello, channels: [sms, email, ▶push]}}]"),
    ),
    "no coupon before the message": ("error", "missing_variable", rule_with(f"[{send('▶gift')}]")),
    "a coupon after the message": (
        "error",
        "missing_variable",
        rule_with(f"[{send('▶gift')}, {{issue_coupon: gift}}]"),
    ),
    "a coupon of another name": (
        "error",
        "missing_variable",
        rule_with(f"[{{issue_coupon: {{pool: gift, as: present}}}}, {send('▶gift')}]"),
    ),
    "the end of a coupon that has none": (
        "warning",
        "missing_variable",
        rule_with(f"[{{issue_coupon: forever}}, {send('▶until')}]"),
    ),
    "the worth of a coupon of another kind": (
        "error",
        "missing_variable",
        rule_with(f"[{{issue_coupon: forever}}, {send('▶worth')}]"),
    ),
    "the worth of a coupon whose benefit cannot be read": (
        "error",
        "bad_money",
        rule_with(f"[{{issue_coupon: odd}}, {send('worth')}]") + "coupon_pools: {odd: {benefit: {amount_off: ▶10}}}\n",
    ),
    "the least sum of a coupon that has none": (
        "warning",
        "missing_variable",
        rule_with(f"[{{issue_coupon: forever}}, {send('▶least')}]"),
    ),
    "a property that the event lacks": (
        "error",
        "missing_variable",
        rule_with(f"[{send('▶paid')}]", start="event: cart.added"),
    ),
    "a property that one of the events lacks": (
        "error",
        "missing_variable",
        rule_with(f"[{send('▶paid')}]", start="event: [order.paid, order.cancelled]"),
    ),
    "a property where time may be the cause": (
        "warning",
        "missing_variable",
        rule_with(f"[{send('▶paid')}]", start="enters: vip"),
    ),
    "a property of a schedule": (
        "error",
        "missing_variable",
        rule_with(f"[{send('▶paid')}]", start='schedule: {cron: "0 9 * * 1"}'),
    ),
    "a community without an invitation": ("error", "missing_variable", rule_with(f"[{send('▶club', 'wecom')}]")),
    "more stock than budget": (
        "warning",
        "over_budget",
        "coupon_pools:\n  p: {benefit: {amount_off: 10 GBP}, stock: 100, budget: ▶999.99 GBP}\n",
    ),
    "a count of one": (
        "warning",
        "count_equals_one",
        rule_with("[{tag: a}]", 'when: ▶count("order.paid", "30d") == 1'),
    ),
    "one equals a count": (
        "warning",
        "count_equals_one",
        rule_with("[{tag: a}]", 'when: [event.amount > 0, \'▶1 == count("order.paid", "30d")\']'),
    ),
    "a tag that no rule puts on": ("warning", "unknown_tag", rule_with("[{tag: vip}]", 'when: "!has_tag(▶\\"VIP\\")"')),
    "a property that does not exist": (
        "error",
        "unknown_property",
        rule_with("[{tag: a}]", "when: event.▶ammount >= 5"),
    ),
    "a wrong type in a segment": ("error", "wrong_type", "segments:\n  s: {when: ▶profile.level > 'high'}\n"),
    "a value that is no condition": ("error", "not_a_condition", rule_with("[{tag: a}]", "when: ▶profile.level")),
    "an unknown event in an expression": (
        "error",
        "unknown_event",
        'segments:\n  s: {when: \'count(▶"order.payed", "30d") > 0\'}\n',
    ),
    "a rule that branches and never acts": (
        "error",
        "never_acts",
        "rules:\n  ▶r: {event: order.paid, then: [{if: 'true', then: [{wait: 1h}, stop]}]}\n",
    ),
    "a coupon that only one branch issues": (
        "error",
        "missing_variable",
        rule_with(f"[{{if: event.amount > 5, then: [{{issue_coupon: gift}}]}}, {send('▶gift')}]"),
    ),
    "a coupon of the other branch": (
        "error",
        "missing_variable",
        rule_with(f"[{{if: has(event.amount), then: [{{issue_coupon: gift}}], else: [{send('▶gift')}]}}]"),
    ),
    "a coupon of one arm": (
        "error",
        "missing_variable",
        rule_with(
            f"[{{split: x, arms: {{a: {{weight: 1, then: [{{issue_coupon: gift}}]}}, b: {{weight: 1}}}}}}, {send('▶gift')}]"
        ),
    ),
    "a coupon of two pools, one without an end": (
        "warning",
        "missing_variable",
        rule_with(
            f"[{{if: has(event.amount), then: [{{issue_coupon: gift}}], else: [{{issue_coupon: forever}}]}}, {send('▶until')}]"
        ),
    ),
    "a reply where nothing was answered": ("error", "missing_variable", rule_with(f"[{send('▶replied')}]")),
    "a reply where time was out": (
        "error",
        "missing_variable",
        rule_with(f"[{{wait: {{event: order.paid, within: 1d}}, then: [{{tag: a}}], else: [{send('▶replied')}]}}]"),
    ),
    "a reply behind its branch": (
        "error",
        "missing_variable",
        rule_with(f"[{{wait: {{event: order.paid, within: 1d}}, then: [{{tag: a}}]}}, {send('▶replied')}]"),
    ),
    "a property that the reply lacks": (
        "error",
        "missing_variable",
        rule_with(f"[{{wait: {{event: order.cancelled, within: 1d}}, then: [{send('▶replied')}]}}]"),
    ),
    "a reply in a condition where there is none": (
        "error",
        "no_event",
        rule_with("[{if: ▶reply.amount > 5, then: [{tag: a}]}]"),
    ),
    "a reply in the conditions of a rule": ("error", "no_event", rule_with("[{tag: a}]", "when: ▶reply.amount > 5")),
    "a reply in the `while` of its own wait": (
        "error",
        "no_event",
        rule_with("[{tag: a}, {wait: {event: order.paid, within: 1d, while: ▶reply.amount > 5}}]"),
    ),
    "an unknown property of the reply": (
        "error",
        "unknown_property",
        rule_with("[{wait: {event: order.paid, within: 1d}, then: [{if: reply.▶colour == 'red', then: [{tag: a}]}]}]"),
    ),
    "a wrong type in a branch": (
        "error",
        "wrong_type",
        rule_with("[{if: 'true', then: [{set: {level: ▶event.order_id}}]}]"),
    ),
    "a value that is no condition in an `if`": (
        "error",
        "not_a_condition",
        rule_with("[{if: ▶event.amount, then: [{tag: a}]}]"),
    ),
    "no text for a channel in an arm": (
        "error",
        "no_text",
        rule_with(
            "[{split: x, arms: {a: {weight: 1, then: [{send: {template: hello, channels: [sms, ▶push]}}]}, b: {weight: 1}}}]"
        ),
    ),
    "a tag that only a branch asks for": (
        "warning",
        "unknown_tag",
        rule_with("[{tag: vip}, {if: 'has_tag(▶\"VIP\")', then: [{tag: vip}]}]"),
    ),
    "a function of later in a branch of a draft": (
        "warning",
        "not_available",
        rule_with("[{if: ▶points() > 5, then: [{tag: a}]}]", "status: draft"),
    ),
    "a function of later in a live rule": ("error", "not_available", rule_with("[{tag: a}]", "when: ▶points() >= 100")),
    "a function of later in a draft": (
        "warning",
        "not_available",
        rule_with("[{tag: a}]", "status: draft", "when: ▶points() >= 100"),
    ),
    "a function of later in a segment": (
        "error",
        "not_available",
        "segments:\n  s: {when: '▶holds_coupon(\"gift\")'}\n",
    ),
}


@pytest.mark.parametrize(("severity", "code", "text"), CASES.values(), ids=list(CASES))
def test_a_fault_is_found_at_its_place_and_nothing_else_is(severity: str, code: str, text: str) -> None:
    plain, expected = marked(text)
    playbook, findings = check_playbook({**BASE, CASE: plain}, ZONES)
    assert [(finding.severity, finding.code) for finding in findings] == [(severity, code)]
    assert places(findings) == expected
    assert (playbook is None) == (severity == "error")


def test_a_template_with_two_missing_variables_says_both() -> None:
    plain, (place,) = marked(rule_with(f"[{send('▶strange')}]"))
    _, findings = check_playbook({**BASE, CASE: plain}, ZONES)
    assert places(findings) == [place, place]
    assert [finding.message.split("'")[3] for finding in findings] == ["event.colour", "person.age"]


@pytest.mark.parametrize(
    ("lifecycle", "expected"),
    [
        ("▶lifecycle: [{id: a, when: 'true'}]\n", ("warning", "no_otherwise")),
        ("lifecycle: [{id: ▶a, otherwise: true}, {id: b, when: 'true'}]\n", ("error", "otherwise_not_last")),
    ],
)
def test_a_lifecycle_takes_everybody_at_its_end_and_only_there(lifecycle: str, expected: tuple[str, str]) -> None:
    plain, marks = marked(ALONE + lifecycle)
    _, findings = check_playbook({CASE: plain}, ZONES)
    assert [(finding.severity, finding.code) for finding in findings] == [expected]
    assert places(findings) == marks


@pytest.mark.parametrize(
    "text",
    [
        rule_with(f"[{{issue_coupon: gift}}, {send('gift')}]"),
        rule_with(f"[{{issue_coupon: gift}}, {{wait: 1d}}, {send('until')}]"),
        rule_with(f"[{{issue_coupon: gift}}, {send('worth')}, {send('least')}]"),
        rule_with("[{invite: {community: club, template: club, channels: [wecom]}}]"),
        rule_with(f"[{send('paid')}]"),
        rule_with("[{tag: a}]", 'when: count("order.paid", "30d") == 1', "limit: once"),
        rule_with("[{tag: a}]", 'unless: has_tag("a")'),
        rule_with("[{set: {level: 3}}]"),
        rule_with(f"[{{if: event.amount > 5, then: [{{issue_coupon: gift}}], else: [stop]}}, {send('gift')}]"),
        rule_with(
            "[{if: has(event.amount), then: [{issue_coupon: gift}], "
            f"else: [{{issue_coupon: {{pool: forever, as: coupon}}}}]}}, {send('gift')}]"
        ),
        rule_with(f"[{{wait: {{event: order.paid, within: 1d}}, then: [{send('replied')}]}}]"),
        rule_with(
            "[{wait: {event: order.paid, within: 1d}, then: "
            "[{wait: {for: 1h, while: reply.amount > 5}}, {if: reply.amount > 9, then: [{tag: a}]}]}]"
        ),
        rule_with("[{if: 'true', then: [{tag: a}]}]", 'unless: has_tag("a")'),
        "coupon_pools:\n  p: {benefit: {amount_off: 10 GBP}, stock: 100, budget: 1000 GBP}\n",
        "coupon_pools:\n  p: {benefit: {amount_off: 10 GBP}, budget: 5 GBP}\n",
    ],
)
def test_what_makes_sense_is_left_alone(text: str) -> None:
    playbook, findings = check_playbook({**BASE, CASE: text}, ZONES)
    assert findings == []
    assert playbook is not None


def test_a_budget_that_is_too_small_says_how_far_it_goes() -> None:
    text = "coupon_pools:\n  p: {benefit: {amount_off: 3 GBP}, stock: 100, budget: 10 GBP}\n"
    _, findings = check_playbook({**BASE, CASE: text}, ZONES)
    assert findings[0].message == "100 coupons may cost 300.00 GBP, the budget is 10.00 GBP"
    assert "enough for 3 of them" in findings[0].hint


def test_faults_of_reading_and_of_sense_come_together() -> None:
    files = {
        **BASE,
        "a.yaml": "rules:\n  a: {event: order.paid, prio: 3, then: [{tag: x}]}\n",
        "b.yaml": rule_with("[{send: {template: hello, channels: [push]}}]", "when: event.ammount > 3"),
        "c.yaml": "segments:\n  c: {when: profile.levle > 3}\n",
    }
    playbook, findings = check_playbook(files, ZONES)
    assert playbook is None
    assert [(finding.file, finding.code) for finding in findings] == [
        ("a.yaml", "unknown_key"),
        ("b.yaml", "unknown_property"),
        ("b.yaml", "no_text"),
        ("c.yaml", "unknown_trait"),
    ]


def test_a_fault_in_the_catalogue_makes_no_faults_of_those_who_use_it() -> None:
    files = {
        **BASE,
        CASE: "events:\n  x: {properties: {a: {type: sum}, amount: {type: money}}}\n"
        + rule_with(f"[{send('paid')}]", "when: event.a > 3", start="event: x"),
    }
    _, findings = check_playbook(files, ZONES)
    assert [finding.code for finding in findings] == ["not_allowed"]


def test_a_step_that_cannot_be_read_makes_no_fault_of_the_step_that_needs_it() -> None:
    text = rule_with(f"[{{issue_coupon: {{pool: gitf}}}}, {send('gift')}]")
    _, findings = check_playbook({**BASE, CASE: text}, ZONES)
    assert [finding.code for finding in findings] == ["unknown_pool"]


def test_a_rule_without_a_readable_trigger_does_not_stop_the_check() -> None:
    text = rule_with("[{tag: a}]", "when: event.amount > 3", start="event: order.payed")
    _, findings = check_playbook({**BASE, CASE: text}, ZONES)
    assert [finding.code for finding in findings] == ["unknown_event"]


def test_the_sample_is_clean_and_compiles() -> None:
    playbook, findings = check_playbook(read_folder(SAMPLE), zone_names())
    assert findings == []
    assert playbook is not None
    program = compile_playbook(playbook)
    assert program.hash == playbook.hash
    assert len(program.rules) == 8


def test_every_message_of_the_sample_is_written_in_both_languages() -> None:
    playbook, _ = read_playbook(read_folder(SAMPLE))
    assert playbook is not None
    texts = [texts for template in playbook.templates.values() for texts in template.channels.values()]
    assert {frozenset(languages) for languages in texts} == {frozenset({"en", "zh"})}
