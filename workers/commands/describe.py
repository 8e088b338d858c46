"""`touchline schema`: what editors need to know of a playbook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.read import read
from rules.schema.document import schema_of
from workers.playbooks import read_folder
from workers.terminal import print_json

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["print_schema"]


def print_schema(folder: Path | None) -> None:
    """Print the JSON Schema; of a folder, with its own names, whatever faults it may have."""
    print_json(schema_of(None if folder is None else read(read_folder(folder)).playbook))
