"""What an answer means for a row: final, another attempt later, or nobody knows. Pure.

A repeat is only safe while the provider still recognises the key. So where an outcome is unknown, the next attempt is
made within the adapter's horizon, counted from the decision's own time: that is never later than the first attempt.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from schemas.times import HOUR, MINUTE, SECOND
from stores.ports import Result

if TYPE_CHECKING:
    from messaging.ports import Answer, Capabilities
    from stores.ports import LeasedRow

__all__ = ["MAX_ATTEMPTS", "back_off", "is_in_doubt", "result_of"]

MAX_ATTEMPTS = 8
_FIRST_PAUSE = 4 * SECOND
_FACTOR = 3
_LONGEST_PAUSE = 30 * MINUTE
_LONGEST_ASKED = 6 * HOUR
_REMEMBERS = frozenset({"own_table", "native_key", "content_window"})
"""Kinds of services that tell a repeat by themselves. By `query` nobody asks yet, so it counts as none."""


def back_off(decision_id: str, attempt: int) -> int:
    """Milliseconds until the next attempt after `attempt` (1, 2, …) failed: longer each time, scattered by the id.

    Eight attempts take most of an hour. The scatter (half to all of the pause) is a hash and no draw, so a replay
    agrees.
    """
    longest = min(int(_FIRST_PAUSE * _FACTOR ** (attempt - 1)), _LONGEST_PAUSE)
    draw = int.from_bytes(blake2b(f"{decision_id}\0{attempt}".encode(), digest_size=4).digest(), "big")
    return longest // 2 + (longest // 2) * draw // (1 << 32)


def is_in_doubt(leased: LeasedRow, capabilities: Capabilities, now: int) -> bool:
    """Whether another attempt might send twice, given that an earlier one may have been accepted unseen."""
    if capabilities.duplicates in _REMEMBERS:
        return _is_past_horizon(leased, capabilities, now)
    # Where doubts are held, an attempt that left the row to be tried again was refused for sure.
    return capabilities.on_doubt == "hold" and leased.lost


def result_of(leased: LeasedRow, answer: Answer, capabilities: Capabilities, now: int) -> Result:
    """The row's next status after an attempt. `now` in unix ms."""
    match answer.outcome:
        case "sent":
            return _final(leased, "sent", "", answer.receipt)
        case "rejected":
            return _final(leased, "failed", answer.reason)
        case "misconfigured":
            return _final(leased, "failed", "misconfigured")
        case "retry":
            return _again(leased, answer, now, exhausted="dead")
        case "unknown":
            return _after_unknown(leased, answer, capabilities, now)


def _after_unknown(leased: LeasedRow, answer: Answer, capabilities: Capabilities, now: int) -> Result:
    if capabilities.duplicates not in _REMEMBERS:
        if capabilities.on_doubt == "hold":
            return _final(leased, "in_doubt", answer.reason)
        return _again(leased, answer, now, exhausted="dead")
    if _is_past_horizon(leased, capabilities, now + _pause(leased, answer)):
        return _final(leased, "in_doubt", answer.reason)
    return _again(leased, answer, now, exhausted="in_doubt")


def _is_past_horizon(leased: LeasedRow, capabilities: Capabilities, moment: int) -> bool:
    return capabilities.duplicates != "own_table" and moment - leased.row.time >= capabilities.horizon_ms


def _pause(leased: LeasedRow, answer: Answer) -> int:
    asked = min(int((answer.retry_after or 0) * 1_000), _LONGEST_ASKED)
    return max(back_off(leased.row.decision_id, leased.attempts), asked)


def _again(leased: LeasedRow, answer: Answer, now: int, *, exhausted: str) -> Result:
    if leased.attempts >= MAX_ATTEMPTS:
        return _final(leased, exhausted, answer.reason)
    return Result(leased.row.decision_id, leased.token, "pending", answer.reason, retry_at=now + _pause(leased, answer))


def _final(leased: LeasedRow, status: str, reason: str, receipt: str = "") -> Result:
    return Result(leased.row.decision_id, leased.token, status, reason, receipt=receipt)
