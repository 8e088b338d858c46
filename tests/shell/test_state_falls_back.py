"""A real Valkey that loses its last writes, or everything, while a worker works or waits: nothing changes in the end."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from schemas.errors import NamedStop, StoreUnavailable
from stores.connect import connect_state
from stores.redis_scripts import WRITE
from tests.fakes.wire import wire
from tests.helpers.folded import Folded, fold_all
from tests.helpers.told import Told
from tests.helpers.waiting import wait_until, wait_until_async
from tests.servers.required import ServerMissing, absent
from tests.servers.valkey import Valkey, WithReplica, cluster, own_valkey, state_url, with_replica
from workers.folding import keep_folding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from workers.loop import PartitionWorker

BATCH = 3
COPIED = 12
"""The record at which an older copy is taken."""


@pytest.fixture
async def told(tmp_path: Path) -> Told:
    told = Told(tmp_path)
    await told.tell()
    return told


@pytest.fixture
def server() -> Iterator[Valkey]:
    with own_valkey("--appendonly", "no") as server:
        yield server


@pytest.fixture
def replicated() -> Iterator[WithReplica]:
    try:
        servers = with_replica()
    except ServerMissing as error:
        absent("valkey", error)
    yield servers
    servers.stop()


@asynccontextmanager
async def on(told: Told, url: str) -> AsyncIterator[Folded]:
    """The story, its state on a server."""
    shop = told.fresh(await connect_state(url))
    yield shop
    await shop.state.close()
    await shop.ledger.close()


async def wanted(told: Told) -> tuple[dict[str, list[dict[str, Any]]], dict[str, bytes]]:
    """What comes of the story when nothing happens on the way."""
    shop = told.fresh()
    await fold_all(shop.worker(batch=BATCH))
    found = await shop.found()
    await shop.ledger.close()
    return found


async def fold_to(worker: PartitionWorker, offset: int) -> None:
    while worker.position is None or worker.position.offset < offset:
        await worker.step()


async def fold_in_spite(worker: PartitionWorker, offset: int | None = None) -> None:
    """To a record, or to the end, however often the server is away."""
    for _ in range(1_000):
        try:
            return await fold_to(worker, offset or (await worker.log.ends(0))[1])
        except StoreUnavailable:
            await asyncio.sleep(0)
    raise AssertionError("the server stayed away")


@asynccontextmanager
async def at_rest(worker: PartitionWorker) -> AsyncIterator[asyncio.Task[None]]:
    """A worker as a process runs it, that has come to the end and waits."""
    stop = asyncio.Event()
    running = asyncio.create_task(keep_folding(worker, stop))
    end = (await worker.log.ends(0))[1]
    await wait_until_async(lambda: is_at(worker, end), 20, "the worker to come to the end")
    yield running
    stop.set()
    await asyncio.wait([running])


def is_at(worker: PartitionWorker, offset: int) -> bool:
    return worker.position is not None and worker.position.offset >= offset


async def mended(worker: PartitionWorker) -> None:
    """Wait until it has noticed and is at the end again."""
    end = (await worker.log.ends(0))[1]
    await wait_until_async(lambda: worker.counts.rollbacks == 1 and is_at(worker, end), 20, "the worker to notice")


def older_copy(server: Valkey) -> Callable[[], None]:
    """Copy what it holds now; what gives it back."""
    server.ask("SAVE")
    dump, copy = server.folder / "dump.rdb", server.folder / "copy.rdb"
    shutil.copy(dump, copy)

    def restore() -> None:
        server.kill()
        shutil.copy(copy, dump)
        server.start()

    return restore


async def test_a_copy_put_back_under_a_working_worker_changes_nothing(told: Told, server: Valkey) -> None:
    async with on(told, server.url) as shop:
        worker = shop.worker(batch=BATCH)
        await fold_to(worker, COPIED)
        restore = older_copy(server)
        await fold_to(worker, COPIED + 8)

        restore()
        await fold_in_spite(worker)

        assert await shop.found() == await wanted(told)
        assert worker.counts.rollbacks == 1


async def test_a_copy_put_back_under_an_idle_worker_changes_nothing(told: Told, server: Valkey) -> None:
    async with on(told, server.url) as shop:
        worker = shop.worker(batch=BATCH)
        await fold_to(worker, COPIED)
        restore = older_copy(server)
        async with at_rest(worker):
            restore()
            await mended(worker)

        assert await shop.found() == await wanted(told)


async def test_a_server_that_is_emptied_at_any_step_changes_nothing(told: Told, server: Valkey) -> None:
    want, steps = await wanted(told), 0
    while True:
        async with on(told, server.url) as shop:
            server.ask("FLUSHALL")
            worker, end = shop.worker(batch=BATCH), (await shop.log.ends(0))[1]
            for _ in range(steps):
                await worker.step()
            is_over = is_at(worker, end)

            server.ask("FLUSHALL")
            await fold_all(worker)
            await worker.look()
            await fold_all(worker)

            assert await shop.found() == want, f"after {steps} steps"
            assert worker.counts.rollbacks == (steps > 0)
        if is_over:
            break
        steps += 1
    assert steps > 10


async def test_a_server_that_is_emptied_under_an_idle_worker_is_filled_again(told: Told, server: Valkey) -> None:
    async with on(told, server.url) as shop:
        worker = shop.worker(batch=BATCH)
        async with at_rest(worker):
            server.ask("FLUSHALL")
            await mended(worker)

        assert await shop.found() == await wanted(told)


async def test_a_server_that_is_emptied_when_the_log_was_trimmed_stops_an_idle_worker(
    told: Told, server: Valkey
) -> None:
    async with on(told, server.url) as shop:
        worker = shop.worker(batch=BATCH)
        async with at_rest(worker) as running:
            await shop.log.trim(0, 5)
            server.ask("FLUSHALL")
            with pytest.raises(NamedStop, match="records 0 to 4 are needed") as stop:
                await running

        assert stop.value.code == "STATE_GAP"


async def test_a_server_killed_again_and_again_changes_nothing(told: Told) -> None:
    with own_valkey("--appendonly", "yes", "--appendfsync", "everysec") as server:
        async with on(told, server.url) as shop:
            worker = shop.worker(batch=1)
            for offset in range(4, 24, 4):
                await fold_in_spite(worker, offset)
                server.restart()

            await fold_in_spite(worker)

            assert await shop.found() == await wanted(told)


@pytest.mark.parametrize("number", range(4))
async def test_a_server_killed_when_its_answer_to_a_write_is_lost_changes_nothing(
    told: Told, server: Valkey, number: int
) -> None:
    async with wire(server.port) as way, on(told, f"redis://127.0.0.1:{way.port}") as shop:
        worker = shop.worker(batch=BATCH)
        await fold_to(worker, 4 * number + 1)
        way.lose_after = WRITE.sha.encode()

        await fold_in_spite(worker)

        assert way.lost == 1
        assert await shop.found() == await wanted(told)
        assert (worker.counts.moved, worker.counts.rollbacks) == (1, 0)


async def test_a_failover_to_a_replica_that_lagged_changes_nothing(told: Told, replicated: WithReplica) -> None:
    async with on(told, replicated.url) as shop:
        worker = shop.worker(batch=BATCH)
        await fold_to(worker, COPIED)
        replicated.cut()
        await fold_to(worker, COPIED + 8)

        replicated.primary.kill()
        wait_until(lambda: replicated.current() == replicated.replica.port, 20, "Sentinel to make the replica primary")
        await fold_in_spite(worker)

        assert await shop.found() == await wanted(told)
        assert worker.counts.rollbacks == 1
        assert replicated.replica.ask("HGET", "tl:touchline:{p0}:off", "offset") == b"%d" % (await shop.log.ends(0))[1]


async def test_keys_that_move_to_another_node_of_a_cluster_are_followed(told: Told, tmp_path: Path) -> None:
    url, nodes = state_url(tmp_path, "valkey-cluster"), cluster()
    async with on(told, url) as shop:
        worker = shop.worker(batch=BATCH)
        await fold_to(worker, COPIED)

        move_slot(nodes, nodes[0].ask("CLUSTER KEYSLOT", "{p0}"))
        await fold_in_spite(worker)

        assert await shop.found() == await wanted(told)
        assert worker.counts.rollbacks == 0


def move_slot(nodes: tuple[Valkey, ...], slot: int) -> None:
    """To the next node."""
    at = next(at for at, node in enumerate(nodes) if node.port == owner(node, slot))
    goal = nodes[(at + 1) % len(nodes)]
    nodes[at].ask("CLUSTER MIGRATESLOTS", "SLOTSRANGE", slot, slot, "NODE", goal.ask("CLUSTER MYID"))
    wait_until(lambda: owner(goal, slot) == goal.port, 20, "the slot to move")


def owner(node: Valkey, slot: int) -> int:
    """The port of the node that has a slot, as one of them sees it."""
    ranges = node.ask("CLUSTER SLOTS")
    return next(int(primary[1]) for first, last, primary in ranges if first <= slot <= last)
