"""The ledger on PostgreSQL: its tables, its order, and what several processes may do to each other."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any, cast

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql

from messaging.policy import CouponOffer, Facts, Verdict
from schemas.decisions import ConsentRow, ContactRow, DeadLetter, MembershipChange
from schemas.errors import TouchlineError
from schemas.tables import METADATA
from stores.connect import connect_ledger
from stores.ledger_lease import ready_rows
from stores.postgres import Server
from stores.queries import QUERIES
from tests.helpers.stores import decision, go, issuing, ledger_in, outcome
from tests.helpers.waiting import wait_until_answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sqlalchemy import Connection

    from messaging.ports import OutboxRow
    from stores.postgres_ledger import PostgresLedger
    from tests.servers.postgres import Postgres

NOW = 1_000_000


@pytest.fixture
async def ledger(server: Postgres, tmp_path: Path) -> AsyncIterator[PostgresLedger]:  # noqa: ARG001 - must be there
    ledger = cast("PostgresLedger", await ledger_in("postgres", tmp_path))
    yield ledger
    await ledger.close()


async def sql(ledger: PostgresLedger, statement: str) -> list[tuple[Any, ...]]:
    def work(connection: Connection) -> list[tuple[Any, ...]]:
        found = connection.execute(text(statement))
        return [tuple(row) for row in found] if found.returns_rows else []

    return await ledger._write(work)


# -- tables


def described(connection: Connection) -> list[tuple[Any, ...]]:
    """Every column and index as the server describes it."""
    columns = text(
        "SELECT table_name, column_name, data_type, collation_name, is_nullable, column_default"
        " FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'alembic%'"
    )
    indices = text(
        "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE 'alembic%'"
    )
    return sorted(tuple(map(str, row)) for query in (columns, indices) for row in connection.execute(query))


async def test_migrations_make_exactly_what_the_models_say(server: Postgres, tmp_path: Path) -> None:
    ledger = cast("PostgresLedger", await ledger_in("postgres", tmp_path))
    other = Server(server.url(server.database(tmp_path / "other")))
    await other.open(METADATA.create_all)

    assert await ledger._read(described) == await other.transaction(described)
    await other.close()
    await ledger.close()


async def test_every_text_is_sorted_by_its_bytes_whatever_the_database_does(ledger: PostgresLedger) -> None:
    people = ["a", "B", "_", "Z", "é", "10", "9", "小", "😀", "ﷺ"]
    await ledger.record(0, "log", 1, 1, outcome(*(decision(n, person=p, time=1) for n, p in enumerate(people))))

    columns = await sql(
        ledger,
        "SELECT DISTINCT collation_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND data_type = 'character varying' AND table_name <> 'alembic_version'",
    )
    assert columns == [("C",)]
    assert [row["person"] for row in await ledger.fetch("decisions")] == sorted(people)


async def test_many_that_open_a_new_ledger_at_once_make_its_tables_once(server: Postgres, tmp_path: Path) -> None:
    url = server.url(server.database(tmp_path))
    opens = "import asyncio, sys; from stores.connect import connect_ledger; asyncio.run(connect_ledger(sys.argv[1]))"
    start = [sys.executable, "-c", opens, url]
    processes = [await asyncio.create_subprocess_exec(*start, stderr=subprocess.PIPE) for _ in range(4)]

    ledgers = await asyncio.gather(*(connect_ledger(url) for _ in range(8)))

    assert [(await process.communicate())[1] for process in processes] == [b""] * 4
    assert await ledgers[0].fetch("outbox_by_state") == []
    for ledger in ledgers:
        await ledger.close()


async def test_ready_rows_are_found_by_an_index_and_never_sorted(ledger: PostgresLedger) -> None:
    old = [decision(n, kind="assign", effect=False) for n in range(3_000)]
    await ledger.record(0, "log", 1, 1, outcome(*old, *(decision(n) for n in range(3_000, 3_400))))
    await sql(ledger, "ANALYZE outbox")
    query = ready_rows().params(now=NOW, most=100)
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    written = query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})

    plan = "\n".join(row[0] for row in await sql(ledger, f"EXPLAIN {written}"))

    assert "using outbox_ready on outbox" in plan
    assert "Sort" not in plan


async def test_a_row_that_cannot_be_read_is_dead_and_the_others_go_on(ledger: PostgresLedger) -> None:
    await ledger.record(0, "log", 1, 1, outcome(*(decision(n) for n in (1, 2, 3))))
    await sql(ledger, "UPDATE outbox SET variables = '{' WHERE decision_id = 'd00002'")

    leased = await ledger.lease(10, 100, 1_000, go)

    assert [row.row.decision_id for row in leased] == ["d00001", "d00003"]
    rows = {row["decision_id"]: (row["status"], row["reason"]) for row in await ledger.fetch("deliveries")}
    assert rows["d00002"] == ("dead", "unreadable")


# -- repeated transactions


async def test_two_leases_that_want_each_others_pools_both_issue(tmp_path: Path, server: Postgres) -> None:
    """One takes from pool x and wants y, the other has y and wants x: the server ends one, and it comes again."""
    before = server.log().count("deadlock detected")
    first = await ledger_in("postgres", tmp_path)
    pools = {"d00001": "x", "d00002": "y", "d00003": "y", "d00004": "x"}
    rows = [decision(n, kind="issue_coupon") for n in range(1, 5)]
    await first.record(0, "log", 1, 1, outcome(*rows))
    begun, both = threading.Event(), threading.Barrier(2, timeout=20)
    asked: list[str] = []

    def gate(row: OutboxRow, _: Facts) -> Verdict:
        begun.set()
        asked.append(row.decision_id)
        if row.decision_id in {"d00002", "d00004"} and asked.count(row.decision_id) == 1:
            both.wait()
        name = pools[row.decision_id]
        return Verdict("coupon", coupon=CouponOffer(name, 9, 9, 99, 1, None, lambda n: f"{row.decision_id}-{n}"))

    async def lease(after: threading.Event | None) -> None:
        if after is not None:
            after.wait(20)
        ledger = await ledger_in("postgres", tmp_path)
        await ledger.lease(NOW, 2, 1_000, gate)
        await ledger.close()

    work = [threading.Thread(target=lambda after=after: asyncio.run(lease(after))) for after in (None, begun)]
    for each in work:
        each.start()
    for each in work:
        await asyncio.to_thread(each.join)

    assert server.log().count("deadlock detected") == before + 1
    assert len(asked) == 6
    assert [(row["pool"], row["issued"], row["refused"]) for row in await first.fetch("pools")] == [
        ("x", 2, 0),
        ("y", 2, 0),
    ]
    assert len({row["code"] for row in await first.fetch("coupons")}) == 4
    await first.close()


async def test_a_switch_waits_for_the_leases_under_way_and_every_later_one_knows_it(
    tmp_path: Path, ledger: PostgresLedger
) -> None:
    await ledger.record(0, "log", 1, 1, outcome(decision(1), decision(2)))
    begun, go_on = threading.Event(), threading.Event()
    ended: list[str] = []

    def slow(row: OutboxRow, facts: Facts) -> Verdict:
        begun.set()
        go_on.wait(20)
        return go(row, facts)

    async def lease() -> None:
        other = await ledger_in("postgres", tmp_path)
        ended.extend(row.row.decision_id for row in await other.lease(NOW, 1, 1_000, slow))
        await other.close()

    leasing = threading.Thread(target=lambda: asyncio.run(lease()))
    leasing.start()
    await asyncio.to_thread(begun.wait, 20)
    switching = asyncio.create_task(ledger.switch(["all"], off=True))
    await wait_until_answer(lambda: is_waiting(ledger), 20, "the switch to wait for the lease")
    assert not switching.done()
    go_on.set()

    assert await switching == ["all"]
    await asyncio.to_thread(leasing.join)
    seen: list[frozenset[str]] = []

    def knowing(row: OutboxRow, facts: Facts) -> Verdict:
        seen.append(facts.switches)
        return go(row, facts)

    await ledger.lease(NOW, 9, 1_000, knowing)
    assert (ended, seen) == (["d00001"], [frozenset({"all"})])


async def is_waiting(ledger: PostgresLedger) -> bool:
    return await sql(ledger, "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") != []


async def test_those_who_record_the_same_rows_in_any_order_never_wait_in_a_ring(
    tmp_path: Path, server: Postgres
) -> None:
    before = server.log().count("deadlock detected")
    ledgers = [await ledger_in("postgres", tmp_path) for _ in range(4)]
    rows = [decision(n) for n in range(200)]
    changes = [MembershipChange(f"p{n}", 1, 5, "vip", "enter", "event") for n in range(200)]

    for n in range(0, 200, 20):
        mine = outcome(*rows[n : n + 20], changes=changes[n : n + 20])
        turned = outcome(*rows[n : n + 20][::-1], changes=changes[n : n + 20][::-1])
        await asyncio.gather(
            *(each.record(0, "log", n, n, one) for each, one in zip(ledgers, (mine, turned) * 2, strict=True))
        )

    assert server.log().count("deadlock detected") == before
    assert len(await ledgers[0].fetch("decisions")) == 200
    for ledger in ledgers:
        await ledger.close()


async def test_a_table_that_changes_under_an_open_ledger_does_not_disturb_it(ledger: PostgresLedger) -> None:
    await ledger.set_meta("x", "one")
    assert [await ledger.get_meta("x") for _ in range(3)] == ["one"] * 3

    await sql(ledger, "ALTER TABLE meta ALTER value TYPE text")

    assert await ledger.get_meta("x") == "one"


# -- a copy


async def test_a_saved_copy_holds_every_row_as_it_was(ledger: PostgresLedger, tmp_path: Path) -> None:
    rows: dict[str, Any] = {
        "changes": [MembershipChange("p1", 3, 5, "vip", "enter", "event")],
        "contacts": [ContactRow("p1", 1, "email", 5, None)],
        "consents": [ConsentRow("p1", 2, "marketing", "*", 5, given=True)],
        "dead_letters": [DeadLetter(0, None, "bad_id", "no", b"\xff", 5)],
    }
    decisions = [decision(n) for n in range(2_500)]
    await ledger.record(0, "log", 7, 7, outcome(*decisions, decision(9_000, shadow=True), **rows))
    await ledger.lease(NOW, 10, 1_000, go)
    await ledger.lease(NOW, 10, 1_000, issuing())
    await ledger.put_program("abc", b"\x00text")
    await ledger.activate("abc", 5)
    await ledger.set_meta("workspace", "w")

    await ledger.save(str(tmp_path / "copy.db"))

    copy = await connect_ledger(f"sqlite:///{tmp_path / 'copy.db'}")
    arguments: dict[str, dict[str, object]] = {
        "decisions_of": {"person": "p1", "limit": 9},
        "changes_of": {"person": "p1", "limit": 9},
        "contacts_of": {"person": "p1"},
        "consents_of": {"person": "p1"},
        "dead_letter_times": {"after": 0, "limit": 9},
        "oldest_pending": {"now": NOW},
        "quiet": {"now": NOW},
    }
    for query in QUERIES:
        given = arguments.get(query, {})
        assert await copy.fetch(query, **given) == await ledger.fetch(query, **given), query
    assert (await copy.progress(0), await copy.program("abc"), await copy.get_meta("workspace")) == (
        ("log", 7),
        b"\x00text",
        "w",
    )
    with pytest.raises(TouchlineError, match="exists already"):
        await ledger.save(str(tmp_path / "copy.db"))
    await copy.close()


async def test_people_whom_another_dispatcher_is_about_to_write_to_are_left_to_it(
    ledger: PostgresLedger, server: Postgres, tmp_path: Path
) -> None:
    await ledger.record(0, "log", 1, 1, outcome(decision(1, person="held"), decision(2, person="free")))
    other = await asyncpg.connect(server.url(server.database(tmp_path)))
    async with other.transaction():
        await other.execute("SELECT pg_advisory_xact_lock(hashtextextended('held', 7))")

        meanwhile = await asyncio.wait_for(ledger.lease(NOW, 10, 1_000, go), 10)

    afterwards = await ledger.lease(NOW, 10, 1_000, go)
    await other.close()

    assert [leased.row.person for leased in meanwhile] == ["free"]
    assert [leased.row.person for leased in afterwards] == ["held"]
