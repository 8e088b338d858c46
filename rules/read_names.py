"""Readers of what a playbook gives a name to: lists of values, and the conditions and values under `let`."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from rules import read_values as v
from rules.fields import Reader, describe, named, scalar_length
from rules.nodes import Entry, Mapping, Node, Scalar
from rules.read_conditions import condition
from schemas.texts import say
from segments.definitions import Definitions
from segments.terms import Constant, ListOf
from segments.units import as_number

if TYPE_CHECKING:
    from collections.abc import Sequence as List

__all__ = ["definitions", "list_of"]


def definitions(reader: Reader, lists: List[Node], lets: List[Node]) -> Definitions:
    """The named lists, conditions and values; what cannot be read is missing, so that its uses are not called wrong."""
    values = {entry.key: list_of(reader, entry.value) for entry in _entries(reader, lists, "list")}
    conditions = {entry.key: condition(reader, entry.value) for entry in _entries(reader, lets, "name under let")}
    missing = {("lists", name) for name, value in values.items() if value is None}
    missing |= {("let", name) for name, held in conditions.items() if held is None}
    return Definitions(
        {name: value for name, value in values.items() if value is not None},
        {name: held for name, held in conditions.items() if held is not None},
        missing=frozenset(missing),
    )


def _entries(reader: Reader, nodes: List[Node], what: str) -> list[Entry]:
    """The entries whose names expressions can write."""
    found = named(reader, nodes, what)
    for entry in found:
        if not reader.has_fault_at(entry.key_mark):
            v.identifier(reader, Scalar(entry.key, entry.key, plain=True, mark=entry.key_mark, source=entry.key))
    return found


def list_of(reader: Reader, node: Node) -> ListOf | None:
    """A list of texts, of numbers or of truth values."""
    constants = v.items(_constant)(reader, node)
    if constants is None or isinstance(node, (Scalar, Mapping)):
        return None
    for constant, item in zip(constants, node.items, strict=False):
        if constant.type != constants[0].type and len(constants) == len(node.items):
            message = say(
                "the list begins with a {type}, this is {found}", type=constants[0].type, found=describe(item)
            )
            reader.fault(item.mark, "wrong_type", message, "one list, one type", length=scalar_length(item))
            return None
    return ListOf("list", tuple(constants))


def _constant(reader: Reader, node: Node) -> Constant | None:
    match node:
        case Scalar(value=bool() as truth):
            return Constant("bool", truth)
        case Scalar(value=str() as text):
            return Constant("text", text)
        case Scalar(value=int() | Decimal() as number):
            return Constant("number", as_number(number))
    reader.wrong_type(node, "a text, a number, true or false")
    return None
