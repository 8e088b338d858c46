"""Readers of what a playbook says exists: the workspace, events, traits, segments and the lifecycle."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from rules import read_values as v
from rules.fields import Fields, Reader, duplicate, named
from rules.hints import did_you_mean
from rules.nodes import Entry, Mapping, Node, Scalar, Sequence
from rules.read_conditions import condition, expression
from rules.read_lifetime import holdout
from rules.read_restraint import caps, quiet_hours
from schemas.catalogue import RESERVED_EVENTS, EventType, PropertyType, TraitType, TypeName, Workspace
from schemas.findings import Mark
from schemas.texts import say
from segments.model import Condition, Expression, Leaf, Segment, Stage
from segments.syntax import Literal

if TYPE_CHECKING:
    from collections.abc import Sequence as List

__all__ = ["FIRST_FILE", "WORKSPACE_KEYS", "events", "lifecycle", "segments", "traits", "workspace"]

FIRST_FILE = "touchline.yaml"
WORKSPACE_KEYS = (
    *("name", "zone", "currency", "language", "country", "unknown_events", "quiet_hours", "caps", "holdout", "history"),
    *("ad_words", "allowed_words"),
)
_TYPES = ("text", "integer", "number", "money", "boolean", "time", "date", "list")
_ALWAYS = Leaf(Expression("true", Literal(0, 4, value=True)))
"""Stands in for the condition of a segment that could not be read: its name still exists."""


def workspace(reader: Reader, entries: List[Entry]) -> tuple[Workspace, bool]:
    """The workspace, and whether unknown events are rejected. Sets the reader's currency."""
    if not entries:
        if reader.complete:
            hint = "write workspace: {zone: Asia/Shanghai, currency: CNY}"
            reader.fault(Mark(FIRST_FILE, 1, 1), "no_workspace", "the playbook has no workspace", hint)
        return Workspace("UTC", "XXX"), False
    for again in entries[1:]:
        duplicate(reader, again.key_mark, "the workspace", entries[0].key_mark)
    fields = Fields(reader, entries[0].value, "the workspace", entries[0].key_mark)
    zone, reader.currency = fields.need("zone", v.zone), fields.need("currency", v.currency)
    name, language = fields.get("name", v.label), fields.get("language", v.language)
    country = fields.get("country", v.country)
    reader.country = country or ""
    unknown = fields.get("unknown_events", v.one_of("keep", "reject"))
    quiet, limits = fields.get("quiet_hours", quiet_hours), fields.get("caps", caps)
    words, spared = fields.get("ad_words", v.items(v.label)), fields.get("allowed_words", v.items(v.label))
    held, history = fields.get("holdout", holdout), fields.get("history", v.duration)
    fields.later("contact_budget", "rhythm", "channels")
    fields.close()
    found = Workspace(
        zone or "UTC",
        reader.currency or "XXX",
        name or "",
        language or "en",
        quiet,
        limits or (),
        held,
        tuple(words or ()),
        tuple(spared or ()),
        reader.country,
        history,
    )
    return found, unknown == "reject"


def events(reader: Reader, nodes: List[Node]) -> dict[str, EventType]:
    """The events of the catalogue by name."""
    entries = named(reader, nodes, "event", any_text=True)
    taken = {entry.key: entry.key_mark for entry in entries}
    out = {}
    for entry in entries:
        if entry.key in RESERVED_EVENTS or entry.key == "*":
            reserved(reader, entry, "event")
        out[entry.key] = _event(reader, entry, taken)
    return out


def reserved(reader: Reader, entry: Entry, what: str) -> None:
    """Say that a name has a meaning of its own."""
    message = say("the {what} {key!r} has a meaning of its own and is always there", what=what, key=entry.key)
    reader.fault(entry.key_mark, "reserved_name", message, "take another name", length=len(entry.key))


def _event(reader: Reader, entry: Entry, taken: dict[str, Mark]) -> EventType:
    if isinstance(entry.value, Scalar) and entry.value.value is None:
        return EventType(entry.key)  # a name alone says that the event exists
    fields = Fields(reader, entry.value, say("event {key!r}", key=entry.key), entry.key_mark)

    def alias(reader: Reader, node: Node) -> str | None:
        name = v.label(reader, node)
        if name is None or name == entry.key:
            return None
        if name in taken or name in RESERVED_EVENTS:
            duplicate(reader, node.mark, say("event {name!r}", name=name), taken.get(name, node.mark))
            return None
        taken[name] = node.mark
        return name

    title, aliases = fields.get("title", v.text), fields.get("aliases", v.one_or_more(alias))
    interaction = fields.get("interaction", v.boolean)
    properties = fields.get("properties", _properties)
    gone, replacement = fields.get("retired", v.boolean), fields.get("replaced_by", v.label)
    _notes(fields)
    fields.close()
    if replacement is not None and replacement not in taken:
        unknown = say("unknown {what} {name!r}", what="event", name=replacement)
        reader.fault(fields.place("replaced_by"), "unknown_event", unknown, did_you_mean(replacement, taken))
    return EventType(
        entry.key,
        properties or {},
        tuple(aliases or ()),
        interaction is not False,
        title or "",
        gone is True,
        replacement or "",
    )


