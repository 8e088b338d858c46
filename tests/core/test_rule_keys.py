"""Keys that say when, for whom and how long a rule holds; by the reference and by the product where both know them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from campaigns.coupons import offer
from messaging.policy import Facts, Verdict, decide
from messaging.ports import OutboxRow
from schemas.catalogue import Holdout
from schemas.ids import in_share
from schemas.offers import QuietHours
from schemas.times import HOUR, MINUTE, parse_duration
from tests.helpers.folding import product_outcome, product_run
from tests.helpers.messages import some_offers
from tests.reference.fold import run
from tests.reference.histories import PERSON_ZONES
from tests.reference.stories import BEGIN, Player, changed, decided, event, playbook

if TYPE_CHECKING:
    from collections.abc import Callable

    from rules.model import Playbook
    from schemas.decisions import Decision, Outcome
    from schemas.events import Event
    from tests.reference.result import Result


def rule(then: str, *lines: str, start: str = "event: visit") -> str:
    return "\n".join(["rules:", "  r:", f"    {start}", *(f"    {line}" for line in lines), f"    then: {then}"])


def folded(text: str, *events: tuple[int, Event], until: str) -> Outcome:
    return product_outcome(playbook(text, "UTC"), events, BEGIN + parse_duration(until), PERSON_ZONES)


# -- valid


def test_a_rule_starts_nothing_before_its_validity_and_nothing_from_its_end_on(play: Player) -> None:
    valid = "valid: {from: 2026-01-01T01:00:00Z, until: 2026-01-01T02:00:00Z}"
    hours = ("0h", "59m59s999ms", "1h", "1h59m59s999ms", "2h", "3h")
    story = play(rule("[{tag: a}]", valid), *(event(at, "visit") for at in hours))
    assert decided(story.decisions) == ["1h r", "1h59m59s999ms r"]


def test_what_started_in_time_goes_on_after_the_validity(play: Player) -> None:
    story = play(
        rule("[{wait: 1d}, {tag: a}]", "valid: {until: 2026-01-01T02:00:00Z}"), event("1h", "visit"), until="3d"
    )
    assert decided(story.decisions) == ["1d1h r.1"]


def test_a_start_outside_of_the_validity_takes_no_place_in_the_limit(play: Player) -> None:
    lines = ("valid: {from: 2026-01-01T01:00:00Z}", "limit: once")
    story = play(rule("[{tag: a}]", *lines), event("0h", "visit"), event("2h", "visit"))
    assert decided(story.decisions) == ["2h r"]


# -- canary


def test_a_canary_acts_for_its_share_of_people_and_is_shadow_for_the_others(play: Player) -> None:
    people = [f"p{number}" for number in range(60)]
    story = play(rule("[{tag: a}]", "canary: 25%"), *(event("0h", "visit", person=person) for person in people))
    number = {person: int(sha256(f"canary:r/{person}".encode()).hexdigest()[:16], 16) for person in people}
    chosen = {person for person in people if number[person] < 2**64 // 4}
    assert {line["person"] for line in story.decisions} == chosen
    assert {line["person"] for line in story.shadow} == set(people) - chosen
    assert {line["person"] for line in story.profiles if line["tags"]} == chosen
    assert 5 < len(chosen) < 25


@pytest.mark.parametrize(("share", "live"), [("0%", 0), ("100%", 3)])
def test_a_canary_of_nobody_is_a_shadow_and_one_of_all_is_live(play: Player, share: str, live: int) -> None:
    people = (event("0h", "visit", person=person) for person in ("ann", "bob", "cat"))
    story = play(rule("[{tag: a}]", f"canary: {share}"), *people)
    assert (len(story.decisions), len(story.shadow)) == (live, 3 - live)


def test_who_is_in_a_canary_stays_in_it_when_it_grows() -> None:
    people = [f"p{number}" for number in range(500)]
    shares = [{p for p in people if in_share("canary:r", p, each * 10_000)} for each in (0, 1, 10, 50, 100)]
    assert all(smaller <= larger for smaller, larger in pairwise(shares))
    assert (len(shares[0]), len(shares[4])) == (0, 500)


# -- if_late and expires: until when a decision may be carried out


def ends(outcome: Outcome) -> list[int | None]:
    return [None if d.valid_until is None else d.valid_until - d.time for d in outcome.decisions]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((), [None, 12 * HOUR]),
        (("expires: 2h",), [2 * HOUR, 2 * HOUR]),
        (("expires: 20h",), [20 * HOUR, 12 * HOUR]),
        (("if_late: send",), [None, None]),
        (("if_late: send", "expires: 2h"), [2 * HOUR, 2 * HOUR]),
        (("if_late: skip",), [5 * MINUTE, 5 * MINUTE]),
        (("if_late: {send_within: 1h}",), [HOUR, HOUR]),
        (("if_late: {send_within: 1h}", "expires: 30m"), [HOUR // 2, HOUR // 2]),
    ],
)
def test_the_earlier_of_expires_and_if_late_ends_a_decision(lines: tuple[str, ...], expected: list[int | None]) -> None:
    text = rule("[{tag: a}, {wait: 1h}, {tag: b}]", *lines)
    assert ends(folded(text, event("0h", "visit"), until="1d")) == expected


def test_a_rules_own_wait_and_a_wait_for_an_event_are_waits_too() -> None:
    own = rule("[{tag: a}]", "wait: 1h")
    assert ends(folded(own, event("0h", "visit"), until="1d")) == [12 * HOUR]
    answered = rule("[{wait: {event: ping, within: 1h}, then: [{tag: a}]}]")
    assert ends(folded(answered, event("0h", "visit"), event("30m", "ping"), until="1d")) == [12 * HOUR]


def test_lateness_is_counted_from_the_moment_for_which_a_schedule_was_told() -> None:
    text = rule("[{tag: a}]", "if_late: {send_within: 1h}", start='schedule: {cron: "0 9 * * *"}')
    (decision,) = folded(text, event("8h", "visit"), until="10h").decisions
    assert decision.valid_until == BEGIN + 10 * HOUR


NIGHT = """
rules:
  r:
    event: visit
    then:
      - wait: {until: "20:00"}
      - send: {template: offer, channels: [sms]}
      - send: {template: hello, channels: [email]}
      - tag: a
