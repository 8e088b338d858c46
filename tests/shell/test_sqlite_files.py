"""SQLite files: faults of the machine as sentences, sharing between processes, what is said to an old SQLite."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Literal, cast

import pytest

from schemas.errors import Moved, SettingsError, StoreUnavailable
from stores.open import open_ledger, open_log, open_state
from stores.ports import Appendable, Place, Position, Saved
from stores.sqlite import Database, Driver, choose_driver, immediate
from stores.sqlite_log import SqliteLog
from tests.helpers.source import ROOT
from tests.helpers.stores import decision, ledger_in, log_in, outcome, state_in
from tests.helpers.waiting import wait_until_async

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stores.ports import Ledger, Log, State
    from stores.sqlite_ledger import SqliteLedger
    from stores.sqlite_state import SqliteState

OPENERS: dict[str, Callable[[str], Log | State | Ledger]] = {
    "log": lambda url: open_log(url, clock=lambda: 0, new_id=lambda: "log"),
    "state": open_state,
    "ledger": open_ledger,
}
Kind = Literal["log", "state", "ledger"]


async def sqlite_log(folder: Path) -> SqliteLog:
    return cast("SqliteLog", await log_in("sqlite", folder))


def fill_up(database: Database) -> None:
    """Let the file grow no more, as on a full disk."""
    pages = database.connection.execute("PRAGMA page_count").fetchone()[0]
    database.connection.execute(f"PRAGMA max_page_count={pages + 2}")


def make_room(database: Database) -> None:
    database.connection.execute("PRAGMA max_page_count=1000000")


async def test_a_full_disk_is_told_to_every_appender_and_the_log_works_afterwards(tmp_path: Path) -> None:
    log = await sqlite_log(tmp_path)
    await log.append([Appendable("", b"before", 0)])
    fill_up(log._database)

    calls = [log.append([Appendable("", bytes(4_000), 0)]) for _ in range(20)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    make_room(log._database)
    (place,) = await log.append([Appendable("", b"after", 0)])

    assert {str(answer) for answer in answers} == {f"the file {tmp_path / 'log.db'} cannot be used: the disk is full"}
    assert all(isinstance(answer, StoreUnavailable) and answer.hint for answer in answers)
    assert place == Place(0, 1)
    assert [record.value for record in await log.read(0, 0)] == [b"before", b"after"]
    await log.close()


async def test_a_full_disk_leaves_the_state_where_it_was(tmp_path: Path) -> None:
    state = cast("SqliteState", await state_in("sqlite", tmp_path))
    await state.begin(0, "log", Position(0))
    fill_up(state._database)
    big = {f"p{n}": Saved(bytes(4_000), None) for n in range(20)}

    with pytest.raises(StoreUnavailable, match="the disk is full"):
        await state.write(0, Position(0), Position(1), big)
    make_room(state._database)

    assert await state.position(0) == (Position(0), "log")
    await state.write(0, Position(0), Position(1), big)
    assert dict(await state.people(0)) == big
    await state.close()


async def test_a_full_disk_leaves_the_ledger_where_it_was(tmp_path: Path) -> None:
    ledger = cast("SqliteLedger", await ledger_in("sqlite", tmp_path))
    fill_up(ledger._database)
    big = outcome(*(decision(n, params={"text": "x" * 4_000}) for n in range(20)))

    with pytest.raises(StoreUnavailable, match="the disk is full"):
        await ledger.record(0, "log", 5, 5, big)
    make_room(ledger._database)

    assert (await ledger.progress(0), await ledger.fetch("decisions")) == (None, [])
    await ledger.record(0, "log", 5, 5, big)
    assert len(await ledger.fetch("decisions")) == 20
    await ledger.close()


async def test_an_appender_is_sent_away_when_twenty_thousand_records_wait(tmp_path: Path) -> None:
    log = await sqlite_log(tmp_path)
    with closing(Database(tmp_path / "log.db", "log").connection) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = [asyncio.create_task(log.append([Appendable("", b"x", 0)] * 2_000))]
        await wait_until_async(lambda: log._flushing is not None and not log._waiting, 5, "the first to be written")
        waiting += [asyncio.create_task(log.append([Appendable("", b"x", 0)] * 2_000)) for _ in range(10)]
        await wait_until_async(lambda: log._waiting_records >= 20_000, 5, "the records to gather")

        with pytest.raises(StoreUnavailable, match="the log is behind: 20000 records wait"):
            await log.append([Appendable("", b"one more", 0)])
        other.execute("ROLLBACK")

    places = [place for places in await asyncio.gather(*waiting) for place in places]
    assert places == [Place(0, n) for n in range(22_000)]
    await log.close()


async def test_callers_that_come_together_share_a_transaction(tmp_path: Path) -> None:
    log = await sqlite_log(tmp_path)
    look = log._database.watch()
    before = look()

    await asyncio.gather(*(log.append([Appendable("", b"%d" % n, 0)]) for n in range(500)))

    assert look() - before <= 3
    assert (await log.ends(0))[1] == 500
    await log.close()


async def test_closing_writes_what_waits(tmp_path: Path) -> None:
    log = await sqlite_log(tmp_path)
    call = asyncio.create_task(log.append([Appendable("", b"x", 0)]))
    await asyncio.sleep(0)
    await log.close()
    await log.close()

    assert await call == [Place(0, 0)]


async def test_space_of_trimmed_records_is_given_back(tmp_path: Path) -> None:
    log = await sqlite_log(tmp_path)
    await log.append([Appendable("", bytes(1_000), 0)] * 2_500)
    pages = log._database.connection.execute("PRAGMA page_count").fetchone()[0]

    await log.trim(0, 2_500)

    assert log._database.connection.execute("PRAGMA page_count").fetchone()[0] < pages
    await log.close()


@pytest.mark.parametrize("kind", OPENERS)
@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda path: path.write_bytes(b"id;name\n" * 1_000), "cannot be used: it is not a database of ours"),
        (lambda path: path.mkdir(), "cannot be used: it cannot be opened"),
    ],
)
def test_what_is_no_database_is_refused_in_a_sentence(
    kind: str, spoil: Callable[[Path], None], sentence: str, tmp_path: Path
) -> None:
    spoil(tmp_path / "x.db")

    with pytest.raises(StoreUnavailable) as refusal:
        OPENERS[kind](f"sqlite:///{tmp_path / 'x.db'}")

    assert refusal.value.message == f"the file {tmp_path / 'x.db'} {sentence}"
    assert refusal.value.hint


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreUnavailable, match=r"the folder .*file/data cannot be made: Not a directory"):
        open_state(f"sqlite:///{tmp_path / 'file' / 'data' / 'state.db'}")


async def test_a_store_in_a_folder_that_is_not_there_makes_it(tmp_path: Path) -> None:
    await open_state(f"sqlite:///{tmp_path / 'a' / 'b' / 'state.db'}").close()

    assert (tmp_path / "a" / "b" / "state.db").exists()


@pytest.mark.parametrize(("made", "opened"), [("log", "ledger"), ("ledger", "log"), ("log", "state")])
async def test_urls_that_are_mixed_up_are_noticed(made: str, opened: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    await OPENERS[made](url).close()

    with pytest.raises(StoreUnavailable, match=f"does not hold a {opened}"):
        OPENERS[opened](url)


async def test_a_file_that_another_process_keeps_locked_is_a_sentence(tmp_path: Path) -> None:
    state = cast("SqliteState", await state_in("sqlite", tmp_path))
    state._database.connection.execute("PRAGMA busy_timeout=20")
    other = Database(tmp_path / "state.db", "state")
    with immediate(other.connection), pytest.raises(StoreUnavailable, match="another process keeps it locked"):
        await state.begin(0, "log", Position(0))
    await state.begin(0, "log", Position(0))

    assert await state.position(0) == (Position(0), "log")
    await other.close()
    await state.close()


async def test_a_file_that_may_only_be_read_is_a_sentence(tmp_path: Path) -> None:
    state = cast("SqliteState", await state_in("sqlite", tmp_path))
    state._database.connection.execute("PRAGMA query_only=ON")

    with pytest.raises(StoreUnavailable, match="it may not be written to"):
        await state.begin(0, "log", Position(0))
    await state.close()


async def test_a_defect_is_not_taken_for_a_fault_of_the_machine(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.db", "state")

    with pytest.raises(database.module.OperationalError, match="no such table"):
        await database.run(database.connection.execute, "SELECT * FROM no_such")
    await database.close()


def test_every_file_of_a_process_goes_through_one_library() -> None:
    assert choose_driver() is choose_driver()


@pytest.mark.parametrize("kind", ["log", "state", "ledger"])
async def test_an_old_sqlite_keeps_a_file_to_one_process_and_says_so(kind: Kind, tmp_path: Path) -> None:
    said: list[str] = []
    old = Driver(sqlite3, shared=False)
    path = tmp_path / "x.db"
    database = Database(path, kind, driver=old, warn=said.append)

    with pytest.raises(StoreUnavailable, match="is in use, and the SQLite of this Python is too old to share it"):
        Database(path, kind, driver=old, warn=said.append)
    await database.close()
    again = Database(path, kind, driver=old, warn=said.append)
    await again.close()

    assert said == [f"The SQLite of this Python is older than 3.51.3: only this process can use {path}."] * 2


async def test_a_log_on_an_old_sqlite_tails_its_own_appends(tmp_path: Path) -> None:
    database = Database(tmp_path / "log.db", "log", driver=Driver(sqlite3, shared=False), warn=lambda _: None)
    log = SqliteLog(database, clock=lambda: 5, new_id=lambda: "log")
    waiting = asyncio.create_task(log.wait(0, 0, 60))
    await asyncio.sleep(0)

    await log.append([Appendable("", b"x", 0)])

    await wait_until_async(waiting.done, 5, "the tail to notice")
    await log.close()


async def test_a_state_that_was_put_back_is_noticed_by_its_position(tmp_path: Path) -> None:
    state = await state_in("sqlite", tmp_path)
    await state.begin(0, "log", Position(0))
    await state.write(0, Position(0), Position(10), {"ada": Saved(b"ten", None)})
    await state.close()
    shutil.copy(tmp_path / "state.db", tmp_path / "copy")
    state = await state_in("sqlite", tmp_path)
    await state.write(0, Position(10), Position(20), {"ada": Saved(b"twenty", None)})
    await state.close()
    shutil.copy(tmp_path / "copy", tmp_path / "state.db")

    state = await state_in("sqlite", tmp_path)

    with pytest.raises(Moved):
        await state.read(0, Position(20), ["ada"])
    assert await state.position(0) == (Position(10), "log")
    assert await state.read(0, Position(10), ["ada"]) == {"ada": Saved(b"ten", None)}
    await state.close()


def python(code: str, *arguments: str) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", f"import asyncio, sys\n{code}", *arguments]
    return subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


APPEND = """
from stores.open import open_log
from stores.ports import Appendable
async def main():
    log = open_log(sys.argv[1], clock=lambda: 7, new_id=lambda: "theirs")
    for name in sys.stdin:
        await log.append([Appendable("", name.strip().encode(), 0)])
    print(log.info.log_id, *[record.value.decode() for record in await log.read(0, 0)])
    await log.close()
