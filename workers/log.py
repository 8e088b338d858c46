"""Structured logs.

Pretty on a terminal, JSON otherwise, and only fields from a list, so that no personal data gets in.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import MutableMapping

__all__ = ["FIELDS", "logger", "quieten", "set_up_logging"]

FIELDS = frozenset(
    {
        "event", "level", "timestamp", "logger", "adapter", "attempts", "channel", "code", "command", "count",
        "decision_id", "exception", "hash", "host", "offset", "partition", "pending", "position", "port", "reason",
        "records", "rule",
        "seconds", "sequence", "setting", "status", "url", "version",
    }
)  # fmt: skip
"""What a log line may carry. Anything else is left out: ids of people, addresses, properties and texts of messages."""


_TALKATIVE = ("apscheduler", "httpx", "httpcore", "asyncio", "alembic", "uvicorn.access")
_FAUST = ("faust", "mode")
# What matters of these is said by us, once and in a sentence: with a broker away they say ten lines a second.
_ON_KAFKA = ("aiokafka", "faust.transport", "workers.faust_worker", "workers.faust_transport")


def _only_listed(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:  # noqa: ANN401 - structlog's shape
    return {name: value for name, value in line.items() if name in FIELDS}


def set_up_logging(level: str = "info") -> None:
    """Send structlog and the standard library's logging, Faust's too, to standard error."""
    import structlog

    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    pretty = sys.stderr.isatty()
    renderer = structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _only_listed, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel("WARNING")
    for name in _FAUST:
        logging.getLogger(name).setLevel(logging.DEBUG if level == "debug" else logging.WARNING)
    quieten(debug=level == "debug")


def quieten(*, debug: bool = False) -> None:
    """Keep libraries from saying what we say."""
    for name in _ON_KAFKA:
        logging.getLogger(name).setLevel(logging.DEBUG if debug else logging.CRITICAL)


def logger() -> Any:  # noqa: ANN401 - structlog's lazy proxy
    """The logger of the processes."""
    import structlog

    return structlog.get_logger("touchline")