"""


def test_lateness_begins_where_the_quiet_hours_end_in_which_a_message_falls_due() -> None:
    quiet = QuietHours(19 * 60, 9 * 60, "person", frozenset(), frozenset({"marketing"}))
    shop = playbook(NIGHT, "UTC")
    shop = replace(shop, workspace=replace(shop.workspace, quiet=quiet))
    outcome = product_outcome(shop, [event("1h", "visit")], BEGIN + parse_duration("2d"))
    assert ends(outcome) == [(13 + 12) * HOUR, 12 * HOUR, 12 * HOUR]


# -- holdout

HELD = """
segments: {tagged: {when: has_tag("a")}}
rules:
  r:
    event: visit
    limit: once
    then:
      - issue_coupon: {pool: gift, as: coupon}
      - issue_coupon: {pool: gift, as: voucher}
      - send: {template: hello, channels: [email]}
      - send: {template: offer, channels: [sms]}
      - send: {template: voucher, channels: [email]}
      - tag: a
      - set: {city: "'Rome'"}
      - emit: {event: promo}
      - assign: {to: team}
  s: {event: promo, then: [{tag: b}]}
"""


@pytest.fixture(params=[run, product_run], ids=["reference", "product"])
def player(request: pytest.FixtureRequest) -> Callable[..., Result]:
    return request.param  # type: ignore[no-any-return]


def held_out(share: int, salt: str = "") -> Playbook:
    shop = playbook(HELD, "UTC")
    return replace(shop, workspace=replace(shop.workspace, holdout=Holdout(share, salt)))


def test_whoever_is_held_out_decides_and_is_left_alone(player: Callable[..., Result]) -> None:
    story = player(held_out(1_000_000), [event("0h", "visit"), event("1h", "visit")], None)
    assert decided(story.decisions) == ["0h r", *(f"0h r.{step}" for step in range(1, 9))]
    assert (changed(story), story.profiles[0]["tags"], story.profiles[0]["traits"].get("city")) == ([], [], None)


def test_transactional_messages_and_the_coupons_that_they_show_reach_those_who_are_held_out(
    player: Callable[..., Result],
) -> None:
    story = player(held_out(1_000_000), [event("0h", "visit")], None)
    held = {line["step"]: line["params"].get("holdout", False) for line in story.decisions}
    assert [step for step, is_held in held.items() if not is_held] == ["1", "2", "4"]


def test_a_holdout_draws_its_share_by_salt_and_person(player: Callable[..., Result]) -> None:
    people = [f"p{number}" for number in range(60)]
    visits = [event("0h", "visit", person=person) for person in people]
    found = {}
    for salt, drawn_by in (("", "holdout"), ("spring", "holdout:spring")):
        story = player(held_out(250_000, salt), visits, None)
        numbers = {p: int(sha256(f"{drawn_by}/{p}".encode()).hexdigest()[:16], 16) for p in people}
        found[salt] = {line["person"] for line in story.profiles if not line["tags"]}
        assert found[salt] == {person for person in people if numbers[person] < 2**64 // 4}
    assert found[""] != found["spring"]


def test_the_ledger_is_told_to_suppress_what_was_held_out() -> None:
    outcome = product_outcome(held_out(1_000_000), [event("0h", "visit")], BEGIN)
    assert all(decision.effect for decision in outcome.decisions if "holdout" in decision.params)
    for decision in outcome.decisions:
        verdict = judge(decision)
        assert ((verdict.status, verdict.reason) == ("suppressed", "holdout")) == ("holdout" in decision.params)


def judge(decision: Decision) -> Verdict:
    """What the gates say of a decision, about a person who can be reached."""
    row = OutboxRow(
        decision_id=decision.id,
        person=decision.person,
        rule=decision.rule,
        kind=decision.kind,
        time=decision.time,
        params=decision.params,
        variables=decision.variables,
    )
    facts = Facts(decision.time, addresses={"email": "ann@example.com"})
    return decide(row, facts, some_offers(), {}, partial(offer, key=b"k" * 32))
