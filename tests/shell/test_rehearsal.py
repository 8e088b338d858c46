"""A test of a playbook is played by the pipeline itself, each on empty stores, and says why where it is asked to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from rules.case_results import CaseResult, concerns, explained_result, passes
from rules.coverage import Coverage
from schemas.times import DAY, HOUR, parse_time
from tests.helpers.cases import Stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rules.case_trace import Decided

START = parse_time("2026-01-05T10:00:00Z")
GIVEN = "{traits: {level: 3}, consent: marketing, contacts: email}"


def a_test(*steps: str, given: str = GIVEN, expect: str = "[]") -> str:
    return f"  - name: x\n    given: {given}\n    when: [{', '.join(steps)}]\n    expect: {expect}\n"


CART = "{event: cart.added, cart_id: A, cart_total: 320}"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    yield stage
    await stage.close()


pytestmark = pytest.mark.asyncio(loop_scope="module")


def told(decisions: list[Decided]) -> list[tuple[str, str, int, str]]:
    return [(d.rule, d.kind, d.time - START, d.status) for d in decisions]


async def test_a_wait_a_coupon_and_a_message_in_virtual_time(stage: Stage) -> None:
    happened = await stage.play(a_test(CART, "{at: 2h}"))

    assert told(happened.decided) == [("cart", "issue_coupon", HOUR, "done"), ("cart", "send", HOUR, "sent")]
    assert (happened.decided[1].subject, happened.decided[1].channel) == ("Your cart", "email")


async def test_every_test_begins_with_empty_stores(stage: Stage) -> None:
    test = a_test(CART, "{at: 2h}")

    first, second = await stage.play(test), await stage.play(test)

    assert first == second  # the one coupon of the stock is there again


async def test_an_ending_with_the_same_cart_stops_the_reminder_and_another_does_not(stage: Stage) -> None:
    paid = "{at: 30m, event: order.paid, cart_id: %s, amount: 1}"

    same, other = [await stage.play(a_test(CART, paid % which, "{at: 2h}")) for which in ("A", "B")]

    assert [d.rule for d in same.decided if not d.shadow] == []
    assert [d.rule for d in other.decided if not d.shadow] == ["cart", "cart"]


async def test_earlier_events_fill_windows_and_start_nothing(stage: Stage) -> None:
    given = "{traits: {level: 3}, events: [{at: -29d, event: order.paid, amount: 600}]}"

    happened = await stage.play(a_test(CART, "{at: 2d}", given=given))

    assert happened.decided == []
    assert [(m.segment, m.change, m.time - START) for m in happened.moved if m.segment == "vip"] == [
        ("vip", "enter", -1), ("vip", "leave", DAY),
    ]  # fmt: skip


async def test_tags_are_there_from_the_start_and_schedules_see_them(stage: Stage) -> None:
    happened = await stage.play(a_test("{at: 8d}", given="{tags: loyal}"))

    monday = parse_time("2026-01-12T09:00:00Z") - START
    assert told(happened.decided) == [("weekly", "tag", monday, "")]
    assert happened.people["p"]["tags"] == ["counted", "loyal"]
    assert [m.segment for m in happened.moved] == ["stage:usual", "tagged"]


async def test_an_event_for_somebody_else_reaches_them(stage: Stage) -> None:
    given = "{people: {ann: {contacts: email}, bob: {contacts: email}}}"

    happened = await stage.play(a_test("{person: ann, event: friend.invited, friend: bob}", given=given))

    assert [(d.person, d.rule, d.status) for d in happened.decided] == [
        ("ann", "bonus", ""),
        ("bob", "thanks", "sent"),
    ]


async def test_an_event_that_is_too_late_is_a_problem(stage: Stage) -> None:
    happened = await stage.play(a_test("{event: order.paid, amount: 1, time: -4d}"))

    assert [problem.split(":")[0] for problem in happened.problems] == ["an event was refused (too_late)"]


async def test_a_repeated_event_counts_once(stage: Stage) -> None:
    paid = "{at: %s, event: order.paid, amount: 300, id: A1}"

    happened = await stage.play(a_test(paid % "0m", paid % "1h"))

    assert happened.people["p"]["segments"] == []


async def test_what_is_explained_is_what_is_played(stage: Stage) -> None:
    for test in (a_test(CART, "{at: 2h}"), a_test("{event: order.paid, amount: 600}"), a_test(CART, given="{}")):
        plain, watched = await stage.play(test), await stage.play(test, explain=True)

        assert (plain.decided, plain.moved, plain.people) == (watched.decided, watched.moved, watched.people)


# ---------------------------------------------------------------- why


async def explained(stage: Stage, test: str) -> CaseResult:
    (case,) = stage.cases(test)
    assert not passes(case, await stage.rehearsal.play(case), "Europe/London")
    return explained_result(case, await stage.rehearsal.play(case, explain=True), stage.program)


async def reasons(stage: Stage, test: str) -> list[str]:
    result = await explained(stage, test)
    return [" ".join(line.split()) for lines in result.reasons for line in lines]


async def test_a_rule_that_did_not_start_shows_its_conditions_with_values_and_truth(stage: Stage) -> None:
    cart = "{event: cart.added, cart_id: A, cart_total: 80}"

    lines = await reasons(stage, a_test(cart, "{at: 2h}", given="{}", expect="[{send: cart}]"))

    assert lines == [
        "cart was asked at 2026-01-05 10:00 (0m) for p on cart.added and did not start:",
        "when:",
        "false event.cart_total >= 99 (event.cart_total is 80.00 GBP)",
        "unknown profile.level >= 3 (profile.level is unknown)",
        "unless:",
        'false in_segment("vip")',
        'false sum("order.paid", "amount", "30d") >= 500 (sum("order.paid", "amount", "30d") is 0.00 GBP)',
    ]


async def test_a_rule_that_waits_too_long_or_is_ended_says_so(stage: Stage) -> None:
    paid = "{at: 30m, event: order.paid, cart_id: A, amount: 1}"

    waiting = await reasons(stage, a_test(CART, "{at: 59m}", expect="[{send: cart}]"))
    ended = await reasons(stage, a_test(CART, paid, "{at: 2h}", expect="[{send: cart}]"))

    assert waiting[1] == "it waits until 2026-01-05 11:00 (1h), and the test ends at 2026-01-05 10:59 (59m)"
    assert ended[1] == "order.paid ended its wait at 2026-01-05 10:30 (30m)"


async def test_a_limit_that_refuses_says_so(stage: Stage) -> None:
    again = "{at: 3h, event: cart.added, cart_id: B, cart_total: 99}"

    lines = await reasons(stage, a_test(CART, again, "{at: 5h}", expect="[{send: cart, at: 4h}]"))

    assert lines[1] == (
        "cart was asked at 2026-01-05 13:00 (3h) for p on cart.added: "
        "its conditions hold, and its limit allows no other start"
    )


@pytest.mark.parametrize(
    ("steps", "expect", "line"),
    [
        ("{at: 2h}", "[{send: cart}]", "cart was never asked: no cart.added came for anybody"),
        ("{event: order.paid, amount: 1}", "[{tag: vip}]", "vips was never asked: vip was never entered by anybody"),
        ("{at: 2h}", "[{tag: counted}]", "weekly was never asked: its schedule was not due, or nobody was known yet"),
        ("{at: 2h}", "[{tag: golden}]", "no rule decides this: no step of a live or shadow rule is like it"),
    ],
)
async def test_a_rule_that_nothing_started_says_what_would_have(
    stage: Stage, steps: str, expect: str, line: str
) -> None:
    assert (await reasons(stage, a_test(steps, expect=expect)))[0] == line


async def test_a_decision_too_many_shows_why_it_was_made(stage: Stage) -> None:
    lines = await reasons(stage, a_test(CART, "{at: 2h}", expect="[{issue_coupon: cart}, not: {send: cart}]"))

    assert lines[:3] == [
        "cart started at 2026-01-05 10:00 (0m) for p on cart.added:", "when:",
        "true event.cart_total >= 99 (event.cart_total is 320.00 GBP)",
    ]  # fmt: skip


async def test_a_segment_that_is_not_held_shows_its_condition(stage: Stage) -> None:
    test = a_test("{event: order.paid, amount: 499.99}", expect="{segments: {at: 0m, in: vip}}")

    assert (await reasons(stage, test))[1] == (
        'false sum("order.paid", "amount", "30d") >= 500 (sum("order.paid", "amount", "30d") is 499.99 GBP)'
    )


async def test_the_story_has_everything_in_the_order_of_time(stage: Stage) -> None:
    paid = "{at: 30m, event: order.paid, cart_id: B, amount: 1}"

    result = await explained(stage, a_test(CART, paid, "{at: 2h}", given="{traits: {level: 3}}", expect="[]"))

    assert [f"{line.at - START:>8} {line.text}" for line in result.story] == [
        "      -1 given person.updated {level: 3}",
        "      -1 enters the stage usual",
        "       0 event cart.added {cart_id: A, cart_total: 320}",
        "       0 leaves the stage usual",
        "       0 enters the stage new",
        "       0 cart waits until 2026-01-05 11:00 (1h)",
        " 1800000 event order.paid {cart_id: B, amount: 1}",
        " 1800000 trial decides tag: tried (shadow: nothing is done)",
        " 3600000 cart has waited long enough",
        " 3600000 cart decides issue_coupon: cart, done",
        " 3600000 cart decides send: cart, suppressed: email:no_address,sms:no_address",
        " 7200000 the test ends",
    ]


# ---------------------------------------------------------------- coverage and filters


async def test_coverage_counts_starts_decisions_and_each_truth_of_each_condition() -> None:
    stage = Stage()
    coverage = Coverage(stage.explainer)
    stage.rehearsal.coverage = coverage
    try:
        empty = coverage.percent()
        for test in (a_test(CART, "{at: 2h}"), a_test("{event: cart.added, cart_total: 1}", given="{}")):
            await stage.play(test)
        half = coverage.percent()
        found = coverage.as_json()
    finally:
        await stage.close()

    cart = found["rules"]["cart"]
    assert (cart["started"], cart["decided"], cart["steps"]) == (1, 2, {"0": 1, "1": 1})
    assert [(c["condition"], c.get("true"), c.get("false"), c.get("unknown")) for c in cart["conditions"]] == [
        ("event.cart_total >= 99", 1, 1, 0),
        ("profile.level >= 3", 1, 0, 1),
        ('in_segment("vip")', 0, 2, None),  # a sum is never unknown
    ]
    assert next((c["file"], c["line"], c["column"]) for c in cart["conditions"]) == ("shop.yaml", 20, 12)
    assert found["rules"]["weekly"] == {
        "started": 0, "decided": 0, "steps": {"0": 0}, "ways": {},
        "conditions": [{"file": "shop.yaml", "line": 33, "column": 53, "condition": 'has_tag("loyal")', "true": 0, "false": 0}],
    }  # fmt: skip
    assert 0 == empty < half < 100
    assert found["reached"] / found["goals"] * 100 == pytest.approx(half)
    lines = coverage.lines()
    assert "rule weekly: never started" in lines
    assert "rule cart: never unknown: event.cart_total >= 99 (shop.yaml:20:12)" in lines
    assert 'segment vip: never true: sum("order.paid", "amount", "30d") >= 500 (shop.yaml:12:16)' in lines
    assert lines[-1].startswith("coverage ")


async def test_rehearsals_of_emitted_events_are_not_counted() -> None:
    stage = Stage()
    coverage = Coverage(stage.explainer)
    stage.rehearsal.coverage = coverage
    try:
        given = "{people: {ann: {}, bob: {}}}"
        await stage.play(a_test("{person: ann, event: friend.invited, friend: bob}", given=given))
        found = coverage.as_json()["rules"]
    finally:
        await stage.close()

    assert (found["bonus"]["started"], found["thanks"]["started"]) == (1, 1)


@pytest.mark.parametrize(
    ("test", "rules"),
    [
        (a_test(CART), {"cart"}),
        (a_test("{event: Order Completed}"), {"trial"}),
        (a_test("{at: 1h}", expect="[{tag: vip}]"), {"vips"}),
        (a_test("{at: 1h}", expect="[not: {rule: weekly}]"), {"weekly"}),
        (a_test("{at: 1h}"), set()),
    ],
)
async def test_a_test_is_about_the_rules_that_it_names_expects_or_starts(
    stage: Stage, test: str, rules: set[str]
) -> None:
    (case,) = stage.cases(test)

    assert {rule for rule in stage.program.rules if concerns(case, rule, stage.program)} == rules
