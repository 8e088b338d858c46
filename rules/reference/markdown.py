"""Texts, code and tables in Markdown, whatever characters they have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["code", "plain", "table"]


def plain(text: object) -> str:
    """A text that is neither a cell's end nor markup."""
    return " ".join(str(text).split()).replace("|", "\\|").replace("<", "&lt;")


def code(text: object) -> str:
    """A text as code, also in a table, whatever backticks it has."""
    said = " ".join(str(text).split()).replace("|", "\\|")
    fence = "``" if "`" in said else "`"
    return f"{fence}{said}{fence}" if said else ""


def table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """The lines of a table, and an empty one."""
    yield f"| {' | '.join(columns)} |"
    yield f"|{' --- |' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""
