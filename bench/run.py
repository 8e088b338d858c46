"""All benchmarks of this machine, as tables or as JSON: `python -m bench.run [--quick] [--json]`."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench import fold, latency, worker
from rules import fold as product_fold

__all__ = ["fold_form", "main"]

_SIZE_GOAL, _SIZE_RATE = 1024, 100


@dataclass(frozen=True, slots=True)
class Section:
    """One benchmark: its parts are measured one by one (`quick` or not), each giving rows of a table."""

    name: str
    title: str
    columns: tuple[str, ...]
    parts: tuple[str, ...]
    measure: Callable[[str, bool], list[msgspec.Struct]]
    row: Callable[[msgspec.Struct], tuple[str, ...]]


def _fold(part: str, quick: bool) -> list[msgspec.Struct]:
    return list(fold.measure(int(part), repeats=5 if quick else 11, share=0.2 if quick else 1.0))


def _fold_row(figures: msgspec.Struct) -> tuple[str, ...]:
    assert isinstance(figures, fold.FoldFigures)
    f = figures
    goal = None if f.deciding else fold.GOALS[f.per_year]
    size = _against(f.bytes_median, _SIZE_GOAL if f.per_year == _SIZE_RATE else None, most=True)
    return (
        f"{f.per_year}", "deciding" if f.deciding else "matching", f"{f.packed_us:.1f}", f"{f.lists_us:.1f}",
        _against(f.ratio, goal), size, f"{f.bytes_max}", f"{f.list_bytes_median}", f"{f.decisions:.2f}",
    )  # fmt: skip


def _worker(part: str, quick: bool) -> list[msgspec.Struct]:
    return [worker.measure(part, events=20_000 if quick else 100_000, repeats=1 if quick else 3)]


def _worker_row(figures: msgspec.Struct) -> tuple[str, ...]:
    assert isinstance(figures, worker.WorkerFigures)
    f = figures
    rate = _against(f.events_per_second, worker.GOALS[f.playbook])
    return f.playbook, f"{f.events:,}", f"{f.people:,}", rate, f"{f.appended_per_second:,}", f"{f.decisions:.2f}"


def _latency(part: str, quick: bool) -> list[msgspec.Struct]:
    return [latency.measure(rate=int(part), seconds=3 if quick else 10)]


def _latency_row(figures: msgspec.Struct) -> tuple[str, ...]:
    assert isinstance(figures, latency.LatencyFigures)
    f = figures
    times = (f"{f.p50_ms:,.0f}", f"{f.p99_ms:,.0f}", f"{f.max_ms:,.0f}")
    return (
        f"{f.rate}", f"{f.events:,}", f"{f.lost:,}", *times, f"{f.busy_cpu_percent:.0f}",
        f"{f.idle_cpu_percent:.1f}", f"{f.idle_rss_mb:.0f}",
    )  # fmt: skip


def _against(value: float, goal: float | None, *, most: bool = False) -> str:
    """A figure and its goal: at least, or with `most` at most so much."""
    if goal is None:
        return f"{value:,}"
    met = value <= goal if most else value >= goal
    return f"[{'green' if met else 'red'}]{value:,}[/] (goal {'≤' if most else '≥'} {goal:,})"


SECTIONS = (
    Section(
        "fold",
        "The fold alone, bytes to bytes: 100 rules, 20 segments, 34 windows; beside a list for each window",
        ("a year", "rules", "µs", "lists µs", "ratio", "bytes", "most", "lists", "decisions"),
        tuple(map(str, fold.GOALS)),
        _fold,
        _fold_row,
    ),
    Section(
        "worker",
        "The embedded worker, log to outbox on SQLite, one process",
        ("playbook", "events", "people", "events/s", "appended/s", "decisions"),
        tuple(worker.GOALS),
        _worker,
        _worker_row,
    ),
    Section(
        "latency",
        "touchline up, from POST to webhook: one event in 50 decides a message; CPU in percent of a core",
        ("events/s", "events", "lost", "p50 ms", "p99 ms", "most ms", "CPU %", "idle CPU %", "idle MB"),
        ("100", "500"),
        _latency,
        _latency_row,
    ),
)
"""Every benchmark. A new one is a module with a `measure` and a section here."""


def main() -> None:
    """Measure, and print tables or JSON."""
    options = _options()
    sections = [section for section in SECTIONS if options.only in (None, section.name)]
    parts = [(section, part) for section in sections for part in section.parts]
    found: dict[str, list[msgspec.Struct]] = {section.name: [] for section in sections}
    progress = Console(stderr=True)
    for section, part in track(parts, "measuring", console=progress, transient=True):
        found[section.name] += section.measure(part, options.quick)
    if options.json:
        machine = {"python": platform.python_version(), "machine": platform.machine(), "system": platform.system()}
        machine["fold"] = fold_form()
        print(json.dumps(machine | msgspec.to_builtins(found), indent=2))
        return
    console = Console(width=None if sys.stdout.isatty() else 110)
    console.print(f"Python {platform.python_version()} on {platform.machine()}; the fold is {fold_form()}.")
    for section in sections:
        console.print(_table(section, found[section.name]))


def fold_form() -> str:
    """What was measured: scripts/compiled.py makes a copy of the tree in which the fold is machine code."""
    file = product_fold.__file__ or ""
    return "plain Python" if file.endswith(".py") else "compiled"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.run", description="Measure this machine.")
    parser.add_argument("--quick", action="store_true", help="fewer people and repeats: under a minute, less exact")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    parser.add_argument("--only", choices=[section.name for section in SECTIONS], help="one benchmark only")
    return parser.parse_args()


def _table(section: Section, rows: list[msgspec.Struct]) -> Table:
    table = Table(title=section.title, title_justify="left")
    for column in section.columns:
        table.add_column(column, justify="left" if column in {"rules", "playbook"} else "right")
    for row in rows:
        table.add_row(*section.row(row))
    return table


if __name__ == "__main__":
    main()
