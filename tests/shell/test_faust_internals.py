"""The parts of Faust, mode and aiokafka that we override or lean on are those that our code was written against.

A test that fails here says: read what has changed, see whether workers/faust_*.py and stores/kafka_*.py still fit, run the
tests on Kafka, then put the new print into the table.
"""

from __future__ import annotations

import hashlib
import inspect
import textwrap
from importlib.metadata import version
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.fetcher import Fetcher, FetchResult, PartitionRecords
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.producer.sender import Sender
from faust.app.base import App
from faust.serializers.schemas import Schema
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport import consumer as faust_consumer
from faust.transport.drivers import aiokafka as driver
from mode.threads import MethodQueue, QueueServiceThread, ServiceThread, WorkerThread

PINNED = {"faust-streaming": "0.15.3", "mode-streaming": "0.7.1", "aiokafka": "0.14.0"}
PRINTS: dict[tuple[Any, str], str] = {
    # overridden
    (App, "_new_transport"): "11beddacb9fe",
    (driver.AIOKafkaConsumerThread, "on_start"): "675d03707bbe",
    (driver.AIOKafkaConsumerThread, "_create_worker_consumer"): "c179c0bdb975",
    (driver.AIOKafkaConsumerThread, "_commit"): "78c931ecfa8d",
    (WorkerThread, "__init__"): "9cd56c313cc6",
    (WorkerThread, "run"): "3fb39fd23a16",
    (ServiceThread, "on_crash"): "cc3d6be4c945",
    (driver.Consumer, "_new_consumer_thread"): "8fd0d41b1514",
    (faust_consumer.ThreadDelegateConsumer, "seek_to_committed"): "6c17ae1d4f33",
    (faust_consumer.Consumer, "on_partitions_revoked"): "652177e770ee",
    (faust_consumer.Consumer, "on_buffer_full"): "edcee17978c4",
    (faust_consumer.Consumer, "_drain_messages"): "8f35dd7a1114",
    (faust_consumer.Consumer, "ack"): "5548cf0f7584",
    (faust_consumer.Consumer, "commit"): "e43a7d03685f",
    (faust_consumer.Fetcher, "_fetcher"): "64ea6297f5a0",
    (Schema, "compile"): "bd271ec59690",
    (TableManager, "on_start"): "b82e759be50c",
    (Fetcher, "_proc_fetch_request"): "ace04969424f",
    # leaned on
    (App, "_on_partitions_revoked"): "c1abd58dcb37",
    (App, "_on_partitions_assigned"): "c9c5485eb273",
    (Recovery, "_restart_recovery"): "f93138b040ef",
    (Recovery, "_resume_streams"): "fbe0f747b84c",
    (faust_consumer.Consumer, "perform_seek"): "2b4ceebd23de",
    (faust_consumer.Consumer, "_wait_next_records"): "ba40cd367132",
    (driver.AIOKafkaConsumerThread, "seek_wait"): "8356b4c729d6",
    (driver.AIOKafkaConsumerThread, "_seek_wait"): "98f8aa716db2",
    (driver.AIOKafkaConsumerThread, "getmany"): "1b1c58046a9b",
    (driver.AIOKafkaConsumerThread, "_fetch_records"): "9e7369fc572d",
    (driver, "credentials_to_aiokafka_auth"): "364c9c9c6852",
    (ServiceThread, "__init__"): "585a19094aad",
    (ServiceThread, "start"): "ecd8f1bcf3ea",
    (ServiceThread, "_start_thread"): "22434db1314b",
    (QueueServiceThread, "call_thread"): "d1304f73ca65",
    (MethodQueue, "_process_enqueued"): "3488d5b16ac8",
    (AIOKafkaConsumer, "__init__"): "bda88cd61988",
    (AIOKafkaConsumer, "start"): "5ba1baa38f62",
    (Fetcher, "_fetch_requests_routine"): "12dc901a1e4a",
    (Fetcher, "_get_actions_per_node"): "fd175a69d8d4",
    (Fetcher, "fetched_records"): "e20ce0c8117f",
    (FetchResult, "__init__"): "00a9da5e0517",
    (PartitionRecords, "_consumer_record"): "56c3ee13f914",
    (Fetcher, "seek_to"): "10c45c3c873d",
    (PartitionRecords, "_unpack_records"): "047f7fc3f005",
    (GroupCoordinator, "__init__"): "f14fdb7599ea",
    (GroupCoordinator, "_coordination_routine"): "07e581f2646d",
    (Sender, "sender_task"): "3808e22c6dee",
    (AIOKafkaClient, "send"): "fb1726e3ed8e",
    (AIOKafkaClient, "get_random_node"): "2bd095d67033",
    (AIOKafkaAdminClient, "delete_records"): "986595cf2809",
}


def print_of(owner: object, name: str) -> str:
    """A short hash of a function's source."""
    found = inspect.getattr_static(owner, name)
    found = getattr(found, "fun", found)  # mode wraps tasks
    found = getattr(found, "fget", found)
    source = textwrap.dedent(inspect.getsource(getattr(found, "__wrapped__", found)))
    return hashlib.sha256(source.encode()).hexdigest()[:12]


@pytest.mark.parametrize("package", sorted(PINNED))
def test_the_versions_are_the_pinned_ones(package: str) -> None:
    assert version(package) == PINNED[package]


@pytest.mark.parametrize(("owner", "name"), PRINTS, ids=lambda value: getattr(value, "__name__", value))
def test_what_we_override_or_lean_on_is_as_it_was(owner: object, name: str) -> None:
    assert print_of(owner, name) == PRINTS[owner, name]


def test_attributes_that_are_set_or_read_exist() -> None:
    made = inspect.getsource(AIOKafkaConsumer)
    coordinator = inspect.getsource(GroupCoordinator)

    assert "self._fetch_max_wait_ms = " in made
    assert "fetch_max_wait_ms=self._fetch_max_wait_ms" in made
    assert "isolation_level=self._isolation_level" in made
    assert "self._coordinator = " in made
    assert "self._coordination_task = " in coordinator
    assert "self._pending_exception = " in coordinator
