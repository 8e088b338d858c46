"""What the processes count, as Prometheus text. One registry of our own; docs/metrics.md lists every name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

from messaging.ports import STATUSES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from messaging.ports import Adapter, Answer, SendRequest
    from workers.loop import PartitionWorker

__all__ = [
    "METRICS",
    "Counted",
    "CounterName",
    "GaugeName",
    "HistogramName",
    "Metric",
    "Metrics",
    "folded",
    "process",
    "render",
]

CounterName = Literal[
    "touchline_records_folded_total",
    "touchline_batches_total",
    "touchline_state_rollbacks_total",
    "touchline_fold_outcomes_total",
    "touchline_dead_letters_total",
    "touchline_rule_failures_total",
    "touchline_provider_results_total",
    "touchline_ingest_accepted_total",
    "touchline_ingest_refused_total",
    "touchline_rebalances_total",
    "touchline_guard_rejections_total",
    "touchline_faust_messages_total",
    "touchline_faust_events_total",
    "touchline_faust_buffer_full_total",
    "touchline_faust_rebalances_total",
]
GaugeName = Literal[
    "touchline_partition_lag_records",
    "touchline_assigned_partitions",
    "touchline_outbox_rows",
    "touchline_outbox_oldest_pending_seconds",
]
HistogramName = Literal[
    "touchline_batch_seconds",
    "touchline_batch_records",
    "touchline_step_seconds",
    "touchline_faust_event_seconds",
    "touchline_faust_commit_seconds",
    "touchline_faust_rebalance_seconds",
]


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric: what it says, and the labels that tell its series apart."""

    help: str
    labels: tuple[str, ...] = ()


METRICS: Mapping[CounterName | GaugeName | HistogramName, Metric] = {
    "touchline_records_folded_total": Metric("Log records folded", ("partition",)),
    "touchline_batches_total": Metric("Batches written", ("partition",)),
    "touchline_state_rollbacks_total": Metric("Times that the state was found older than it had been", ("partition",)),
    "touchline_fold_outcomes_total": Metric(
        "What became of records, by name: events, duplicates, limited, …", ("outcome",)
    ),
    "touchline_dead_letters_total": Metric("Records refused after they were in the log, by code", ("code",)),
    "touchline_rule_failures_total": Metric("Times that a rule raised while it was evaluated", ("rule",)),
    "touchline_provider_results_total": Metric("Answers of providers", ("channel", "outcome")),
    "touchline_ingest_accepted_total": Metric("Events accepted over HTTP"),
    "touchline_ingest_refused_total": Metric("Events refused over HTTP, by code", ("code",)),
    "touchline_partition_lag_records": Metric("Records in the log that are not folded yet", ("partition",)),
    "touchline_rebalances_total": Metric("Times that this worker was given its partitions (Kafka)"),
    "touchline_assigned_partitions": Metric("Partitions that this worker folds (Kafka)"),
    "touchline_outbox_rows": Metric("Rows of the outbox, by status", ("status",)),
    "touchline_outbox_oldest_pending_seconds": Metric("Age of the oldest row that may be sent and is not"),
    "touchline_batch_seconds": Metric("Seconds from reading a batch to its last write", ("partition",)),
    "touchline_batch_records": Metric("Records of a batch", ("partition",)),
    "touchline_step_seconds": Metric("Seconds of a batch by its step: read, fold, rows, write", ("step",)),
    "touchline_guard_rejections_total": Metric(
        "Batches given up as somebody else was faster or the state had gone back", ("partition",)
    ),
    "touchline_faust_messages_total": Metric("Batches that Faust's consumer has brought (Kafka)"),
    "touchline_faust_events_total": Metric("Batches that Faust's agent has handed on (Kafka)"),
    "touchline_faust_event_seconds": Metric("Seconds that Faust's agent had a batch (Kafka)"),
    "touchline_faust_buffer_full_total": Metric("Batches that had to wait for room in Faust's stream (Kafka)"),
    "touchline_faust_commit_seconds": Metric("Seconds that it took to tell Kafka how far we are (Kafka)"),
    "touchline_faust_rebalances_total": Metric("Times that the group shared its partitions anew (Kafka)"),
    "touchline_faust_rebalance_seconds": Metric(
        "Seconds from the begin of a rebalance until the share is known, and until records flow (Kafka)", ("until",)
    ),
}
disable_created_metrics()  # type: ignore[no-untyped-call]  # the moments at which series began would double the text
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_RECORDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000)


