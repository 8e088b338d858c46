"""A mapping: how lines of a CSV or of JSON become events. From its YAML to closures, or to findings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rules import read_values as v
from rules.fields import Fields, Reader, scalar_length
from rules.loader import Node, load
from rules.mapping_expressions import Compiler, Line, Run, Total
from rules.read_conditions import expression
from schemas.errors import EventRefused, InputError
from schemas.findings import Finding, Mark, nearest
from schemas.texts import say
from segments.scope import TypeFault

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from segments.model import Expression
    from segments.syntax import Expr

__all__ = ["Mapping", "Outcome", "read_mapping"]

T = TypeVar("T")

_TYPES = ("csv", "jsonl")
_NO_NAME = re.compile(r"[^A-Za-z0-9_]")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One entry of `events:`: the event that lines become when `when` holds on the first of them (None: always).

    `scalars`: those of the properties that use no total.
    """

    event: str
    when: Run | None
    properties: tuple[tuple[str, Run], ...]
    scalars: tuple[Run, ...]
    totals: tuple[Total, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """A compiled mapping. Its closures take the values of `columns`, in that order.

    `type`: the kind of file it is for; `zone`: of times without one; `group`: None, every line is an event.
    """

    type: Literal["csv", "jsonl"]
    encoding: str
    source: str
    zone: ZoneInfo | None
    columns: tuple[str, ...]
    group: Run | None
    person: Run
    time: Run
    id: Run | None
    outcomes: tuple[Outcome, ...]

    def picker(self, header: Sequence[str], file: str) -> Callable[[Sequence[str]], Line]:
        """What takes the used columns out of a row of a CSV with this header.

        A column is reached by its name, or with `_` for every character that a name cannot have: `row.Customer_ID`.
        Raises `InputError` (`no_column`) for a column that is not there, or there twice.
        """
        places = [_place(name, header, file) for name in self.columns]
        if len(places) > 1:
            return itemgetter(*places)
        return lambda row: tuple(row[at] for at in places)

    def pick(self, record: dict[str, Any]) -> Line:
        """The used columns of a JSON object as texts; `row.customer.id` goes into objects, what is missing is empty.

        Raises `EventRefused` (`bad_type`) where an object or a list stands.
        """
        return tuple(_json_text(record, name) for name in self.columns)


def read_mapping(text: str, file: str) -> tuple[Mapping | None, list[Finding]]:
    """The mapping of a YAML text, None if it has an error; and all findings, sorted. `file`: its name in findings."""
    reader = Reader()
    root, findings = load(text, file)
    for finding in findings:
        reader.add(finding)
    made = None
    if root is not None:
        made = _mapping(reader, root)
    elif not findings:
        reader.fault(Mark(file, 1, 1), "empty", "the mapping is empty", "it needs person, time and events")
    return None if reader.errors else made, sorted(reader.findings)


def _mapping(reader: Reader, root: Node) -> Mapping | None:
    compiler = Compiler()
    fields = Fields(reader, root, "a mapping")
    type_, encoding = fields.get("format", _format) or ("csv", "utf-8")
    source, zone = fields.get("source", v.label), fields.get("zone", _zone)
    group = fields.get("group_by", _compiled(compiler.text))
    person, time = fields.need("person", _compiled(compiler.text)), fields.need("time", _compiled(compiler.text))
    identity = fields.get("id", _compiled(compiler.text))
    outcomes = fields.need("events", v.items(_outcome(compiler)))
    fields.close()
    if person is None or time is None or outcomes is None:
        return None
    return Mapping(
        type="jsonl" if type_ == "jsonl" else "csv",
        encoding=encoding,
        source=source or "",
        zone=zone,
        columns=tuple(compiler.columns),
        group=group,
        person=person,
        time=time,
        id=identity,
        outcomes=tuple(outcomes),
    )


def _format(reader: Reader, node: Node) -> tuple[str, str]:
    fields = Fields(reader, node, "format")
    read = fields.get("type", v.one_of(*_TYPES)), fields.get("encoding", _encoding)
    fields.close()
    return read[0] or "csv", read[1] or "utf-8"


def _encoding(reader: Reader, node: Node) -> str | None:
    name = v.text(reader, node)
    try:
        " ".encode(name or "utf-8")
    except (LookupError, UnicodeError, ValueError):
        hint = "write utf-8, utf-16, latin-1, cp1252, gb18030, big5 or shift_jis"
        reader.fault(
            node.mark,
            "bad_encoding",
            say("{name!r} is no encoding of texts", name=name),
            hint,
            length=scalar_length(node),
        )
        return None
    return name


def _zone(reader: Reader, node: Node) -> ZoneInfo | None:
    name = v.text(reader, node)
    try:
        return None if name is None else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = "write its full name: Asia/Shanghai, Europe/London"
        reader.fault(
            node.mark, "bad_zone", say("{name!r} is no time zone", name=name), hint, length=scalar_length(node)
        )
        return None


def _outcome(compiler: Compiler) -> Callable[[Reader, Node], Outcome | None]:
    def read(reader: Reader, node: Node) -> Outcome | None:
        totals: list[Total] = []
        scalars: list[Run] = []

        def of_property(expr: Expr) -> Run:
            before = len(totals)
            run = compiler.property(expr, totals)
            if len(totals) == before:
                scalars.append(run)
            return run

        fields = Fields(reader, node, "an entry of events")
        event = fields.need("event", v.label)
        when = fields.get("when", _compiled(compiler.condition))
        properties = fields.get("properties", v.mapping_of(_compiled(of_property)))
        fields.close()
        if event is None:
            return None
        return Outcome(event, when, tuple((properties or {}).items()), tuple(scalars), tuple(totals))

    return read


def _compiled(compile_: Callable[[Expr], T]) -> Callable[[Reader, Node], T | None]:
    """The reader of an expression that reports what is wrong in it at its very place."""

    def read(reader: Reader, node: Node) -> T | None:
        parsed = expression(reader, node)
        if parsed is None:
            return None
        try:
            return compile_(parsed.expr)
        except TypeFault as fault:
            _report(reader, parsed, fault)
            return None

    return read


def _report(reader: Reader, parsed: Expression, fault: TypeFault) -> None:
    file, line, column = parsed.locate(fault.on_the_name(parsed.text).start)
    _, last_line, last = parsed.locate(max(fault.start, fault.end - 1))
    length = last - column + 1 if last_line == line else 1
    reader.fault(Mark(file, line, column), fault.code, fault.message, fault.hint, length=length)


def _place(name: str, header: Sequence[str], file: str) -> int:
    found = [at for at, column in enumerate(header) if column == name]
    found = found or [at for at, column in enumerate(header) if _NO_NAME.sub("_", column) == name]
    if len(found) == 1:
        return found[0]
    if found:
        message = say(
            "{file} has {number} columns that row.{name} could be; give each a name of its own",
            file=file,
            number=len(found),
            name=name,
        )
        raise InputError(message, code="no_column")
    close = nearest(name, header)
    hint = (
        say("did you mean row.{close}?", close=close)
        if close
        else say("there is: {names}", names=", ".join(header)[:300])
    )
    raise InputError(f"{file} has no column {name!r}, which the mapping uses; {hint}", code="no_column", hint=hint)


def _json_text(record: dict[str, Any], name: str) -> str:
    value: Any = record
    for key in name.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    if value is None:
        return ""
    if isinstance(value, dict | list):
        raise EventRefused(f"{name} is an object or a list; a mapping reads texts and numbers", code="bad_type")
    return str(value).lower() if isinstance(value, bool) else str(value)
