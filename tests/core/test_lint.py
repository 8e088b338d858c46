"""The lint: each warning where it belongs, and not beside it."""

from __future__ import annotations

import pytest

from tests.helpers.lints import found, rule
from tests.helpers.playbooks import marked, places

# ---------------------------------------------------------------- contradictions and tautologies

NEVER = {
    "an interval that is empty": rule("▶profile.age > 60 && profile.age < 18".replace("▶", "", 1).replace("profile.age < 18", "▶profile.age < 18")),
    "bounds that only touch": rule("profile.age > 18 && ▶profile.age <= 18"),
    "a literal on the left": rule("60 < profile.age && ▶18 > profile.age"),
    "an empty list": rule("▶profile.stage in []"),
    "lists without a common value": rule('profile.city in ["a", "b"] && ▶profile.city in ["c"]'),
    "a value and another": rule('profile.city == "a" && ▶profile.city == "b"'),
    "a value that is excluded": rule('profile.city != "a" && ▶profile.city == "a"'),
    "a value outside of the bounds": rule("profile.age > 60 && ▶profile.age in [5, 7]"),
    "a stage and another": rule('profile.stage == "new" && ▶profile.stage == "regular"'),
    "a count below zero": rule('▶count("ping", "1d") < 0'),
    "an hour that no day has": rule("▶local_hour() >= 24"),
    "something and its opposite": rule('has_tag("t") && ▶!has_tag("t")'.replace("▶!", "!▶")),
    "known and not known": rule("'!has(profile.age) && ▶profile.age > 18'"),
    "two segments that exclude each other": rule('in_segment("vip") && ▶in_segment("small")'),
    "every alternative": rule("profile.age > 60 && (profile.age < 18 || ▶profile.age < 20)"),
    "items of a list": "rules:\n  r:\n    event: ping\n    when:\n      - profile.age > 60\n      - ▶profile.age < 18\n    then: [{tag: x}]\n",
    "when and unless": 'rules:\n  r:\n    event: ping\n    when: in_segment("vip")\n    unless: ▶in_segment("vip")\n    then: [{tag: x}]\n',
    "the segment that is entered": rule('!▶in_segment("vip")', start="enters: vip"),
    "the stage that is entered": rule('▶profile.stage == "regular"', start="enters: stage:new"),
    "the segment that is left": rule('▶in_segment("vip")', start="leaves: vip"),
    "moments": rule('last("ping") > now - duration("1d") && ▶last("ping") < now - duration("2d")'),
    "a segment": "segments:\n  s: {when: profile.age > 60 && ▶profile.age < 18}\n",
}  # fmt: skip
POSSIBLE = {
    "bounds that meet": rule("profile.age >= 18 && profile.age <= 18"),
    "one of two alternatives": rule("profile.age > 60 && (profile.age < 18 || profile.age > 70)"),
    "two things": rule("profile.age > 60 && event.amount < 18"),
    "two windows": rule('count("ping", "1d") >= 3 && count("ping", "7d") < 3'),
    "a list that overlaps": rule('profile.city in ["a", "b"] && profile.city in ["b"]'),
    "an unless of something else": 'rules:\n  r:\n    event: ping\n    when: in_segment("vip")\n    unless: in_segment("small")\n    then: [{tag: x}]\n',
    "one of two entered": rule('in_segment("small")', start="enters: [vip, small]"),
    "moments in between": rule('last("ping") > now - duration("2d") && last("ping") < now - duration("1d")'),
    "nothing but false": rule("false"),
    "not equal": rule("profile.age != 60 && profile.age > 18"),
}  # fmt: skip


@pytest.mark.parametrize("text", NEVER.values(), ids=list(NEVER))
def test_a_condition_that_nobody_can_meet_is_found_at_its_place(text: str) -> None:
    plain, expected = marked(text)

    findings = found(plain)

    assert [finding.code for finding in findings] == ["never_true"]
    assert places(findings) == expected


@pytest.mark.parametrize("text", POSSIBLE.values(), ids=list(POSSIBLE))
def test_a_condition_that_somebody_can_meet_is_left_alone(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    "when",
    [
        "profile.age > 18 || profile.age <= 18",
        'count("ping", "1d") >= 0',
        "local_hour() <= 23",
        'profile.stage in ["new", "regular"]',
    ],
)
def test_a_condition_that_always_holds_is_found(when: str) -> None:
    assert [finding.code for finding in found(rule(when))] == ["always_true"]