def _histogram(name: HistogramName, registry: CollectorRegistry) -> Histogram:
    buckets = _RECORDS if name.endswith("_records") else _SECONDS
    return Histogram(name, METRICS[name].help, METRICS[name].labels, registry=registry, buckets=buckets)


class Metrics:
    """The metrics of one process. A name or label that is not in the tables above is a `KeyError` or `ValueError`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._counters: dict[CounterName, Counter] = {
            name: Counter(name, METRICS[name].help, METRICS[name].labels, registry=self.registry)
            for name in get_args(CounterName)
        }
        self._gauges: dict[GaugeName, Gauge] = {
            name: Gauge(name, METRICS[name].help, METRICS[name].labels, registry=self.registry)
            for name in get_args(GaugeName)
        }
        self._histograms: dict[HistogramName, Histogram] = {
            name: _histogram(name, self.registry) for name in get_args(HistogramName)
        }
        self._told: dict[tuple[str, ...], int] = {}

    def add(self, name: CounterName, amount: int = 1, **labels: str) -> None:
        """Raise a counter."""
        counter = self._counters[name]
        (counter.labels(**labels) if labels else counter).inc(amount)

    def set(self, name: GaugeName, value: float, **labels: str) -> None:
        """Set a gauge."""
        gauge = self._gauges[name]
        (gauge.labels(**labels) if labels else gauge).set(value)

    def observe(self, name: HistogramName, value: float, **labels: str) -> None:
        """Note one value of a distribution."""
        histogram = self._histograms[name]
        (histogram.labels(**labels) if labels else histogram).observe(value)

    def folded(self, worker: PartitionWorker) -> None:
        """Take over what a worker has counted since the last call for its partition."""
        counts, partition = worker.counts, str(worker.partition)
        totals: dict[CounterName, int] = {
            "touchline_records_folded_total": counts.records,
            "touchline_batches_total": counts.batches,
            "touchline_state_rollbacks_total": counts.rollbacks,
            "touchline_guard_rejections_total": counts.moved,
        }
        for name, total in totals.items():
            self._grow(partition, name, total, partition=partition)
        for outcome, number in counts.by_name.items():
            self._grow(partition, "touchline_fold_outcomes_total", number, outcome=outcome)
        for code, number in counts.dead_letters.items():
            self._grow(partition, "touchline_dead_letters_total", number, code=code)
        for rule, number in counts.failed.items():
            self._grow(partition, "touchline_rule_failures_total", number, rule=rule)

    def ingested(self, accepted: int, refused: Sequence[str]) -> None:
        """Note one request: how many events were accepted, and the codes of those refused."""
        self.add("touchline_ingest_accepted_total", accepted)
        for code in refused:
            self.add("touchline_ingest_refused_total", code=code)

    def outbox(self, rows: Mapping[str, int], oldest_pending_ms: int) -> None:
        """Note how many rows the outbox has of each status, and how old the oldest pending one is (ms)."""
        for status in STATUSES:
            self.set("touchline_outbox_rows", rows.get(status, 0), status=status)
        self.set("touchline_outbox_oldest_pending_seconds", oldest_pending_ms / 1_000)

    def render(self) -> bytes:
        """Give the Prometheus text of everything."""
        return generate_latest(self.registry)

    def _grow(self, partition: str, name: CounterName, total: int, /, **labels: str) -> None:
        """Add how much a worker's `total` has grown since it was told; a smaller one is of a worker that began anew."""
        key = (partition, name, *labels.values())
        before = self._told.get(key)
        if total != before:
            self._told[key] = total
            self.add(name, total - before if before is not None and total >= before else total, **labels)


class Counted:
    """An adapter whose answers are counted."""

    def __init__(self, adapter: Adapter, channel: str, metrics: Metrics) -> None:
        self.name, self.capabilities = adapter.name, adapter.capabilities
        self._adapter, self._channel, self._metrics = adapter, channel, metrics

    async def send(self, request: SendRequest, timeout: float) -> Answer:
        """Hand the message on."""
        answer = await self._adapter.send(request, timeout)
        self._metrics.add("touchline_provider_results_total", channel=self._channel, outcome=answer.outcome)
        return answer

    async def close(self) -> None:
        """Close the adapter."""
        await self._adapter.close()


process = Metrics()
"""The metrics of this process."""
folded = process.folded
render = process.render
