"""Recorded events from files: CSV through a mapping, JSON as it is; every faulty line is named with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from rules.mapping import Mapping, read_mapping
from rules.mapping_groups import Mapper
from schemas.errors import EventRefused, InputError, PlaybookError
from schemas.events import Event, decode_event, load_json
from workers.input_files import CsvRow, InputFile, JsonText, open_input

__all__ = ["Arrived", "Inputs", "Progress", "Rejected", "load_mapping", "read_events"]

Progress = Callable[[str, int, int], None]
"""Called with what is done, how much of it, and how much there is."""

_BETWEEN = 5_000
_LINE_BITS = 40


class Arrived(NamedTuple):
    """An event and where it stands; of a group where its first line stands.

    `at` (unix ms): when the log takes it, None: at its own time. `history`: it comes as an import brings it.
    """

    event: Event
    file: str
    line: int
    at: int | None = None
    history: bool = False

    @property
    def moment(self) -> int:
        """When the log takes it, unix ms."""
        return (self.event.time or 0) if self.at is None else self.at


class Rejected(NamedTuple):
    """A line that is no event: why, and what stands there."""

    file: str
    line: int
    code: str
    message: str
    record: str


@dataclass(slots=True)
class Inputs:
    """What came of reading. `records`: lines read, without headers and empty ones."""

    arrived: list[Arrived] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    records: int = 0


def read_events(paths: Sequence[Path], mapping: Path | None = None, progress: Progress = lambda *_: None) -> Inputs:
    """All events of these files, in the order of the files and lines.

    A mapping is for files of the type it names; JSON of our own event format needs none. Lines of one group may lie
    anywhere in any of the files. Progress counts bytes of the files.

    Raises:
        InputError: a file that cannot be used as a whole.
        PlaybookError: a mapping with faults, with its findings.
    """
    return _Reading(paths, load_mapping(mapping) if mapping is not None else None, progress).read()


def load_mapping(path: Path) -> Mapping:
    """The mapping of a YAML file. Raises `InputError`, `PlaybookError`."""
    with open_input(path) as file:
        text = file.stream.read().decode("utf-8")
    mapping, findings = read_mapping(text, str(path))
    if mapping is None:
        raise PlaybookError(f"the mapping {path} has faults", findings)
    return mapping


class _Reading:
    """One reading of some files. A place is the file's number and the line in one number, so that places sort."""

    def __init__(self, paths: Sequence[Path], mapping: Mapping | None, progress: Progress) -> None:
        self.paths, self.mapping, self.progress = [Path(path) for path in paths], mapping, progress
        self.mapper = Mapper(mapping) if mapping is not None else None
        self.events: list[tuple[int, Event]] = []
        self.rejected: list[tuple[int, str, str, str]] = []
        self.records = self.done = self.total = 0

    def read(self) -> Inputs:
        """Read everything."""
        sizes = self._sizes()
        self.total = sum(sizes)
        for number, (path, size) in enumerate(zip(self.paths, sizes, strict=True)):
            with open_input(path) as file:
                self._read_file(file, number << _LINE_BITS)
            self.done += size
            self.progress("read", self.done, self.total)
        if self.mapper is not None:
            self.mapper.finish()
            self.events += self.mapper.events
            self._refuse_groups({place: (code, message) for place, code, message in self.mapper.refused})
        self.events.sort(key=itemgetter(0))
        self.rejected.sort(key=itemgetter(0))
        return Inputs(
            [Arrived(event, *self._where(place)) for place, event in self.events],
            [Rejected(*self._where(place), *rest) for place, *rest in self.rejected],
            self.records,
        )

    def _where(self, place: int) -> tuple[str, int]:
        return str(self.paths[place >> _LINE_BITS]), place & ((1 << _LINE_BITS) - 1)

    def _sizes(self) -> list[int]:
        """Bytes of the files. One that is named twice is refused: its groups would add up to the double."""
        seen: set[Path] = set()
        for path in self.paths:
            if path.resolve() in seen:
                raise InputError(f"{path} is named twice; name every file once", code="named_twice")
            seen.add(path.resolve())
        return [path.stat().st_size if path.is_file() else 0 for path in self.paths]

    def _read_file(self, file: InputFile, base: int) -> None:
        records, take = self._source(file)
        for record in records:
            self.records += 1
            if self.records % _BETWEEN == 0:
                self.progress("read", self.done + file.position(), self.total)
            try:
                take(record, base | record.line)
            except EventRefused as fault:
                self.rejected.append((base | record.line, fault.code, fault.message, record.text))

    def _source(self, file: InputFile) -> tuple[Iterator[CsvRow] | Iterator[JsonText], Callable[[Any, int], None]]:
        """The records of a file, and what becomes of each."""
        mapping, mapper = self.mapping, self.mapper
        mapped = mapping is not None and (mapping.type == "csv") == (file.kind == "csv")
        if mapping is not None and mapper is not None and mapped:
            if file.kind == "csv":
                header, rows = file.csv_rows(mapping.encoding)
                return rows, _taking_rows(mapping, mapper, header, str(file.path))
            return file.json_texts(), _taking_objects(mapping, mapper)
        if file.kind == "csv":
            message = (
                f"{file.path} is no JSON, so it needs a mapping that says how its lines become events: --mapping FILE"
            )
            raise InputError(message, code="no_mapping")
        return file.json_texts(), self._take_event

    def _take_event(self, record: JsonText, place: int) -> None:
        event = decode_event(record.raw)
        if event.time is None:
            raise EventRefused("the event has no time, and in a file nothing else says when it was", code="no_time")
        self.events.append((place, event))

    def _refuse_groups(self, faults: dict[int, tuple[str, str]]) -> None:
        """Refuse the lines of groups that cannot be events; their texts are not kept, so they are read again."""
        for number in sorted({place >> _LINE_BITS for place in faults}):
            base = number << _LINE_BITS
            with open_input(self.paths[number]) as file:
                for record in self._source(file)[0]:
                    fault = faults.get(base | record.line)
                    if fault is not None:
                        self.rejected.append((base | record.line, *fault, record.text))


def _taking_rows(mapping: Mapping, mapper: Mapper, header: list[str], file: str) -> Callable[[CsvRow, int], None]:
    pick, width, add = mapping.picker(header, file), len(header), mapper.add

    def take(row: CsvRow, place: int) -> None:
        fields = row.fields
        if len(fields) != width:
            message = row.fault or f"the line has {len(fields)} fields, the header has {width}"
            raise EventRefused(message, code="bad_csv")
        add(pick(fields), place)

    return take


def _taking_objects(mapping: Mapping, mapper: Mapper) -> Callable[[JsonText, int], None]:
    def take(record: JsonText, place: int) -> None:
        value = load_json(record.raw)
        if not isinstance(value, dict):
            raise EventRefused("a mapping reads JSON objects, and this is none", code="not_an_object")
        mapper.add(mapping.pick(value), place)

    return take
