"""The lint on what rules do together and to people: loops, messages, names, cost, waivers."""

from __future__ import annotations

import pytest

from rules.check import check_playbook
from rules.lint.words import forbidden_in
from tests.helpers.lints import BASE, CASE, found, rule
from tests.helpers.playbooks import ZONES, marked, places

# ---------------------------------------------------------------- loops


@pytest.mark.parametrize(
    ("rules", "codes"),
    [
        ("a: {event: ping, then: [{emit: {event: ping}}]}", ["rule_loop"]),
        (
            "a: {event: ping, then: [{emit: {event: order.paid}}]}\n  b: {event: order.paid, then: [{emit: {event: ping}}]}",
            ["rule_loop"],
        ),
        ("a: {event: ping, limit: once, then: [{emit: {event: ping}}]}", []),
        ("a: {event: ping, then: [{emit: {event: order.paid}}]}\n  b: {event: order.paid, then: [{tag: x}]}", []),
        ("a: {enters: deeper, then: [{untag: t}]}\n  b: {leaves: deeper, then: [{tag: t}]}", ["rule_loop"]),
        ("a: {enters: grown, then: [{set: {age: 5}}]}", []),
        ("a: {enters: grown, then: [{set: {city: '\"x\"'}}]}", []),
        ("a: {enters: vip, then: [{tag: t}]}", []),
        ("a: {event: ping, then: [{if: has(profile.age), then: [{emit: {event: ping}}]}]}", ["rule_loop"]),
        (
            "a: {event: ping, then: [{wait: {event: order.paid, within: 1d}, else: [{emit: {event: ping}}]}]}",
            ["rule_loop"],
        ),
        (
            "a: {event: ping, then: [{split: s, arms: {b: {weight: 1, then: [{emit: {event: ping}}]}, c: {weight: 1}}}]}",
            ["rule_loop"],
        ),
        ("a: {event: ping, then: [{if: has(profile.age), then: [{emit: {event: order.paid}}]}]}", []),
    ],
)
def test_rules_that_start_each_other_in_a_circle_are_found(rules: str, codes: list[str]) -> None:
    assert [finding.code for finding in found(f"rules:\n  {rules}\n")] == codes


def test_a_circle_is_said_once_with_the_rules_in_it() -> None:
    (finding,) = found(
        "rules:\n  a: {event: ping, then: [{emit: {event: order.paid}}]}\n  b: {event: order.paid, then: [{emit: {event: ping}}]}\n"
    )

    assert finding.message.endswith("a → b → a")


def test_a_tag_that_moves_people_in_and_out_of_its_own_segment_is_found_as_such() -> None:
    text = "rules:\n  a: {enters: deeper, then: [{tag: t}]}\n  b: {leaves: deeper, then: [{untag: t}]}\n"

    assert [finding.code for finding in found(text)] == ["segment_flaps"]
    assert found(text.replace("deeper", "vip")) == []
    assert found(text.replace("tag: t", "tag: u")) == []


# ---------------------------------------------------------------- messages

SEND = "then: [{send: {template: ad, channels: [sms]}}]"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (f"rules:\n  r: {{event: ping, {SEND}}}\n", ["no_limit"]),
        (f"rules:\n  r: {{event: ping, limit: once, {SEND}}}\n", []),
        (f"rules:\n  r: {{schedule: {{cron: '0 9 * * 1'}}, {SEND}}}\n", []),
        (f"rules:\n  r: {{event: ping, {SEND}}}\n".replace("ad,", "bill,"), []),
        (f"rules:\n  r: {{event: ping, status: retired, {SEND}}}\n", []),
    ],
)
def test_marketing_without_a_limit_is_found(text: str, codes: list[str]) -> None:
    assert [finding.code for finding in found(text)] == codes