@pytest.mark.parametrize(
    "when", ["true", "profile.age > 18 || profile.age < 18", 'count("ping", "1d") >= 1', "has(profile.age)"]
)
def test_a_condition_that_some_do_not_meet_is_not_called_always_true(when: str) -> None:
    assert found(rule(when)) == []


def test_a_condition_of_very_many_alternatives_is_given_up_soon() -> None:
    many = " && ".join(f"(profile.age == {i} || profile.age == {i + 1})" for i in range(0, 60, 2))

    assert [finding.code for finding in found(rule(many))] in ([], ["never_true"])


# ---------------------------------------------------------------- repeats


def two(first: str, second: str) -> str:
    return f"rules:\n  a: {{event: ping, {first}}}\n  b: {{event: ping, {second}}}\n"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (
            two("when: profile.age > 3, then: [{tag: x}]", "when: 'profile.age  >  3', then: [{tag: x}]"),
            ["duplicate_rule"],
        ),
        (two("then: [{tag: x}]", "then: [{tag: x}]"), ["duplicate_rule"]),
        (
            two("when: [has_tag(t)], then: [{tag: x}]".replace("has_tag(t)", "'has_tag(\"t\")'"), "then: [{tag: x}]"),
            ["shadowed_rule"],
        ),
        (
            two(
                "when: [profile.age > 3, profile.age < 9], then: [{tag: x}]",
                "when: profile.age < 9 && profile.age > 3, then: [{tag: x}]",
            ),
            ["duplicate_rule"],
        ),
        (two("then: [{tag: x}]", "then: [{tag: y}]"), []),
        (two("when: profile.age > 3, then: [{tag: x}]", "when: profile.age > 4, then: [{tag: x}]"), []),
        (two("then: [{tag: x}]", "status: draft, then: [{tag: x}]"), []),
        (two("wait: 1h, then: [{tag: x}]", "then: [{tag: x}]"), []),
        (two("then: [{tag: x}]", "status: retired, then: [{tag: x}]"), []),
    ],
)
def test_rules_that_repeat_each_other_are_found(text: str, codes: list[str]) -> None:
    assert [finding.code for finding in found(text)] == codes


def test_the_narrower_of_two_rules_is_the_one_that_is_shadowed() -> None:
    (finding,) = found(two("then: [{tag: x}]", "when: profile.age > 3, then: [{tag: x}]"))

    assert (finding.code, finding.line, finding.column) == ("shadowed_rule", 3, 3)


IF = "then: [{{if: {0}, then: [{{tag: x}}], else: [{{tag: {1}}}]}}], waive: [unknown_goes_to_else]".format
SPLIT = "then: [{{split: s, arms: {{a: {{weight: {0}, then: [{{tag: x}}]}}, b: {{weight: 50}}}}}}]".format


@pytest.mark.parametrize(
    ("first", "second", "codes"),
    [
        (IF("profile.age > 3", "y"), IF("profile.age > 3", "y"), ["duplicate_rule"]),
        (IF("profile.age > 3", "y"), IF("profile.age > 4", "y"), []),
        (IF("profile.age > 3", "y"), IF("profile.age > 3", "z"), []),
        ("then: [{if: profile.age > 3, then: [{tag: x}]}]", "then: [{if: profile.age > 3, else: [{tag: x}]}]".replace("else", "then: [], else"), []),
        (SPLIT(50), SPLIT(50), ["duplicate_rule"]),
        (SPLIT(50), SPLIT(60), []),
        ("then: [{id: a, tag: x}]", "then: [{id: b, tag: x}]", ["duplicate_rule"]),
        ("wait: {for: 1h, while: profile.age > 3}, then: [{tag: x}]", "wait: {for: 1h, while: profile.age > 3}, then: [{tag: x}]", ["duplicate_rule"]),
        ("wait: {for: 1h, while: profile.age > 3}, then: [{tag: x}]", "wait: {for: 1h, while: profile.age > 4}, then: [{tag: x}]", []),
        ("valid: {until: '2026-05-01T00:00:00Z'}, then: [{tag: x}]", "valid: {from: '2026-05-01T00:00:00Z'}, then: [{tag: x}]", []),
        ("canary: 10%, then: [{tag: x}]", "canary: 10%, then: [{tag: x}]", ["duplicate_rule"]),
        ("canary: 10%, then: [{tag: x}]", "then: [{tag: x}]", []),
    ],
)  # fmt: skip
def test_rules_that_differ_only_in_a_branch_do_not_repeat_each_other(first: str, second: str, codes: list[str]) -> None:
    assert [f.code for f in found(two(first, second)) if f.code != "unknown_goes_to_else"] == codes


