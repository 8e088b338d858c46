"""What each function of conditions gives, by the reference and by the product: truth, unknown, and the very moment."""

from __future__ import annotations

import pytest

from tests.reference.stories import Player, changed, event


def segment(condition: str) -> str:
    return f"segments: {{s: {{when: '{condition}'}}}}"


TWO_OF_THREE = 'at_least(2, [count("visit", "1d") >= 1, count("ping", "2d") >= 1, profile.level > 1])'


def test_at_least_two_hold_as_soon_as_the_second_does_and_as_long_as_both_do(play: Player) -> None:
    story = play(segment(TWO_OF_THREE), event("0h", "visit"), event("1h", "ping"), until="9d")
    assert changed(story) == ["1h enter s event", "1d leave s time"]


def test_at_least_is_true_although_one_is_unknown_and_false_when_the_unknown_one_could_not_help(play: Player) -> None:
    holds = segment(f"!({TWO_OF_THREE})")
    assert changed(play(holds, event("0h", "order.paid"))) == ["0h enter s event"]


def test_at_least_is_unknown_while_an_unknown_one_decides_and_then_nothing_holds(play: Player) -> None:
    assert changed(play(segment(TWO_OF_THREE), event("0h", "visit"))) == []
    assert changed(play(segment(f"!({TWO_OF_THREE})"), event("0h", "visit"))) == []
    known = event("1h", "person.updated", level=2)
    assert changed(play(segment(TWO_OF_THREE), event("0h", "visit"), known)) == ["1h enter s event"]


def test_absent_holds_of_who_never_had_one_and_again_when_the_last_leaves_the_window(play: Player) -> None:
    story = play(segment('absent("visit", "2d")'), event("0h", "ping"), event("1h", "visit"), until="3d")
    assert changed(story) == ["0h enter s event", "1h leave s event", "2d1h enter s time"]


def test_a_ratio_is_compared_exactly(play: Player) -> None:
    thirds = segment('sum("order.paid", "amount", "1d") / count("order.paid", "1d") * 3 == 10')
    payments = (event(f"{hour}h", "order.paid", amount=amount) for hour, amount in enumerate((3, 3, 4)))
    assert changed(play(thirds, *payments, until="2h")) == ["2h enter s event"]


def test_a_ratio_with_nothing_below_is_unknown_and_turns_when_either_side_leaves_its_window(play: Player) -> None:
    ratio = 'count("order.cancelled", "3h") / count("order.paid", "2h")'
    events = event("0h", "order.cancelled"), event("1h", "order.paid")
    story = play(segment(f"{ratio} >= 0.5"), *events, until="1d")
    assert changed(story) == ["1h enter s event", "3h leave s time"]
    assert changed(play(segment(f"{ratio} < 0.5"), *events, until="1d")) == []


def test_a_literal_list_has_a_size(play: Player) -> None:
    assert changed(play(segment('["a", "b"].size() == 2'), event("0h", "visit"))) == ["0h enter s event"]


CART = 'sequence(["visit", "order.paid"], "3d", ["order.cancelled"])'


def test_a_sequence_holds_from_its_last_event_until_its_first_leaves_the_window(play: Player) -> None:
    story = play(segment(CART), event("0h", "visit"), event("1d", "order.paid"), until="9d")
    assert changed(story) == ["1d enter s event", "3d leave s time"]


def test_a_sequence_wants_its_order(play: Player) -> None:
    assert changed(play(segment(CART), event("0h", "order.paid"), event("1h", "visit"), until="9d")) == []


def test_events_of_one_millisecond_follow_each_other_in_no_order(play: Player) -> None:
    assert changed(play(segment(CART), event("1h", "visit"), event("1h", "order.paid"))) == []
    story = play(segment(CART), event("1h", "visit"), event("1h1ms", "order.paid"))
    assert changed(story) == ["1h1ms enter s event"]


def test_the_first_event_lies_within_the_window_and_not_on_its_edge(play: Player) -> None:
    assert changed(play(segment(CART), event("0h", "visit"), event("3d", "order.paid"), until="9d")) == []
    story = play(segment(CART), event("1ms", "visit"), event("3d", "order.paid"), until="9d")
    assert changed(story) == ["3d enter s event", "3d1ms leave s time"]


def test_what_may_not_be_in_between_breaks_a_sequence_also_when_it_comes_late(play: Player) -> None:
    visit, paid = event("1h", "visit"), event("3h", "order.paid")
    story = play(segment(CART), visit, event("2h", "order.cancelled"), paid)
    assert changed(story) == []
    story = play(segment(CART), visit, paid, event("4h", "order.cancelled", "2h"))
    assert changed(story) == ["3h enter s event", "4h leave s event"]


