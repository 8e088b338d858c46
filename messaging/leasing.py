"""Leasing: rows that may go now, each with what is to be sent, and the room in its channel's lane taken."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from campaigns.coupons import offer
from messaging.policy import Verdict, decide
from schemas.errors import StoreUnavailable, TouchlineError
from schemas.times import MINUTE
from stores.ports import LeasedRow

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from messaging.lanes import Lane
    from messaging.policy import Facts
    from messaging.ports import Capabilities, OutboxRow
    from schemas.offers import Offers
    from stores.ports import Ledger

__all__ = ["Batch", "Leaser"]

_log = logging.getLogger(__name__)

_PROGRAMS = 16
"""Playbooks whose offers are kept; rows of more than a few at a time are rare."""


@dataclass(slots=True)
class Batch:
    """One lease: when it ends (unix ms), how many rows were looked at, and what is to be sent, by decision id."""

    ends: int
    seen: int = 0
    taken: dict[str, Verdict] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    rows: list[LeasedRow] = field(default_factory=list)


class Leaser:
    """Takes rows of one ledger for one dispatcher. `lanes` is empty in a simulation: nothing waits for its turn."""

    def __init__(
        self,
        ledger: Ledger,
        programs: Callable[[str], Awaitable[Offers]],
        channels: Mapping[str, Capabilities],
        lanes: Mapping[str, Lane],
        key: bytes,
        *,
        lease_ms: int,
        own_time: bool,
    ) -> None:
        self._ledger = ledger
        self._programs = programs
        self._channels = channels
        self._lanes = lanes
        self._issue = partial(offer, key=key)
        self._lease_ms = lease_ms
        self._own_time = own_time
        self._offers: dict[str, Offers | None] = {}

    async def lease(self, now: int, limit: int) -> Batch:
        """Take rows; when only the offers of their program are missing, load them and take the rows then."""
        while True:
            batch = Batch(now + self._lease_ms)
            gate = partial(self._gate, batch)
            try:
                batch.rows = await self._ledger.lease(now, limit, self._lease_ms, gate, own_time=self._own_time)
            finally:
                self._let_out(batch)
            for program in sorted(batch.missing):
                await self.load(program)
            if batch.rows or not batch.missing:
                return batch

    def _gate(self, batch: Batch, row: OutboxRow, facts: Facts) -> Verdict:
        """All gates, the lane's last. The ledger calls it in its own thread, again if it repeats its transaction."""
        batch.seen += 1
        if row.program not in self._offers:
            batch.missing.add(row.program)
            return Verdict("wait", until=facts.now)
        offers = self._offers[row.program]
        if offers is None:
            return Verdict("wait", until=facts.now + MINUTE)
        verdict = decide(row, facts, offers, self._channels, self._issue)
        # In a simulation what has not come by the row's own time never comes; the end of quiet hours does.
        if verdict.kind == "wait" and self._own_time and verdict.reason != "quiet_hours":
            return Verdict("stop", status="suppressed", reason="coupon_unavailable")
        return self._admitted(batch, row, facts, verdict) if verdict.kind == "go" else verdict

    def _admitted(self, batch: Batch, row: OutboxRow, facts: Facts, verdict: Verdict) -> Verdict:
        lane = self._lanes.get(verdict.channel)
        until = lane.admit(facts.now) if lane is not None and row.decision_id not in batch.taken else 0
        if until:
            return Verdict("wait", until=until)
        batch.taken[row.decision_id] = verdict
        return verdict

    def _let_out(self, batch: Batch) -> None:
        """Free the room of rows that were admitted and then not leased after all."""
        leased = {leased.row.decision_id for leased in batch.rows}
        for decision, verdict in batch.taken.items():
            lane = self._lanes.get(verdict.channel)
            if lane is not None and decision not in leased:
                lane.leave()

    async def load(self, program: str) -> None:
        """Load what a program offers; where it cannot be read its rows wait."""
        while len(self._offers) >= _PROGRAMS:
            del self._offers[next(iter(self._offers))]
        try:
            self._offers[program] = await self._programs(program)
        except StoreUnavailable:
            raise
        except TouchlineError as error:
            _log.error("The playbook %s cannot be read (%s); its messages wait.", program[:12], error)
            self._offers[program] = None
