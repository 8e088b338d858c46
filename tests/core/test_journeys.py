"""Journeys as operators write them: waits of every kind, branches, splits, ends; by the reference and by the product."""

from __future__ import annotations

from hashlib import sha256

import pytest

from schemas.ids import decision_id, drawn
from tests.reference.stories import PLAYERS, Player, decided, event


@pytest.fixture(params=PLAYERS)
def play(request: pytest.FixtureRequest) -> Player:
    return PLAYERS[request.param]


def rule(then: str, *lines: str, start: str = "event: visit") -> str:
    return "\n".join(["rules:", "  r:", f"    {start}", *(f"    {line}" for line in lines), f"    then: {then}"])


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


# -- branches


def test_a_branch_is_chosen_when_the_run_comes_to_it_and_the_run_goes_on_behind_it(play: Player) -> None:
    then = """
      - wait: 1h
      - if: count("order.paid", "1d") >= 1
        then: [{assign: {to: a}}]
        else: [{assign: {to: b}}, {wait: 1h}, {assign: {to: c}}]
      - assign: {to: d}"""
    paid = play(rule(then), event("0h", "visit"), event("30m", "order.paid"), until="1d")
    assert decided(paid.decisions) == ["1h r.1.then.0", "1h r.2"]
    unpaid = play(rule(then), event("0h", "visit"), event("90m", "order.paid"), until="1d")
    assert decided(unpaid.decisions) == ["1h r.1.else.0", "2h r.1.else.2", "2h r.2"]


def test_what_is_unknown_goes_the_way_of_else(play: Player) -> None:
    then = (
        "[{if: profile.level > 1, then: [{tag: a}], else: [{tag: b}]}, {if: '!(profile.level > 1)', then: [{tag: c}]}]"
    )
    assert decided(play(rule(then), event("0h", "visit")).decisions) == ["0h r.0.else.0"]


def test_a_step_does_not_see_the_effects_of_the_steps_of_the_same_moment(play: Player) -> None:
    then = "[{tag: a}, {if: has_tag('a'), then: [{assign: {to: x}}], else: [{assign: {to: y}}]}]"
    story = play(rule(then), event("0h", "visit"), event("1h", "visit"))
    assert decided(story.decisions) == ["0h r", "0h r.1.else.0", "1h r", "1h r.1.then.0"]


def test_a_stop_ends_the_run_from_inside_a_branch(play: Player) -> None:
    then = "[{if: event.page == 'a', then: [{tag: a}, stop]}, {tag: b}]"
    story = play(rule(then), event("0h", "visit", page="a"), event("1h", "visit", page="b"))
    assert decided(story.decisions) == ["0h r.0.then.0", "1h r.1"]


def test_an_id_takes_the_place_of_the_path_in_a_branch_too(play: Player) -> None:
    then = "[{if: 'true', then: [{tag: a, id: first}, {if: 'true', then: [{tag: b}]}]}]"
    story = play(rule(then), event("0h", "visit", id="7"))
    assert decided(story.decisions) == ["0h r.first", "0h r.0.then.1.then.0"]
    assert story.decisions[0]["id"] == decision_id("simulate", "r", "ann", "event:shop:7", "first")


# -- splits

SPLIT = """
      - split: greeting
        arms:
          a: {weight: 1, then: [{tag: a}]}
          b: {weight: 3, then: [{tag: b}, {wait: 1h}, {tag: c}]}
          nothing: {weight: 0, then: [{tag: never}]}
      - tag: all"""