# ---------------------------------------------------------------- branches


def branched(*steps: str, head: str = "event: order.paid") -> str:
    return (
        "rules:\n  r:\n    "
        + head
        + "\n    waive: [unknown_goes_to_else]\n    then:\n"
        + "".join(f"      - {step}\n" for step in steps)
    )


UNREACHED = {
    "the opposite of when": branched("{if: ▶profile.age < 18, then: [{tag: x}]}", head="event: order.paid\n    when: profile.age >= 18"),
    "what when says": branched("{if: ▶profile.age >= 18, then: [{tag: y}], else: [{tag: x}]}", head="event: order.paid\n    when: profile.age >= 18"),
    "what unless excludes": branched("{if: '▶in_segment(\"vip\")', then: [{tag: x}]}", head='event: order.paid\n    unless: in_segment("vip")'),
    "what a branch around it says": branched("{if: profile.age >= 18, then: [{if: ▶profile.age < 18, then: [{tag: x}]}]}"),
    "else of a branch around it": branched("{if: profile.age >= 18, else: [{if: ▶profile.age >= 21, then: [{tag: x}]}]}"),
    "the stage that was entered": branched('{if: ▶profile.stage == "regular", then: [{tag: x}]}', head="enters: stage:new"),
    "itself": branched("{if: ▶profile.age > 60 && profile.age < 18, then: [{tag: x}]}"),
    "the event after a wait": branched("wait: 3d", "{if: ▶event.amount < 5, then: [{tag: x}]}", head="event: order.paid\n    when: event.amount > 10"),
    "the while of a wait": branched("{wait: {for: 3d, while: profile.age > 30}}", "{if: ▶profile.age < 18, then: [{tag: x}]}"),
    "behind a branch that ends the others": branched("{if: profile.age >= 18, else: [stop]}", "{if: ▶profile.age < 5, then: [{tag: x}]}"),
    "in an arm": branched("{split: s, arms: {a: {weight: 1, then: [{if: ▶event.amount < 5, then: [{tag: x}]}]}, b: {weight: 1}}}", head="event: order.paid\n    when: event.amount > 10"),
    "in an answer": branched("{wait: {event: ping, within: 1d}, then: [{if: ▶event.amount < 5, then: [{tag: x}]}]}", head="event: order.paid\n    when: event.amount > 10"),
    "a step behind stop": branched("{tag: x}", "stop", "▶{tag: y}", "{tag: z}"),
    "a step behind two ends": branched("{if: profile.age > 3, then: [{tag: x}, stop], else: [stop]}", "▶{tag: y}"),
    "a step behind stop in an arm": branched("{split: s, arms: {a: {weight: 1, then: [stop, ▶{tag: y}]}, b: {weight: 1}}}"),
}  # fmt: skip
REACHED = {
    "the opposite of when after a wait": branched("wait: 3d", "{if: profile.age < 18, then: [{tag: x}]}", head="event: order.paid\n    when: profile.age >= 18"),
    "a narrower condition": branched("{if: profile.age >= 21, then: [{tag: x}], else: [{tag: y}]}", head="event: order.paid\n    when: profile.age >= 18"),
    "the opposite in else": branched("{if: profile.age >= 18, else: [{if: profile.age < 18, then: [{tag: x}]}]}"),
    "unknown in else": branched("{if: profile.age >= 18, else: [{if: '!has(profile.age)', then: [{tag: x}]}]}"),
    "behind a branch that goes on": branched("{if: profile.age >= 18, then: [{tag: x}]}", "{if: profile.age < 5, then: [{tag: y}]}"),
    "behind a branch that waits": branched("{if: profile.age >= 18, then: [{wait: 1d}], else: [stop]}", "{if: profile.age < 5, then: [{tag: x}]}"),
    "behind one end": branched("{if: profile.age > 3, then: [stop]}", "{tag: y}"),
    "behind a stop in one arm": branched("{split: s, arms: {a: {weight: 1, then: [stop]}, b: {weight: 1}}}", "{tag: y}"),
    "behind an answer that stops": branched("{wait: {event: ping, within: 1d}, then: [stop]}", "{tag: y}"),
    "another reply": branched("{wait: {event: order.paid, within: 1d}, then: [{if: reply.amount > 5, then: [{wait: {event: order.paid, within: 1d}, then: [{if: reply.amount < 5, then: [{tag: x}]}]}]}]}"),
    "a branch without steps": branched("{if: profile.age < 18, else: [{tag: x}]}".replace("else", "then: [], else"), head="event: order.paid\n    when: profile.age >= 18"),
}  # fmt: skip


