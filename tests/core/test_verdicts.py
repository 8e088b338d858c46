"""Expected against decided: in part, exactly, not at all; and what came nearest."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from rules.case_trace import Decided, Happened, Moved
from rules.verdicts import misses_of
from schemas.times import HOUR, MINUTE, parse_time
from tests.helpers.cases import cases_of, shop

if TYPE_CHECKING:
    from collections.abc import Mapping

START = parse_time("2026-01-05T10:00:00Z")
SHOP = shop()


def decided(kind: str = "send", params: Mapping[str, Any] | None = None, at: int = HOUR, **more: Any) -> Decided:  # noqa: ANN401 - any field
    params = {"template": "cart", "channels": ["email", "sms"]} if params is None else params
    values: dict[str, Any] = {
        "id": "1",
        "order": 1,
        "person": "p",
        "rule": "cart",
        "step": "1",
        "path": "1",
        "occurrence": "o",
        "event_id": "e",
    }
    return Decided(time=START + at, kind=kind, params=params, **(values | more))


def missed(expect: str, happened: Happened) -> list[str]:
    """What a test with this expectation says of what happened; one step, at 3 h, of nothing but time."""
    (case,) = cases_of(SHOP, f"  - name: x\n    when: [{{at: 3h}}]\n    expect: {expect}\n")
    return [
        miss.message + (f" | {miss.near}" if miss.near else "") for miss in misses_of(case, happened, "Europe/London")
    ]


SENT = decided(channel="email", status="sent", body="Hello Ann, CART-1", subject="Your cart")
TAG = decided("tag", {"tags": ["vip", "big"]}, rule="vips", step="0", path="0")
SET = decided("set", {"traits": {"level": Decimal("9.0"), "name": None}}, rule="vips")
NOT_SENT = decided(status="suppressed", reason="wecom:no_address,email:no_consent")


@pytest.mark.parametrize(
    ("expect", "held"),
    [
        ("[{send: cart}]", SENT),
        ("[{rule: cart}]", SENT),
        ("[{kind: send, template: cart, step: 1, person: p, at: 1h}]", SENT),
        ("[{kind: send, params: {channels: [sms]}}]", SENT),
        ("[{send: cart, channel: email, delivery: sent}]", SENT),
        ("[{send: cart, message: 'Hello Ann, CART-1'}]", SENT),
        ("[{send: cart, message: {contains: [Ann, CART-], lacks: Bob, subject: Your cart}}]", SENT),
        ("[{tag: vip}]", TAG),
        ("[{tag: [big, vip]}]", TAG),
        ("[{set: {level: 9}}]", SET),
        ("[{send: cart, reason: no_consent}]", NOT_SENT),
        ("[{send: cart, reason: 'email:no_consent'}]", NOT_SENT),
        ("[{send: cart, reason: 'wecom:no_address,email:no_consent'}]", NOT_SENT),
        ("[not: {send: cart, at: 2h}]", SENT),
        ("[not: {send: bonus}]", SENT),
    ],
)
def test_a_decision_that_holds_what_is_named_is_the_expected_one(expect: str, held: Decided) -> None:
    assert missed(expect, Happened(decided=[held])) == []


@pytest.mark.parametrize(
    ("expect", "near"),
    [
        ("[{send: cart, at: 2h}]", "at 2026-01-05 11:00 (1h), not 2026-01-05 12:00 (2h)"),
        ("[{send: bonus}]", "template is 'cart', not 'bonus'"),
        ("[{rule: cart, kind: tag}]", "kind is 'send', not 'tag'"),
        ("[{send: cart, step: 0}]", "step is '1', not '0'"),
        ("[{send: cart, channel: sms}]", "channel is 'email', not 'sms'"),
        ("[{send: cart, delivery: suppressed}]", "delivery is 'sent', not 'suppressed'"),
        ("[{send: cart, reason: no_consent}]", "reason is 'none', not 'no_consent'"),
        ("[{send: cart, message: Hello}]", "body is 'Hello Ann, CART-1', not 'Hello'"),
        ("[{send: cart, message: {contains: Bob}}]", "body with is 'Hello Ann, CART-1', not 'Bob'"),
        ("[{send: cart, message: {lacks: Ann}}]", "body without is 'Hello Ann, CART-1', not 'Ann'"),
        ("[{send: cart}, {send: cart}]", "it stands for another expectation already"),
        ("[{send: cart, shadow: true}]", "the rule is no shadow"),
    ],
)  # fmt: skip
def test_what_came_nearest_is_shown_with_how_it_differs(expect: str, near: str) -> None:
    (message,) = missed(expect, Happened(decided=[SENT]))

    assert message.startswith("expected and not decided: ")
    assert message.endswith(near), message


def test_the_nearest_is_the_one_that_differs_least() -> None:
    other = decided(params={"template": "bonus", "channels": []}, at=MINUTE)

    (message,) = missed("[{send: cart, at: 1m}]", Happened(decided=[SENT, other]))

    assert "send: cart by the rule cart at 2026-01-05 11:00 (1h)" in message.split(" | ")[1]


def test_nothing_near_is_nothing_shown() -> None:
    assert missed("[{send: cart}]", Happened()) == ["expected and not decided: send: cart"]


@pytest.mark.parametrize("expect", ["[]", "{exact: []}", "{exact: [{tag: vip}]}", "[not: {send: cart}]"])
def test_a_decision_too_many_is_named(expect: str) -> None:
    messages = missed(expect, Happened(decided=[TAG, SENT][1 if expect != "{exact: [{tag: vip}]}" else 0 :]))

    assert len(messages) == 1
    assert "send: cart by the rule cart at 2026-01-05 11:00 (1h) for p" in messages[0]


def test_expectations_share_decisions_so_that_as_many_as_can_be_are_met() -> None:
    first, second = decided(at=HOUR), decided(at=2 * HOUR)

    assert missed("{exact: [{send: cart}, {send: cart, at: 1h}]}", Happened(decided=[first, second])) == []


def test_a_shadow_decides_nothing_unless_it_is_asked_for() -> None:
    tried = decided("tag", {"tags": ["tried"]}, rule="trial", shadow=True)

    assert missed("[]", Happened(decided=[tried])) == []
    assert missed("[{tag: tried, shadow: true}]", Happened(decided=[tried])) == []
    assert missed("[{rule: trial}]", Happened(decided=[tried])) == []  # the playbook says that it is a shadow
    assert missed("[{tag: tried}]", Happened(decided=[tried]))[0].endswith("ask with `shadow: true`")


def _moves() -> Happened:
    moves = [
        ("stage:new", "enter", 0),
        ("stage:new", "leave", HOUR),
        ("stage:usual", "enter", HOUR),
        ("vip", "enter", HOUR),
        ("vip", "leave", 2 * HOUR),
    ]
    moved = [Moved(START + at, number, "p", segment, change) for number, (segment, change, at) in enumerate(moves)]  # type: ignore[arg-type]
    people: dict[str, Mapping[str, Any]] = {"p": {"tags": ["vip"], "traits": {"level": 9, "spent": Decimal("10.00")}}}
    return Happened(moved=moved, people=people)


@pytest.mark.parametrize(
    "expect",
    [
        "{segments: {at: 59m, not_in: vip, stage: new}}",
        "{segments: [{at: 1h, in: vip, stage: usual}, {at: 2h, not_in: [vip, tagged]}]}",
        "{tags: vip, not_tags: loyal, traits: {level: 9, name: null}}",
        "{people: {p: {tags: [vip]}}}",
    ],
)
def test_segments_at_a_moment_and_traits_at_the_end(expect: str) -> None:
    assert missed(expect, _moves()) == []


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ("{segments: {at: 59m, in: vip}}", "p at 2026-01-05 10:59 (59m) is not in the segment vip"),
        ("{segments: {at: 1h, not_in: vip}}", "p at 2026-01-05 11:00 (1h) is in the segment vip"),
        ("{segments: {at: 0m, stage: usual}}", "p at 2026-01-05 10:00 (0m) is in the stage new, not usual"),
        ("{tags: loyal}", "p does not have the tag loyal at the end"),
        ("{not_tags: vip}", "p has the tag vip at the end"),
        ("{traits: {level: 8}}", "p has level 9, not 8, at the end"),
        ("{traits: {level: null}}", "p has level 9, not None, at the end"),
        ("{traits: {name: Ann}}", "p has name unknown, not 'Ann', at the end"),
    ],
)
def test_what_is_not_so_is_said(expect: str, message: str) -> None:
    assert missed(expect, _moves()) == [message]


def test_a_refused_event_fails_the_test_whatever_is_expected() -> None:
    assert missed("[]", Happened(problems=["an event was refused (too_late): …"])) == [
        "an event was refused (too_late): …"
    ]
