"""Journeys as operators write them: waits of every kind, branches, splits, ends; by the reference and by the product."""

from __future__ import annotations

import pytest

from tests.helpers.journeys import rule
from tests.reference.stories import Player, decided, event

# -- until a time of day


@pytest.mark.parametrize(
    ("zone", "at", "expected"),
    [
        ("Europe/London", "8h", "9h"),
        ("Europe/London", "9h", "1d9h"),
        ("Europe/London", "8h59m59s999ms", "9h"),
        ("Asia/Tokyo", "8h", "1d"),
        ("America/New_York", "8h", "14h"),
    ],
)
def test_a_wait_until_a_time_is_over_when_local_clocks_next_show_it(
    play: Player, zone: str, at: str, expected: str
) -> None:
    story = play(rule('[{wait: {until: "09:00"}}, {assign: {to: x}}]'), event(at, "visit"), until="3d", zone=zone)
    assert decided(story.decisions) == [f"{expected} r.1"]


def test_a_wait_until_a_time_goes_by_the_persons_clock_where_it_is_known(play: Player) -> None:
    story = play(
        rule('[{wait: {until: "09:00"}}, {assign: {to: x}}]'),
        event("0h", "person.updated", zone="Asia/Tokyo"),
        event("1h", "visit"),
        until="3d",
    )
    assert decided(story.decisions) == ["1d r.1"]


def test_a_person_who_moves_during_a_wait_does_not_move_its_end(play: Player) -> None:
    story = play(
        rule('[{wait: {until: "09:00"}}, {assign: {to: x}}]'),
        event("1h", "visit"),
        event("2h", "person.updated", zone="Asia/Tokyo"),
        until="3d",
    )
    assert decided(story.decisions) == ["9h r.1"]


@pytest.mark.parametrize(
    ("clock", "at", "expected"),
    [
        ("01:30", "86d20h", "87d1h"),  # London, 29 March: 01:00 to 02:00 is left out
        ("01:00", "86d20h", "87d1h"),
        ("02:00", "86d20h", "87d1h"),
        ("01:30", "296d20h", "297d30m"),  # 25 October: 01:00 to 02:00 comes twice
        ("01:30", "297d45m", "298d1h30m"),
        ("02:00", "296d20h", "297d2h"),
    ],
)
def test_a_time_that_is_left_out_is_the_moment_after_the_gap_and_of_two_the_first(
    play: Player, clock: str, at: str, expected: str
) -> None:
    story = play(rule(f'[{{wait: {{until: "{clock}"}}}}, {{assign: {{to: x}}}}]'), event(at, "visit"), until="360d")
    assert decided(story.decisions) == [f"{expected} r.1"]


def test_a_rules_own_wait_may_be_until_a_time_too(play: Player) -> None:
    story = play(rule("[{assign: {to: x}}]", 'wait: {until: "09:00"}'), event("1h", "visit"), until="3d")
    assert decided(story.decisions) == ["9h r"]


# -- while


def test_a_run_goes_on_only_if_the_while_of_its_wait_is_true_when_the_wait_is_over(play: Player) -> None:
    waiting = rule("""
      - wait: {for: 1h, while: 'count("order.paid", "1d") == 0'}
      - assign: {to: x}""")
    assert decided(play(waiting, event("0h", "visit"), until="1d").decisions) == ["1h r.1"]
    assert decided(play(waiting, event("0h", "visit"), event("5m", "order.paid"), until="1d").decisions) == []


def test_an_unknown_while_ends_the_run(play: Player) -> None:
    waiting = rule("[{wait: {for: 1h, while: profile.level >= 1}}, {assign: {to: x}}]")
    assert decided(play(waiting, event("0h", "visit"), until="1d").decisions) == []
    known = (event("0h", "visit"), event("5m", "person.updated", level=3))
    assert decided(play(waiting, *known, until="1d").decisions) == ["1h r.1"]


def test_a_while_is_not_asked_before_the_wait_is_over(play: Player) -> None:
    waiting = rule("[{wait: {for: 1h, while: profile.level >= 1}}, {assign: {to: x}}]")
    story = play(
        waiting,
        event("0h", "person.updated", level=3),
        event("1h", "visit"),
        event("1h10m", "person.updated", level=0),
        event("1h20m", "person.updated", level=2),
        until="1d",
    )
    assert decided(story.decisions) == ["2h r.1"]


def test_a_run_that_ended_in_its_rules_own_wait_gives_its_place_back_and_a_later_one_does_not(play: Player) -> None:
    lines = ("limit: once", "wait: {for: 1h, while: profile.level >= 1}")
    events = (event("0h", "visit"), event("2h", "person.updated", level=3), event("3h", "visit"))
    assert decided(play(rule("[{assign: {to: x}}]", *lines), *events, until="1d").decisions) == ["4h r"]
    inside = rule("[{wait: {for: 1h, while: profile.level >= 1}}, {assign: {to: x}}]", "limit: once")
    assert decided(play(inside, *events, until="1d").decisions) == []


def test_a_while_sees_the_event_that_began_the_run(play: Player) -> None:
    waiting = rule("[{wait: {for: 1h, while: event.page == 'a'}}, {assign: {to: x}}]")
    story = play(waiting, event("0h", "visit", page="a"), event("1h", "visit", page="b"), until="1d")
    assert decided(story.decisions) == ["1h r.1"]


# -- for an event

ANSWERED = rule("""
      - tag: a
      - wait: {event: order.paid, within: 3h}
        then: [{assign: {to: paid}}]
        else: [{assign: {to: unpaid}}]
      - assign: {to: both}""")


