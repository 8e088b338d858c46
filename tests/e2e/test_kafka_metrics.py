"""What a worker on Kafka shows of itself: everything in one `/metrics`, one kind of log line, and no other port."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.test_kafka_up import PLAYBOOK, order
from tests.helpers.installation import Installation
from tests.helpers.running import running
from tests.helpers.stores import kafka_url
from tests.helpers.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.helpers.running import Up

_PARTITIONS = 3
_EVENTS = 10


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A running `touchline up` on Kafka that has carried out ten messages and has told Kafka its offsets."""
    folder = tmp_path_factory.mktemp("metrics")
    settings = {"LOG": kafka_url(folder, f"?partitions={_PARTITIONS}"), "LOG_LEVEL": "debug"}
    with running(Installation(folder, PLAYBOOK, settings)) as made:
        made.send(*(order(str(number), f"p{number}") for number in range(_EVENTS)))
        for number in range(_EVENTS):
            made.await_message(f"Thanks for {number}", timeout=30)
        wait_until(lambda: values(made)["touchline_faust_commit_seconds_count"] >= 1, 30, "the offsets to be told")
        wait_until(lambda: values(made).get("touchline_outbox_rows sent", 0) == _EVENTS, 30, "a look at the outbox")
        yield made


def values(up: Up) -> dict[str, float]:
    """Samples by name and labels, partitions added up."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(up.http.get("/metrics").text):
        for sample in family.samples:
            labels = [value for label, value in sorted(sample.labels.items()) if label not in {"partition", "le"}]
            name = " ".join([sample.name, *labels])
            found[name] = found.get(name, 0) + sample.value
    return found


def test_one_page_has_lag_steps_batches_rejections_replays_outbox_and_providers(up: Up) -> None:
    found = values(up)

    assert found["touchline_partition_lag_records"] >= 0
    assert all(found[f"touchline_step_seconds_count {step}"] >= 1 for step in ("read", "fold", "rows", "write"))
    assert found["touchline_batch_seconds_count"] >= 1
    assert found["touchline_batch_records_sum"] >= _EVENTS
    assert found["touchline_batch_records_count"] == found["touchline_batch_seconds_count"]
    assert found["touchline_guard_rejections_total"] == 0
    assert found["touchline_state_rollbacks_total"] == 0
    assert found["touchline_outbox_oldest_pending_seconds"] == 0
    assert found["touchline_provider_results_total webhook sent"] == _EVENTS


def test_the_same_page_has_what_fausts_sensors_notice(up: Up) -> None:
    found = values(up)

    assert found["touchline_faust_messages_total"] >= 1
    assert found["touchline_faust_events_total"] >= 1
    assert found["touchline_faust_event_seconds_count"] >= 1
    assert found["touchline_faust_buffer_full_total"] == 0
    assert found["touchline_faust_rebalances_total"] >= 1
    assert found["touchline_faust_rebalance_seconds_count assigned"] >= 1
    assert found["touchline_faust_rebalance_seconds_count flowing"] >= 1
    assert found["touchline_assigned_partitions"] == _PARTITIONS


def test_fausts_lines_are_like_ours(up: Up) -> None:
    lines = [json.loads(line) for line in up.log.splitlines()]

    assert {line["logger"].split(".")[0] for line in lines} >= {"touchline", "faust"}
    assert all({"event", "level", "timestamp"} <= line.keys() for line in lines)


def test_faust_opens_no_port_of_its_own(up: Up) -> None:
    process = psutil.Process(up.here.running["up"].pid)
    listening = {each.laddr.port for each in process.net_connections() if each.status == psutil.CONN_LISTEN}

    assert listening == {up.port}
