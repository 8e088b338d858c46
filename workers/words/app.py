"""The command itself, and the options that several of its commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Data", "Engine", "Files", "Format", "Json", "Lang", "Language", "MappingFile", "Out", "Workers", "app"]

app = typer.Typer(
    name="touchline",
    help="Event-driven marketing automation: events in, segments true to the second, coupons and messages out.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document to standard output.")]
Data = Annotated[Path | None, typer.Option("--data", help="Folder of the embedded stores (default .touchline).")]
Out = Annotated[Path, typer.Option("--out", help="Folder for the results.")]
Files = Annotated[
    list[Path], typer.Option("--events", help="Files of events: .jsonl, .json, .csv, also .gz and .zst; one or more.")
]
MappingFile = Annotated[Path | None, typer.Option("--mapping", help="How rows of a CSV become events.")]


class Format(StrEnum):
    """How findings are printed."""

    text = "text"
    json = "json"
    github = "github"


class Language(StrEnum):
    """In which language findings are said."""

    en = "en"
    zh = "zh"


Lang = Annotated[Language | None, typer.Option("--lang", help="en or zh; without it that of the locale.")]


class Engine(StrEnum):
    """What stands behind the ports of a simulation."""

    memory = "memory"
    sqlite = "sqlite"
    servers = "servers"


Workers = Annotated[
    int, typer.Option("--workers", min=1, max=64, help="Processes that fold, with --engine servers; changes no result.")
]
