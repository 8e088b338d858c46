"""The ledger on SQLite: its queries use their indices, and a row that is broken spoils nothing but itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sqlalchemy import text

from stores.ledger_lease import ready_rows
from tests.helpers.stores import decision, go, ledger_in, outcome

if TYPE_CHECKING:
    from pathlib import Path

    from stores.sqlite_ledger import SqliteLedger


async def test_ready_rows_are_found_by_an_index_and_never_sorted(tmp_path: Path) -> None:
    ledger = cast("SqliteLedger", await ledger_in("sqlite", tmp_path))
    with ledger._engine.connect() as connection:
        query = ready_rows().params(now=5, most=100).compile(connection, compile_kwargs={"literal_binds": True})
        plan = [row.detail for row in connection.execute(text(f"EXPLAIN QUERY PLAN {query}"))]

    assert any("USING INDEX outbox_ready" in line for line in plan)
    assert not any("TEMP B-TREE" in line for line in plan)
    await ledger.close()


async def test_a_row_that_cannot_be_read_is_dead_and_the_others_go_on(tmp_path: Path) -> None:
    ledger = cast("SqliteLedger", await ledger_in("sqlite", tmp_path))
    await ledger.record(0, "log", 1, 1, outcome(*(decision(n) for n in (1, 2, 3))))
    with ledger._engine.begin() as connection:
        connection.execute(text("UPDATE outbox SET variables = x'7b' WHERE decision_id = 'd00002'"))

    leased = await ledger.lease(10, 100, 1_000, go)

    assert [row.row.decision_id for row in leased] == ["d00001", "d00003"]
    rows = {row["decision_id"]: (row["status"], row["reason"]) for row in await ledger.fetch("deliveries")}
    assert rows["d00002"] == ("dead", "unreadable")
    await ledger.close()


async def test_numbers_are_kept_by_their_digits(tmp_path: Path) -> None:
    ledger = cast("SqliteLedger", await ledger_in("sqlite", tmp_path))
    variables = {"event": {"huge": 12345678901234567890123, "text": "1.10"}}
    await ledger.record(0, "log", 1, 1, outcome(decision(1, variables=variables)))

    (leased,) = await ledger.lease(10, 100, 1_000, go)

    assert str(leased.row.variables["event"]["huge"]) == "12345678901234567890123"
    assert leased.row.variables["event"]["text"] == "1.10"
    await ledger.close()
