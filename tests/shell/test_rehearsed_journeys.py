"""Journeys in the tests of a playbook: branches, arms and answers are expected, counted, and told where a test fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from rules.case_results import explained_result
from rules.coverage import Coverage
from schemas.times import parse_time
from tests.helpers.cases import Stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

JOURNEY = """\
workspace: {zone: Europe/London, currency: GBP}
events:
  visit: {properties: {page: {type: text}}}
  order.paid: {properties: {amount: {type: money}, order_id: {type: text}}}
  gone:
traits: {level: {type: integer}}
rules:
  tour:
    event: visit
    if_running: restart
    then:
      - if: profile.level >= 3
        then: [{id: high, tag: high}]
        else: [{tag: low}]
      - wait: {event: order.paid, within: 3d, unless: [gone]}
        then:
          - if: reply.amount >= 100
            then: [{assign: {to: big}}]
          - stop
        else: [{issue_coupon: welcome}, {send: {template: hello, channels: [email]}}]
      - wait: {for: 1d, while: '!has_tag("vip")'}
      - split: letter
        arms:
          a: {weight: 1, then: [{tag: a}]}
          b: {weight: 0, then: [{tag: b}]}
  vips: {event: gone, then: [{tag: vip}]}
coupon_pools:
  welcome: {benefit: {percent_off: 10}, stock: 5}
  endless: {benefit: {percent_off: 10}}
templates:
  hello: {purpose: transactional, channels: {email: {en: {subject: Hello, body: "{{ coupon.code }}"}}}}
