"""The files of a playbook's folder, and what this machine knows of time zones: all that reading a playbook needs."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from zoneinfo import available_timezones

from schemas.errors import InputError
from schemas.texts import say

__all__ = ["MAX_FILES", "MAX_FILE_BYTES", "TESTS", "read_folder", "read_tests", "write_file", "zone_names"]

MAX_FILE_BYTES = 1 << 20
MAX_FILES = 2_000
TESTS = "tests"
"""The folder of a playbook's own tests: no part of the program, so that editing a test changes nothing."""
_ENDINGS = (".yaml", ".yml")


@cache
def zone_names() -> frozenset[str]:
    """The names of all time zones, to check a playbook's against."""
    return frozenset(available_timezones())


def read_folder(path: str | Path) -> dict[str, str]:
    """Texts of all YAML files below a folder by their name relative to it, with `/`, sorted.

    The folder's own `tests/` and whatever begins with a dot are left out. Raises `InputError` with a sentence: no such
    folder, no permission, too large, not UTF-8, or no YAML file at all.
    """
    root = Path(path)
    if not root.is_dir():
        message = say("The playbook {folder} does not exist; give the folder that holds touchline.yaml.", folder=root)
        if root.exists():
            message = say(
                "The playbook {folder} is a file, and a playbook is a folder: give the one that holds touchline.yaml.",
                folder=root,
            )
        raise InputError(message, code="no_playbook")
    names = sorted(_names(root))
    if not names:
        message = say("The folder {folder} holds no .yaml file, so it is no playbook.", folder=root)
        raise InputError(message, code="no_playbook")
    return _texts(root, names)


def read_tests(path: str | Path) -> dict[str, str]:
    """Texts of all YAML files below a playbook's `tests/` by their name relative to the playbook; none without it.

    Raises `InputError` as `read_folder` does.
    """
    root = Path(path)
    if not (root / TESTS).is_dir():
        return {}
    return _texts(root, sorted(f"{TESTS}/{name}" for name in _names(root / TESTS)))


def _texts(root: Path, names: list[str]) -> dict[str, str]:
    if len(names) > MAX_FILES:
        message = say(
            "The folder {folder} holds {number} YAML files; {most} are allowed.",
            folder=root,
            number=len(names),
            most=MAX_FILES,
        )
        raise InputError(message, code="too_large")
    return {name: _text(root, name) for name in names}


def write_file(root: Path, name: str, text: str) -> None:
    """Replace a file of the folder, whole or not at all. Raises `InputError` if it cannot be written."""
    file = root / name
    beside = file.with_name(f".{file.name}.new")
    try:
        beside.write_bytes(text.encode("utf-8"))
        beside.chmod(file.stat().st_mode & 0o777)
        beside.replace(file)
    except OSError as error:
        beside.unlink(missing_ok=True)
        message = say("{file} cannot be written: {error}.", file=file, error=error.strerror)
        raise InputError(message, code="unwritable") from error


def _names(root: Path) -> list[str]:
    found: list[str] = []
    for folder, folders, files in os.walk(root, onerror=_refuse):
        here = Path(folder)
        folders[:] = sorted(f for f in folders if not f.startswith(".") and not (here == root and f == TESTS))
        found += [
            (here / f).relative_to(root).as_posix() for f in files if f.endswith(_ENDINGS) and not f.startswith(".")
        ]
    return found


def _refuse(error: OSError) -> None:
    raise _unreadable(error.filename, error) from error


def _unreadable(file: str | Path, error: OSError) -> InputError:
    return InputError(say("{file} cannot be read: {error}.", file=file, error=error.strerror), code="unreadable")


def _text(root: Path, name: str) -> str:
    file = root / name
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            message = say("{file} has more than {most} KiB; split it.", file=file, most=MAX_FILE_BYTES >> 10)
            raise InputError(message, code="too_large")
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        message = say("{file} is not UTF-8 (byte {at}); save it as UTF-8.", file=file, at=error.start)
        raise InputError(message, code="not_utf8") from error
    except OSError as error:
        raise _unreadable(file, error) from error
