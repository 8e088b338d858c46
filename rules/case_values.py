"""Values in the tests of a playbook: moments from the start, and properties and traits as the catalogue types them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rules import read_values as v
from rules.coerce import trait_value
from rules.fields import Fields, Reader, scalar_length
from rules.hints import did_you_mean
from rules.localtimes import parse_moment
from rules.model import Action, Playbook, Rule, walk_steps
from rules.nodes import Mapping, Node, Scalar, Sequence
from rules.references import References
from schemas.catalogue import RESERVED_EVENTS, PropertyType
from schemas.errors import EventRefused
from schemas.ids import check_id
from schemas.texts import say
from schemas.times import EARLIEST, LATEST, format_time

if TYPE_CHECKING:
    from rules.fields import Read
    from rules.read import Reading

__all__ = ["PERSON", "CaseReferences", "CaseValues", "plain_value", "references_of"]

PERSON = "p"
"""The person of a test that names nobody."""


def plain_value(reader: Reader, node: Node) -> Any:  # noqa: ANN401 - a JSON value
    """Whatever YAML says, as JSON would."""
    match node:
        case Scalar():
            return node.value
        case Sequence():
            return [plain_value(reader, item) for item in node.items]
        case Mapping():
            return {key: plain_value(reader, entry.value) for key, entry in node.entries.items()}


@dataclass(frozen=True, slots=True)
class CaseReferences(References):
    """What the tests of a playbook may name besides: its rules, and segments and stages by their bare names.

    Of a playbook with faults nothing is said that may follow from one of them: `sound`: it has none; `broken`: rules
    that could not be read whole; `doubtful`: properties and traits whose types cannot be relied on.
    """

    rules: Collection[Rule] = ()
    sound: bool = True
    broken: frozenset[str] = frozenset()
    doubtful: frozenset[str] = frozenset()

    def rule(self, reader: Reader, node: Node) -> str | None:
        """The id of a rule that decides."""
        known = {rule.id: rule.status for rule in self.rules}
        name = self._one_of(reader, node, "rule", known)
        if name is None or known.get(name) in {"live", "shadow"}:
            return name
        message = say("the rule {name!r} is {status}: it decides nothing", name=name, status=known[name])
        reader.fault(node.mark, "not_allowed", message, "make it live or shadow", length=scalar_length(node))
        return None

    def step(self, reader: Reader, node: Node, rule: str | None) -> str | None:
        """A step that decides, of a rule (None: of any), by its place in the file or its `id`."""
        value = node.text if isinstance(node, Scalar) and node.value is not None else v.text(reader, node)
        if value is None or not self.complete or (self.broken if rule is None else rule in self.broken):
            return value
        acting = [
            (path, step)
            for each in self.rules
            if rule in {None, each.id}
            for path, step in walk_steps(each.then)
            if isinstance(step, Action)
        ]
        known = sorted({path for path, _ in acting} | {step.id for _, step in acting if step.id is not None})
        if value not in known:
            message = say("no step that decides is called {name!r}", name=value)
            hint = did_you_mean(value, known)
            reader.fault(node.mark, "unknown_step", message, hint, length=scalar_length(node))
        return value

    def segment(self, reader: Reader, node: Node) -> str | None:
        """A segment."""
        return self._one_of(reader, node, "segment", self.segments)

    def stage(self, reader: Reader, node: Node) -> str | None:
        """A stage of the lifecycle."""
        return self._one_of(reader, node, "stage", self.stages)


def references_of(playbook: Playbook, reading: Reading | None = None) -> CaseReferences:
    """What the tests of a playbook may name. `reading`: how it was read, if that may have brought faults to light."""
    sound = _names_of(playbook)
    if reading is None or not reading.faulty:
        return sound
    return replace(
        sound,
        complete=reading.complete,
        typed=reading.typed,
        sound=False,
        broken=reading.broken,
        doubtful=reading.doubtful,
    )


def _names_of(playbook: Playbook) -> CaseReferences:
    return CaseReferences(
        playbook.catalogue,
        playbook.catalogue.resolve(),
        playbook.segments,
        [stage.id for stage in playbook.stages],
        playbook.templates,
        playbook.pools,
        playbook.communities,
        rules=tuple(playbook.rules.values()),
    )


@dataclass(slots=True)
class CaseValues:
    """Reads the values of one test. `start` unix ms; `known`: its people, None: anybody may be named."""

    playbook: Playbook
    references: CaseReferences
    start: int
    known: frozenset[str] | None = None

    # -- who and when
    def person(self, reader: Reader, node: Node) -> str | None:
        """A person's id."""
        value = v.text(reader, node)
        if value is None:
            return None
        try:
            check_id(value, "person")
        except EventRefused as error:
            reader.fault(node.mark, "bad_id", error.message, length=scalar_length(node))
            return None
        if self.known is not None and value not in self.known:
            message = say("nobody in this test is called {value!r}", value=value)
            hint = did_you_mean(value, self.known)
            reader.fault(node.mark, "unknown_person", message, hint, length=scalar_length(node))
            return None
        return value

    def whose(self, fields: Fields) -> str | None:
        """The person of a mapping; where it names none, the only one there is."""
        named = fields.get("person", self.person)
        if "person" in fields:
            return named
        if self.known is None or PERSON in self.known or not fields.ok:
            return PERSON
        if len(self.known) == 1:
            return next(iter(self.known))
        message = say("{what} does not say who", what=fields.what)
        hint = say("add `person:` with one of {names}", names=", ".join(sorted(self.known)))
        fields.reader.fault(fields.mark, "missing_key", message, hint)
        return None

    def moment(self, reader: Reader, node: Node) -> int | None:
        """Unix ms of `30m` from the start, or of a local time."""
        text = node.text if isinstance(node, Scalar) and node.value is not None else ""
        try:
            at = parse_moment(text, self.start, self.playbook.workspace.zone)
            message: str = say("{text!r} lies outside the years 2000 to 2099", text=text)
        except (ValueError, OverflowError) as error:
            at, message = -1, str(error)
        if EARLIEST <= at < LATEST:
            return at
        reader.fault(node.mark, "bad_time", message, length=scalar_length(node))
        return None

    # -- typed values
    def property(self, event: str, name: str) -> Read[Any]:
        """The reader of a property of an event (a name of the catalogue)."""
        kind = self.playbook.catalogue.events.get(event)
        return self._typed(name, None if kind is None else kind.properties.get(name))

    def trait(self, name: str) -> Read[Any]:
        """The reader of a trait's value."""
        kind = self.playbook.catalogue.traits.get(name)
        return self._typed(name, PropertyType("text") if kind is None else PropertyType(kind.type))

    def _typed(self, name: str, kind: PropertyType | None) -> Read[Any]:
        def read(reader: Reader, node: Node) -> Any:  # noqa: ANN401 - a JSON value
            value = plain_value(reader, node)
            if kind is None or value is None or name in self.references.doubtful:
                return value
            if kind.type == "time" and isinstance(node, Scalar):
                moment = self.moment(reader, node)
                return None if moment is None else format_time(moment)
            try:
                trait_value(name, kind, self.playbook.workspace.currency)(value)
            except EventRefused as error:
                message = say("the event would be refused: {reason}", reason=error.message)
                reader.fault(node.mark, "wrong_type", message, length=scalar_length(node))
                return None
            return value

        return read

    def traits(self, reader: Reader, node: Node) -> dict[str, Any]:
        """Traits with their values."""
        if not isinstance(node, Mapping):
            reader.wrong_type(node, "traits with their values")
            return {}
        out = {}
        for entry in node.entries.values():
            named = Scalar(entry.key, entry.key, plain=True, mark=entry.key_mark, source=entry.key)
            if self.references.trait(reader, named) is not None:
                out[entry.key] = self.trait(entry.key)(reader, entry.value)
        return out

    def properties(self, reader: Reader, event: str, entries: Mapping, reserved: frozenset[str]) -> dict[str, Any]:
        """The properties of an event: every key that is not reserved. Unknown ones are reported."""
        out: dict[str, Any] = {}
        for name, entry in entries.entries.items():
            if name in reserved:
                continue
            if event == "person.updated":
                out[name] = self.trait(name)(reader, entry.value)
                continue
            if event not in RESERVED_EVENTS:
                self.references.check_property(reader, entry.key_mark, event, name)
            out[name] = self.property(event, name)(reader, entry.value)
        return out
