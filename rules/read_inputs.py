"""Inputs of a playbook: what it asks for, the values that were given, and `${inputs.x}` where a value stands.

An input stands for a value and for nothing but a whole one: it is put in before anything else is read, and findings
about it show the place where it is used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from rules import read_values as v
from rules.fields import Fields, Read, Reader, named, scalar_length
from rules.hints import did_you_mean
from rules.nodes import Entry, Mapping, Node, Scalar, Sequence
from rules.read_names import list_of
from schemas.money import parse_money
from schemas.texts import say
from schemas.times import date_of
from segments.terms import Constant, ListOf
from segments.units import as_number

if TYPE_CHECKING:
    from collections.abc import Sequence as List

    from schemas.findings import Mark

__all__ = ["Inputs", "check_currency", "put_in", "read_inputs"]

_USE = re.compile(r"\$\{ *(?P<what>[^{}]*?) *\}")
_INPUT = re.compile(r"inputs\.(?P<name>[A-Za-z_][A-Za-z0-9_]*)")


@dataclass(frozen=True, slots=True)
class Inputs:
    """What was read. `nodes`: the value of each input as it stands in a file, None if there is none to be used."""

    nodes: dict[str, Node | None]
    constants: dict[str, Constant | ListOf]

    @property
    def missing(self) -> frozenset[tuple[str, str]]:
        """Those without a value, as `Definitions` names them."""
        return frozenset(("inputs", name) for name in self.nodes if name not in self.constants)


def read_inputs(reader: Reader, declared: List[Node], given: List[Entry]) -> Inputs:
    """The inputs with their values; `given`: the sections `values`."""
    values = {entry.key: entry for entry in named(reader, [section.value for section in given], "value")}
    inputs = Inputs({}, {})
    place = given[0].key_mark if given else None
    for entry in named(reader, declared, "input"):
        v.identifier(reader, Scalar(entry.key, entry.key, plain=True, mark=entry.key_mark, source=entry.key))
        _input(reader, entry, values.get(entry.key), place, inputs)
    for name, entry in values.items():
        if name not in inputs.nodes and reader.complete:
            message, hint = say("unknown {what} {name!r}", what="input", name=name), did_you_mean(name, inputs.nodes)
            reader.fault(entry.key_mark, "unknown_input", message, hint, length=len(name))
    return inputs


def _input(reader: Reader, entry: Entry, given: Entry | None, place: Mark | None, inputs: Inputs) -> None:
    fields = Fields(reader, entry.value, say("input {key!r}", key=entry.key), entry.key_mark)
    kind = fields.need("type", v.one_of(*_TYPES))
    allowed = fields.get("values", v.items(v.label))
    for key in ("title", "meaning"):
        fields.get(key, v.text)
    inputs.nodes[entry.key] = None
    if kind is None:
        fields.get("default", v.anything)
        fields.close()
        return
    read = _within(_TYPES[kind], allowed)
    found = fields.get("default", read)
    fields.close()
    node = fields.entry("default").value if "default" in fields else None
    if given is not None:
        node, found = given.value, read(reader, given.value)
    if node is None:
        message: str = say("the input {name!r} has no value", name=entry.key)
        hint = say("write values: {{{name}: …}} in touchline.yaml, or give it a default", name=entry.key)
        reader.fault(place or entry.key_mark, "missing_input", message, hint)
    elif isinstance(node, Scalar) and _USE.search(node.text):
        message = "the value of an input is written out and not made of others"
        reader.fault(node.mark, "input_in_text", message, "write the value itself", length=scalar_length(node))
    elif found is not None:
        inputs.nodes[entry.key], inputs.constants[entry.key] = node, found


def _within(read: Read[Constant | ListOf], allowed: list[str] | None) -> Read[Constant | ListOf]:
    """Only one of the texts that the input allows, if it says which."""
    if allowed is None:
        return read

    def read_one(reader: Reader, node: Node) -> Constant | None:
        value = v.one_of(*allowed)(reader, node)
        return None if value is None else Constant("text", value)

    return read_one


# -- values of each type


def _text(reader: Reader, node: Node) -> Constant | None:
    value = v.text(reader, node)
    return None if value is None else Constant("text", value)


def _integer(reader: Reader, node: Node) -> Constant | None:
    value = v.integer(reader, node)
    return None if value is None else Constant("number", value)


def _number(reader: Reader, node: Node) -> Constant | None:
    if isinstance(node, Scalar) and isinstance(node.value, int | Decimal) and not isinstance(node.value, bool):
        return Constant("number", as_number(node.value))
    reader.wrong_type(node, "a number")
    return None


def _money(reader: Reader, node: Node) -> Constant | None:
    value = v.money_text(reader, node)
    return None if value is None else Constant("money", parse_money(value)[0])


def _boolean(reader: Reader, node: Node) -> Constant | None:
    value = v.boolean(reader, node)
    return None if value is None else Constant("bool", value)


def _duration(reader: Reader, node: Node) -> Constant | None:
    value = v.duration(reader, node)
    return None if value is None else Constant("duration", value)


def _time(reader: Reader, node: Node) -> Constant | None:
    value = v.moment(reader, node)
    return None if value is None else Constant("time", value)


def _date(reader: Reader, node: Node) -> Constant | None:
    value = v.text(reader, node)
    try:
        return None if value is None else Constant("date", date_of(value).isoformat())
    except ValueError as error:
        reader.fault(node.mark, "bad_date", str(error), length=scalar_length(node))
        return None


_TYPES: dict[str, Read[Constant | ListOf]] = {
    "text": _text,
    "integer": _integer,
    "number": _number,
    "money": _money,
    "boolean": _boolean,
    "duration": _duration,
    "time": _time,
    "date": _date,
    "list": list_of,
}


def check_currency(reader: Reader, inputs: Inputs) -> None:
    """Amounts must be in the workspace's currency, which may itself have been an input."""
    for name, constant in inputs.constants.items():
        node = inputs.nodes[name]
        if constant.type == "money" and node is not None and not reader.has_fault_at(node.mark):
            v.money_text(reader, node)


