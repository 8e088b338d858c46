"""PostgreSQL as a server: it may refuse, hang, fall and come back, and what its URL says may be wrong."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import psutil
import pytest
from sqlalchemy import text

from schemas.errors import SettingsError, StoreUnavailable
from stores.connect import connect_ledger
from stores.ports import Result
from stores.postgres import Server
from tests.helpers.stores import decision, go, outcome
from tests.helpers.waiting import wait_until
from tests.servers.postgres import PASSWORD, Postgres

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection


NOW = 1_000_000


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


async def test_a_process_that_stands_still_in_a_transaction_does_not_keep_its_rows(
    server: Postgres, tmp_path: Path
) -> None:
    url = server.url(server.database(tmp_path))
    frozen = Server(url, still=0.2)
    row = text("INSERT INTO things VALUES (1)")
    await frozen.transaction(lambda connection: connection.execute(text("CREATE TABLE things (id int PRIMARY KEY)")))

    def stand_still(connection: Connection) -> None:
        connection.execute(row)
        other = threading.Thread(target=asyncio.run, args=(insert(),))
        other.start()
        other.join()  # nothing of this process's loop runs meanwhile

    async def insert() -> None:
        another = Server(url)
        await another.transaction(lambda connection: connection.execute(row))
        await another.close()

    with pytest.raises(StoreUnavailable):
        await frozen.transaction(stand_still)
    rows = text("SELECT count(*) FROM things")
    assert await frozen.transaction(lambda connection: connection.execute(rows).scalar()) == 1
    await frozen.close()


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
        server.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
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
