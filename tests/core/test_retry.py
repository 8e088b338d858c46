from __future__ import annotations

from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.ports import FINAL, Answer, Capabilities
from messaging.retry import MAX_ATTEMPTS, back_off, is_in_doubt, result_of
from stores.ports import LeasedRow
from tests.helpers.messages import NOW, a_row

HOUR = 3_600_000
Outcome = Literal["sent", "rejected", "retry", "unknown", "misconfigured"]


def kind(duplicates: str, on_doubt: str = "hold", horizon_ms: int = 23 * HOUR) -> Capabilities:
    values = {"duplicates": duplicates, "needs_address": False, "on_doubt": on_doubt, "horizon_ms": horizon_ms}
    return msgspec.convert(values, Capabilities)


def leased(attempts: int = 1, *, lost: bool = False) -> LeasedRow:
    return LeasedRow(a_row(), token=7, attempts=attempts, lost=lost)


REMEMBERS = ["own_table", "native_key", "content_window"]
FORGETS = ["query", "none"]


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        (Answer("sent", receipt="r"), "sent", ""),
        (Answer("rejected", "invalid_address"), "failed", "invalid_address"),
        (Answer("misconfigured", "http_401"), "failed", "misconfigured"),
        (Answer("retry", "http_503"), "pending", "http_503"),
        (Answer("unknown", "no_reply"), "pending", "no_reply"),
    ],
)
def test_an_answer_becomes_a_status(answer: Answer, status: str, reason: str) -> None:
    result = result_of(leased(), answer, kind("native_key"), NOW)

    assert (result.status, result.reason) == (status, reason)
    assert (result.decision_id, result.token, result.receipt) == ("d1", 7, answer.receipt)
    assert (result.retry_at is not None) == (status == "pending")


@pytest.mark.parametrize("duplicates", REMEMBERS)
def test_an_unknown_outcome_is_tried_again_where_the_service_knows_repeats(duplicates: str) -> None:
    result = result_of(leased(), Answer("unknown", "no_reply"), kind(duplicates), NOW)

    assert result.status == "pending"


@pytest.mark.parametrize("duplicates", FORGETS)
@pytest.mark.parametrize(("on_doubt", "status"), [("hold", "in_doubt"), ("retry", "pending")])
def test_an_unknown_outcome_is_held_or_tried_again_as_the_channel_says(
    duplicates: str, on_doubt: str, status: str
) -> None:
    result = result_of(leased(), Answer("unknown", "no_reply"), kind(duplicates, on_doubt), NOW)

    assert result.status == status


@pytest.mark.parametrize(
    ("duplicates", "late", "status"),
    [
        ("native_key", 22 * HOUR, "pending"),
        ("native_key", 23 * HOUR, "in_doubt"),
        ("content_window", 23 * HOUR, "in_doubt"),
        ("own_table", 1_000 * HOUR, "pending"),
    ],
)
def test_past_the_horizon_an_unknown_outcome_stays_in_doubt(duplicates: str, late: int, status: str) -> None:
    result = result_of(leased(), Answer("unknown", "no_reply"), kind(duplicates), NOW + late)

    assert result.status == status


def test_the_next_attempt_itself_lies_within_the_horizon() -> None:
    result = result_of(
        leased(5), Answer("unknown", "no_reply", retry_after=600), kind("native_key"), NOW + 23 * HOUR - 60_000
    )

    assert result.status == "in_doubt"


@pytest.mark.parametrize(
    ("outcome", "duplicates", "on_doubt", "status"),
    [
        ("retry", "native_key", "hold", "dead"),
        ("retry", "none", "retry", "dead"),
        ("unknown", "native_key", "hold", "in_doubt"),
        ("unknown", "none", "retry", "dead"),
    ],
)
def test_after_the_last_attempt_a_row_is_final(outcome: Outcome, duplicates: str, on_doubt: str, status: str) -> None:
    before = result_of(leased(MAX_ATTEMPTS - 1), Answer(outcome, "x"), kind(duplicates, on_doubt), NOW)
    last = result_of(leased(MAX_ATTEMPTS), Answer(outcome, "x"), kind(duplicates, on_doubt), NOW)

    assert before.status == "pending"
    assert (last.status, last.reason) == (status, "x")


def test_a_service_may_ask_for_a_longer_pause_but_not_for_a_shorter_one() -> None:
    usual = result_of(leased(), Answer("retry", "x"), kind("none"), NOW).retry_at
    longer = result_of(leased(), Answer("retry", "x", retry_after=60), kind("none"), NOW).retry_at
    shorter = result_of(leased(), Answer("retry", "x", retry_after=0.001), kind("none"), NOW).retry_at
    absurd = result_of(leased(), Answer("retry", "x", retry_after=1e9), kind("none"), NOW).retry_at

    assert longer == NOW + 60_000
    assert shorter == usual
    assert absurd == NOW + 6 * HOUR


@pytest.mark.parametrize(
    ("duplicates", "on_doubt", "late", "expected"),
    [
        ("native_key", "hold", 0, False),
        ("native_key", "hold", 23 * HOUR, True),
        ("own_table", "hold", 1_000 * HOUR, False),
        ("none", "hold", 0, True),
        ("none", "retry", 0, False),
        ("query", "hold", 0, True),
    ],
)
def test_a_lost_attempt_puts_in_doubt_what_might_be_sent_twice(
    duplicates: str, on_doubt: str, late: int, expected: bool
) -> None:
    assert is_in_doubt(leased(2, lost=True), kind(duplicates, on_doubt), NOW + late) is expected


@pytest.mark.parametrize(("duplicates", "late", "expected"), [
    ("none", 1_000 * HOUR, False), ("query", 0, False), ("native_key", 0, False), ("native_key", 23 * HOUR, True),
])  # fmt: skip
def test_a_row_that_was_put_off_for_sure_is_in_doubt_only_where_a_doubt_may_have_been_put_off_too(
    duplicates: str, late: int, expected: bool
) -> None:
    assert is_in_doubt(leased(2), kind(duplicates, "hold"), NOW + late) is expected


@given(st.text("0123456789abcdef", min_size=1, max_size=32), st.integers(1, MAX_ATTEMPTS))
def test_pauses_grow_are_scattered_and_are_the_same_again(decision: str, attempt: int) -> None:
    longest = min(4_000 * 3 ** (attempt - 1), 1_800_000)

    pause = back_off(decision, attempt)

    assert longest // 2 <= pause <= longest
    assert pause == back_off(decision, attempt)


@given(
    st.sampled_from(["sent", "rejected", "retry", "unknown", "misconfigured"]),
    st.sampled_from(REMEMBERS + FORGETS),
    st.sampled_from(["hold", "retry"]),
    st.integers(1, 20),
    st.integers(0, 100 * HOUR),
)
def test_every_answer_gives_a_final_status_or_a_later_moment(
    outcome: Outcome, duplicates: str, on_doubt: str, attempts: int, late: int
) -> None:
    result = result_of(leased(attempts), Answer(outcome, "x"), kind(duplicates, on_doubt), NOW + late)

    if result.status == "pending":
        assert result.retry_at is not None
        assert result.retry_at > NOW + late
        assert attempts < MAX_ATTEMPTS
    else:
        assert result.status in FINAL
