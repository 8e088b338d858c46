"""The JSON Schema of a playbook's files; given a playbook, with its own names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rules.read import _LATER as LATER_SECTIONS
from rules.schema.shapes import LATER, SECTIONS, SHAPES
from schemas.catalogue import RESERVED_EVENTS
from segments.normalise import STAGE

if TYPE_CHECKING:
    from rules.model import Playbook
    from rules.schema.kinds import Key, Kind, Shape

__all__ = ["schema_of"]

_Names = dict[str, list[str]]
INPUT: Kind = {"type": "string", "pattern": r"^\$\{ *inputs\.[A-Za-z_][A-Za-z0-9_]* *\}$"}
"""The use of an input, as a whole value."""


def schema_of(playbook: Playbook | None) -> dict[str, Any]:
    """The schema (draft 7), for the files of any playbook or of this one."""
    names: _Names = {"inputs": ["x"]} if playbook is None else _names(playbook)
    sections = {name: {**_filled(kind, names), "description": text} for name, (kind, text) in SECTIONS.items()}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Touchline playbook",
        "type": "object",
        "properties": sections | {name: {"description": LATER} for name in LATER_SECTIONS},
        "additionalProperties": False,
        "definitions": {name: _shape(name, shape, names) for name, shape in SHAPES.items()},
    }


def _names(playbook: Playbook) -> _Names:
    stages = [stage.id for stage in playbook.stages]
    return {
        "events": sorted({*playbook.catalogue.resolve(), *RESERVED_EVENTS}),
        "traits": sorted({*playbook.catalogue.traits, "zone", "language"}),
        "changes": sorted({*playbook.segments, *stages, *(STAGE + stage for stage in stages)}),
        "templates": sorted(playbook.templates),
        "pools": sorted(playbook.pools),
        "communities": sorted(playbook.communities),
        "inputs": sorted(playbook.definitions.inputs),
    }


def _shape(name: str, shape: Shape, names: _Names) -> Kind:
    made: Kind = {
        "type": "object",
        "properties": {key: _key(each, names) for key, each in shape.keys.items()},
        "additionalProperties": False,
        **shape.extra,
    }
    needed = [key for key, each in shape.keys.items() if each.needed]
    if needed:
        made["required"] = needed
    if name == "condition":  # also a text, or a list of conditions
        items = {"type": "array", "items": {"$ref": "#/definitions/condition"}, "minItems": 1}
        return {"anyOf": [{"type": ["string", "boolean", "number"]}, items, made]}
    if name == "step":
        return {"anyOf": [made, {"const": "stop"}]}
    return made


def _key(key: Key, names: _Names) -> Kind:
    made = _filled(key.kind, names)
    if "$ref" in made:  # what stands beside a reference is not read in draft 7
        made = {"allOf": [made]}
    made["description"] = f"{LATER} {key.meaning}".strip() if key.later and key.meaning != LATER else key.meaning
    if key.example is not None:
        made["examples"] = [key.example]
    return made


def _filled(kind: Kind, names: _Names) -> Kind:
    """The kind with the names of the playbook in it."""
    made: Kind = {key: _inside(key, value, names) for key, value in kind.items() if not key.startswith("x-")}
    what, keys = kind.get("x-names"), kind.get("x-keys")
    if what in names:
        made["enum"] = names[what]
    if keys in names:
        made["properties"] = dict.fromkeys(names[keys], made["additionalProperties"])
        made["additionalProperties"] = False
    return _or_input(made) if names.get("inputs") else made


def _or_input(kind: Kind) -> Kind:
    """The kind, or `${inputs.x}` where that is no such value by itself."""
    strict = kind.keys() & {"enum", "pattern"} or kind.get("type") in ("integer", "boolean", "array")
    return {"anyOf": [kind, INPUT]} if strict else kind


def _inside(key: str, value: object, names: _Names) -> object:
    if isinstance(value, dict):
        return _filled(value, {**names, "inputs": []} if key == "propertyNames" else names)
    return [_inside(key, each, names) for each in value] if isinstance(value, list) else value
