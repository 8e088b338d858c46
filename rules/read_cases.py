"""The files below `tests/` of a playbook: given, when, then, each test read against what the playbook says exists."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rules import read_values as v
from rules.case_values import PERSON, CaseValues, references_of
from rules.cases import Case, Given, Happening
from rules.fields import Fields, Reader, duplicate
from rules.loader import load
from rules.localtimes import parse_local
from rules.nodes import Mapping, Node, Scalar, Sequence
from rules.read_expected import read_expected
from rules.read_offers import channel
from schemas.events import Event
from schemas.texts import say

if TYPE_CHECKING:
    from collections.abc import Mapping as Dictionary

    from rules.case_values import CaseReferences
    from rules.model import Playbook
    from rules.read import Reading
    from schemas.findings import Finding, Mark

__all__ = ["START", "read_cases"]

START = "2026-01-05 10:00"
"""When a test begins that does not say so, in the workspace's zone: a Monday."""

_RESERVED = frozenset({"at", "event", "id", "person", "time", "source"})
_EXAMPLE = say("begin with `tests:` and a list of tests, each with `name`, `when` and `expect`")
_PEOPLE_KEYS = ("traits", "consent", "contacts", "tags", "events")


def read_cases(
    files: Dictionary[str, str], playbook: Playbook, reading: Reading | None = None
) -> tuple[list[Case], list[Finding]]:
    """The tests of these files and what is wrong with them, sorted. `files`: names → texts.

    `reading`: of a playbook that may have faults: how it was read. Nothing is then said that may follow from them.
    """
    reader = Reader(currency=playbook.workspace.currency)
    references = references_of(playbook, reading)
    names: dict[str, Mark] = {}
    cases: list[Case] = []
    for name, text in sorted(files.items()):
        root, findings = load(text, name)
        for finding in findings:
            reader.add(finding)
        nodes, defaults = _tests(reader, root)
        for node in nodes:
            case = _CaseReader(playbook, references, names).read(reader, node)
            if case is not None:
                cases.append(replace(case, defaults=defaults))
    return cases, sorted(reader.findings)


def _tests(reader: Reader, root: Node | None) -> tuple[tuple[Node, ...], bool]:
    """The tests of a file, and whether they play on the defaults of inputs."""
    if root is None or (isinstance(root, Scalar) and root.value is None):
        return (), False
    if not isinstance(root, Mapping):
        reader.wrong_type(root, "a file with tests", _EXAMPLE)
        return (), False
    fields = Fields(reader, root, "a file of tests")
    inputs = fields.get("inputs", v.one_of("defaults"))
    found = fields.need("tests", _list)
    fields.close()
    return found or (), inputs is not None


def _list(reader: Reader, node: Node) -> tuple[Node, ...]:
    if isinstance(node, Sequence):
        return node.items
    reader.wrong_type(node, "a list of tests", "put `- ` before each test")
    return ()


