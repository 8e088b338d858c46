"""The dispatcher: leases rows of the outbox, asks the gates, calls the adapters, records what came of it.

What keeps a message from being sent twice or not at all:
- The lease is taken in the transaction that asks the gates. A call ends before its lease does, and only a result with
  the lease's token counts, so a dispatcher that was paused cannot undo what another did.
- Every attempt carries the same key and the same text. A crash between the call and its record leaves the row leased;
  when the lease runs out it is tried again with that key, or put in doubt where the service would not know the repeat.
- Rows do not share their fate: each is tried alone, each channel has its lane (`messaging.lanes`).
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from messaging.lanes import Lane
from messaging.leasing import Batch, Leaser
from messaging.ports import Answer, Content, SendRequest
from messaging.retry import MAX_ATTEMPTS, is_in_doubt, result_of
from schemas.errors import StoreUnavailable
from schemas.times import SECOND
from stores.ports import Result

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from messaging.policy import Verdict
    from messaging.ports import Adapter
    from schemas.offers import Offers
    from stores.ports import LeasedRow, Ledger

__all__ = ["Dispatcher"]

_log = logging.getLogger(__name__)

_CALL_SECONDS = 20.0
_MARGIN = 2 * SECOND
"""A call ends so long before its lease."""
_SHORTEST, _LONGEST, _LONGEST_WOKEN = 0.02, 0.25, 1.0
"""Seconds between two looks at the outbox: after there was something, and after there was nothing for long."""
_DRAIN_SECONDS = 8.0
_SETTLED = 10_000


class Dispatcher:
    """Carries out the decisions of one ledger. Any number may run on it, in any number of processes.

    `programs` gives what a playbook offers, by its hash; `adapters` serve the channels by their names; `now` is the
    clock (unix ms); `key` is the workspace's key for coupon codes. With `own_time` (simulation) each row is judged at
    its own time and in the order of times, one after another, and no lane slows it down.
    """

    def __init__(
        self,
        ledger: Ledger,
        programs: Callable[[str], Awaitable[Offers]],
        adapters: Mapping[str, Adapter],
        now: Callable[[], int],
        key: bytes,
        *,
        lease_ms: int = 30 * SECOND,
        own_time: bool = False,
    ) -> None:
        self._ledger = ledger
        self._adapters = adapters
        self._now = now
        self._lease_ms = lease_ms
        self._own_time = own_time
        self._channels = {name: adapter.capabilities for name, adapter in adapters.items()}
        self._lanes = {} if own_time else {name: Lane(known.per_minute) for name, known in self._channels.items()}
        self._leaser = Leaser(ledger, programs, self._channels, self._lanes, key, lease_ms=lease_ms, own_time=own_time)
        self._settled: dict[str, int] = {}

    async def expect(self, program: str) -> None:
        """Load beforehand what a program offers, so that the first rows need not be leased twice."""
        await self._leaser.load(program)

    async def step(self, limit: int = 100) -> int:
        """Lease up to `limit` rows, carry them out, record it. Gives how many were looked at; 0: nothing is due."""
        batch = await self._leaser.lease(self._now(), limit)
        if self._own_time:
            results = [(await self._deliver(leased, batch.taken[leased.row.decision_id])) for leased in batch.rows]
        else:
            results = await asyncio.gather(*(self._carry_out(leased, batch) for leased in batch.rows))
        if results:
            await self._ledger.finish(results, self._now())
        return batch.seen

    async def run(
        self, stop: asyncio.Event, wake: asyncio.Event | None = None, limit: int = 100, *, surely: bool = True
    ) -> None:
        """Work until `stop` is set, then let the calls under way end (8 s at most). `wake`: there may be new rows.

        `surely`: new rows always set `wake`, so that there is little to look for without it.
        """
        results: asyncio.Queue[Result | None] = asyncio.Queue()
        recorder = asyncio.create_task(self._record(results))
        calls: set[asyncio.Task[None]] = set()
        pause, longest = _SHORTEST, _LONGEST_WOKEN if surely and wake is not None else _LONGEST
        try:
            while not stop.is_set():
                seen = await self._start(limit, calls, results)
                pause = _SHORTEST if seen else min(2 * pause, longest)
                if seen < limit:  # else there may be more
                    await _wait(stop, wake, pause)
        finally:
            await self._drain(calls)
            results.put_nowait(None)
            await recorder

    # ------------------------------------------------------------ one row

    async def _carry_out(self, leased: LeasedRow, batch: Batch) -> Result:
        """One row in its lane: a call that ends before the lease does, or none."""
        verdict = batch.taken[leased.row.decision_id]
        lane = self._lanes[verdict.channel]
        is_doubtful = self._is_doubtful(leased)
        if is_doubtful and (
            leased.attempts > MAX_ATTEMPTS or is_in_doubt(leased, self._channels[verdict.channel], self._now())
        ):
            lane.leave()
            return _result(leased, verdict, "in_doubt", "lost")
        async with lane.slots:
            began = self._now()
            seconds = min((batch.ends - _MARGIN - began) / 1_000, _CALL_SECONDS)
            if seconds <= 0:
                lane.leave()
                result = _result(leased, verdict, "pending", "")._replace(retry_at=began)
            else:
                answer = await self._call(leased, verdict, seconds)
                lane.settle(answer, self._now(), self._now() - began)
                result = self._outcome(leased, verdict, answer)
                is_doubtful = is_doubtful or answer.outcome == "unknown"
        if result.status == "pending" and not is_doubtful:
            self._settle(leased)
        return result

    async def _deliver(self, leased: LeasedRow, verdict: Verdict) -> Result:
        return self._outcome(leased, verdict, await self._call(leased, verdict, _CALL_SECONDS))

    def _outcome(self, leased: LeasedRow, verdict: Verdict, answer: Answer) -> Result:
        if answer.outcome == "misconfigured":
            _log.error("The channel %s cannot send (%s); it rests for a minute.", verdict.channel, answer.reason)
        result = result_of(leased, answer, self._channels[verdict.channel], self._now())
        return result._replace(channel=verdict.channel)

    async def _call(self, leased: LeasedRow, verdict: Verdict, seconds: float) -> Answer:
        """What the adapter answers; whatever it raises is an unknown outcome of this row alone."""
        request = _request(leased, verdict, self._now())
        try:
            async with asyncio.timeout(seconds + 1):
                answer: object = await self._adapters[verdict.channel].send(request, seconds)
                if isinstance(answer, Answer):
                    return answer
                raise TypeError(type(answer).__name__)  # noqa: TRY301 - one more thing that no adapter may do
        except TimeoutError:
            return Answer("unknown", "timeout")
        except Exception as error:  # noqa: BLE001 - code of others may raise anything; only its row may suffer
            # Not the whole error at this level: it may carry an address or the text of a message.
            _log.error("The adapter of the channel %s failed (%s).", verdict.channel, type(error).__name__)
            _log.debug("The adapter of the channel %s failed.", verdict.channel, exc_info=True)
            return Answer("unknown", "adapter_error")

    def _is_doubtful(self, leased: LeasedRow) -> bool:
        """Whether an earlier attempt may have been accepted: it was lost, or not this process's to know."""
        return self._settled.pop(leased.row.decision_id, None) != leased.token - 1 and leased.attempts > 1

    def _settle(self, leased: LeasedRow) -> None:
        """Remember that nothing of this row was accepted so far."""
        if len(self._settled) >= _SETTLED:
            del self._settled[next(iter(self._settled))]
        self._settled[leased.row.decision_id] = leased.token

    # ------------------------------------------------------------ the loop

    async def _start(self, limit: int, calls: set[asyncio.Task[None]], results: asyncio.Queue[Result | None]) -> int:
        try:
            batch = await self._leaser.lease(self._now(), limit)
        except StoreUnavailable as error:
            _log.warning("The outbox cannot be read: %s", error)
            return 0
        for leased in batch.rows:
            call = asyncio.create_task(self._report(leased, batch, results))
            calls.add(call)
            call.add_done_callback(calls.discard)
        return batch.seen

    async def _report(self, leased: LeasedRow, batch: Batch, results: asyncio.Queue[Result | None]) -> None:
        results.put_nowait(await self._carry_out(leased, batch))

    async def _drain(self, calls: set[asyncio.Task[None]]) -> None:
        """Let calls end; those that do not are left to their lease, and tried again with the same key."""
        if not calls:
            return
        _, late = await asyncio.wait(calls, timeout=_DRAIN_SECONDS)
        for call in late:
            call.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _record(self, results: asyncio.Queue[Result | None]) -> None:
        """Record results in as few transactions as their arrival allows, until None comes."""
        is_open = True
        while is_open:
            batch = [await results.get()]
            while not results.empty():
                batch.append(results.get_nowait())
            is_open = None not in batch
            await self._finish([result for result in batch if result is not None])

    async def _finish(self, results: list[Result]) -> None:
        """Record, and while the store is away keep at it as long as the leases last."""
        gives_up = self._now() + self._lease_ms
        while results:
            try:
                await self._ledger.finish(results, self._now())
            except StoreUnavailable as error:
                _log.warning("Results cannot be recorded: %s", error)
                if self._now() >= gives_up:
                    return
                await asyncio.sleep(_LONGEST)
            else:
                return


def _request(leased: LeasedRow, verdict: Verdict, now: int) -> SendRequest:
    row = leased.row
    return SendRequest(
        key=row.decision_id,
        person=row.person,
        channel=verdict.channel,
        address=verdict.address,
        content=verdict.content or Content(""),
        template=str(row.params.get("template", "")),
        kind=row.kind,
        variables=row.variables,
        time=row.time,
        attempt=leased.attempts,
        at=now,
    )


def _result(leased: LeasedRow, verdict: Verdict, status: str, reason: str) -> Result:
    return Result(leased.row.decision_id, leased.token, status, reason, channel=verdict.channel)


async def _wait(stop: asyncio.Event, wake: asyncio.Event | None, seconds: float) -> None:
    """Return when either event is set, or after so many seconds."""
    events = [asyncio.create_task(event.wait()) for event in (stop, wake) if event is not None]
    try:
        await asyncio.wait(events, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in events:
            task.cancel()
        await asyncio.gather(*events, return_exceptions=True)
    if wake is not None:
        wake.clear()
