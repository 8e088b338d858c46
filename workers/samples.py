"""The samples that come along: beside the code in a checkout, inside the package when installed."""

from __future__ import annotations

from pathlib import Path

import rules
from schemas.errors import InputError

__all__ = ["sample"]


def sample(name: str) -> Path:
    """The folder of a sample. Raises `InputError` if this installation has none."""
    package = Path(next(iter(rules.__path__)))
    for folder in (package.parent / "examples" / name, package / "packs" / name):
        if (folder / "playbook").is_dir():
            return folder
    message = f"this installation has no sample {name!r}"
    raise InputError(message, hint="run it from a checkout of the repository")
