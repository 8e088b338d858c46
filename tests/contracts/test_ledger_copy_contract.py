"""What every ledger promises whoever copies it, row by row."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.exc import IntegrityError

from schemas.decisions import ConsentRow, ContactRow, DeadLetter, MembershipChange
from stores.ledger_copy import TABLES
from tests.helpers.stores import decision, go, issuing, ledger_in, outcome

if TYPE_CHECKING:
    from pathlib import Path

    from messaging.policy import Facts, Verdict
    from messaging.ports import OutboxRow
    from stores.ports import Ledger


def gate(row: OutboxRow, facts: Facts) -> Verdict:
    pool = row.params.get("pool")
    if pool is None:
        return replace(go(row, facts), purpose="marketing")
    issued = issuing()(row, facts)
    assert issued.coupon is not None
    return replace(issued, coupon=replace(issued.coupon, pool=pool))


async def of_everything(ledger: Ledger) -> None:
    """Three rows or more in every table."""
    people = [f"p{n}" for n in range(3)]
    rows = outcome(
        *(decision(n) for n in range(3)),
        *(decision(n, shadow=True) for n in range(5, 8)),
        *(decision(n, kind="issue_coupon", params={"pool": f"pool{n}"}) for n in range(10, 13)),
        contacts=[ContactRow(person, 1, "email", 1, f"{person}@example.com") for person in people],
        consents=[ConsentRow(person, 2, "marketing", "*", 1, given=True) for person in people],
        changes=[MembershipChange(person, 3, 1, "vip", "enter", "event") for person in people],
        dead_letters=[DeadLetter(0, n, "bad_id", f"no {n}", b"\x00", n) for n in range(3)],
    )
    for partition in range(3):
        await ledger.record(partition, "log", 1, 1, rows if partition == 0 else outcome())
    await ledger.lease(1_000, 100, 30_000, gate)
    for n in range(3):
        await ledger.put_program(f"hash{n}", b"{}")
        await ledger.activate(f"hash{n}", n)
        await ledger.set_meta(f"name{n}", "value")


async def whole(ledger: Ledger) -> dict[str, list[dict[str, Any]]]:
    return {table: await ledger.page(table, None, 1_000) for table in TABLES}


async def test_every_table_is_read_page_by_page_in_the_order_of_its_key(ledger: Ledger) -> None:
    await of_everything(ledger)

    for table, rows in (await whole(ledger)).items():
        assert len(rows) >= 3, table
        pages: list[dict[str, Any]] = []
        while found := await ledger.page(table, pages[-1] if pages else None, 2):
            assert len(found) <= 2
            pages += found
        assert pages == rows


async def test_a_ledger_filled_with_the_rows_of_another_one_is_the_same(ledger: Ledger, tmp_path: Path) -> None:
    source = await ledger_in("sqlite", tmp_path / "source")
    await of_everything(source)

    for table, rows in (await whole(source)).items():
        await ledger.fill(table, rows)

    assert await whole(ledger) == await whole(source)
    assert await ledger.fetch("deliveries") == await source.fetch("deliveries")
    await source.close()


async def test_rows_that_get_a_number_of_their_own_do_not_take_one_that_is_given_later(ledger: Ledger) -> None:
    letters = [
        {"partition": 0, "offset": n, "code": "bad_id", "message": f"{n}", "value": b"", "time": n} for n in (1, 2)
    ]
    await ledger.fill("dead_letter", letters)

    await ledger.refuse([DeadLetter(0, None, "bad_id", "later", b"{}", 5)])

    assert [row["message"] for row in await ledger.page("dead_letter", None, 10)] == ["1", "2", "later"]


async def test_rows_of_which_one_cannot_be_put_in_leave_nothing(ledger: Ledger) -> None:
    await ledger.set_meta("taken", "x")

    with pytest.raises(IntegrityError):
        await ledger.fill("meta", [{"name": "new", "value": "1"}, {"name": "taken", "value": "2"}])

    assert await ledger.get_meta("new") is None