class _CaseReader:
    """Reads one test."""

    def __init__(self, playbook: Playbook, references: CaseReferences, names: dict[str, Mark]) -> None:
        self.playbook, self.names = playbook, names
        zone = playbook.workspace.zone
        self.values = CaseValues(playbook, references, parse_local(START, zone))
        self._ids = 0
        self._stock: dict[str, int] = {}

    def read(self, reader: Reader, node: Node) -> Case | None:
        """The test, None where it cannot be run."""
        before = reader.errors
        fields = Fields(reader, node, "a test")
        name = fields.need("name", v.label)
        start = fields.get("start", self.values.moment)
        self.values.start = start or self.values.start
        people = fields.get("given", self._given) or ()
        steps, end = fields.need("when", self._steps) or ((), self.values.start)
        self._everybody(people, steps)
        expected = fields.need("expect", lambda reader, node: read_expected(reader, node, self.values))
        fields.close()
        self._name_once(reader, fields, name)
        if name is None or expected is None or reader.errors > before:
            return None
        asked = [wanted.at for wanted in expected.decisions] + [each.at for each in expected.memberships]
        end = max([end, *(at for at in asked if at is not None)])
        return Case(
            name=name, mark=node.mark, start=self.values.start, end=end, people=people, steps=steps, expected=expected,
            stock=self._stock,
        )  # fmt: skip

    def _name_once(self, reader: Reader, fields: Fields, name: str | None) -> None:
        if name is None:
            return
        place = fields.place("name")
        if name in self.names:
            duplicate(reader, place, say("the test {name!r}", name=name), self.names[name])
        self.names.setdefault(name, place)

    def _everybody(self, people: tuple[Given, ...], steps: tuple[Happening, ...]) -> None:
        """From here on a person who is named must be one of these."""
        named = {given.person for given in people} | {step.event.person for step in steps}
        self.values.known = frozenset(named or {PERSON})

    # -- given
    def _given(self, reader: Reader, node: Node) -> tuple[Given, ...]:
        fields = Fields(reader, node, "`given`")
        self._stock = fields.get("stock", self._stocks) or {}
        people = fields.get("people", self._people)
        if people is None:
            return (self._one(fields, PERSON),)
        for key in fields.first_of(*_PEOPLE_KEYS):
            message = say("{key!r} stands beside `people`, so it belongs to nobody", key=key)
            reader.fault(
                fields.entry(key).key_mark, "not_allowed", message, "put it under one of them", length=len(key)
            )
        fields.close()
        self.values.known = frozenset(given.person for given in people)
        return people

    def _stocks(self, reader: Reader, node: Node) -> dict[str, int]:
        """How many coupons of a pool are left."""
        left = v.mapping_of(v.natural, self.values.references.pool)(reader, node) or {}
        for entry in node.entries.values() if isinstance(node, Mapping) else ():
            pool = self.playbook.pools.get(entry.key) if self.values.references.sound else None
            if pool is None or left.get(entry.key) is None or left[entry.key] <= (pool.stock or -1):
                continue
            message = say("the pool {name!r} has a stock of {stock}", name=entry.key, stock=pool.stock)
            if pool.stock is None:
                message = say("the pool {name!r} has no `stock`, so it never runs out", name=entry.key)
            reader.fault(entry.value.mark, "not_allowed", message, "write how many of its coupons are left")
        return left

    def _people(self, reader: Reader, node: Node) -> tuple[Given, ...]:
        if not isinstance(node, Mapping):
            reader.wrong_type(node, "people by their names")
            return ()
        out = []
        for entry in node.entries.values():
            named = Scalar(entry.key, entry.key, plain=True, mark=entry.key_mark, source=entry.key)
            person = self.values.person(reader, named)
            empty = isinstance(entry.value, Scalar) and entry.value.value is None
            value = Mapping({}, entry.value.mark) if empty else entry.value
            given = self._one(
                Fields(reader, value, say("the person {name!r}", name=entry.key), entry.key_mark), entry.key
            )
            if person is not None:
                out.append(given)
        return tuple(out)

    def _one(self, fields: Fields, person: str) -> Given:
        """One person: traits, consents and addresses as the events that an import would bring."""
        history = [
            *self._event(fields, person, "traits", "person.updated", fields.get("traits", self.values.traits)),
            *(
                happening
                for each in fields.get("consent", _consents) or ()
                for happening in self._event(fields, person, "consent", "consent.given", each)
            ),
            *(
                happening
                for each in fields.get("contacts", lambda r, n: _contacts(r, n, person)) or ()
                for happening in self._event(fields, person, "contacts", "contact.updated", each)
            ),
        ]
        earlier = fields.get("events", lambda r, n: self._earlier(r, n, person)) or ()
        tags = fields.get("tags", v.one_or_more(v.label)) or ()
        fields.close()
        if tags and not history and not earlier:  # an import that brings nothing but makes the person known
            history = self._event(fields, person, "tags", "person.updated", {})
        return Given(person, (*history, *earlier), tuple(sorted(set(tags))))

    def _event(
        self, fields: Fields, person: str, key: str, name: str, properties: dict[str, Any] | None
    ) -> list[Happening]:
        if properties is None:
            return []
        at = self.values.start - 1
        return [Happening(at, Event(self._id(), person, name, at, properties), fields.place(key))]

    def _id(self) -> str:
        self._ids += 1
        return f"test-{self._ids}"

    def _earlier(self, reader: Reader, node: Node, person: str) -> tuple[Happening, ...]:
        """Events before the test, in the order of their times: history, so that they start no rule."""
        start, out = self.values.start, []
        for item in _list_of(reader, node, say("a list of events")):
            fields = Fields(reader, item, "an earlier event")
            at, event = fields.need("at", self.values.moment), self._event_of(reader, fields, item, person)
            if at is None or event is None:
                continue
            if at >= start:
                hint = "write how long before: -40d; what happens in the test stands under `when`"
                reader.fault(fields.place("at"), "not_allowed", "an earlier event lies before the start", hint)
            out.append(
                (
                    at,
                    Happening(
                        start - 1, Event(event.id, person, event.name, at, event.properties, event.source), item.mark
                    ),
                )
            )
        return tuple(happening for _, happening in sorted(out, key=lambda each: each[0]))

    # -- when
    def _steps(self, reader: Reader, node: Node) -> tuple[tuple[Happening, ...], int]:
        """The events of the test, and the moment at which it ends."""
        at, out = self.values.start, []
        for item in _list_of(reader, node, say("a list of steps")):
            fields = Fields(reader, item, "a step")
            moment = fields.get("at", self.values.moment)
            if moment is not None and moment < at:
                message = (
                    "this lies before the start" if moment < self.values.start else "this lies before the step above"
                )
                hint = "what came earlier stands under `given: {events: …}`; steps stand in the order of time"
                reader.fault(fields.place("at"), "not_allowed", message, hint)
            at = max(at, moment or at)
            if "event" in fields:
                happening = self._step(reader, fields, item, at)
                out += [] if happening is None else [happening]
                continue
            if "at" not in fields and fields.ok:
                fields.need("at", v.anything)
            fields.close()
        return tuple(out), at

    def _step(self, reader: Reader, fields: Fields, node: Node, at: int) -> Happening | None:
        person = self.values.whose(fields)
        event = self._event_of(reader, fields, node, person or PERSON)
        return None if event is None else Happening(at, event, node.mark)

    def _event_of(self, reader: Reader, fields: Fields, node: Node, person: str) -> Event | None:
        """The event of a step: keys that are not reserved are its properties."""
        name = fields.need("event", self.values.references.event)
        identity, source = fields.get("id", v.label), fields.get("source", v.label)
        time = fields.get("time", self.values.moment)
        if name is None or not isinstance(node, Mapping):
            return None
        properties = self.values.properties(reader, name, node, _RESERVED)
        return Event(identity or self._id(), person, name, time, properties, source or "")


def _list_of(reader: Reader, node: Node, what: str) -> tuple[Node, ...]:
    if isinstance(node, Sequence):
        return node.items
    reader.wrong_type(node, what, "put `- ` before each")
    return ()


def _consents(reader: Reader, node: Node) -> tuple[dict[str, Any], ...]:
    """`marketing`, a list of purposes, or purposes with the channels that they are for."""
    purpose = v.one_of("marketing")
    if not isinstance(node, Mapping):
        purposes = v.one_or_more(purpose)(reader, node) or ()
        return tuple({"purpose": each} for each in purposes)
    channels = v.mapping_of(v.one_or_more(channel), purpose)(reader, node) or {}
    return tuple({"purpose": each, "channel": name} for each, names in channels.items() for name in names)


def _contacts(reader: Reader, node: Node, person: str) -> tuple[dict[str, Any], ...]:
    """Addresses by channel; of a bare list of channels the addresses are made up."""
    if not isinstance(node, Mapping):
        channels = v.one_or_more(channel)(reader, node) or ()
        return tuple({"channel": each, "address": f"{person}@{each}.test"} for each in channels)
    addresses = v.mapping_of(v.label, channel)(reader, node) or {}
    return tuple({"channel": each, "address": address} for each, address in addresses.items())
