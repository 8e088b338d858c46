"""The lint looks through names: what stands under `let`, lists, and inputs counts as if it were written out."""

from __future__ import annotations

import pytest

from rules.check import check_playbook
from tests.helpers.playbooks import CASE, ZONES, marked

BASE = {
    "base.yaml": """\
workspace: {zone: UTC, currency: GBP}
inputs:
  low: {type: money, default: 10 GBP}
  high: {type: money, default: 5 GBP}
  hours: {type: duration, default: 2h}
  on: {type: boolean, default: true}
  part: {type: number, default: 0.5}
events:
  order.paid: {properties: {amount: {type: money}, kind: {type: text}}}
  order.old: {retired: true, replaced_by: order.paid}
  ping:
traits:
  age: {type: integer}
  city: {type: text}
lists:
  north: [Oslo, Bergen]
  south: [Rome]
segments:
  grown: {when: profile.age >= 18}
rules:
  tagger: {event: ping, then: [{tag: t}, {tag: u}]}
""".replace("  on:", "  'on':"),
}
SPENT = '  spent: sum("order.paid", "amount", "365d")\n'


def found(text: str) -> list[tuple[str, int, int, str]]:
    _, findings = check_playbook({**BASE, CASE: text}, ZONES)
    return [(each.file, each.line, each.column, each.code) for each in findings if each.file == CASE]


def rule(when: str) -> str:
    return f"rules:\n  r: {{event: order.paid, when: '{when}', then: [{{tag: x}}]}}\n"


WRONG = {
    "a let that nobody meets, in a segment and a rule": (
        "never_true",
        "let:\n  a: profile.age > 60 && ▶profile.age < 18\nsegments: {s: {when: let.a}}\n" + rule("let.a && event.amount > 3"),
    ),
    "a let that nobody uses": ("never_true", "let:\n  a: profile.age > 60 && ▶profile.age < 18\n"),
    "a let that always holds": ("always_true", 'let:\n  a: ▶count("ping", "1d") >= 0\n' + rule("let.a")),
    "a let as a list": ("never_true", "let:\n  a:\n    - profile.age > 60\n    - ▶profile.age < 18\n"),
    "two lets that exclude each other": (
        "never_true",
        "let:\n  old: profile.age > 60\n  young: profile.age < 18\n" + rule("let.old && ▶let.young"),
    ),
    "a let and a segment": ("never_true", "let: {child: profile.age < 12}\n" + rule('in_segment("grown") && ▶let.child')),
    "a let of a let": (
        "never_true",
        "let:\n  old: profile.age > 60\n  a: let.old && ▶profile.age < 18\n  b: '!let.a'\n" + rule("let.b"),
    ),
    "a value under let": ("never_true", f"let:\n{SPENT}  a: let.spent >= 10 && ▶let.spent < 5\n"),
    "a value under let, and written out": (
        "never_true",
        f"let:\n{SPENT}" + rule('let.spent >= 10 && ▶sum("order.paid", "amount", "365d") < 5'),
    ),
    "lists without a common value": ("never_true", rule("profile.city in lists.north && ▶profile.city in lists.south")),
    "inputs that leave nothing": ("never_true", rule("event.amount >= inputs.low && ▶event.amount < inputs.high")),
    "a length of time among inputs": (
        "never_true",
        rule('last("ping") < now - inputs.hours && ▶last("ping") > now - duration("1h")'),
    ),
    "absence and a count": ("never_true", rule('absent("ping", "1d") && ▶count("ping", "1d") >= 1')),
    "absence, or anything": ("always_true", rule('▶absent("ping", "1d") || count("ping", "1d") >= 1')),
    "the hour in a let of a segment": ("wakes_everyone", "let: {a: ▶local_hour() >= 9}\nsegments: {s: {when: let.a}, t: {when: let.a}}\n"),
    "the hour in a let of a let": ("wakes_everyone", "let: {a: ▶local_hour() >= 9, b: let.a}\nsegments: {s: {when: let.b}}\n"),
    "a first time in a let": ("count_equals_one", 'let:\n  a: ▶count("ping", "1d") == 1\n' + rule("let.a")),
    "a tag in a let": ("unknown_tag", 'let: {a: has_tag(▶"tt")}\n' + rule("let.a")),
    "a retired event in a let": ("retired_name", 'let:\n  a: absent(▶"order.old", "1d")\n' + rule("let.a")),
    "a retired event in a sequence": ("retired_name", rule('sequence(["ping", ▶"order.old"], "1d")')),
    "a rule that repeats another in other words": (
        "duplicate_rule",
        ("let: {old: profile.age > 60}\nrules:\n"
        "  a: {event: ping, when: let.old, then: [{tag: x}]}\n"
        "  ▶b: {event: ping, when: profile.age > 60, then: [{tag: x}]}\n"),
    ),
    "a circle through a let": (
        "rule_loop",
        ('let: {tagged: has_tag("x")}\nsegments: {s: {when: let.tagged}}\nrules:\n'
        "  r: {enters: s, then: [{emit: {event: ping}}]}\n  ▶q: {event: ping, then: [{untag: x}, {tag: x}]}\n"),
    ),
}  # fmt: skip
RIGHT = {
    "lets that leave somebody": "let:\n  old: profile.age > 60\n  older: profile.age > 80\n" + rule("let.old && let.older"),
    "the hour in a let of a rule": "let: {a: local_hour() >= 9}\n" + rule("let.a"),
    "what is waived where it is used": "let: {a: local_hour() >= 9}\nsegments: {s: {when: let.a, waive: [wakes_everyone]}}\n",
    "a switch that is on": rule("inputs.on && event.amount > 3"),
    "a switch alone": "segments: {s: {when: inputs.on}}\n",
    "true under a name": "let: {a: 'true'}\n" + rule("let.a"),
    "lists that overlap": "lists: {both: [Oslo, Rome]}\n" + rule("profile.city in lists.north && profile.city in lists.both"),
    "a number among inputs": rule("event.amount / 3 > inputs.part && event.amount / 3 < 1"),
    "unknown values behind a let": "let:\n  a: profile.age > 60\n" + rule("!let.a"),
}  # fmt: skip


@pytest.mark.parametrize(("code", "text"), WRONG.values(), ids=list(WRONG))
def test_what_a_name_stands_for_is_judged_and_said_once_at_its_place(code: str, text: str) -> None:
    plain, expected = marked(text)

    assert found(plain) == [(*place, code) for place in expected]


@pytest.mark.parametrize("text", RIGHT.values(), ids=list(RIGHT))
def test_what_somebody_may_mean_is_left_alone(text: str) -> None:
    assert found(text) == []


def test_an_else_behind_a_let_that_is_always_known_is_no_doubt() -> None:
    steps = "then: [{{if: let.{}, then: [{{tag: x}}], else: [{{tag: y}}]}}]"
    text = 'let: {{known: \'count("ping", "1d") > 1\', unknown: profile.age > 60}}\nrules:\n  r: {{event: ping, limit: once, {}}}\n'

    assert found(text.format(steps.format("known"))) == []
    assert [code for *_, code in found(text.format(steps.format("unknown")))] == ["unknown_goes_to_else"]
