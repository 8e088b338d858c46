"""What every ledger promises of coupons: never one too many, whoever asks at whatever moment."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

from messaging.policy import CouponOffer, Facts, Verdict
from schemas.errors import StoreUnavailable
from tests.helpers.stores import LASTING_LEDGERS, decision, issuing, ledger_in, outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from messaging.ports import OutboxRow
    from stores.ports import Ledger

NOW = 1_000_000


async def ask(ledger: Ledger, gate: Callable[[OutboxRow, Facts], Verdict], *people: str) -> list[tuple[Any, Any]]:
    """(code, reason) of a coupon for each, in this order."""
    coupons = [
        decision(n, kind="issue_coupon", params={"pool": "pool"}, person=person) for n, person in enumerate(people)
    ]
    await ledger.record(0, "log", 1, 1, outcome(*coupons))
    await ledger.lease(NOW, 1_000, 1_000, gate)
    return [(row["code"], row["reason"]) for row in await ledger.fetch("coupons")]


async def pool(ledger: Ledger) -> tuple[int, int, int]:
    (row,) = await ledger.fetch("pools")
    return row["issued"], row["refused"], row["cost"]


async def test_a_coupon_is_issued_in_the_lease_and_its_row_is_done(ledger: Ledger) -> None:
    await ask(ledger, issuing(cost=500), "ada")

    assert await ledger.fetch("coupons") == [
        {
            "decision_id": "d00000",
            "time": 0,
            "person": "ada",
            "order": 0,
            "reason": "",
            "code": "d00000-0",
            "pool": "pool",
            "status": "issued",
            "expires": 1_000,
        }
    ]
    assert await ledger.fetch("outbox_by_state") == [{"status": "done", "number": 1}]
    assert await pool(ledger) == (1, 0, 500)


async def test_the_stock_is_never_exceeded(ledger: Ledger) -> None:
    assert await ask(ledger, issuing(stock=2), "ada", "bob", "eve", "kim") == [
        ("d00000-0", ""),
        ("d00001-0", ""),
        (None, "stock"),
        (None, "stock"),
    ]
    assert await pool(ledger) == (2, 2, 0)


async def test_the_budget_is_never_exceeded(ledger: Ledger) -> None:
    assert await ask(ledger, issuing(budget=1_000, cost=400), "ada", "bob", "eve") == [
        ("d00000-0", ""),
        ("d00001-0", ""),
        (None, "budget"),
    ]
    assert await pool(ledger) == (2, 1, 800)


async def test_a_budget_may_be_used_to_the_last_unit(ledger: Ledger) -> None:
    await ask(ledger, issuing(budget=800, cost=400), "ada", "bob")

    assert await pool(ledger) == (2, 0, 800)


async def test_nobody_gets_more_than_their_share(ledger: Ledger) -> None:
    assert await ask(ledger, issuing(per_person=1, stock=10, cost=5, budget=100), "ada", "bob", "ada", "ada") == [
        ("d00000-0", ""),
        ("d00001-0", ""),
        (None, "per_person"),
        (None, "per_person"),
    ]
    assert await pool(ledger) == (2, 2, 10)


async def test_a_refused_coupon_is_final_and_shows_its_pool_and_reason(ledger: Ledger) -> None:
    await ask(ledger, issuing(stock=0), "ada")
    await ledger.lease(NOW, 10, 1_000, issuing())

    (row,) = await ledger.fetch("coupons")
    assert (row["status"], row["code"], row["pool"], row["reason"]) == ("refused", None, "pool", "stock")


async def test_a_code_that_is_taken_is_replaced_by_the_next_one(ledger: Ledger) -> None:
    def gate(*_: object) -> Verdict:
        return Verdict("coupon", coupon=CouponOffer("pool", None, None, None, 0, None, lambda n: f"code-{n // 2}"))

    assert await ask(ledger, gate, "ada", "bob", "eve") == [("code-0", ""), ("code-1", ""), ("code-2", "")]


async def test_when_every_code_is_taken_the_coupon_is_refused_and_nothing_is_counted(ledger: Ledger) -> None:
    def gate(*_: object) -> Verdict:
        return Verdict("coupon", coupon=CouponOffer("pool", 10, 5, 1_000, 7, None, lambda _: "the same"))

    assert await ask(ledger, gate, "ada", "bob") == [("the same", ""), (None, "no_code")]
    assert await pool(ledger) == (1, 1, 7)


async def test_pools_are_counted_apart(ledger: Ledger) -> None:
    def gate(row: OutboxRow, _: Facts) -> Verdict:
        name = "first" if row.person == "ada" else "second"
        return Verdict("coupon", coupon=CouponOffer(name, 1, 1, None, 3, None, lambda _: row.decision_id))

    await ask(ledger, gate, "ada", "bob")

    assert await ledger.fetch("pools") == [
        {"pool": "first", "issued": 1, "refused": 0, "cost": 3},
        {"pool": "second", "issued": 1, "refused": 0, "cost": 3},
    ]


@pytest.mark.parametrize("engine", LASTING_LEDGERS)
async def test_nobody_is_refused_as_long_as_there_is_stock_also_of_a_pool_that_is_new(
    engine: str, tmp_path: Path
) -> None:
    ledgers = [await ledger_in(engine, tmp_path) for _ in range(8)]
    rows = [decision(n, kind="issue_coupon", params={"pool": "pool"}) for n in range(40)]
    await ledgers[0].record(0, "log", 1, 1, outcome(*rows))

    await asyncio.gather(*(ledger.lease(NOW, 5, 1_000, issuing(stock=40, budget=40, cost=1)) for ledger in ledgers))

    assert await pool(ledgers[0]) == (40, 0, 40)
    for ledger in ledgers:
        await ledger.close()


@pytest.mark.parametrize("engine", LASTING_LEDGERS)
async def test_thirty_two_threads_at_a_pool_of_a_thousand_issue_exactly_a_thousand(engine: str, tmp_path: Path) -> None:
    """Each thread is a dispatcher of its own, with its own ledger on the same store."""
    asked, threads, stock = 1_300, 32, 1_000
    ledger = await ledger_in(engine, tmp_path)
    rows = [decision(n, kind="issue_coupon", params={"pool": "pool"}, person=f"p{n % 600}") for n in range(asked)]
    await ledger.record(0, "log", 1, 1, outcome(*rows))
    together = threading.Barrier(threads)
    gate = issuing(stock=stock, per_person=2, budget=stock * 5, cost=5)

    async def left(mine: Ledger) -> bool:
        return any(row["status"] == "pending" for row in await mine.fetch("outbox_by_state"))

    async def dispatch() -> None:
        mine = await ledger_in(engine, tmp_path)
        together.wait()
        while await left(mine):
            try:
                await mine.lease(NOW, 10, 1_000, gate)
            except StoreUnavailable:  # too many at once: a dispatcher comes again
                continue
        await mine.close()

    def work() -> None:
        asyncio.run(dispatch())

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        await asyncio.to_thread(worker.join)

    coupons = await ledger.fetch("coupons")
    codes = [row["code"] for row in coupons if row["status"] == "issued"]
    assert (len(coupons), len(codes), len(set(codes))) == (asked, stock, stock)
    assert await pool(ledger) == (stock, asked - stock, stock * 5)
    await ledger.close()
