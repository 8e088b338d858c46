"""Moving a workspace to servers: what comes later is decided as if nothing had been moved."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from stores.connect import connect_log
from stores.ports import Appendable
from tests.helpers.documents import read, sentences
from tests.helpers.installation import Installation
from tests.helpers.moving import HOUR, file_urls, in_files, later, live, moved, result, stores_of, twin_of
from tests.helpers.running import running
from tests.helpers.small_shop import PLAYBOOK, catch_up, order
from tests.helpers.stores import Clock, kafka_url
from tests.helpers.waiting import wait_until
from tests.servers.postgres import ledger_url
from tests.servers.valkey import state_url
from workers.settings import without_password

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.folded import Folded


async def pair(folder: Path, clock: Clock) -> tuple[Folded, Folded]:
    """A workspace that has lived, and one that is the same in all."""
    first = await in_files(folder / "here", clock)
    await live(first)
    twin = await twin_of(first, folder / "here", folder / "twin")
    here = await in_files(folder / "here", clock)
    here.sent = twin.sent = first.sent
    return here, twin


async def test_after_a_move_to_three_partitions_and_postgresql_the_same_events_give_the_same_decisions(
    tmp_path: Path,
) -> None:
    clock = Clock()
    here, twin = await pair(tmp_path, clock)

    there = await moved(here, file_urls(tmp_path / "there") | {"ledger": ledger_url(tmp_path)}, 3)

    now = clock.now
    for each in (twin, there):
        clock.now = now + 2 * HOUR
        await later(each)
        await each.tick(6 * HOUR)
    expected = await result(twin)
    assert await result(there) == expected
    assert {row["status"] for row in expected["deliveries"]} == {"sent", "withdrawn", "suppressed", "done"}
    assert len(expected["coupons"]) > 10
    for each in (here, twin, there):
        await stores_of(each).close()


async def test_after_a_move_to_kafka_valkey_and_postgresql_the_same_events_give_the_same_decisions(
    tmp_path: Path,
) -> None:
    clock = Clock(time.time_ns() // 1_000_000 - 12 * HOUR)
    here, twin = await pair(tmp_path, clock)

    there = await moved(here, {
        "log": kafka_url(tmp_path, "?partitions=3"),
        "state": state_url(tmp_path),
        "ledger": ledger_url(tmp_path),
    })  # fmt: skip

    clock.now = time.time_ns() // 1_000_000 - 5_000
    moved_ends = [(await there.log.ends(partition))[1] for partition in range(3)]
    await later(there, schedules=False)  # on Kafka they are fired a little apart in each partition
    await _tell(twin, there, moved_ends)
    expected = await result(twin)
    assert await result(there) == expected
    assert {row["status"] for row in expected["deliveries"]} >= {"sent", "withdrawn", "done"}
    for each in (here, twin, there):
        await stores_of(each).close()


async def _tell(twin: Folded, there: Folded, ends: list[int]) -> None:
    """Let the twin know the same at the same times: events of all partitions, what concerns everybody once."""
    found = [
        (record.at, record.offset, record)
        for partition, end in enumerate(ends)
        for record in await there.log.read(partition, end, 10_000)
        if record.key or partition == 0
    ]
    items = [Appendable(record.key, record.value, None if record.key else 0, at) for at, _, record in sorted(found)]
    await twin.log.append(items)


def test_the_command_moves_a_shop_to_postgresql_and_the_old_stores_do_not_start_again(tmp_path: Path) -> None:
    here = Installation(tmp_path, PLAYBOOK)
    target = file_urls(tmp_path / "there") | {"ledger": ledger_url(tmp_path)}
    words = [word for name, url in target.items() for word in (f"--to-{name}", url)]
    with running(here) as up:
        up.send(*(order(n, f"p{n}") for n in range(20)))
        wait_until(lambda: len(up.messages()) == 20, 20, f"the messages: {up.log}")
        too_early = here.run("migrate", *words, "--partitions", "4")
        here.stop("up")
        catch_up(here)

        done = here.run("migrate", *words, "--partitions", "4", "--json")

        again = here.run("migrate", *words)
        old = here.run("worker")
        here.settings |= {name.upper(): url for name, url in target.items()}
        up.start()
        up.send(*(order(n, f"p{n % 40}") for n in range(20, 60)))
        wait_until(lambda: len(up.messages()) == 40, 20, f"the messages of newcomers: {up.log}")
        status = json.loads(here.run("status", "--json").stdout)

    assert too_early.returncode == 2
    assert "stop every process" in too_early.stderr
    assert done.returncode == 0, done.stderr
    moved = json.loads(done.stdout)
    assert moved["partitions"] == 4
    assert {name: moved["moved"][name]["count"] for name in ("people", "outbox", "coupon")} == {
        "people": 20, "outbox": 40, "coupon": 20,
    }  # fmt: skip
    assert moved["settings"]["TOUCHLINE_LOG"] == target["log"]
    assert (again.returncode, old.returncode) == (3, 3)
    assert "WORKSPACE_CLOSED" in again.stderr
    assert "it was moved to" in old.stderr
    assert status["outbox"] == {"done": 40, "sent": 40}
    assert status["people"] == 40
    assert len({message["body"] for message in up.messages()}) == 40


def test_the_statement_of_the_page_on_operating_opens_the_old_workspace_again(tmp_path: Path) -> None:
    here = Installation(tmp_path, PLAYBOOK)
    (statement,) = (each for each in sentences(read("docs/operating.md")) if each.startswith("DELETE FROM"))
    with running(here) as up:
        up.send(order(1, "p1"))
        wait_until(lambda: len(up.messages()) == 1, 20, f"the message: {up.log}")
        here.stop("up")
        catch_up(here)
        moved = here.run(
            "migrate", *(w for name, url in file_urls(tmp_path / "there").items() for w in (f"--to-{name}", url))
        )
        closed = here.run("worker")

        with closing(sqlite3.connect(here.data / "ledger.db")) as ledger:
            ledger.execute(statement)
            ledger.commit()

        up.start()
        up.send(order(2, "p2"))
        wait_until(lambda: len(up.messages()) == 2, 20, f"the second message: {up.log}")
    assert (moved.returncode, closed.returncode) == (0, 3)


@pytest.mark.parametrize("engine", ["sqlite", "kafka"])
async def test_a_log_that_is_in_use_is_refused_and_nobody_is_told_how_to_change_it(engine: str, tmp_path: Path) -> None:
    urls = file_urls(tmp_path / "there")
    urls["log"] = kafka_url(tmp_path) if engine == "kafka" else urls["log"]
    await (await connect_log(urls["log"], clock=Clock(), new_id=lambda: "live")).close()
    here = Installation(tmp_path, PLAYBOOK, {"LEDGER": f"sqlite:///{tmp_path}/ledger.db"})
    await stores_of(await in_files(here.data, Clock())).close()

    done = here.run("migrate", *(word for name, url in urls.items() for word in (f"--to-{name}", url)))

    assert done.returncode == 2
    assert done.stderr.startswith("touchline: --to-log: the ")
    assert "name a topic or file that nobody has used" in done.stderr
    assert "alter" not in done.stderr


def test_passwords_come_from_variables_and_are_not_shown(tmp_path: Path) -> None:
    here = Installation(tmp_path, PLAYBOOK)
    (tmp_path / "data").mkdir()
    assert here.run("activate", str(here.write_playbook())).returncode == 0
    folded = file_urls(tmp_path / "there") | {"ledger": "env:NOT_THERE"}
    words = [word for name, url in folded.items() for word in (f"--to-{name}", url)]

    missing = here.run("migrate", *words)
    in_memory = here.run("migrate", *words[:-1], "memory://")

    assert (missing.returncode, in_memory.returncode) == (2, 2)
    assert "--to-ledger wants the variable NOT_THERE, which is not set" in missing.stderr
    assert "would be gone with this command" in in_memory.stderr
    for url in ("postgresql://shop:se/cret@db/shop", "redis+sentinel://a,b/s?sentinel_password=se/cret&prefix=x"):
        assert "se/cret" not in without_password(url)
    assert without_password("kafka://k1:9092,k2:9092/shop") == "kafka://k1:9092,k2:9092/shop"