def test_a_wait_for_an_event_goes_on_at_once_when_it_comes(play: Player) -> None:
    story = play(ANSWERED, event("0h", "visit"), event("1h", "order.paid"), until="1d")
    assert decided(story.decisions) == ["0h r", "1h r.1.then.0", "1h r.2"]


def test_a_wait_for_an_event_goes_on_with_else_when_its_time_is_out(play: Player) -> None:
    story = play(ANSWERED, event("0h", "visit"), event("3h1ms", "order.paid"), until="1d")
    assert decided(story.decisions) == ["0h r", "3h r.1.else.0", "3h r.2"]


def test_an_event_at_the_very_end_of_the_time_still_answers(play: Player) -> None:
    story = play(ANSWERED, event("0h", "visit"), event("3h", "order.paid"), until="1d")
    assert decided(story.decisions) == ["0h r", "3h r.1.then.0", "3h r.2"]


def test_a_late_event_from_before_the_trigger_answers_nothing(play: Player) -> None:
    story = play(ANSWERED, event("1h", "visit"), event("2h", "order.paid", "59m"), until="1d")
    assert decided(story.decisions)[1] == "4h r.1.else.0"


def test_the_event_that_begins_a_run_does_not_answer_it(play: Player) -> None:
    story = play(
        rule("[{wait: {event: visit, within: 1h}, then: [{tag: a}], else: [{tag: b}]}]"),
        event("0h", "visit"),
        until="1d",
    )
    assert decided(story.decisions) == ["1h r.0.else.0"]


def test_one_event_answers_one_wait_of_a_run_and_not_also_the_next(play: Player) -> None:
    then = (
        "[{wait: {event: visit, within: 1h}}, {wait: {event: visit, within: 5h}, then: [{tag: a}], else: [{tag: b}]}]"
    )
    story = play(rule(then, "limit: once"), event("0h", "visit"), event("30m", "visit"), until="1d")
    assert decided(story.decisions) == ["5h30m r.1.else.0"]


def test_a_wait_may_ask_for_the_event_with_the_triggers_property(play: Player) -> None:
    then = "[{wait: {event: order.paid, same: order_id, within: 3h}, then: [{tag: a}], else: [{tag: b}]}]"
    story = play(
        rule(then, start="event: order.cancelled"),
        event("0h", "order.cancelled", order_id="A"),
        event("1h", "order.paid", order_id="B"),
        event("2h", "order.paid", order_id="A"),
        event("2h", "order.cancelled", order_id="C"),
        event("3h", "order.paid"),
        until="1d",
    )
    assert decided(story.decisions) == ["2h r.0.then.0", "5h r.0.else.0"]


def test_a_wait_for_an_event_is_ended_by_those_under_unless(play: Player) -> None:
    then = "[{wait: {event: order.paid, within: 3h, unless: order.cancelled}, then: [{tag: a}], else: [{tag: b}]}]"
    story = play(rule(then), event("0h", "visit"), event("1h", "order.cancelled"), until="1d")
    assert decided(story.decisions) == []


def test_any_of_several_events_answers(play: Player) -> None:
    then = "[{wait: {event: [order.paid, ping], within: 3h}, then: [{tag: a}]}]"
    story = play(rule(then), event("0h", "visit"), event("1h", "ping"), until="1d")
    assert decided(story.decisions) == ["1h r.0.then.0"]


def test_an_answered_run_sees_the_event_counted_in_and_acts_before_rules_on_changes_and_on_the_event(
    play: Player,
) -> None:
    rules = """
segments: {buyers: {when: 'count("order.paid", "1d") >= 1'}}
rules:
  a: {enters: buyers, priority: 90, then: [{assign: {to: x}}]}
  b: {event: order.paid, priority: 90, then: [{assign: {to: x}}]}
  r:
    event: visit
    then:
      - wait: {event: order.paid, within: 3h}
      - if: in_segment("buyers")
        then: [{assign: {to: x}}]
"""
    story = play(rules, event("0h", "visit"), event("1h", "order.paid"), until="1d")
    assert decided(story.decisions) == ["1h r.1.then.0", "1h a", "1h b"]


def test_under_then_a_reply_is_the_event_that_answered_and_event_the_one_that_began_the_run(play: Player) -> None:
    then = """
      - wait: {event: order.paid, within: 3h}
        then:
          - wait: 1h
          - if: reply.amount >= 20
            then:
              - emit: {event: promo, properties: {amount: reply.amount}}
              - set: {city: event.page}"""
    story = play(
        rule(then, "limit: once"),
        event("0h", "visit", page="home"),
        event("1h", "order.paid", amount=30.5),
        event("1h10m", "visit", page="other"),
        until="1d",
    )
    assert decided(story.decisions) == ["2h r.0.then.1.then.0", "2h r.0.then.1.then.1"]
    assert story.decisions[0]["params"]["properties"] == {"amount": 30.5}
    assert story.decisions[1]["params"]["traits"] == {"city": "home"}
    assert {line["event_id"] for line in story.decisions} == {"visit@0h"}


def test_a_reply_inside_a_reply_is_its_own_and_behind_it_the_outer_one_is_back(play: Player) -> None:
    then = """
      - wait: {event: order.paid, within: 3h}
        then:
          - wait: {event: order.cancelled, within: 3h}
            then:
              - wait: 1h
              - emit: {event: promo, properties: {amount: reply.amount}}
          - wait: 1h
          - emit: {event: promo, properties: {amount: reply.amount}}"""
    story = play(
        rule(then),
        event("0h", "visit"),
        event("1h", "order.paid", amount=10),
        event("2h", "order.cancelled", amount=4),
        until="1d",
    )
    assert [line["params"]["properties"] for line in story.decisions] == [{"amount": 4}, {"amount": 10}]
    assert decided(story.decisions) == ["3h r.0.then.0.then.1", "4h r.0.then.2"]
