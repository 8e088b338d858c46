"""Every command of the documents that wants Kafka, Valkey and PostgreSQL, typed with them there."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import pytest

from stores.connect import connect_ledger
from tests.helpers.documents import blocks, documents, name_of, read, sentences
from tests.helpers.installation import Installation
from tests.helpers.reader import ACTIVATE, Reader, cut_sample, make_checkout
from tests.helpers.running import running
from tests.helpers.small_shop import PLAYBOOK, catch_up, order
from tests.helpers.stores import kafka_url
from tests.helpers.waiting import wait_until
from tests.servers.postgres import ledger_url, needed
from tests.servers.valkey import state_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGES = ("README.md", "docs/operating.md")


def places(folder: Path) -> dict[str, str]:
    """What the addresses of the pages are here; each has stores that nobody has used."""
    tried = folder / "try"
    found = {
        "kafka://k1:9092/shop": kafka_url(folder),
        "redis://v1:6379": state_url(folder),
        "kafka://127.0.0.1:9092/try-1": kafka_url(tried),
        "redis://127.0.0.1:6379?prefix=try-1": state_url(tried),
        "postgresql://touchline:PASSWORD@127.0.0.1/try1": ledger_url(tried),
    }
    return {there: shlex.quote(here) for there, here in found.items()}


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    reader = Reader(make_checkout(tmp_path / "checkout"), tmp_path / "desk", places(tmp_path))
    assert reader.enter(ACTIVATE) == 0
    yield reader
    reader.leave()


def follow(reader: Reader, page: str) -> Iterator[str]:
    """Type each block of a page that wants servers; what it printed."""
    for block in blocks(read(page)):
        if "servers" in block.marks:
            assert reader.enter(block.text) == 0, f"{block.text}{reader.said}"
            yield reader.said


def test_each_block_that_wants_servers_stands_on_a_page_that_is_followed_here() -> None:
    marked = [
        name_of(path) for path in documents() if any("servers" in b.marks for b in blocks(path.read_text("utf-8")))
    ]

    assert marked == list(PAGES)


def test_the_three_commands_that_the_readme_begins_with_work(reader: Reader) -> None:
    cut_sample(reader.folder, 5_000)

    (said,) = follow(reader, "README.md")

    assert said.count("People by stage") == 2  # on files, then on servers
    assert said.splitlines()[-1].startswith("=")
    assert " passed in " in said.splitlines()[-1]


def test_a_shop_moves_to_servers_and_is_played_on_servers_as_the_page_on_operating_says(
    reader: Reader, tmp_path: Path
) -> None:
    shop = Installation(reader.folder, PLAYBOOK)
    with running(shop) as up:
        up.send(*(order(n, f"p{n}") for n in range(20)))
        wait_until(lambda: len(up.messages()) == 20, 20, f"the messages: {up.log}")
        shop.stop("up")
        catch_up(shop)
    lines = [json.dumps(order(n, f"p{n % 7}") | {"time": f"2026-01-{n + 1:02d}T10:00:00Z"}) for n in range(20)]
    (reader.folder / "orders.jsonl").write_text("\n".join(lines), "utf-8")
    reader.export({"TOUCHLINE_DATA": str(shop.data), "NEW_LEDGER": ledger_url(tmp_path)})

    moved, _ = follow(reader, "docs/operating.md")

    for name in ("LOG", "STATE", "LEDGER"):
        assert f"TOUCHLINE_{name}" in moved
    summary = json.loads((reader.folder / "out/summary.json").read_text("utf-8"))
    assert (summary["events"], summary["people"]) == (20, 7)


async def test_the_database_that_the_page_on_settings_makes_holds_a_ledger(reader: Reader) -> None:
    (command,) = (each for each in sentences(read("docs/settings.md")) if each.startswith("createdb "))
    server = needed()
    reader.export({"PGHOST": str(server.folder), "PGPORT": str(server.port), "PGUSER": "touchline"})
    reader.places["createdb"] = str(server.programs / "createdb")
    server.execute("DROP DATABASE IF EXISTS touchline")

    assert reader.enter(command) == 0, reader.said

    ledger = await connect_ledger(server.url("touchline"))
    await ledger.close()
