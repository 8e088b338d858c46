"""Where a worker on a real Kafka begins: the cases of the protocol, with the Faust app that runs in production."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from schemas.errors import NamedStop
from schemas.records import Behaviour, ProgramActivated, Tick, encode
from stores.kafka_log import KafkaLog, open_kafka_log
from stores.open import open_ledger, open_state
from stores.ports import Appendable, Position
from tests.helpers.running import free_port
from tests.helpers.stores import Clock, kafka, kafka_url
from tests.helpers.waiting import wait_until_answer, wait_until_async
from tests.servers.kafka import PASSWORD, USER
from workers.activation import activate
from workers.faust_worker import run_worker
from workers.programs import Programs
from workers.settings import Settings, read_settings
from workers.startup import check_partitions
from workers.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from stores.kafka_address import KafkaAddress
    from stores.ports import Ledger, State

SHOP = {
    "shop.yaml": """\
workspace: {name: Shop, zone: Europe/London, currency: GBP}
events: {order.paid: {}}
rules: {r: {event: order.paid, then: [{tag: t}]}}
"""
}


class Shop:
    """A workspace whose log is a topic of its own with one partition, and whose state is in memory."""

    def __init__(self, url: str, log: KafkaLog, state: State, ledger: Ledger) -> None:
        self.url, self.log, self.state, self.ledger, self.sent = url, log, state, ledger, 0

    def workspace(self, state: State | None = None) -> Workspace:
        settings = Settings(log=self.url, kafka_session=6_000)
        return Workspace(settings, self.log, state or self.state, self.ledger, Programs(self.ledger), "shop", b"key")

    async def send(self, number: int) -> None:
        for _ in range(number):
            self.sent += 1
            value = encode(Behaviour(str(self.sent), f"p{self.sent % 7}", "order.paid", None, {}))
            await self.log.append([Appendable(f"p{self.sent % 7}", value)])

    async def is_folded(self, running: asyncio.Task[None], state: State | None = None) -> bool:
        """Whether a worker stands at the end of the log, or has ended."""
        end, stored = (await self.log.ends(0))[1], await (state or self.state).position(0)
        return running.done() or (stored is not None and stored[0].offset == end)

    async def fold(self, state: State | None = None) -> None:
        """Run the worker until it stands at the end, or ends with an error."""
        stop, state = asyncio.Event(), state or self.state
        running = asyncio.create_task(run_worker(self.workspace(state), stop))
        try:
            await wait_until_answer(lambda: self.is_folded(running, state), 60, "the worker to get to the end")
        finally:
            stop.set()
            await running

    async def stop_of(self, state: State | None = None) -> NamedStop:
        """The stop that a worker ends with."""
        with pytest.raises(NamedStop) as stopped:
            await self.fold(state)
        return stopped.value

    async def decided(self) -> int:
        return len(await self.ledger.fetch("decisions"))

    async def close(self) -> None:
        await self.log.close()
        await self.ledger.close()


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    url = kafka_url(tmp_path, "?partitions=1")
    log = await open_kafka_log(url, clock=Clock())
    shop = Shop(url, log, open_state("memory://"), open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}"))
    await activate(shop.workspace(), SHOP)
    await shop.send(9)
    yield shop
    await shop.close()


async def test_a_new_state_begins_at_the_first_record_and_an_old_one_goes_on(shop: Shop) -> None:
    await shop.fold()
    assert await shop.decided() == 9

    await shop.send(3)
    await shop.fold()

    assert await shop.decided() == 12


async def test_a_state_behind_the_ledger_is_folded_again_with_the_same_decisions(shop: Shop) -> None:
    await shop.fold()
    before = await shop.ledger.fetch("decisions")
    older = open_state("memory://")
    await older.begin(0, shop.log.info.log_id, Position(0))

    await shop.fold(older)

    assert await shop.ledger.fetch("decisions") == before
    assert await older.people(0) == await shop.state.people(0)


async def test_a_state_that_is_lost_is_folded_again_from_the_first_record(shop: Shop) -> None:
    await shop.fold()
    before, empty = await shop.ledger.fetch("decisions"), open_state("memory://")

    await shop.fold(empty)

    assert await shop.ledger.fetch("decisions") == before
    assert await empty.people(0) == await shop.state.people(0)


async def test_a_lost_state_whose_first_records_are_gone_is_a_stop_with_their_numbers(shop: Shop) -> None:
    await shop.fold()
    await shop.log.trim(0, 4)

    stop = await shop.stop_of(open_state("memory://"))

    assert (stop.code, "records 0 to 3" in stop.message) == ("STATE_GAP", True)


async def test_a_state_before_the_first_kept_record_is_a_stop_with_their_numbers(shop: Shop) -> None:
    await shop.fold()
    await shop.send(5)
    await shop.log.trim(0, 13)

    stop = await shop.stop_of()

    assert (stop.code, "records 10 to 12" in stop.message) == ("STATE_GAP", True)


async def test_a_state_beyond_the_end_is_a_stop(shop: Shop) -> None:
    await shop.fold()
    beyond = open_state("memory://")
    await beyond.begin(0, shop.log.info.log_id, Position(99))

    stop = await shop.stop_of(beyond)

    assert (stop.code, "at record 99, the log ends at 10" in stop.message) == ("LOG_MISMATCH", True)


async def test_a_topic_that_was_made_anew_is_a_stop(shop: Shop) -> None:
    await shop.fold()
    await _with_admin(lambda admin: admin.delete_topics([shop.log.address.topic]))
    await shop.log.close()
    shop.log = await open_kafka_log(shop.url, clock=Clock())
    await shop.send(20)

    stop = await shop.stop_of()

    assert (stop.code, "belongs to log" in stop.message) == ("LOG_MISMATCH", True)


async def test_a_topic_with_more_partitions_than_before_is_a_stop(shop: Shop) -> None:
    await check_partitions(shop.log, shop.ledger)
    await _with_admin(lambda admin: admin.create_partitions({shop.log.address.topic: NewPartitions(2)}))
    await shop.log.close()
    shop.log = await open_kafka_log(shop.url.partition("?")[0], clock=Clock())

    with pytest.raises(NamedStop, match="the log has 2 partitions, the ledger was made with 1") as stop:
        await check_partitions(shop.log, shop.ledger)

    assert stop.value.code == "PARTITIONS_CHANGED"


async def test_a_tick_and_an_activation_for_more_people_than_a_batch_are_folded_in_chunks(shop: Shop) -> None:
    """A record is needed again until its last chunk is written; there are 600 people, and 500 to a chunk."""
    people = [f"person-{number}" for number in range(600)]
    events = [Appendable(p, encode(Behaviour(p, p, "order.paid", None, {}))) for p in people]
    await shop.log.append(events)
    await activate(shop.workspace(), {"shop.yaml": SHOP["shop.yaml"].replace("tag: t", "tag: u")})
    await shop.log.append([Appendable("", encode(Tick()), 0)])
    await shop.send(1)

    await shop.fold()

    position, _ = await shop.state.position(0) or pytest.fail("nothing was folded")
    newest = (await shop.ledger.active() or pytest.fail("nothing is active"))[0]
    assert (position.program, position.chunk) == (newest, 0)
    assert await shop.decided() == 9 + 600 + 1


async def test_an_activation_that_failed_before_the_log_is_appended_by_the_next_one(shop: Shop) -> None:
    newer = {"shop.yaml": SHOP["shop.yaml"].replace("tag: t", "tag: u")}
    await shop.ledger.set_meta("program_told", "0")  # as after an append that was refused

    again = await activate(shop.workspace(), SHOP)
    await activate(shop.workspace(), newer)

    kinds = [record.value for record in await shop.log.read(0, 0)]
    told = [value for value in kinds if value.startswith(b'["p"')]
    assert told[0] == told[1] == encode(ProgramActivated(again.hash, 1))
    assert len(told) == 3


async def test_a_group_that_kafka_refuses_is_a_stop_and_no_silent_idling(shop: Shop) -> None:
    workspace = replace(
        shop.workspace(), settings=Settings(log=shop.url, kafka_session=3_000)
    )  # Kafka wants 6 at least

    with pytest.raises(NamedStop) as stop:
        await asyncio.wait_for(run_worker(workspace, asyncio.Event()), 60)

    assert stop.value.code == "GROUP_LOST"


class Leaving:
    """A log whose brokers are away as soon as they were looked at: for the first time, `left` says how."""

    def __init__(self, log: KafkaLog, left: Callable[[], None], servers: tuple[str, ...] | None = None) -> None:
        self._log, self._left, self._servers = log, left, servers
        self.checks = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as the log has it
        return getattr(self._log, name)

    async def check(self) -> None:
        """Answer, and go."""
        await self._log.check()
        self.checks += 1
        if self.checks == 1:
            self._left()

    @property
    def address(self) -> KafkaAddress:
        """Where the brokers are for whoever has just looked."""
        there = self._log.address
        return there if self._servers is None or self.checks > 1 else replace(there, servers=self._servers)


async def test_a_worker_whose_kafka_stands_still_as_it_starts_waits_for_it(shop: Shop) -> None:
    stop, leaving = asyncio.Event(), Leaving(shop.log, kafka().pause)
    running = asyncio.create_task(run_worker(replace(shop.workspace(), log=cast("Any", leaving)), stop))
    begin = time.monotonic()
    try:
        await wait_until_async(lambda: running.done() or time.monotonic() > begin + 4, 10, "four seconds to pass")
    finally:
        kafka().resume()
    try:
        await wait_until_answer(lambda: shop.is_folded(running), 60, "the worker to get on")
        assert not running.done()
    finally:
        stop.set()
        await running


async def test_a_worker_whose_kafka_is_gone_as_it_starts_looks_for_it_again(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    stop, leaving = asyncio.Event(), Leaving(shop.log, lambda: None, (f"127.0.0.1:{free_port()}",))
    running = asyncio.create_task(run_worker(replace(shop.workspace(), log=cast("Any", leaving)), stop))
    try:
        await wait_until_answer(lambda: shop.is_folded(running), 60, "the worker to get on")
        assert (leaving.checks, running.done()) == (2, False)
    finally:
        stop.set()
        await running
    said = capsys.readouterr().out
    assert said.count("store_unavailable") == said.count("store_back") == 1


async def test_with_name_and_password_it_folds_the_same(shop: Shop) -> None:
    given = {"TOUCHLINE_KAFKA_PASSWORD": PASSWORD, "TOUCHLINE_KAFKA_SESSION": "6s"}
    url = f"kafka://{USER}@{kafka().sasl_address}/{shop.log.address.topic}?security=SASL_PLAINTEXT"
    settings = read_settings(given | {"TOUCHLINE_LOG": url})
    await shop.log.close()
    shop.url = settings.url("log")
    shop.log = await open_kafka_log(shop.url, clock=Clock())

    await shop.fold()

    assert await shop.decided() == 9


async def _with_admin(act: Any) -> None:  # noqa: ANN401 - what to do with aiokafka's client
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka().address)
    await admin.start()
    try:
        await act(admin)
    finally:
        await admin.close()