"""
START = parse_time("2026-01-05T10:00:00Z")
HIGH = "{traits: {level: 3}, contacts: [email]}"


def a_test(*steps: str, given: str = HIGH, expect: str = "[]") -> str:
    return f"  - name: x\n    given: {given}\n    when: [{', '.join(steps)}]\n    expect: {expect}\n"


VISIT, END = "{event: visit, page: home}", "{at: 5d}"
PAID = "{{at: 1d, event: order.paid, amount: {}}}".format


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def stage() -> AsyncIterator[Stage]:
    stage = Stage(text=JOURNEY)
    yield stage
    await stage.close()


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def failing(stage: Stage, test: str) -> tuple[list[str], list[str]]:
    """The lines that explain the first miss of a test, and its story."""
    (case,) = stage.cases(test)
    result = explained_result(case, await stage.rehearsal.play(case, explain=True), stage.program)
    assert not result.passed
    return [" ".join(line.split()) for line in result.reasons[0]], [line.text for line in result.story]


async def passed(stage: Stage, test: str) -> bool:
    (case,) = stage.cases(test)
    return explained_result(case, await stage.rehearsal.play(case, explain=True), stage.program).passed


# ---------------------------------------------------------------- steps that are expected


@pytest.mark.parametrize(
    "expected",
    [
        "{tag: high, step: high}", "{tag: high, step: 0.then.0}", "{assign: big, step: 1.then.0.then.0}",
        "not: {step: 0.else.0}", "not: {issue_coupon: welcome}",
    ],
)  # fmt: skip
async def test_a_step_in_a_branch_is_expected_by_its_place_or_its_id(stage: Stage, expected: str) -> None:
    assert await passed(stage, a_test(VISIT, PAID(100), END, expect=f"[{expected}]"))


async def test_a_step_of_the_other_branch_is_not_the_one_that_is_expected(stage: Stage) -> None:
    assert not await passed(stage, a_test(VISIT, END, expect="[{rule: tour, step: 0.else.0}]"))


# ---------------------------------------------------------------- why


async def test_a_missing_decision_shows_the_branch_that_was_taken_and_why(stage: Stage) -> None:
    lines, _ = await failing(stage, a_test(VISIT, PAID("99.99"), END, expect="[{assign: big}]"))

    assert lines == [
        "tour was asked at 2026-01-05 10:00 (0m) for p on visit and started",
        "at 2026-01-05 10:00 (0m) it goes to `then` at step 0: its `if` is true",
        "true profile.level >= 3 (profile.level is 3)",
        "at 2026-01-06 10:00 (1d) it goes to `then` at step 1: order.paid answers its wait",
        "at 2026-01-06 10:00 (1d) it goes to `else` at step 1.then.0: its `if` is false",
        "false reply.amount >= 100 (reply.amount is 99.99 GBP)",
        "at 2026-01-06 10:00 (1d) it stops at step 1.then.1",
    ]


async def test_unknown_says_that_it_went_to_else(stage: Stage) -> None:
    lines, _ = await failing(stage, a_test(VISIT, given="{}", expect="[{tag: high}]"))

    assert lines[1:3] == [
        "at 2026-01-05 10:00 (0m) it goes to `else` at step 0: its `if` is unknown",
        "unknown profile.level >= 3 (profile.level is unknown)",
    ]


async def test_a_wait_without_an_answer_and_an_arm_are_told(stage: Stage) -> None:
    lines, _ = await failing(stage, a_test(VISIT, END, expect="[{tag: b}]"))

    assert lines[3:] == [
        "at 2026-01-08 10:00 (3d) it has waited long enough at step 1, and goes to `else`",
        "at 2026-01-09 10:00 (4d) it has waited long enough at step 2",
        "true not:",
        'false has_tag("vip")',
        "at 2026-01-09 10:00 (4d) it goes to the arm a at step 3, drawn by the split letter",
    ]


async def test_a_while_that_is_false_ends_the_run_and_says_so(stage: Stage) -> None:
    lines, _ = await failing(stage, a_test(VISIT, "{at: 3d1h, event: gone}", END, expect="[{tag: a}]"))

    assert lines[4:] == [
        "at 2026-01-09 10:00 (4d) it ends at step 2: the `while` of its wait is false",
        "false not:",
        'true has_tag("vip")',
    ]


async def test_an_event_that_ends_the_run_and_a_run_that_takes_its_place_are_told_apart(stage: Stage) -> None:
    ended, _ = await failing(stage, a_test(VISIT, "{at: 1h, event: gone}", expect="[{assign: big}]"))
    again, _ = await failing(stage, a_test(VISIT, "{at: 1h, event: visit}", expect="[{assign: big}]"))

    assert ended[-1] == "gone ended its wait at 2026-01-05 11:00 (1h)"
    assert "at 2026-01-05 11:00 (1h) it ends at step 1: a new run takes its place" in again
    assert again[-1] == "it waits until 2026-01-08 11:00 (3d1h), and the test ends at 2026-01-05 11:00 (1h)"


async def test_a_decision_too_many_shows_the_way_that_led_to_it_and_no_more(stage: Stage) -> None:
    lines, _ = await failing(stage, a_test(VISIT, PAID(100), END, expect="[not: {assign: big}]"))

    assert lines == [
        "tour started at 2026-01-05 10:00 (0m) for p on visit, under no condition",
        "at 2026-01-05 10:00 (0m) it goes to `then` at step 0: its `if` is true",
        "true profile.level >= 3 (profile.level is 3)",
        "at 2026-01-06 10:00 (1d) it goes to `then` at step 1: order.paid answers its wait",
        "at 2026-01-06 10:00 (1d) it goes to `then` at step 1.then.0: its `if` is true",
        "true reply.amount >= 100 (reply.amount is 100.00 GBP)",
    ]


async def test_the_story_tells_ways_and_decisions_in_their_order(stage: Stage) -> None:
    _, story = await failing(stage, a_test(VISIT, PAID(100), "{at: 2d}"))

    assert story[2:] == [
        "event visit {page: home}",
        "tour goes to `then` at step 0: its `if` is true",
        "tour decides tag: high",
        "tour waits at step 1 until 2026-01-08 10:00 (3d)",
        "event order.paid {amount: 100}",
        "tour goes to `then` at step 1: order.paid answers its wait",
        "tour goes to `then` at step 1.then.0: its `if` is true",
        "tour decides assign: big, done",
        "tour stops at step 1.then.1",
        "the test ends",
    ]


async def test_what_is_explained_is_what_is_played(stage: Stage) -> None:
    for test in (a_test(VISIT, END), a_test(VISIT, PAID(100), END), a_test(VISIT, "{at: 1h, event: visit}", END)):
        plain, watched = await stage.play(test), await stage.play(test, explain=True)

        assert (plain.decided, plain.moved, plain.people) == (watched.decided, watched.moved, watched.people)


# ---------------------------------------------------------------- stock


async def test_an_empty_pool_refuses_the_coupon_and_the_message_that_shows_it(stage: Stage) -> None:
    happened = await stage.play(a_test(VISIT, END, given="{stock: {welcome: 0}, contacts: [email]}"))

    assert [(d.kind, d.status, d.reason) for d in happened.decided if d.kind in {"issue_coupon", "send"}] == [
        ("issue_coupon", "refused", "stock"),
        ("send", "suppressed", "coupon_unavailable"),
    ]


async def test_the_last_coupon_goes_to_the_first_and_the_next_test_has_all_of_them(stage: Stage) -> None:
    people = "people: {ann: {contacts: email}, bob: {contacts: email}}"
    visits = ["{person: ann, event: visit}", "{person: bob, at: 1h, event: visit}", END]

    short = await stage.play(a_test(*visits, given=f"{{stock: {{welcome: 1}}, {people}}}"))
    full = await stage.play(a_test(*visits, given=f"{{{people}}}"))

    assert [d.status for d in short.decided if d.kind == "issue_coupon"] == ["done", "refused"]
    assert [d.status for d in full.decided if d.kind == "issue_coupon"] == ["done", "done"]


# ---------------------------------------------------------------- coverage


async def test_coverage_counts_every_way_and_the_conditions_on_it() -> None:
    stage = Stage(text=JOURNEY)
    coverage = Coverage(stage.explainer)
    stage.rehearsal.coverage = coverage
    try:
        before = coverage.percent()
        await stage.play(a_test(VISIT, PAID(100), END))
        await stage.play(a_test(VISIT, END, given="{}"))
        found, lines = coverage.as_json()["rules"]["tour"], coverage.lines()
    finally:
        await stage.close()

    assert before == 0
    assert found["ways"] == {
        "0": {"then": 1, "else": 1},
        "1": {"then": 1, "else": 1},
        "1.then.0": {"then": 1, "else": 0},
        "1.then.1": {"stop": 1},
        "3": {"arms.a": 1},  # nobody draws the arm without weight
    }
    assert [(c["condition"], c["true"], c["false"], c.get("unknown")) for c in found["conditions"]] == [
        ("profile.level >= 3", 1, 0, 1),
        ("reply.amount >= 100", 1, 0, 0),
        ('has_tag("vip")', 0, 1, None),
    ]
    assert "rule tour: step 1.then.0 (if) never went to `else`" in lines
    assert "3.arms.b.0" not in found["steps"]
    assert [line for line in lines if "never true" in line] == [
        'rule tour: never true: has_tag("vip") (shop.yaml:21:34)'
    ]


async def test_a_stop_that_no_run_reached_and_an_arm_that_nobody_drew_are_named(stage: Stage) -> None:
    lines = Coverage(stage.explainer).lines()

    assert "rule tour: step 1.then.1 never stopped a run" in lines
    assert "rule tour: step 3 (split letter) never went to the arm a" in lines
    assert "rule tour: step 1 (wait for an event) never went to `else`" in lines
