"""Files of events as they lie on a disk: whatever they are packed in, one record after the other, with its line."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, BinaryIO, Literal, NamedTuple

import zstandard

from schemas.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from _typeshed import WriteableBuffer

__all__ = ["CsvRow", "InputFile", "JsonText", "Kind", "open_input"]

Kind = Literal["csv", "jsonl", "list"]

_GZIP, _ZSTANDARD, _BOM = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xef\xbb\xbf"
_PACKED = {".gz", ".zst", ".zstd"}
_CHUNK = 1 << 16


class CsvRow(NamedTuple):
    """A record of a CSV, on which line it begins, and its text in pieces. `fault`: why it has no fields."""

    line: int
    pieces: list[str]
    fields: list[str]
    fault: str = ""

    @property
    def text(self) -> str:
        """The record as it stands in the file; only until the next one is read."""
        return "".join(self.pieces).rstrip("\r\n")


class JsonText(NamedTuple):
    """The JSON of one record, and on which line it begins."""

    line: int
    raw: bytes

    @property
    def text(self) -> str:
        """The record for people to read."""
        return self.raw.decode("utf-8", "replace")


class InputFile:
    """An open file. `position` counts bytes of the file as it lies there, packed or not."""

    def __init__(self, path: Path, raw: io.BufferedReader) -> None:
        self.path, self._raw = path, raw
        self.stream = _unpacked(raw)
        self._text: io.TextIOWrapper | None = None
        self.kind = self._kind()

    def close(self) -> None:
        """Let go of what lies over the file."""
        if self._text is not None:
            self._text.close()
        self.stream.close()

    def position(self) -> int:
        """How far reading is, in bytes of the file."""
        return self._raw.tell()

    def _kind(self) -> Kind:
        """By what it holds; a `.csv` may begin with whatever it likes."""
        suffixes = [s.lower() for s in self.path.suffixes]
        while suffixes and suffixes[-1] in _PACKED:
            suffixes.pop()
        ending = suffixes[-1] if suffixes else ""
        begins = self.stream.peek(_CHUNK).removeprefix(_BOM).lstrip()[:1]
        if ending != ".csv":
            if begins == b"[":
                return "list"
            if begins == b"{" or ending in {".json", ".jsonl", ".ndjson"}:
                return "jsonl"
        return "csv"

    def csv_rows(self, encoding: str) -> tuple[list[str], Iterator[CsvRow]]:
        """The names of the columns, and the rows behind them. Raises `InputError` without a header."""
        # the mark that some programs put before UTF-8 is no part of the first column's name
        with_mark = "utf-8-sig" if encoding.lower() in {"utf-8", "utf8"} else encoding
        self._text = io.TextIOWrapper(self.stream, with_mark, newline="")
        rows = _csv_rows(self._text, encoding, str(self.path))
        header = next(rows, None)
        if header is None or not header.fields:
            raise InputError(f"{self.path} has no line with the names of its columns", code="no_header")
        return header.fields, rows

    def json_texts(self) -> Iterator[JsonText]:
        """The records of JSON lines or of a JSON list. Raises `InputError` where a list is broken."""
        return _items(self.stream, str(self.path)) if self.kind == "list" else _json_lines(self.stream)


@contextmanager
def open_input(path: Path) -> Iterator[InputFile]:
    """Open a file. While it is open, what is wrong with the file as a whole is raised as `InputError`."""
    try:
        with path.open("rb") as raw, closing(InputFile(path, raw)) as file:
            yield file
    except FileNotFoundError:
        raise InputError(f"{path} does not exist", code="no_file") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder; name the files in it", code="no_file") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8; save it as UTF-8", code="bad_encoding") from None
    except EOFError:
        raise InputError(f"{path} ends in the middle; copy or download it again", code="truncated") from None
    except (gzip.BadGzipFile, zlib.error, zstandard.ZstdError) as error:
        raise InputError(f"{path} is damaged and cannot be unpacked: {error}", code="damaged") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}", code="unreadable") from None


def _unpacked(raw: io.BufferedReader) -> io.BufferedReader:
    begins = raw.peek(4)[:4]
    if begins.startswith(_GZIP):
        return io.BufferedReader(gzip.GzipFile(fileobj=raw), _CHUNK)
    if begins == _ZSTANDARD:
        return io.BufferedReader(_Zstandard(raw), _CHUNK)
    return raw


class _Zstandard(io.RawIOBase):
    """Unpacks frame after frame. Raises `EOFError` when the last one is not whole."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw, self._left = raw, b""
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._begun = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        while not self._left:
            chunk = self._frame.unused_data if self._frame.eof else b""
            if self._frame.eof:
                self._frame, self._begun = zstandard.ZstdDecompressor().decompressobj(), False
            chunk = chunk or self._raw.read(_CHUNK)
            if not chunk:
                if self._begun:
                    raise EOFError
                return 0
            self._begun = True
            self._left = self._frame.decompress(chunk)
        taken = self._left[: len(view)]
        self._left = self._left[len(taken) :]
        view[: len(taken)] = taken
        return len(taken)


