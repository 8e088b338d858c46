"""The metrics: every name is documented, and numbers are taken over once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast, get_args, get_type_hints

import pytest
from prometheus_client.parser import text_string_to_metric_families

from messaging.ports import STATUSES, Answer
from tests.helpers.source import ROOT
from workers import metrics
from workers.loop import Counts
from workers.metrics import METRICS, CounterName, GaugeName, HistogramName, Metrics

if TYPE_CHECKING:
    from workers.loop import PartitionWorker


@dataclass
class CountingWorker:
    """As much of a partition worker as the metrics look at."""

    partition: int = 0
    counts: Counts = field(default_factory=Counts)


def take_over(made: Metrics, worker: CountingWorker) -> None:
    made.folded(cast("PartitionWorker", worker))


def values(made: Metrics) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(made.render().decode())
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def documented() -> dict[str, tuple[str, ...]]:
    text = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(touchline_\w+)` \|([^|]*)\|", text, re.MULTILINE)
    return {name: tuple(label for label in re.split(r"[,\s]+", labels) if label) for name, labels in rows}


def test_every_metric_and_its_labels_stand_in_the_docs_and_no_others() -> None:
    assert documented() == {name: metric.labels for name, metric in METRICS.items()}


def test_every_name_of_the_types_has_a_metric() -> None:
    names = {*get_args(CounterName), *get_args(GaugeName), *get_args(HistogramName)}

    assert names == set(METRICS)


def test_the_docs_name_every_outcome_of_a_provider() -> None:
    text = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if "provider_results" in line)

    assert set(re.findall(r"`(\w+)`", row)) - set(METRICS) == set(get_args(get_type_hints(Answer)["outcome"]))


def test_what_a_worker_counted_is_taken_over_once() -> None:
    made, worker = Metrics(), CountingWorker(partition=3)
    worker.counts.records, worker.counts.batches = 10, 2
    worker.counts.by_name["events"] = 9
    worker.counts.failed["welcome"] = 1
    take_over(made, worker)
    take_over(made, worker)
    worker.counts.records, worker.counts.by_name["events"] = 15, 13
    worker.counts.failed["birthday"] = 1
    worker.counts.dead_letters["too_late"] = 2
    take_over(made, worker)

    found = values(made)

    assert found["touchline_records_folded_total", "3"] == 15
    assert found["touchline_batches_total", "3"] == 2
    assert found["touchline_fold_outcomes_total", "events"] == 13
    assert found["touchline_rule_failures_total", "welcome"] == 1
    assert found["touchline_rule_failures_total", "birthday"] == 1
    assert found["touchline_dead_letters_total", "too_late"] == 2


def test_a_worker_that_began_anew_counts_on() -> None:
    made = Metrics()
    take_over(made, CountingWorker(counts=Counts(records=10)))
    take_over(made, CountingWorker(counts=Counts(records=4)))

    assert values(made)["touchline_records_folded_total", "0"] == 14


def test_two_partitions_add_up_to_one_outcome() -> None:
    made = Metrics()
    take_over(made, CountingWorker(0, Counts(by_name={"duplicates": 2})))
    take_over(made, CountingWorker(1, Counts(by_name={"duplicates": 3})))

    assert values(made)["touchline_fold_outcomes_total", "duplicates"] == 5


def test_a_status_without_rows_shows_as_zero() -> None:
    made = Metrics()
    made.outbox({"pending": 4, "sent": 1}, 2_500)
    made.outbox({"sent": 5}, 0)

    found = values(made)

    assert {status: found["touchline_outbox_rows", status] for status in STATUSES} == {
        **dict.fromkeys(STATUSES, 0.0),
        "sent": 5.0,
    }
    assert found["touchline_outbox_oldest_pending_seconds",] == 0


def test_refusals_are_counted_by_code() -> None:
    made = Metrics()
    made.ingested(7, ["no_person", "bad_time", "no_person"])

    found = values(made)

    assert found["touchline_ingest_accepted_total",] == 7
    assert found["touchline_ingest_refused_total", "no_person"] == 2
    assert found["touchline_ingest_refused_total", "bad_time"] == 1


def test_a_distribution_and_a_gauge_are_rendered() -> None:
    made = Metrics()
    made.observe("touchline_batch_seconds", 0.02, partition="0")
    made.set("touchline_partition_lag_records", 12, partition="0")

    found = values(made)

    assert found["touchline_batch_seconds_count", "0"] == 1
    assert found["touchline_partition_lag_records", "0"] == 12


def test_a_label_that_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="label"):
        Metrics().add("touchline_dead_letters_total", person="17850")


def test_two_registries_do_not_share_anything() -> None:
    one, other = Metrics(), Metrics()
    one.ingested(1, [])

    assert values(other)["touchline_ingest_accepted_total",] == 0
    assert metrics.render() == metrics.process.render()
