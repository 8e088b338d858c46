"""The topic of a log: made with the settings that the protocol needs, and refused when it has others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.errors import SettingsError
from schemas.times import DAY
from stores.appending import check_partitions
from stores.ports import LogInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stores.kafka_client import KafkaClient, TopicFacts

__all__ = ["PARTITIONS", "settle", "topic_of"]

PARTITIONS = 12
"""Of a new topic, unless its URL says otherwise."""
_RETENTION = 14 * DAY
_LEAST_RETENTION = 7 * DAY
_REPLICAS, _IN_SYNC = 3, 2
_FOREVER = "-1"
_ANY_TIME = str(2**63 - 1)
_COMMON = {"cleanup.policy": "delete", "retention.bytes": _FOREVER}
_OWN_CLOCK = {"message.timestamp.type": "LogAppendTime", "retention.ms": str(_RETENTION)}


async def topic_of(client: KafkaClient, asked: int | None, *, virtual_time: bool) -> LogInfo:
    """The topic's id and count of partitions; it is made when there is none.

    Raises `StoreUnavailable`; `SettingsError` when a setting of the topic would give wrong results; `NamedStop`
    `PARTITIONS_CHANGED` when it has another count than was asked for.
    """
    wanted = asked or client.address.partitions
    facts = await client.facts() or await _made(client, wanted or PARTITIONS, virtual_time=virtual_time)
    _check(client.address.topic, facts, virtual_time=virtual_time)
    info = LogInfo(facts.id, facts.partitions)
    check_partitions(info, wanted)
    return info


async def _made(client: KafkaClient, partitions: int, *, virtual_time: bool) -> TopicFacts:
    replication = client.address.replication or min(_REPLICAS, await client.brokers())
    await client.make(partitions, replication, _settings(replication, virtual_time=virtual_time))
    return await client.appeared()


async def settle(client: KafkaClient) -> None:
    """Make a topic in virtual time one with its own clock. Records keep their times. Raises `StoreUnavailable`."""
    facts = await client.facts()
    if facts is not None and facts.settings["message.timestamp.type"] != _OWN_CLOCK["message.timestamp.type"]:
        in_sync = {"min.insync.replicas": facts.settings["min.insync.replicas"]}
        await client.alter(_COMMON | in_sync | _OWN_CLOCK)


def _settings(replication: int, *, virtual_time: bool) -> dict[str, str]:
    """Settings of a new topic. `CreateTime` with any time in it: a simulated 2010 would be deleted, or refused."""
    common = _COMMON | {"min.insync.replicas": str(_IN_SYNC if replication >= _REPLICAS else 1)}
    if not virtual_time:
        return common | _OWN_CLOCK
    bounds = {f"message.timestamp.{which}.max.ms": _ANY_TIME for which in ("before", "after")}
    return common | bounds | {"message.timestamp.type": "CreateTime", "retention.ms": _FOREVER}


def _check(topic: str, facts: TopicFacts, *, virtual_time: bool) -> None:
    if not facts.id:
        message = f"the topic {topic} has no id, so a log that was made anew could not be told from the old one"
        raise SettingsError(message, hint="use Kafka 3.0 or newer, with KRaft or an upgraded metadata version")
    settings = facts.settings
    wanted = "CreateTime" if virtual_time else "LogAppendTime"
    if settings["message.timestamp.type"] != wanted:
        given = f"message.timestamp.type={settings['message.timestamp.type']}"
        kind = "a log that is told its times" if virtual_time else "a log"
        raise _wrong(topic, f"has {given}; {kind} needs {wanted}", f"message.timestamp.type={wanted}")
    if settings["cleanup.policy"] != "delete":
        what = f"has cleanup.policy={settings['cleanup.policy']}, which takes events out of the log one by one"
        raise _wrong(topic, what, "cleanup.policy=delete")
    _check_retention(topic, settings, virtual_time=virtual_time)


def _check_retention(topic: str, settings: Mapping[str, str], *, virtual_time: bool) -> None:
    """What is kept must reach back to the oldest state that may be restored."""
    kept = int(settings["retention.ms"])
    if virtual_time and kept >= 0:
        what = f"has retention.ms={kept}; a log that is told its times keeps everything"
        raise _wrong(topic, what, "retention.ms=-1")
    if 0 <= kept < _LEAST_RETENTION:
        what = f"keeps records for {kept / DAY:.3g} days; at least 7 are needed"
        raise _wrong(topic, what, f"retention.ms={_RETENTION}")
    if int(settings["retention.bytes"]) >= 0:
        what = f"drops records above {settings['retention.bytes']} bytes, however young they are"
        raise _wrong(topic, what, "retention.bytes=-1")


def _wrong(topic: str, what: str, right: str) -> SettingsError:
    hint = f"kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config {right}"
    return SettingsError(f"the topic {topic} {what}", hint=hint)