@pytest.mark.parametrize(
    "steps",
    [
        "[{if: has(profile.age), then: [{send: {template: ▶ad, channels: [sms]}}]}]",
        "[{if: has(profile.age), else: [{tag: x}, {send: {template: ▶ad, channels: [sms]}}]}]",
        "[{split: s, arms: {a: {weight: 1, then: [{send: {template: ▶ad, channels: [sms]}}]}, b: {weight: 1}}}]",
        "[{wait: {event: order.paid, within: 1d}, else: [{send: {template: ▶ad, channels: [sms]}}]}]",
    ],
)
def test_marketing_in_a_branch_is_found_at_its_place(steps: str) -> None:
    plain, expected = marked(f"rules:\n  r: {{event: ping, then: {steps}}}\n")

    assert places([finding for finding in found(plain) if finding.code == "no_limit"]) == expected


@pytest.mark.parametrize(
    ("workspace", "rule", "codes"),
    [
        ("quiet_hours: {from: '21:00', until: '09:00'}", "expires: 2h, limit: once", ["expires_in_quiet_hours"]),
        ("quiet_hours: {from: '21:00', until: '09:00'}", "expires: 12h, limit: once", []),
        ("quiet_hours: {from: '21:00', until: '09:00'}", "limit: once", []),
        ("quiet_hours: {from: '21:00', until: '09:00'}", "if_late: {send_within: 2h}, limit: once", []),
        ("quiet_hours: {from: '21:00', until: '09:00', channels: [email]}", "expires: 2h, limit: once", []),
        ("quiet_hours: {from: '21:00', until: '09:00', purposes: [transactional]}", "expires: 2h, limit: once", []),
        ("language: zh", "expires: 2h", ["no_limit"]),
        ("caps: {marketing: {count: 2, within: 7d}}", "expires: 2h", []),
        ("caps: {all: {count: 2, within: 7d}}", "expires: 2h", []),
        ("caps: {email: {count: 2, within: 7d}}", "expires: 2h", ["no_limit"]),
    ],
)
def test_quiet_hours_and_caps_of_the_workspace_count(workspace: str, rule: str, codes: list[str]) -> None:
    base = {"base.yaml": BASE["base.yaml"].replace("currency: GBP,", f"currency: GBP, {workspace},")}

    _, findings = check_playbook({**base, CASE: f"rules:\n  r: {{event: ping, {rule}, {SEND}}}\n"}, ZONES)

    assert [finding.code for finding in findings if finding.file == CASE] == codes


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ("{{ person.name }}", ["maybe_unknown"]),
        ("{{ person.name | default: 'you' }}", []),
        ("{% if person.name %}{{ person.name }}{% endif %}", []),
        ("{{ person.joined_at | date: '%Y' }}", []),
        ("{{ person.language }}", []),
    ],
)
def test_a_trait_that_some_people_do_not_have_is_found(body: str, codes: list[str]) -> None:
    text = f'templates:\n  t: {{purpose: transactional, channels: {{sms: {{en: "{body}"}}}}}}\n'

    assert [finding.code for finding in found(text)] == codes


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("全网最好的咖啡", [(2, "最好")]),
        ("最近上新", []),
        ("第一次下单", []),
        ("销量第一！", [(0, "销量第一")]),
        ("国家级 顶级", [(0, "国家级"), (4, "顶级")]),
        ("最近是最好的", [(3, "最好")]),
        ("no.1 in town", [(0, "no.1")]),
        ("欢迎回来", []),
    ],
)
def test_the_longest_word_at_a_place_decides(text: str, words: list[tuple[int, str]]) -> None:
    assert forbidden_in(text) == words


@pytest.mark.parametrize(
    ("template", "codes"),
    [
        ("purpose: marketing, channels: {sms: {zh: 最近▶最好的}}", ["ad_word"]),
        ("purpose: marketing, channels: {email: {zh: {subject: ▶国家级, body: 好}}}", ["ad_word"]),
        ("purpose: marketing, channels: {sms: {zh: 今日▶爆款}}", ["ad_word"]),
        ("purpose: marketing, channels: {sms: {zh: 顶级域名}}", []),
        ("purpose: transactional, channels: {sms: {zh: 最好的}}", []),
        ("purpose: marketing, waive: [ad_word], channels: {sms: {zh: 最好的}}", []),
    ],
)
def test_words_that_advertising_law_forbids_are_found_in_marketing(template: str, codes: list[str]) -> None:
    plain, expected = marked(f"templates:\n  t: {{{template}}}\n")

    findings = found(plain)

    assert ([finding.code for finding in findings], places(findings)) == (codes, expected)


