"""A process that may not reach out: while it is sealed, Python's own audit refuses connections, processes and writing.

An audit hook cannot be taken away again, nor got around by code that keeps a function for later: it is asked at the
moment of the call, in every thread. So a template, an adapter or a library that would send something, start something
or write a file during a test of a playbook is stopped, and the attempt is remembered even where the code swallows the
error.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Reached", "sealed"]

_REFUSED = frozenset(
    {
        "os.chmod", "os.chown", "os.exec", "os.fork", "os.forkpty", "os.kill", "os.link", "os.mkdir", "os.posix_spawn",
        "os.remove", "os.rename", "os.rmdir", "os.spawn", "os.startfile", "os.symlink", "os.system", "os.truncate",
        "shutil.copyfile", "shutil.move", "shutil.rmtree", "smtplib.connect", "socket.bind", "socket.connect",
        "socket.getaddrinfo", "socket.gethostbyaddr", "socket.gethostbyname", "socket.sendmsg", "socket.sendto",
        "sqlite3.connect", "subprocess.Popen", "urllib.Request",
    }
)  # fmt: skip
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
_SHOWN = 120


class Reached(PermissionError):
    """Something reached for the outside while the process was sealed."""


class _Seal:
    """The one hook of this process, and what it refused while it was on."""

    def __init__(self) -> None:
        self.refused: list[str] | None = None
        self.installed = False

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        """What Python tells of everything that concerns the outside."""
        if self.refused is None or not (event in _REFUSED or (event == "open" and _writes(args))):
            return
        shown = f"{event} {_shown(args)}".strip()
        self.refused.append(shown)
        raise Reached(f"nothing may reach out of a test of a playbook: {shown}")


_seal = _Seal()


def _writes(args: tuple[Any, ...]) -> bool:
    """Whether `open(path, mode, flags)` is for writing."""
    _, mode, flags = args
    return bool(isinstance(flags, int) and flags & _WRITING) or (
        isinstance(mode, str) and bool(set(mode) & set("wax+"))
    )


def _shown(args: tuple[Any, ...]) -> str:
    told = [str(arg) for arg in args if isinstance(arg, str | int | bytes | tuple | list)]
    return " ".join(told)[:_SHOWN]


@contextmanager
def sealed() -> Iterator[list[str]]:
    """Nothing of this process reaches out while the block runs; what tried to is added to the list.

    Raises `Reached` where it is tried. Python writes no compiled files meanwhile.
    """
    if not _seal.installed:
        sys.addaudithook(_seal)
        _seal.installed = True
    before, _seal.refused = _seal.refused, []
    bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield _seal.refused
    finally:
        _seal.refused, sys.dont_write_bytecode = before, bytecode
