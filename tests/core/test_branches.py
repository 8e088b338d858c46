"""Journeys that part: branches, splits, and runs beside runs."""

from __future__ import annotations

from hashlib import sha256

from schemas.ids import decision_id, drawn
from tests.helpers.journeys import rule
from tests.reference.stories import Player, decided, event

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