def _notes(fields: Fields) -> None:
    for key in ("meaning", "example", "unit"):
        fields.get(key, v.anything)


def _properties(reader: Reader, node: Node) -> dict[str, PropertyType]:
    return {
        entry.key: reader.declare(entry.key, partial(_property, reader, entry))
        for entry in named(reader, [node], "property", any_text=True)
    }


def _property(reader: Reader, entry: Entry) -> PropertyType:
    fields = Fields(reader, entry.value, say("property {key!r}", key=entry.key), entry.key_mark)
    kind = cast("TypeName | None", fields.need("type", v.one_of(*_TYPES)))
    least, of = fields.get("min", v.integer), fields.get("of", _properties)
    values, meaning = fields.get("values", v.items(v.label)), fields.get("meaning", v.text)
    for key in ("title", "example", "unit", "personal"):
        fields.get(key, v.anything)
    fields.close()
    _only(fields, "min", kind, "money", "integer", "number")
    _only(fields, "of", kind, "list")
    _only(fields, "values", kind, "text")
    return PropertyType(kind or "text", least, of, None if values is None else tuple(values), meaning or "")


def _only(fields: Fields, key: str, kind: str | None, *kinds: str) -> None:
    if key in fields and kind is not None and kind not in kinds:
        message = say(
            "{what} is of type {kind}; `{key}` belongs to {names}",
            what=fields.what,
            kind=kind,
            key=key,
            names=", ".join(kinds),
        )
        fields.reader.fault(fields.entry(key).key_mark, "not_allowed", message, "take it out", length=len(key))


def traits(reader: Reader, nodes: List[Node]) -> dict[str, TraitType]:
    """The traits of the catalogue by name."""
    out = {}
    for entry in named(reader, nodes, "trait", any_text=True):
        if entry.key == "stage":
            reserved(reader, entry, "trait")
        out[entry.key] = reader.declare(entry.key, partial(_trait, reader, entry))
    return out


def _trait(reader: Reader, entry: Entry) -> TraitType:
    fields = Fields(reader, entry.value, say("trait {key!r}", key=entry.key), entry.key_mark)
    kind = cast("TypeName | None", fields.need("type", v.one_of(*_TYPES)))
    source = fields.get("from", expression)
    personal, title = fields.get("personal", v.boolean), fields.get("title", v.text)
    gone, replacement = fields.get("retired", v.boolean), fields.get("replaced_by", v.label)
    _notes(fields)
    fields.later("on_change")
    fields.close()
    place = source.locate(0) if source else ("catalogue", 1, 1)
    return TraitType(
        entry.key,
        kind or "text",
        source.text if source else None,
        personal is True,
        title or "",
        place,
        gone is True,
        replacement or "",
    )


def segments(reader: Reader, nodes: List[Node]) -> dict[str, Segment]:
    """The segments by id; one whose condition cannot be read stays, so that what refers to it is not called wrong."""
    out = {}
    for entry in named(reader, nodes, "segment"):
        fields = Fields(reader, entry.value, say("segment {key!r}", key=entry.key), entry.key_mark)
        title, when = fields.get("title", v.text), fields.need("when", condition)
        fields.waive()
        fields.later("on_change")
        fields.close()
        out[entry.key] = Segment(entry.key, when or _ALWAYS, title or "")
        reader.places["segment", entry.key] = entry.key_mark
    return out


def lifecycle(reader: Reader, entries: List[Entry]) -> tuple[Stage, ...]:
    """The stages in their order; `otherwise` has no condition."""
    for again in entries[1:]:
        duplicate(reader, again.key_mark, "the lifecycle", entries[0].key_mark)
    if not entries:
        return ()
    reader.places["lifecycle",] = entries[0].key_mark
    node = entries[0].value
    if not isinstance(node, Sequence):
        hint = "- id: new\n  when: …" if isinstance(node, Mapping) else ""
        reader.wrong_type(node, "a list of stages in their order", hint)
        return ()
    stages: dict[str, Stage] = {}
    for item in node.items:
        _add_stage(reader, item, stages)
    return tuple(stages.values())


def _add_stage(reader: Reader, node: Node, stages: dict[str, Stage]) -> None:
    fields = Fields(reader, node, "a stage")
    id_, title = fields.need("id", v.name), fields.get("title", v.text)
    when, otherwise = fields.get("when", condition), fields.get("otherwise", v.boolean)
    fields.later("on_change")
    fields.close()
    if id_ is None:
        return
    if id_ in stages:
        duplicate(reader, fields.place("id"), say("stage {id!r}", id=id_), reader.places["stage", id_])
        return
    reader.places["stage", id_] = fields.place("id")
    stages[id_] = Stage(id_, _stage_condition(reader, fields, when, otherwise), title or "")


def _stage_condition(
    reader: Reader, fields: Fields, when: Condition | None, otherwise: bool | None
) -> Condition | None:
    if ("when" in fields) == ("otherwise" in fields):
        message = "a stage has either `when` or `otherwise: true`"
        reader.fault(fields.mark, "bad_stage", message, "the last stage is `otherwise: true`")
        return _ALWAYS
    if otherwise is False:
        reader.fault(
            fields.place("otherwise"), "not_allowed", "`otherwise` can only be true", "take it out and write `when`"
        )
    return None if "otherwise" in fields else when or _ALWAYS
