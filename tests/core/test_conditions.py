"""What each function of conditions gives, by the reference and by the product: truth, unknown, and the very moment."""

from __future__ import annotations

import pytest

from tests.reference.stories import PLAYERS, Player, changed, event


@pytest.fixture(params=PLAYERS)
def play(request: pytest.FixtureRequest) -> Player:
    return PLAYERS[request.param]


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
