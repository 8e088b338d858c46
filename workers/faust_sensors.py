"""What Faust's own sensors notice, among the metrics of this process: there is one place to look, and one port."""

from __future__ import annotations

from typing import Any

from faust.sensors import Monitor

from workers import metrics

__all__ = ["Sensors"]


class Sensors(Monitor):
    """Faust's monitor, which goes on counting for Faust and tells us each time. Some calls come from another thread."""

    def on_message_in(self, tp: Any, offset: int, message: Any) -> None:  # noqa: ANN401 - Faust's types
        """The consumer has brought a batch."""
        super().on_message_in(tp, offset, message)
        metrics.process.add("touchline_faust_messages_total")

    def on_stream_event_in(self, tp: Any, offset: int, stream: Any, event: Any) -> Any:  # noqa: ANN401 - Faust's types
        """The agent begins with one."""
        metrics.process.add("touchline_faust_events_total")
        return super().on_stream_event_in(tp, offset, stream, event)

    def on_stream_event_out(self, tp: Any, offset: int, stream: Any, event: Any, state: Any = None) -> None:  # noqa: ANN401 - Faust's types
        """The agent has handed it on."""
        super().on_stream_event_out(tp, offset, stream, event, state)
        if state is not None:
            metrics.process.observe("touchline_faust_event_seconds", state["time_total"])

    def on_topic_buffer_full(self, tp: Any) -> None:  # noqa: ANN401 - Faust's TP
        """A batch has to wait for room in the stream."""
        super().on_topic_buffer_full(tp)
        metrics.process.add("touchline_faust_buffer_full_total")

    def on_commit_completed(self, consumer: Any, state: float) -> None:  # noqa: ANN401 - Faust's consumer
        """Kafka has been told how far we are."""
        super().on_commit_completed(consumer, state)
        metrics.process.observe("touchline_faust_commit_seconds", self.commit_latency[-1])

    def on_rebalance_start(self, app: Any) -> Any:  # noqa: ANN401 - Faust's app
        """The group shares its partitions anew."""
        metrics.process.add("touchline_faust_rebalances_total")
        return super().on_rebalance_start(app)

    def on_rebalance_return(self, app: Any, state: Any) -> None:  # noqa: ANN401 - Faust's app
        """Our share is known."""
        super().on_rebalance_return(app, state)
        metrics.process.observe("touchline_faust_rebalance_seconds", state["latency_return"], until="assigned")

    def on_rebalance_end(self, app: Any, state: Any) -> None:  # noqa: ANN401 - Faust's app
        """Records flow again."""
        super().on_rebalance_end(app, state)
        metrics.process.observe("touchline_faust_rebalance_seconds", state["latency_end"], until="flowing")