# -- uses


def put_in(reader: Reader, node: Node, inputs: Inputs) -> Node:
    """The node with every `${inputs.x}` replaced by its value."""
    match node:
        case Mapping(entries, mark):
            return Mapping({k: replace(e, value=put_in(reader, e.value, inputs)) for k, e in entries.items()}, mark)
        case Sequence(items, mark):
            return Sequence(tuple(put_in(reader, item, inputs) for item in items), mark)
        case Scalar(value=str(text)) if "${" in text:
            return _used(reader, node, inputs)
    return node


def _used(reader: Reader, node: Scalar, inputs: Inputs) -> Node:
    use = _USE.fullmatch(node.text)
    if use is None:
        inside = _USE.search(node.text)
        if inside is not None and _INPUT.fullmatch(inside["what"]):
            message = "an input is a whole value and cannot stand within a text"
            hint = "in an expression write inputs.x; elsewhere give the whole text as an input"
            reader.fault(node.position(inside.start()), "input_in_text", message, hint, length=len(inside[0]))
        return node
    name = _INPUT.fullmatch(use["what"])
    if name is None or name["name"] not in inputs.nodes:
        if reader.complete:
            asked = name["name"] if name is not None else use["what"]
            message, hint = say("unknown {what} {name!r}", what="input", name=asked), did_you_mean(asked, inputs.nodes)
            reader.fault(node.mark, "unknown_input", message, hint, length=scalar_length(node))
        reader.mute(node.mark)
        return node
    value = inputs.nodes[name["name"]]
    if value is None:
        reader.mute(node.mark)
        return node
    if isinstance(value, Scalar):
        return replace(value, mark=node.mark, given=name["name"])
    return replace(value, mark=node.mark)
