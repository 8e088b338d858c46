"""Processes on PostgreSQL hear of each other's decisions; whoever hears nothing looks by itself."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg

from schemas.decisions import ConsentRow, Withdrawal
from stores.connect import connect_ledger
from stores.postgres_statements import DECIDED
from tests.helpers.ledgers import NOW, record
from tests.helpers.stores import decision, ledger_in
from tests.helpers.waiting import wait_until, wait_until_async
from workers.listening import keep_listening

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.servers.postgres import Postgres

HEARD = 5
"""Seconds in which a word arrives, however busy the machine is."""


async def listens(server: Postgres, folder: Path) -> None:
    """Return when somebody listens on the database of a folder."""
    asked = f"SELECT 1 FROM pg_stat_activity WHERE query LIKE 'LISTEN %' AND datname = '{server.database(folder)}'"
    await asyncio.to_thread(wait_until, lambda: bool(server.execute(asked)), 10, "somebody who listens")


@asynccontextmanager
async def hearing(server: Postgres, folder: Path) -> AsyncIterator[asyncio.Event]:
    """An event that is set for decisions which another process records: another ledger, on its own connections."""
    ledger, told = await connect_ledger(server.url(server.database(folder))), asyncio.Event()
    task = asyncio.create_task(ledger.listen(told.set))
    await listens(server, folder)
    yield told
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await ledger.close()


async def test_who_listens_is_told_of_new_decisions(server: Postgres, tmp_path: Path) -> None:
    ledger = await ledger_in("postgres", tmp_path)
    async with hearing(server, tmp_path) as told:
        await record(ledger, decision(1))

        await asyncio.wait_for(told.wait(), HEARD)
    await ledger.close()


async def test_who_listens_is_told_of_decisions_that_come_with_a_withdrawal(server: Postgres, tmp_path: Path) -> None:
    ledger = await ledger_in("postgres", tmp_path)
    await record(ledger, decision(1))
    async with hearing(server, tmp_path) as told:
        await record(ledger, decision(2), position=2, withdrawals=[Withdrawal(("d00001",), "paid", NOW)])

        await asyncio.wait_for(told.wait(), HEARD)
    await ledger.close()


async def test_who_listens_is_told_when_a_partition_has_caught_up(server: Postgres, tmp_path: Path) -> None:
    ledger = await ledger_in("postgres", tmp_path)
    async with hearing(server, tmp_path) as told:
        await ledger.advance(0, "log", 7)  # what a wait decided may be leased from here on

        await asyncio.wait_for(told.wait(), HEARD)
    await ledger.close()


async def test_rows_that_nobody_can_lease_disturb_nobody(server: Postgres, tmp_path: Path) -> None:
    ledger = await ledger_in("postgres", tmp_path)
    words: list[str] = []
    listener = await asyncpg.connect(server.url(server.database(tmp_path)))
    for channel in (DECIDED, "the_end"):
        await listener.add_listener(channel, lambda *said: words.append(said[2]))

    await record(ledger, consents=[ConsentRow("ada", 1, "marketing", "*", NOW, True)])  # noqa: FBT003 - given
    await listener.execute("NOTIFY the_end")

    await wait_until_async(lambda: bool(words), HEARD, "a word")
    assert words == ["the_end"]  # words come in their order
    await listener.close()
    await ledger.close()


async def test_what_a_process_records_itself_it_is_not_told(server: Postgres, tmp_path: Path) -> None:
    ledger, words = await ledger_in("postgres", tmp_path), list[str]()
    listening = asyncio.create_task(ledger.listen(lambda: words.append("a word")))
    await listens(server, tmp_path)

    await record(ledger, decision(1))
    await asyncio.to_thread(server.execute, f"NOTIFY {DECIDED}", server.database(tmp_path))  # words come in their order

    await wait_until_async(lambda: bool(words), HEARD, "the word of another process")
    assert words == ["a word"]
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await ledger.close()


async def test_who_lost_the_server_listens_again(own_server: Postgres, tmp_path: Path) -> None:
    url = own_server.url(own_server.database(tmp_path))
    ledger, elsewhere = await connect_ledger(url), await connect_ledger(url)
    decided, stop = asyncio.Event(), asyncio.Event()
    listening = asyncio.create_task(keep_listening(ledger, decided, stop))
    await listens(own_server, tmp_path)
    own_server.kill()
    own_server.start()
    await listens(own_server, tmp_path)
    decided.clear()

    await record(elsewhere, decision(1))

    await asyncio.wait_for(decided.wait(), HEARD)
    stop.set()
    await asyncio.wait_for(listening, HEARD)
    await ledger.close()
    await elsewhere.close()


async def test_a_new_listener_looks_once_for_what_came_before_it(own_server: Postgres, tmp_path: Path) -> None:
    ledger = await connect_ledger(own_server.url(own_server.database(tmp_path)))
    decided, stop = asyncio.Event(), asyncio.Event()

    listening = asyncio.create_task(keep_listening(ledger, decided, stop))

    await wait_until_async(decided.is_set, HEARD, "the first look")
    stop.set()
    await asyncio.wait_for(listening, HEARD)
    await ledger.close()
