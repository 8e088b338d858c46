"""The ledger on PostgreSQL: what its server may do to it, and what several processes may do to each other."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import asyncpg
import psutil
import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql

from messaging.policy import CouponOffer, Facts, Verdict
from schemas.decisions import ConsentRow, ContactRow, DeadLetter, MembershipChange
from schemas.errors import SettingsError, StoreUnavailable, TouchlineError
from schemas.tables import METADATA
from stores.connect import connect_ledger
from stores.ledger_lease import ready_rows
from stores.ports import Result
from stores.postgres import Server
from stores.queries import QUERIES
from tests.helpers.stores import decision, go, issuing, ledger_in, outcome
from tests.helpers.waiting import wait_until
from tests.servers.postgres import PASSWORD, Postgres, postgres
from tests.servers.required import ServerMissing, absent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from sqlalchemy import Connection

    from messaging.ports import OutboxRow
    from stores.postgres_ledger import PostgresLedger

NOW = 1_000_000


@pytest.fixture
def server() -> Postgres:
    try:
        return postgres()
    except ServerMissing as error:
        absent("postgres", error)


@pytest.fixture
def own_server(server: Postgres) -> Iterator[Postgres]:  # noqa: ARG001 - the shared one tells whether there can be one
    own = Postgres()
    yield own
    own.stop()


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


@pytest.mark.parametrize(("own_time", "index"), [(False, "outbox_ready"), (True, "outbox_in_time")])
async def test_ready_rows_are_found_by_an_index_and_never_sorted(
    ledger: PostgresLedger, own_time: bool, index: str
) -> None:
    old = [decision(n, kind="assign", effect=False) for n in range(3_000)]
    await ledger.record(0, "log", 1, 1, outcome(*old, *(decision(n) for n in range(3_000, 3_400))))
    await sql(ledger, "ANALYZE outbox")
    query = ready_rows(NOW, 100, own_time=own_time)
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    written = query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})

    plan = "\n".join(row[0] for row in await sql(ledger, f"EXPLAIN {written}"))

    assert f"using {index} on outbox" in plan
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


async def test_a_transaction_is_repeated_until_it_passes_but_not_for_ever(server: Postgres, tmp_path: Path) -> None:
    database = Server(server.url(server.database(tmp_path)))
    tries: list[int] = []

    def work(passes_at: int) -> Callable[[Connection], int]:
        def failing(connection: Connection) -> int:
            tries.append(1)
            if len(tries) < passes_at:
                connection.execute(text("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$"))
            return len(tries)

        return failing

    assert await database.transaction(work(4)) == 4
    tries.clear()
    with pytest.raises(StoreUnavailable, match="is too busy"):
        await database.transaction(work(99))
    assert len(tries) == 9
    await database.close()


async def test_a_table_that_changes_under_an_open_ledger_does_not_disturb_it(ledger: PostgresLedger) -> None:
    await ledger.set_meta("x", "one")
    assert [await ledger.get_meta("x") for _ in range(3)] == ["one"] * 3

    await sql(ledger, "ALTER TABLE meta ALTER value TYPE text")

    assert await ledger.get_meta("x") == "one"


# -- a server that is away


async def test_a_ledger_outlives_its_server(own_server: Postgres, tmp_path: Path) -> None:
    ledger = await connect_ledger(own_server.url(own_server.database(tmp_path)))
    await ledger.record(0, "log", 1, 1, outcome(decision(1)))
    (leased,) = await ledger.lease(NOW, 10, 1_000, go)
    own_server.kill()

    with pytest.raises(StoreUnavailable, match="does not answer") as refusal:
        await ledger.finish([Result("d00001", leased.token, "sent")], NOW)
    own_server.start()

    assert "see whether it runs" in refusal.value.hint
    assert await ledger.finish([Result("d00001", leased.token, "sent")], NOW) == 1
    assert await ledger.fetch("outbox_by_state") == [{"status": "sent", "number": 1}]
    await ledger.close()


async def test_a_server_that_closed_idle_connections_is_not_even_noticed(own_server: Postgres, tmp_path: Path) -> None:
    ledger = await connect_ledger(own_server.url(own_server.database(tmp_path)))
    await asyncio.gather(*(ledger.set_meta(f"{n}", "x") for n in range(8)))
    ours = "FROM pg_stat_activity WHERE application_name = 'touchline'"
    own_server.execute(f"SELECT pg_terminate_backend(pid) {ours}")
    await asyncio.to_thread(wait_until, lambda: not own_server.execute(f"SELECT pid {ours}"), 5, "the end of them")

    assert await asyncio.gather(*(ledger.get_meta(f"{n}") for n in range(8))) == ["x"] * 8
    await ledger.close()


async def test_a_server_that_hangs_is_away_until_it_goes_on(own_server: Postgres, tmp_path: Path) -> None:
    server = Server(own_server.url(own_server.database(tmp_path)), patience=0.3)
    one = text("SELECT 1")
    assert await server.transaction(lambda connection: connection.execute(one).scalar()) == 1
    own_server.signal(signal.SIGSTOP)
    try:
        with pytest.raises(StoreUnavailable, match="does not answer"):
            await server.transaction(lambda connection: connection.execute(one).scalar())
    finally:
        own_server.signal(signal.SIGCONT)

    assert await server.transaction(lambda connection: connection.execute(one).scalar()) == 1
    await server.close()


# -- the URL


@pytest.mark.parametrize(
    ("url", "says", "hint"),
    [
        ("postgresql://touchline:{wrong}@127.0.0.1:{port}/{name}", "127.0.0.1:{port} refuses the user", "TOUCHLINE_LEDGER"),
        ("postgresql://nobody:{right}@127.0.0.1:{port}/{name}", "refuses the user or the password", "TOUCHLINE_LEDGER"),
        ("postgresql://touchline:{right}@127.0.0.1:{port}/other", "other on 127.0.0.1:{port} has no such database", "createdb"),
        ("postgresql://touchline:{right}@127.0.0.1:{port}/{name}?sslmode=require", "does not agree on TLS", "sslmode"),
        ("postgresql://touchline:{right}@127.0.0.1:{port}/{name}?default_transaction_read_only=on", "is read-only", "primary"),
        ("postgresql://guest@/{name}?host={folder}&port={port}", "does not let this user", "make tables"),
        ("postgresql://touchline@/latin?host={folder}&port={port}", "holds texts as LATIN1", "UTF8"),
        ("postgresql://touchline:{right}@127.0.0.1:{port}", "is none of PostgreSQL", "%40"),
        ("postgresql://touchline:{right}@[127/{name}", "is none of PostgreSQL", "%40"),
        ("postgresql://touchline:s3cret/word@127.0.0.1:{port}/{name}", "is none of PostgreSQL", "%2F"),
        ("postgresql://touchline:s3cret#word@127.0.0.1:{port}/{name}", "is none of PostgreSQL", "%23"),
        ("postgresql://touchline:s3cret%2Fword@127.0.0.1:{port}/{name}?nonsense", "is none of PostgreSQL", "%40"),
        ("postgresql://touchline:{right}@127.0.0.1:{port}/{name}?sslmode=maybe", "cannot be used: `sslmode`", ""),
        ("mysql://touchline:{right}@127.0.0.1:{port}/{name}", "is no URL of a ledger", "TOUCHLINE_LEDGER"),
    ],
)  # fmt: skip
async def test_a_url_that_cannot_work_stops_the_start_and_never_shows_a_password(
    server: Postgres, tmp_path: Path, url: str, says: str, hint: str
) -> None:
    name = server.database(tmp_path)
    with suppress(asyncpg.DuplicateObjectError, asyncpg.DuplicateDatabaseError):
        server.execute("CREATE ROLE guest LOGIN")
        server.execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    names = {"port": server.port, "folder": server.folder, "name": name, "right": "s3cret%2Fword", "wrong": "s3cret"}

    with pytest.raises(SettingsError) as refusal:
        await connect_ledger(url.format(**names))

    assert says.format(**names) in str(refusal.value)
    assert hint in refusal.value.hint
    assert "s3cret" not in f"{refusal.value} {refusal.value.hint} {refusal.value.__cause__}"


async def test_a_server_that_is_not_there_is_told_from_a_wrong_setting() -> None:
    with pytest.raises(StoreUnavailable, match=r"shop on 127\.0\.0\.1:1 does not answer"):
        await connect_ledger("postgresql://touchline:s3cret@127.0.0.1:1/shop")


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
async def test_a_password_is_taken_from_the_url_as_it_is_written_there(
    server: Postgres, tmp_path: Path, scheme: str
) -> None:
    url = server.url(server.database(tmp_path), tcp=True)

    ledger = await connect_ledger(url.replace("postgresql", scheme))

    assert PASSWORD == "s3cret/word"
    assert await ledger.get_meta("x") is None
    await ledger.close()


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
        "oldest_pending": {"now": NOW},
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


# -- the server of the tests


def test_no_server_is_left_when_its_process_is_killed(server: Postgres) -> None:  # noqa: ARG001 - tells whether there can be one
    owns = "import sys; from tests.servers.postgres import postgres; p = postgres(); print(p.pid, p.folder, flush=True); sys.stdin.read()"
    owner = subprocess.Popen([sys.executable, "-c", owns], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    assert owner.stdin is not None
    pid, folder = owner.stdout.readline().split()

    owner.kill()
    owner.wait()

    wait_until(lambda: not psutil.pid_exists(int(pid)) and not Path(folder).exists(), 10, "the server to go")
    owner.stdin.close()
    owner.stdout.close()