asyncio.run(main())
"""


async def test_another_process_reads_and_appends_to_the_same_log(tmp_path: Path) -> None:
    log = await sqlite_log(tmp_path)
    await log.append([Appendable("", b"mine", 0)])
    waiting = asyncio.create_task(log.wait(0, 1, 60))

    other = python(APPEND, f"sqlite:///{tmp_path / 'log.db'}")
    told, _ = await asyncio.to_thread(other.communicate, "theirs\n", 60)

    await wait_until_async(waiting.done, 5, "the tail to notice the other process")
    assert told.split() == ["log-1", "mine", "theirs"]
    assert [record.value for record in await log.read(0, 0)] == [b"mine", b"theirs"]
    await log.close()


READ = """
from stores.open import open_ledger, open_state
from stores.ports import Position
async def main():
    state, ledger = open_state(sys.argv[1]), open_ledger(sys.argv[2])
    print((await state.read(0, Position(3), ["ada"]))["ada"].state.decode())
    print(*[row["decision_id"] for row in await ledger.fetch("decisions")])
    await state.close()
    await ledger.close()
asyncio.run(main())
"""


async def test_another_process_reads_what_was_just_written_to_state_and_ledger(tmp_path: Path) -> None:
    state, ledger = await state_in("sqlite", tmp_path), await ledger_in("sqlite", tmp_path)
    await state.begin(0, "log", Position(0))
    await state.write(0, Position(0), Position(3), {"ada": Saved(b"profile", None)})
    await ledger.record(0, "log", 3, 3, outcome(decision(1), decision(2)))

    other = python(READ, *(f"sqlite:///{tmp_path / name}.db" for name in ("state", "ledger")))
    told, _ = await asyncio.to_thread(other.communicate, None, 60)

    assert told.splitlines() == ["profile", "d00001 d00002"]
    await state.close()
    await ledger.close()


OPEN_ALL = """
from stores.open import open_ledger, open_log, open_state
import os
folder = sys.argv[1]
print("ready", flush=True)
sys.stdin.read()
log = open_log(f"sqlite:///{folder}/log.db", clock=lambda: 7, new_id=lambda: str(os.getpid()))
open_state(f"sqlite:///{folder}/state.db")
ledger = open_ledger(f"sqlite:///{folder}/ledger.db")
print(log.info.log_id, asyncio.run(ledger.keep_meta("workspace", str(os.getpid()))))
"""


def test_processes_that_start_at_once_make_one_installation(tmp_path: Path) -> None:
    processes = [python(OPEN_ALL, str(tmp_path)) for _ in range(4)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    told = {process.communicate(timeout=60)[0] for process in processes}

    assert len(told) == 1
    assert len(told.pop().split()) == 2
    assert [process.returncode for process in processes] == [0] * 4


@pytest.mark.parametrize("kind", OPENERS)
@pytest.mark.parametrize("url", ["", "log.db", "sqlite:log.db", "sqlite:///", "memory://x", "mysql://host/x"])
def test_a_url_that_says_nothing_is_refused_with_what_to_write(kind: str, url: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        OPENERS[kind](url)

    assert refusal.value.message.startswith(f"{url!r} is no URL of a {kind}; write sqlite:///PATH")
    assert f"TOUCHLINE_{kind.upper()}" in refusal.value.hint