def _csv_rows(text: Iterable[str], encoding: str, file: str) -> Iterator[CsvRow]:
    """Every record but empty lines. Raises `InputError` for another encoding, or a quotation mark never closed."""
    pieces: list[str] = []
    rows = csv.reader(_remembered(text, pieces), strict=True)
    while True:
        line = rows.line_num + 1
        pieces.clear()
        try:
            fields = next(rows)
        except StopIteration:
            return
        except UnicodeError:
            hint = "name its encoding in the mapping: format: {type: csv, encoding: gb18030}"
            message = f"{file} is not {encoding}, which shows soon behind line {line - 1}; {hint}"
            raise InputError(message, code="bad_encoding", hint=hint) from None
        except csv.Error as error:
            if len(pieces) > 1 or "unexpected end" in str(error):
                message = f"{file}:{line}: a quotation mark that opens on this line is not closed: {error}"
                raise InputError(
                    message, code="bad_csv", hint="inside a text in quotation marks write two of them"
                ) from None
            yield CsvRow(line, pieces, [], f"the line is no CSV: {error}")
        else:
            if fields:
                yield CsvRow(line, pieces, fields)


def _remembered(lines: Iterable[str], pieces: list[str]) -> Iterator[str]:
    for line in lines:
        pieces.append(line)
        yield line


def _json_lines(stream: Iterable[bytes]) -> Iterator[JsonText]:
    for number, line in enumerate(stream, 1):
        raw = (line.removeprefix(_BOM) if number == 1 else line).strip()
        if raw:
            yield JsonText(number, raw)


def _items(stream: io.BufferedReader, file: str) -> Iterator[JsonText]:
    """Where each item of a list begins and ends; whether its values are allowed is for whoever decodes it."""
    text = stream.read().decode("utf-8-sig")
    decoder = json.JSONDecoder(parse_int=len, parse_float=len)
    at, line = _past_space(text, 0, 1)
    at, line = _past_space(text, at + 1, line)
    while text[at : at + 1] != "]":
        try:
            _, end = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise _broken(file, f"line {error.lineno}, column {error.colno}: {error.msg}") from None
        except RecursionError:
            raise _broken(file, f"line {line}: it is nested too deep") from None
        yield JsonText(line, text[at:end].encode())
        at, line = _past_space(text, end, line + text.count("\n", at, end))
        if text[at : at + 1] == ",":
            at, line = _past_space(text, at + 1, line)
        elif text[at : at + 1] != "]":
            raise _broken(file, f"line {line}: a comma or the closing ] is missing")


def _past_space(text: str, at: int, line: int) -> tuple[int, int]:
    while text[at : at + 1] in {" ", "\t", "\r", "\n"}:
        line += text[at] == "\n"
        at += 1
    return at, line


def _broken(file: str, where: str) -> InputError:
    return InputError(f"{file} is broken JSON, {where}", code="bad_json")
