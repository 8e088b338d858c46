"""`touchline fmt` and `touchline check --fix`: they write a playbook's files anew, whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.codes.languages import localised
from rules.fixes import fixed
from rules.layout.printer import formatted
from workers.playbooks import read_folder, write_file, zone_names
from workers.terminal import print_json, say

if TYPE_CHECKING:
    from pathlib import Path

    from rules.codes.languages import Language

__all__ = ["fix_folder", "format_folder"]

_FIXED = {"en": "fixed", "zh": "已改正"}


def format_folder(folder: Path, *, check_only: bool, as_json: bool) -> int:
    """Write what is not in its canonical form; with `check_only` say so, and 1 if there is any."""
    files = read_folder(folder)
    changed = {name: new for name, text in files.items() if (new := formatted(text)) != text}
    for name, text in changed.items():
        if not check_only:
            write_file(folder, name, text)
        say(f"{name} {'would be' if check_only else 'was'} formatted")
    if as_json:
        print_json(sorted(changed))
    else:
        say(f"{len(files)} files, {len(changed)} of them not in canonical form")
    return int(check_only and bool(changed))


def fix_folder(folder: Path, language: Language) -> None:
    """Correct what can be corrected safely, and say what was."""
    files = read_folder(folder)
    new, done = fixed(files, zone_names())
    for name, text in new.items():
        if text != files[name]:
            write_file(folder, name, text)
    for finding in localised(done, language):
        say(f"{finding.file}:{finding.line}:{finding.column}: {_FIXED[language]}[{finding.code}]: {finding.hint}")