@pytest.mark.parametrize("text", UNREACHED.values(), ids=list(UNREACHED))
def test_a_branch_or_step_that_no_run_comes_to_is_found_at_its_place(text: str) -> None:
    plain, expected = marked(text)

    findings = found(plain)

    assert [finding.code for finding in findings] == ["never_reached"]
    assert places(findings) == expected


@pytest.mark.parametrize("text", REACHED.values(), ids=list(REACHED))
def test_a_branch_that_some_run_may_come_to_is_left_alone(text: str) -> None:
    assert [finding.code for finding in found(text)] == []


@pytest.mark.parametrize(
    ("condition", "head", "warned"),
    [
        ("profile.age > 3", "event: ping", True),
        ("profile.age > 3 && has(profile.age)", "event: ping", False),
        ("has(profile.age) && profile.age > 3", "event: ping\n    when: has(profile.city)", False),
        ("profile.age > 3", "event: ping\n    when: has(profile.age)", False),
        ("profile.age > 3", "event: ping\n    when: has(profile.age)\n    wait: 1d", True),
        ("profile.age > 3", "event: ping\n    when: profile.age > 1", False),
        ("event.amount > 3", "event: order.paid", True),
        ("event.amount > 3", "event: order.paid\n    when: event.amount > 1\n    wait: 1d", False),
        (
            "event.amount > 3",
            'event: order.paid\n    when: \'sum("order.paid", "amount", "1d") < event.amount\'',
            False,
        ),
        ('count("ping", "1d") > 3', "event: ping", False),
        ('count("ping", "1d") > 3 || profile.age > 3', "event: ping", True),
        ('last("ping") > now - duration("1d")', "event: ping", True),
        ('has_tag("t")', "event: ping", False),
        ('in_segment("vip")', "event: ping", False),
        ('in_segment("grown")', "event: ping", True),
        ('profile.stage == "new"', "event: ping", False),
        ("!(profile.age > 3)", "event: ping", True),
    ],
)
def test_a_condition_that_may_be_unknown_says_that_else_runs_then(condition: str, head: str, warned: bool) -> None:
    text = f"rules:\n  r:\n    {head}\n    then:\n      - if: '{condition}'\n        then: [{{tag: x}}]\n        else: [{{tag: y}}]\n"

    findings = found(text)

    assert [(f.code, f.line) for f in findings] == ([("unknown_goes_to_else", text.count("\n") - 2)] if warned else [])
    assert found(text.replace("    then:\n", "    waive: [unknown_goes_to_else]\n    then:\n", 1)) == []
    assert found(text.replace("[{tag: y}]", "[stop]")) == []


@pytest.mark.parametrize(
    ("arms", "codes"),
    [
        ("a: {weight: 50, then: [{tag: x}]}, b: {weight: 49, then: [{tag: y}]}", ["odd_shares"]),
        ("a: {weight: 60, then: [{tag: x}]}, b: {weight: 45}", ["odd_shares"]),
        ("a: {weight: 50, then: [{tag: x}]}, b: {weight: 50}", []),
        ("a: {weight: 33, then: [{tag: x}]}, b: {weight: 33, then: [{tag: y}]}, c: {weight: 33}", []),
        ("a: {weight: 1, then: [{tag: x}]}, b: {weight: 3}", []),
        ("a: {weight: 500, then: [{tag: x}]}, b: {weight: 499}", []),
        ("a: {weight: 1}, b: {weight: 1}, c: {weight: 1, then: [{tag: x}]}", ["idle_arms"]),
        ("a: {weight: 1}, b: {weight: 0}, c: {weight: 1, then: [{tag: x}]}", []),
    ],
)
def test_shares_that_nearly_are_percentages_and_arms_that_nothing_tells_apart_are_found(
    arms: str, codes: list[str]
) -> None:
    assert [f.code for f in found(f"rules:\n  r: {{event: ping, then: [{{split: s, arms: {{{arms}}}}}]}}\n")] == codes


@pytest.mark.parametrize(
    "more",
    [
        "canary: 10%, limit: once",
        "canary: 10%, limit: {once_within: 7d}",
        "canary: 0%, if_running: ignore",
        "canary: 100%",
    ],
)
def test_a_rule_that_is_tried_out_on_some_people_is_not_warned_of(more: str) -> None:
    assert found(f"rules:\n  r: {{event: ping, {more}, then: [{{tag: x}}]}}\n") == []