# ---------------------------------------------------------------- names, cost, waivers


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("rules:\n  r: {event: ▶order.old, then: [{tag: x}]}\n", "use 'order.paid'"),
        ("rules:\n  r: {event: ▶order.gone, then: [{tag: x}]}\n", "nothing takes its place; take it out"),
        ("rules:\n  r: {event: ping, wait: {for: 1h, unless: [▶order.old]}, then: [{tag: x}]}\n", "use 'order.paid'"),
        ("rules:\n  r: {event: ping, then: [{set: {▶old_city: '\"x\"'}}]}\n", "use 'city'"),
        (rule('count(▶"order.old", "1d") > 1'), "use 'order.paid'"),
        ("segments:\n  s: {when: '▶profile.old_city == \"x\"'}\n", "use 'city'"),
    ],
)
def test_a_retired_name_is_found_with_its_replacement(text: str, hint: str) -> None:
    plain, expected = marked(text)

    findings = found(plain)

    assert [(finding.code, finding.hint) for finding in findings] == [("retired_name", hint)]
    assert places(findings) == expected


def test_a_replacement_must_exist() -> None:
    (finding,) = found("events:\n  x: {retired: true, replaced_by: order.payed}\n")

    assert (finding.code, finding.hint) == ("unknown_event", "did you mean 'order.paid'?")


def test_a_segment_that_asks_for_the_hour_is_found_and_a_rule_is_not() -> None:
    (finding,) = found("segments:\n  s: {when: local_hour() >= 9}\n")

    assert (finding.code, finding.line, finding.column) == ("wakes_everyone", 2, 13)
    assert found(rule("local_hour() >= 9")) == []


@pytest.mark.parametrize(
    ("text", "most"),
    [
        (rule('count("ping", ▶"91d") > 1'), "90d"),
        (rule('sum("order.paid", "amount", ▶"13w") > 1 && count("ping", "90d") > 1'), "90d"),
        ('segments:\n  s: {when: \'sequence(["ping", "order.paid"], ▶"100d")\'}\n', "90d"),
        ('let:\n  a: absent("ping", ▶"100d")\n' + rule("let.a"), "90d"),
        ("inputs: {w: {type: duration, default: 91d}}\n" + rule('count("ping", ▶inputs.w) > 1'), "90d"),
        (
            'traits:\n  t: {type: integer, from: ▶count("ping", "91d")}\n'.replace(
                '▶count("ping", "91d")', '\'▶count("ping", "91d")\''
            ),
            "90d",
        ),
        (rule('count("ping", "90d") > 1 && last("ping") < now - duration("400d")'), "90d"),
        (rule('count("ping", "10000d") > 1'), ""),
    ],
)
def test_a_window_that_reaches_back_further_than_kept_events_is_found(text: str, most: str) -> None:
    plain, expected = marked(text)
    base = BASE["base.yaml"].replace("currency: GBP", f"currency: GBP, history: {most}" if most else "currency: GBP")

    _, findings = check_playbook({"base.yaml": base, CASE: plain}, ZONES)

    mine = [each for each in findings if (each.file, each.code) == (CASE, "window_beyond_history")]
    assert places(mine) == expected


def test_a_waiver_holds_in_its_own_lines_only() -> None:
    text = f"rules:\n  a: {{event: ping, waive: [no_limit], {SEND}}}\n  b: {{event: order.paid, {SEND}}}\n"

    assert [(finding.code, finding.line) for finding in found(text)] == [("no_limit", 3)]


def test_only_warnings_of_the_lint_can_be_waived() -> None:
    (finding,) = found(f"rules:\n  a: {{event: ping, limit: once, waive: [bad_money], {SEND}}}\n")

    assert (finding.code, finding.severity) == ("not_allowed", "error")
