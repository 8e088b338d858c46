"""What a value of a playbook may be, as pieces of JSON Schema; names of the workspace are filled in later."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "ANYTHING",
    "Key",
    "Kind",
    "Shape",
    "either",
    "listed",
    "many",
    "mapped",
    "named",
    "of",
    "pattern",
    "plain",
    "words",
]

Kind = dict[str, Any]
"""A piece of JSON Schema. `x-names` stands for the names of a thing in the workspace, `$ref` for a shape."""

ANYTHING: Kind = {}


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a shape. `later`: a part of the language that is read and not obeyed yet."""

    kind: Kind
    meaning: str
    example: object = None
    needed: bool = False
    later: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """A mapping with these keys. `what`: its name in the messages of `check`."""

    what: str
    keys: dict[str, Key]
    meaning: str = ""
    extra: Kind = field(default_factory=dict)


def plain(*types: str) -> Kind:
    """A value of JSON."""
    return {"type": list(types) if len(types) > 1 else types[0]}


def pattern(text: str, *, example: str) -> Kind:
    """A text of this form."""
    return {"type": "string", "pattern": text, "examples": [example]}


def words(*allowed: str) -> Kind:
    """One of a few words."""
    return {"enum": list(allowed)}


def named(what: str) -> Kind:
    """A name of the workspace: one of its `events`, `templates`, …."""
    return {"type": "string", "x-names": what}


def of(shape: str) -> Kind:
    """A mapping of a shape."""
    return {"$ref": f"#/definitions/{shape}"}


def mapped(kind: Kind) -> Kind:
    """Names with values of one kind."""
    return {"type": "object", "additionalProperties": kind}


def listed(kind: Kind) -> Kind:
    """A list, not empty."""
    return {"type": "array", "items": kind, "minItems": 1}


def many(kind: Kind) -> Kind:
    """One, or a list."""
    return {"anyOf": [kind, listed(kind)]}


def either(*kinds: Kind) -> Kind:
    """One of several kinds."""
    return {"anyOf": list(kinds)}
