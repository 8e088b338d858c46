"""Appends messages to a file, one JSON object a line: for other programs, and for records of what would have been sent.

A key is written once: the keys in the file are read when it is first used, and what others have appended since before
each write. Processes on one machine lock the file while they write; without such locks (Windows) one process writes at
a time. A line that a crash cut off does not count, and the next one begins on a line of its own.
"""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from messaging.options import Options, read_options
from messaging.ports import Answer, Capabilities, SendRequest
from schemas.times import DAY, format_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


__all__ = ["CAPABILITIES", "FileAdapter", "adapter", "build"]

CAPABILITIES = Capabilities(
    duplicates="native_key", needs_address=False, horizon_ms=3_650 * DAY, max_bytes=262_144, has_subject=True
)


class _Options(Options, frozen=True, kw_only=True):
    """`path`: the file, in the data folder unless it names another; what is missing of its folder is made.

    `needs_address`: whether a person without an address is passed over, as on the channel that the file stands for.
    """

    path: str = "messages.jsonl"
    needs_address: bool = False


def build(request: SendRequest) -> bytes:
    """One line: the decision's id is its `id`, `time` the decision's own."""
    value = {
        "id": request.key,
        "time": format_time(request.time),
        "person": request.person,
        "channel": request.channel,
        "address": request.address,
        "template": request.template,
        "subject": request.content.subject,
        "body": request.content.body,
    }
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


class FileAdapter:
    """One file. Disk work happens in a thread; one write at a time. `durable`: each message outlives a power cut."""

    name = "file"

    def __init__(self, path: Path, *, durable: bool = True, needs_address: bool = False) -> None:
        self.capabilities = msgspec.structs.replace(CAPABILITIES, needs_address=needs_address)
        self._path = path
        self._durable = durable
        self._keys: set[str] = set()
        self._read_to = 0
        self._rest = b""
        self._turn = asyncio.Lock()

    async def send(self, request: SendRequest, timeout: float) -> Answer:  # noqa: ARG002 - a write is not broken off
        """Append one message, on disk when this returns."""
        async with self._turn:
            try:
                await asyncio.to_thread(self._append, request.key, build(request))
            except OSError as error:
                return Answer("retry", f"file_error_{error.errno}")
        return Answer("sent")

    async def close(self) -> None:
        """There is nothing to close: the file is open only while it is written."""

    def _append(self, key: str, line: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            _lock(handle)
            self._catch_up(handle)
            if key in self._keys or key == _key_of(self._rest):
                return
            _write_all(handle, b"\n" + line if self._rest else line)
            if self._durable:
                os.fsync(handle)
        finally:
            os.close(handle)  # and with it the lock

    def _catch_up(self, handle: int) -> None:
        """Read the keys of the lines that came since the last time, one's own too."""
        if os.fstat(handle).st_size < self._read_to:  # someone emptied the file: what is gone may be written again
            self._keys, self._read_to, self._rest = set(), 0, b""
        os.lseek(handle, self._read_to, os.SEEK_SET)
        while chunk := os.read(handle, 1 << 20):
            self._read_to += len(chunk)
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            self._keys.update(key for key in map(_key_of, lines) if key)


def _key_of(line: bytes) -> str:
    with suppress(ValueError):
        value = json.loads(line)
        if isinstance(value, dict) and isinstance(value.get("id"), str):
            return str(value["id"])
    return ""


def _lock(handle: int) -> None:
    with suppress(ImportError):
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX)


def _write_all(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


def adapter(options: Mapping[str, Any], data: Path) -> FileAdapter:
    """The adapter from its options. Raises `SettingsError`."""
    read = read_options("file", options, _Options)
    return FileAdapter(data / read.path, needs_address=read.needs_address)
