"""What people see: progress on standard error, results on standard output, colour and bars only on a terminal."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from workers.clock import elapsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console

__all__ = ["console", "print_json", "progress_bar", "say", "table"]

_FILE_WIDTH = 300
_AFTER = 2.0
"""Seconds after which a bar appears: what is quicker needs none."""


def console(*, error: bool = False) -> Console:
    """A terminal to write on; in a file or a pipe no row of a table is broken."""
    from rich.console import Console

    width = None if (sys.stderr if error else sys.stdout).isatty() else _FILE_WIDTH
    return Console(stderr=error, highlight=False, soft_wrap=True, emoji=False, width=width)


def say(text: str) -> None:
    """A line for people, on standard error."""
    console(error=True).print(text, markup=False)


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    encoded = msgspec.json.Encoder(decimal_format="number").encode(value)
    sys.stdout.buffer.write(msgspec.json.format(encoded, indent=2) + b"\n")
    sys.stdout.flush()


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, numbers: Sequence[int] = ()) -> Any:  # noqa: ANN401 - rich has its own types
    """A table; the columns named in `numbers` are set flush right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    out = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for at, column in enumerate(columns):
        out.add_column(column, justify="right" if at in numbers else "left", overflow="fold")
    for row in rows:
        out.add_row(*(Text(f"{cell:,}" if isinstance(cell, int) else str(cell)) for cell in row))
    return out


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A function (what, done, total) that moves a bar with records a second and time left; silent off a terminal."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    began = elapsed()
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(), console=console(error=True), transient=True,
    )  # fmt: skip
    tasks: dict[str, Any] = {}

    def move(what: str, done: int, total: int) -> None:
        if elapsed() - began < _AFTER:
            return
        if not bar.live.is_started:
            bar.start()
        task = tasks.get(what)
        if task is None:
            task = tasks[what] = bar.add_task(what, total=total, rate="")
        speed = bar.tasks[task].speed or 0
        bar.update(task, completed=done, total=total, rate=f"{speed:,.0f}/s")

    try:
        yield move
    finally:
        if bar.live.is_started:
            bar.stop()
