"""`touchline schema` and `touchline docs`: a playbook for editors, and for people who do not read YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.check import check_playbook
from rules.read import read
from rules.reference.document import reference_of
from rules.schema.document import schema_of
from schemas.errors import InputError, PlaybookError
from workers.playbooks import read_folder, zone_names
from workers.terminal import print_json, say

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["print_schema", "write_reference"]


def print_schema(folder: Path | None) -> None:
    """Print the JSON Schema; of a folder, with its own names, whatever faults it may have."""
    print_json(schema_of(None if folder is None else read(read_folder(folder)).playbook))


def write_reference(folder: Path, out: Path, *, as_json: bool) -> None:
    """Write the reference into a folder. Raises `PlaybookError` if the playbook has errors."""
    playbook, findings = check_playbook(read_folder(folder), zone_names())
    if playbook is None:
        message = f"the playbook {folder} has errors, so there is no reference of it"
        raise PlaybookError(message, [finding for finding in findings if finding.severity == "error"])
    files = reference_of(playbook)
    try:
        for name, text in files.items():
            file = out / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8", newline="\n")
    except OSError as error:
        raise InputError(f"{error.filename} cannot be written: {error.strerror}.", code="unwritable") from error
    if as_json:
        print_json(sorted(files))
    else:
        say(f"{out / 'playbook.md'}, with {len(files) - 1} pictures")
