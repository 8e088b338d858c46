"""The log on a real Kafka: how its topic is made and refused, who may come in, and what a broker that dies does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.partitioner import murmur2
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import EventRefused, NamedStop, SettingsError, StoreUnavailable
from schemas.ids import partition_of
from stores.kafka_log import KafkaLog, open_kafka_log
from stores.ports import Appendable
from tests.helpers.stores import Clock, kafka, kafka_url
from tests.servers.kafka import PASSWORD, USER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

DAYS = 86_400_000
Admin = Any


async def opened(url: str, **arguments: Any) -> KafkaLog:  # noqa: ANN401 - as the function
    return await open_kafka_log(url, clock=Clock(), **arguments)


@pytest.fixture
async def admin() -> AsyncIterator[Any]:
    client: Admin = AIOKafkaAdminClient(bootstrap_servers=kafka().address)
    await client.start()
    yield client
    await client.close()


def topic_in(url: str) -> str:
    return url.rpartition("/")[2].partition("?")[0]


async def make_topic(admin: Admin, url: str, **settings: str) -> None:
    right = {"message_timestamp_type": "LogAppendTime", "retention_ms": str(7 * DAYS)}
    given = {name.replace("_", "."): value for name, value in (right | settings).items()}
    await admin.create_topics([NewTopic(topic_in(url), 2, 1, topic_configs=given)])


async def test_a_new_topic_has_the_settings_that_the_protocol_needs(tmp_path: Path) -> None:
    log = await opened(kafka_url(tmp_path))

    facts = await log._client.facts()

    assert facts is not None
    assert facts.id == log.info.log_id
    assert facts.partitions == log.info.partitions == 12
    assert {name: facts.settings[name] for name in ("message.timestamp.type", "cleanup.policy", "retention.ms")} == {
        "message.timestamp.type": "LogAppendTime", "cleanup.policy": "delete", "retention.ms": str(14 * DAYS),
    }  # fmt: skip
    await log.close()


async def test_a_settled_topic_has_the_settings_of_a_new_one(tmp_path: Path) -> None:
    log = await opened(kafka_url(tmp_path), virtual_time=True)
    await log.append([Appendable("", b"from 2010", 0, 1_290_000_000_000)])

    await log.settle()

    fresh = await opened(f"{kafka_url(tmp_path)}.fresh")
    settled, new = await log._client.facts(), await fresh._client.facts()
    assert settled is not None
    assert new is not None
    assert settled.settings == new.settings
    assert [record.at for record in await log.read(0, 0)] == [1_290_000_000_000]
    await log.close()
    await fresh.close()


async def test_the_url_says_how_many_partitions_a_new_topic_has_and_is_held_to_it(tmp_path: Path) -> None:
    log = await opened(kafka_url(tmp_path, "?partitions=5"))
    assert log.info.partitions == 5
    await log.close()

    with pytest.raises(NamedStop, match="5 partitions, not 6") as stop:
        await opened(kafka_url(tmp_path, "?partitions=6"))

    assert stop.value.code == "PARTITIONS_CHANGED"


@pytest.mark.parametrize(
    ("settings", "virtual", "sentence"),
    [
        ({"message_timestamp_type": "CreateTime"}, False, "a log needs LogAppendTime"),
        ({}, True, "a log that is told its times needs CreateTime"),
        ({"message_timestamp_type": "CreateTime"}, True, "keeps everything"),
        ({"cleanup_policy": "compact"}, False, "takes events out of the log"),
        ({"cleanup_policy": "compact,delete"}, False, "takes events out of the log"),
        ({"retention_ms": str(3 * DAYS)}, False, "for 3 days; at least 7"),
        ({"retention_bytes": "1000000"}, False, "above 1000000 bytes"),
    ],
)
async def test_a_topic_that_would_give_wrong_results_is_refused_with_what_to_do(
    tmp_path: Path, admin: Admin, settings: dict[str, str], virtual: bool, sentence: str
) -> None:
    url = kafka_url(tmp_path)
    await make_topic(admin, url, **settings)

    with pytest.raises(SettingsError) as refused:
        await opened(url, virtual_time=virtual)

    assert sentence in refused.value.message
    assert "--add-config" in refused.value.hint


async def test_a_topic_that_keeps_records_for_ever_is_taken(tmp_path: Path, admin: Admin) -> None:
    await make_topic(admin, kafka_url(tmp_path), retention_ms="-1")

    log = await opened(kafka_url(tmp_path))

    assert log.info.partitions == 2
    await log.close()


async def test_a_topic_that_was_made_anew_is_another_log(tmp_path: Path, admin: Admin) -> None:
    url = kafka_url(tmp_path)
    old = await opened(url, partitions=1)
    await old.append([Appendable("", b"x", 0)])
    await old.check()

    await admin.delete_topics([topic_in(url)])
    with pytest.raises(NamedStop, match="is gone") as gone:
        await old.check()
    new = await opened(url, partitions=1)
    with pytest.raises(NamedStop, match="was made anew") as anew:
        await old.check()

    assert new.info.log_id != old.info.log_id
    assert {gone.value.code, anew.value.code} == {"LOG_MISMATCH"}
    await new.close()
    await old.close()


async def test_with_name_and_password_it_is_the_same_and_with_a_wrong_one_nothing(tmp_path: Path) -> None:
    topic = topic_in(kafka_url(tmp_path))
    address = f"{kafka().sasl_address}/{topic}?security=SASL_PLAINTEXT&partitions=1"

    log = await opened(f"kafka://{USER}:{quote(PASSWORD, safe='')}@{address}")
    await log.append([Appendable("ada", b"x")])
    assert [record.value for record in await log.read(0, 0)] == [b"x"]
    await log.close()

    with pytest.raises(SettingsError, match="refuses the user or the password") as refused:
        await opened(f"kafka://{USER}:wrong@{address}")
    assert "wrong" not in str(refused.value)


async def test_a_broker_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(StoreUnavailable) as away:
        await opened("kafka://127.0.0.1:1")
    assert away.value.message == "Kafka at 127.0.0.1:1 does not answer"
    assert away.value.hint == "see whether it runs and can be reached from here"


async def test_a_record_that_is_too_large_is_refused_with_the_whole_call(tmp_path: Path) -> None:
    log = await opened(kafka_url(tmp_path), partitions=1)

    with pytest.raises(EventRefused) as refused:
        await log.append([Appendable("", b"x", 0), Appendable("", b"x" * 1_000_001, 0)])
    await log.append([Appendable("", b"x" * 999_000, 0)])

    assert refused.value.code == "too_large"
    assert await log.ends(0) == (0, 1)
    await log.close()


async def test_reading_skips_what_a_transaction_left(tmp_path: Path) -> None:
    from aiokafka import AIOKafkaProducer

    url = kafka_url(tmp_path)
    log = await opened(url, partitions=1)
    shop = AIOKafkaProducer(bootstrap_servers=kafka().address, transactional_id=topic_in(url))
    await shop.start()
    for value in (b"kept", b"taken back", b"kept too"):
        await shop.begin_transaction()
        await shop.send_and_wait(topic_in(url), value, b"ada", 0)
        await (shop.abort_transaction() if value == b"taken back" else shop.commit_transaction())
    await shop.stop()
    await log.wait(0, 5, 10)  # for the mark of the last one

    records = await log.read(0, 0)
    assert [record.value for record in records] == [b"kept", b"kept too"]
    assert [record.offset for record in records] == [0, 4]
    assert [record.value for record in await log.read(0, 1)] == [b"kept too"]
    assert await log.read(0, 5) == []
    await log.close()


async def test_appends_wait_for_a_broker_that_comes_back_and_keep_their_order(tmp_path: Path) -> None:
    broker = kafka()
    log = await opened(kafka_url(tmp_path), partitions=1)
    log.append_seconds = 60.0
    await log.append([Appendable("", b"0", 0)])

    broker.kill()
    waiting = [asyncio.create_task(log.append([Appendable("", b"%d" % number, 0)])) for number in range(1, 6)]
    await asyncio.to_thread(broker.start)
    await asyncio.gather(*waiting)

    assert [record.value for record in await log.read(0, 0)] == [b"0", b"1", b"2", b"3", b"4", b"5"]
    await log.close()


async def test_a_broker_that_is_away_is_heard_of_and_the_next_append_after_it_works(tmp_path: Path) -> None:
    broker = kafka()
    log = await opened(kafka_url(tmp_path), partitions=1)
    await log.append([Appendable("", b"before", 0)])
    log.append_seconds = 1.0

    await asyncio.to_thread(broker.stop)
    with pytest.raises(StoreUnavailable):
        await log.append([Appendable("", b"lost or late", 0)])
    with pytest.raises(StoreUnavailable):
        await log.ends(0)
    await asyncio.to_thread(broker.start)
    log.append_seconds = 60.0
    await log.append([Appendable("", b"after", 0)])

    values = [record.value for record in await log.read(0, 0)]
    assert [value for value in values if value != b"lost or late"] == [b"before", b"after"]
    assert len(values) <= 3
    await log.close()


async def test_a_broker_that_stands_still_delays_and_loses_nothing(tmp_path: Path) -> None:
    broker = kafka()
    log = await opened(kafka_url(tmp_path), partitions=1)
    broker.pause()
    waiting = asyncio.create_task(log.append([Appendable("", b"x", 0)]))
    await asyncio.sleep(0)
    assert not waiting.done()
    broker.resume()

    assert [place.offset for place in await waiting] == [0]
    await log.close()


@given(st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable()), st.integers(2, 64))
def test_people_lie_where_kafkas_own_clients_put_them(person: str, partitions: int) -> None:
    assert partition_of(person, partitions) == (murmur2(person.encode()) & 0x7FFFFFFF) % partitions
