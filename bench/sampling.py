"""Where a process spends its CPU: its main thread is looked at every few milliseconds of CPU, and put under a name."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["Sampler", "thread_seconds"]

_EVERY = 0.02
_PLACES = (
    ("decode", ("workers/decoding.py", "workers/loop.py:_step", "schemas/records.py")),
    ("profiles", ("workers/batch.py:profile", "workers/batch.py:states", "schemas/profile.py")),
    ("fold", ("/rules/", "/segments/", "workers/batch.py", "workers/loop.py:_fold")),
    ("state", ("stores/redis", "/redis/", "stores/guards")),
    ("ledger", ("stores/postgres", "stores/ledger", "/sqlalchemy/", "/asyncpg/")),
    ("metrics", ("workers/metrics.py",)),
    ("dispatch", ("/messaging/",)),
    ("transport", ("faust", "/mode/", "/aiokafka/", "workers/feed.py", "workers/partitions.py", "stores/kafka")),
)
"""Name → parts of PATH:FUNCTION; the innermost function that has one counts, and in it the first name."""


class Sampler:
    """Counts from `start` to `stop`. Functions in machine code count for whoever called them."""

    def __init__(self) -> None:
        self.found: Counter[str] = Counter()

    def start(self) -> None:
        """Begin, in the main thread."""
        signal.signal(signal.SIGPROF, self._look)
        signal.setitimer(signal.ITIMER_PROF, _EVERY, _EVERY)

    def stop(self) -> dict[str, float]:
        """The share of each name."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        total = self.found.total() or 1
        return {name: round(number / total, 3) for name, number in self.found.most_common()}

    def _look(self, _: int, frame: FrameType | None) -> None:
        while frame is not None:
            here = f"{frame.f_code.co_filename}:{frame.f_code.co_name}"
            for name, parts in _PLACES:
                if any(part in here for part in parts):
                    self.found[name] += 1
                    return
            frame = frame.f_back
        self.found["loop"] += 1


def thread_seconds() -> dict[str, float]:
    """Seconds of CPU of this process's threads: `main` and all others, which fetch."""
    main = threading.main_thread().native_id
    found = {"main": 0.0, "others": 0.0}
    for thread in Path("/proc/self/task").iterdir():
        fields = thread.joinpath("stat").read_text("utf-8").rpartition(")")[2].split()
        found["main" if int(thread.name) == main else "others"] += (int(fields[11]) + int(fields[12])) / 100
    return found
