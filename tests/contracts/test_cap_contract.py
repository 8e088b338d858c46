"""What every ledger promises of frequency caps: never one message too many, whoever asks at whatever moment."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from messaging.policy import Facts, Touch, Verdict
from messaging.policy.restraint import capped
from messaging.ports import Content
from schemas.errors import StoreUnavailable
from schemas.offers import Cap
from schemas.times import DAY
from stores.ports import Result
from tests.helpers.stores import LASTING_LEDGERS, decision, ledger_in, outcome

if TYPE_CHECKING:
    from pathlib import Path

    from messaging.ports import OutboxRow
    from stores.ports import LeasedRow, Ledger

NOW = 1_000_000_000
TWO_A_DAY = Cap("all", 2, DAY)


def gate(row: OutboxRow, facts: Facts) -> Verdict:
    """Two messages a day for each person."""
    if row.body is None and capped([TWO_A_DAY], facts.touches, "marketing", "email", facts.now):
        return Verdict("stop", status="suppressed", reason="email:cap_all")
    return Verdict("go", "email", content=Content("Hello"), purpose="marketing")


async def written(ledger: Ledger, count: int, *, people: int = 1, first: int = 1) -> None:
    rows = (decision(first + n, person=f"p{n % people}", time=NOW - 1_000 + first + n) for n in range(count))
    await ledger.record(0, "log", 1, 1, outcome(*rows))


async def finish(ledger: Ledger, leased: LeasedRow, status: str, now: int = NOW, retry_at: int | None = None) -> None:
    await ledger.finish([Result(leased.row.decision_id, leased.token, status, retry_at=retry_at)], now)


async def statuses(ledger: Ledger) -> list[str]:
    return [row["status"] for row in await ledger.fetch("deliveries")]


async def test_messages_of_one_lease_see_each_other(ledger: Ledger) -> None:
    await written(ledger, 4)

    leased = await ledger.lease(NOW, 10, 1_000, gate)

    assert len(leased) == 2
    assert await statuses(ledger) == ["leased", "leased", "suppressed", "suppressed"]


async def test_messages_of_an_earlier_lease_count_until_the_window_is_past(ledger: Ledger) -> None:
    await written(ledger, 2)
    for each in await ledger.lease(NOW, 10, 1_000, gate):
        await finish(ledger, each, "sent")
    await written(ledger, 1, first=3)
    await ledger.lease(NOW + 1, 10, 1_000, gate)
    await written(ledger, 1, first=4)

    await ledger.lease(NOW + DAY, 10, 1_000, gate)

    assert await statuses(ledger) == ["sent", "sent", "suppressed", "leased"]


async def test_a_retry_takes_no_second_place(ledger: Ledger) -> None:
    await written(ledger, 2)
    first, second = await ledger.lease(NOW, 10, 1_000, gate)
    await finish(ledger, first, "pending", retry_at=NOW + 5)
    await finish(ledger, second, "pending", retry_at=NOW + 5)

    again = await ledger.lease(NOW + 5, 10, 1_000, gate)
    await written(ledger, 1, first=3)
    await ledger.lease(NOW + 6, 10, 1_000, gate)

    assert len(again) == 2
    assert await statuses(ledger) == ["leased", "leased", "suppressed"]


async def test_a_message_that_nobody_accepted_gives_its_place_back(ledger: Ledger) -> None:
    await written(ledger, 2)
    first, second = await ledger.lease(NOW, 10, 1_000, gate)
    await finish(ledger, first, "failed")
    await finish(ledger, second, "in_doubt")
    await written(ledger, 2, first=3)

    await ledger.lease(NOW + 1, 10, 1_000, gate)

    assert await statuses(ledger) == ["failed", "in_doubt", "leased", "suppressed"]


async def test_in_a_simulation_a_row_that_is_put_off_takes_its_turn_at_that_moment(ledger: Ledger) -> None:
    """The message of the night goes in the morning, after the one that was decided before the morning."""
    night, dawn, morning, noon = NOW, NOW + 10, NOW + 20, NOW + 30
    asked: list[tuple[int, str]] = []
    times = {"d00001": night, "d00002": dawn, "d00003": noon}
    rows = (decision(int(name[1:]), person="p", time=time) for name, time in times.items())
    await ledger.record(0, "log", 1, 1, outcome(*rows))

    def quiet_at_night(row: OutboxRow, facts: Facts) -> Verdict:
        asked.append((facts.now, row.decision_id))
        if facts.now == night:
            return Verdict("wait", until=morning, reason="quiet_hours")
        return gate(row, facts)

    leased = await ledger.lease(noon, 10, 1_000, quiet_at_night, own_time=True)

    assert asked == [(night, "d00001"), (dawn, "d00002"), (morning, "d00001"), (noon, "d00003")]
    assert [each.row.decision_id for each in leased] == ["d00002", "d00001"]
    found = {row["decision_id"]: (row["time"], row["status"]) for row in await ledger.fetch("deliveries")}
    assert found == {"d00001": (morning, "leased"), "d00002": (dawn, "leased"), "d00003": (noon, "suppressed")}


async def test_what_quiet_hours_put_off_says_so_and_until_when(ledger: Ledger) -> None:
    morning = NOW + 20
    await written(ledger, 2, first=1)
    first, second = await ledger.lease(NOW, 10, 1_000, gate)
    await finish(ledger, first, "sent")
    await finish(ledger, second, "pending", retry_at=NOW + 5)
    await written(ledger, 2, first=3)

    await ledger.lease(NOW, 10, 1_000, lambda *_: Verdict("wait", until=morning, reason="quiet_hours"))

    shown = {
        row["decision_id"]: (row["status"], row["reason"], row["until"])
        for person in ("p0", "p1")
        for row in await ledger.fetch("decisions_of", person=person, limit=20)
    }
    assert [shown[name] for name in sorted(shown)] == [
        ("sent", "", None),
        ("pending", "", NOW + 5),
        ("pending", "quiet_hours", morning),
        ("pending", "quiet_hours", morning),
    ]
    reasons = {row["decision_id"]: row["reason"] for row in await ledger.fetch("deliveries")}
    assert [reasons[name] for name in sorted(reasons)] == ["", "", "quiet_hours", "quiet_hours"]
    assert await ledger.fetch("quiet", now=NOW) == [{"number": 2, "until": morning}]
    assert await ledger.fetch("quiet", now=morning) == []


async def test_a_touch_has_the_moment_at_which_the_message_went(ledger: Ledger) -> None:
    seen: list[tuple[Touch, ...]] = []
    await written(ledger, 2)

    def watching(row: OutboxRow, facts: Facts) -> Verdict:
        seen.append(facts.touches)
        return gate(row, facts)

    await ledger.lease(NOW, 10, 1_000, watching)

    assert seen == [(), (Touch(NOW, "marketing", "email"),)]


@pytest.mark.parametrize("engine", LASTING_LEDGERS)
async def test_sixteen_dispatchers_send_each_person_exactly_two_of_six(engine: str, tmp_path: Path) -> None:
    """Each thread is a dispatcher of its own, with its own ledger on the same store, one row at a time."""
    people, each, threads = 30, 6, 16
    ledger = await ledger_in(engine, tmp_path)
    await written(ledger, people * each, people=people)
    together = threading.Barrier(threads)

    async def left(mine: Ledger) -> bool:
        return any(row["status"] in {"pending", "leased"} for row in await mine.fetch("outbox_by_state"))

    async def dispatch() -> None:
        mine = await ledger_in(engine, tmp_path)
        together.wait()
        while await left(mine):
            try:
                for leased in await mine.lease(NOW, 3, 60_000, gate):
                    await finish(mine, leased, "sent")
            except StoreUnavailable:  # too many at once: a dispatcher comes again
                continue
        await mine.close()

    workers = [threading.Thread(target=lambda: asyncio.run(dispatch())) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        await asyncio.to_thread(worker.join)

    sent = Counter(row["person"] for row in await ledger.fetch("deliveries") if row["status"] == "sent")
    assert sent == {f"p{n}": 2 for n in range(people)}
    await ledger.close()