def test_a_split_draws_by_salt_and_person_alone(play: Player) -> None:
    people = [f"p{number}" for number in range(60)]
    story = play(rule(SPLIT), *(event("0h", "visit", person=person) for person in people), until="1d")
    number = {person: int(sha256(f"greeting/{person}".encode()).hexdigest()[:16], 16) for person in people}
    low = {person for person in people if number[person] < 2**64 // 4}
    steps = {person: [d["step"] for d in story.decisions if d["person"] == person] for person in people}
    assert {person for person in people if steps[person] == ["0.arms.a.0", "1"]} == low
    assert {person for person in people if steps[person] == ["0.arms.b.0", "0.arms.b.2", "1"]} == set(people) - low
    assert 5 < len(low) < 25


def test_the_number_of_a_person_is_a_promise() -> None:
    assert drawn("greeting", "ann") == int(sha256(b"greeting/ann").hexdigest()[:16], 16)
    assert drawn("问候", "安") == int(sha256("问候/安".encode()).hexdigest()[:16], 16)


def test_two_splits_of_one_name_draw_the_same_and_of_two_names_independently(play: Player) -> None:
    arms = "arms: {a: {weight: 1, then: [{tag: a}]}, b: {weight: 1, then: [{tag: b}]}}"
    people = [f"p{number}" for number in range(80)]
    then = f"[{{split: x, {arms}}}, {{split: x, {arms}}}, {{split: y, {arms}}}]"
    story = play(rule(then), *(event("0h", "visit", person=person) for person in people))
    drawn_arms = [tuple(d["params"]["tags"][0] for d in story.decisions if d["person"] == p) for p in people]
    assert all(first == second for first, second, _ in drawn_arms)
    assert {(first, third) for first, _, third in drawn_arms} == {("a", "a"), ("a", "b"), ("b", "a"), ("b", "b")}


def test_a_run_keeps_its_arm_in_a_later_split_of_the_same_name_with_other_weights(play: Player) -> None:
    then = """
      - split: x
        arms: {a: {weight: 0, then: [{tag: a}]}, b: {weight: 1, then: [{tag: b}]}}
      - split: x
        arms: {a: {weight: 1, then: [{tag: a}]}, b: {weight: 0, then: [{tag: b}]}}
      - split: x
        arms: {a: {weight: 1, then: [{tag: a}]}, c: {weight: 0, then: [{tag: c}]}}"""
    story = play(rule(then), event("0h", "visit"))
    assert decided(story.decisions) == ["0h r.0.arms.b.0", "0h r.1.arms.b.0", "0h r.2.arms.a.0"]


# -- all of it


def test_a_journey_counts_once_however_many_waits_and_branches_it_has(play: Player) -> None:
    then = "[{wait: 1h}, {if: 'true', then: [{wait: 1h}, {tag: a}]}, {wait: 1h}, {tag: b}]"
    story = play(rule(then, "limit: {once_within: 1d}"), event("0h", "visit"), event("12h", "visit"), until="9d")
    assert decided(story.decisions) == ["2h r.1.then.1", "3h r.3"]


# -- while another run is under way


def test_by_default_runs_of_one_rule_go_side_by_side(play: Player) -> None:
    story = play(rule("[{wait: 1h}, {tag: a}]"), event("0h", "visit"), event("30m", "visit"), until="1d")
    assert decided(story.decisions) == ["1h r.1", "1h30m r.1"]


def test_a_rule_may_ignore_what_happens_while_a_run_of_it_waits(play: Player) -> None:
    story = play(
        rule("[{tag: a}, {wait: 1h}, {tag: b}]", "if_running: ignore"),
        *(event(at, "visit") for at in ("0h", "30m", "1h", "1h1ms", "5h")),
        event("30m", "visit", person="bob"),
        until="1d",
    )
    ann = [line for line in story.decisions if line["person"] == "ann"]
    assert decided(ann) == ["0h r", "1h r.2", "1h1ms r", "2h1ms r.2", "5h r", "6h r.2"]


def test_what_was_ignored_takes_no_place_in_the_limit(play: Player) -> None:
    lines = ("if_running: ignore", "limit: {max: {count: 2, within: 1d}}")
    story = play(
        rule("[{wait: 1h}, {tag: a}]", *lines), *(event(at, "visit") for at in ("0h", "30m", "2h", "4h")), until="1d"
    )
    assert decided(story.decisions) == ["1h r.1", "3h r.1"]


def test_a_run_that_the_same_event_has_just_ended_is_no_longer_under_way(play: Player) -> None:
    then = "[{wait: {for: 1h, unless: [visit]}}, {tag: a}]"
    story = play(rule(then, "if_running: ignore"), event("0h", "visit"), event("30m", "visit"), until="1d")
    assert decided(story.decisions) == ["1h30m r.1"]


def test_a_rule_may_restart_so_that_only_the_last_run_counts(play: Player) -> None:
    story = play(
        rule("[{tag: a}, {wait: 1h}, {tag: b}]", "if_running: restart"),
        *(event(at, "visit") for at in ("0h", "30m", "1h", "5h")),
        until="1d",
    )
    assert decided(story.decisions) == ["0h r", "30m r", "1h r", "2h r.2", "5h r", "6h r.2"]


def test_a_restart_frees_the_place_of_a_run_that_has_done_nothing_yet(play: Player) -> None:
    lines = ("if_running: restart", "limit: {once_within: 1d}", "wait: 1h")
    story = play(rule("[{tag: a}]", *lines), *(event(at, "visit") for at in ("0h", "30m", "5h")), until="1d")
    assert decided(story.decisions) == ["1h30m r"]


def test_an_occurrence_that_the_limit_refuses_restarts_nothing(play: Player) -> None:
    lines = ("if_running: restart", "limit: {once_within: 1d}")
    story = play(
        rule("[{tag: a}, {wait: 1h}, {tag: b}]", *lines), event("0h", "visit"), event("30m", "visit"), until="1d"
    )
    assert decided(story.decisions) == ["0h r", "1h r.2"]


def test_once_per_lets_go_of_a_value_whose_run_was_restarted(play: Player) -> None:
    lines = ("if_running: restart", "limit: {once_per: page}", "wait: 1h")
    story = play(
        rule("[{tag: a}]", *lines),
        event("0h", "visit", page="a"),
        event("10m", "visit", page="b"),
        event("20m", "visit", page="a"),
        event("3h", "visit", page="b"),
        event("5h", "visit", page="a"),
        until="1d",
    )
    assert decided(story.decisions) == ["1h20m r", "4h r"]
