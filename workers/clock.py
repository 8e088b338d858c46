"""The one place that reads the clock. Everything else is handed a moment or one of these."""

from __future__ import annotations

import time

__all__ = ["elapsed", "now_ms"]


def now_ms() -> int:
    """The time of day, unix ms UTC."""
    return time.time_ns() // 1_000_000


def elapsed() -> float:
    """Seconds since some fixed moment; never goes back. For durations only."""
    return time.monotonic()