@pytest.mark.parametrize("moment", ["1h", "3h", "4h", "0h"])
def test_what_is_not_strictly_in_between_breaks_nothing(play: Player, moment: str) -> None:
    late = event("5h", "order.cancelled", moment)
    story = play(segment(CART), event("1h", "visit"), event("3h", "order.paid"), late)
    assert changed(story) == ["3h enter s event"]


def test_a_late_first_event_makes_a_sequence(play: Player) -> None:
    story = play(segment(CART), event("3h", "order.paid"), event("4h", "visit", "2h"), until="9d")
    assert changed(story) == ["4h enter s event", "3d2h leave s time"]


def test_a_sequence_holds_as_long_as_its_latest_match(play: Player) -> None:
    events = [
        event(f"{day}d", name) for day, name in enumerate(("visit", "visit", "order.paid", "visit", "order.paid"))
    ]
    story = play(segment(CART), *events, until="9d")
    assert changed(story) == ["2d enter s event", "6d leave s time"]


def test_an_event_may_be_several_steps_and_a_name_may_come_again(play: Player) -> None:
    thrice = segment('sequence(["visit", "*", "visit"], "1d")')
    visits = [event(f"{hour}h", "visit") for hour in range(3)]
    assert changed(play(thrice, *visits[:2])) == []
    assert changed(play(thrice, *visits, until="2d")) == ["2h enter s event", "1d leave s time"]


def test_events_with_a_meaning_of_their_own_are_counted_like_others(play: Player) -> None:
    given = event("1h", "consent.given", purpose="marketing")
    story = play(segment('count("consent.given", "1d") == 1'), event("0h", "visit"), given, until="2d")
    assert changed(story) == ["1h enter s event", "1d1h leave s time"]


def test_a_set_trait_and_its_event_are_seen_together(play: Player) -> None:
    condition = 'profile.level > 1 && count("person.updated", "1d") == 2'
    updates = event("1h", "person.updated", level=1), event("2h", "person.updated", level=2)
    assert changed(play(segment(condition), event("0h", "visit"), *updates)) == ["2h enter s event"]


def test_a_named_list_is_a_list_that_is_written_once(play: Player) -> None:
    cities = "lists: {cities: [Rome, Oslo]}\n" + segment("profile.city in lists.cities")
    here, gone = event("1h", "person.updated", city="Oslo"), event("2h", "person.updated", city="Bonn")
    story = play(cities, event("0h", "visit"), here, gone)
    assert changed(story) == ["1h enter s event", "2h leave s event"]


def test_a_named_list_of_numbers_holds_money_where_it_stands_beside_money(play: Player) -> None:
    prices = "lists: {prices: [10, 19.99]}\nrules: {r: {event: order.paid, when: event.amount in lists.prices, then: [{tag: a}]}}"
    story = play(
        prices, *(event(f"{hour}h", "order.paid", amount=amount) for hour, amount in enumerate((10, 11, 19.99)))
    )
    assert [line["event_id"] for line in story.decisions] == ["order.paid@0h", "order.paid@2h"]


def test_a_let_is_what_it_stands_for_with_its_timers(play: Player) -> None:
    lets = """
let:
  spent: sum("order.paid", "amount", "2d")
  big: [let.spent >= 20, 'profile.city == "Rome"']
"""
    rome = event("0h", "person.updated", city="Rome")
    story = play(lets + segment("let.big"), rome, event("1h", "order.paid", amount=25), until="9d")
    assert changed(story) == ["1h enter s event", "2d1h leave s time"]


def test_a_let_of_an_event_is_asked_of_the_event_at_hand(play: Player) -> None:
    rules = """
let: {large: event.amount >= 20}
rules:
  r: {event: [order.paid, order.cancelled], when: let.large, then: [{tag: a}]}
"""
    events = (
        event("0h", "order.paid", amount=20),
        event("1h", "order.paid", amount=19),
        event("2h", "order.cancelled", amount=20),
    )
    assert [line["event_id"] for line in play(rules, *events).decisions] == ["order.paid@0h", "order.cancelled@2h"]


def test_who_moves_ends_a_streak_at_the_midnight_of_the_new_zone_in_any_comparison(play: Player) -> None:
    moved = event("1h", "person.updated", zone="Asia/Tokyo")
    for condition in ('streak("ping", "1d") >= 1', 'streak("ping", "1d") > count("order.paid", "1h")'):
        story = play(segment(condition), event("0h", "ping"), moved, until="9d", zone="UTC")
        assert changed(story) == ["0h enter s event", "1d15h leave s time"]
