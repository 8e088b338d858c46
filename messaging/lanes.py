"""One lane a channel: how many of its rows may be under way, how many a minute, and when it rests.

What is slow or broken fills its own lane only.

A row that its lane cannot take yet is not leased: it stays pending until a moment that the lane names, spread by the
pace at which the channel works, so that a backlog is neither walked through all the time nor let in all at once.

Rows are admitted in the ledger's thread and finish on the event loop, hence the lock.
"""

from __future__ import annotations

import asyncio
from threading import Lock
from typing import TYPE_CHECKING

from schemas.times import MINUTE, SECOND

if TYPE_CHECKING:
    from messaging.ports import Answer

__all__ = ["CONCURRENCY", "Lane"]

CONCURRENCY = 8
"""Calls to one channel at the same time."""
_QUEUE_MS = 2 * SECOND
"""Rows are leased ahead as far as they will start within this time."""
_MOST_LEASED = 256
_FAILURES = 5
"""So many failed calls in a row open the breaker."""
_FIRST_REST, _LONGEST_REST = 5 * SECOND, MINUTE
_MISCONFIGURED_REST = MINUTE
_LONGEST_ASKED = 10 * MINUTE
_QUICKEST = 0.25
"""No channel is taken to be faster than a message in so many ms."""


class Lane:
    """The room that a channel has. Times are unix ms, given by the caller."""

    def __init__(self, per_minute: int | None = None, concurrency: int = CONCURRENCY) -> None:
        self.slots = asyncio.Semaphore(concurrency)
        self._concurrency = concurrency
        self._interval = 0 if per_minute is None else MINUTE / per_minute
        self._lock = Lock()
        self._under_way = 0
        self._latency = 0.0
        self._next_start = 0.0
        self._tail = 0.0
        self._failures = 0
        self._rest = _FIRST_REST
        self._rests_until = 0
        self._is_probing = False

    def admit(self, now: int) -> int:
        """Take a row in: 0, or the moment until which it has to wait."""
        with self._lock:
            if now < self._rests_until:
                return self._rests_until
            if self._is_probing or self._under_way >= self._room() or now < self._next_start:
                return self._later(now)
            self._is_probing = self._failures >= _FAILURES
            self._under_way += 1
            self._next_start = max(self._next_start, now) + self._interval
            return 0

    def leave(self) -> None:
        """Let a row out that was admitted and never tried."""
        with self._lock:
            self._under_way -= 1
            self._is_probing = False

    def settle(self, answer: Answer, now: int, took: float) -> None:
        """Let a row out with its answer, `took` ms after the call began."""
        with self._lock:
            self._under_way -= 1
            self._is_probing = False
            took = max(took, 1)
            self._latency = 0.8 * self._latency + 0.2 * took if self._latency else took
            if answer.outcome in {"sent", "rejected"}:
                self._failures, self._rest = 0, _FIRST_REST
            elif answer.outcome == "misconfigured":
                self._rests_until = now + _MISCONFIGURED_REST
            elif answer.retry_after is not None:
                self._rests_until = now + min(int(answer.retry_after * 1_000), _LONGEST_ASKED)
            else:
                self._fail(now)

    def _fail(self, now: int) -> None:
        self._failures += 1
        if self._failures >= _FAILURES and now >= self._rests_until:  # calls that were under way tell nothing new
            self._rests_until = now + self._rest
            self._rest = min(2 * self._rest, _LONGEST_REST)

    def _room(self) -> int:
        """How many rows may be leased at once: what is sure to start soon at the speed seen."""
        if not self._latency:
            return self._concurrency
        rounds = min(_QUEUE_MS / max(self._latency, 1), _MOST_LEASED / self._concurrency)
        return max(self._concurrency, int(self._concurrency * rounds))

    def _later(self, now: int) -> int:
        pace = max(self._interval, self._latency / self._concurrency, _QUICKEST)
        self._tail = min(max(self._tail, now) + pace, now + MINUTE)
        return int(self._tail) + 1
