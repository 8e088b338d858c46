"""Readers of expressions and conditions: text to tree, each with the place of every character."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.nodes import Mapping, Node, Scalar, Sequence
from schemas.texts import say
from segments.model import Condition, Either, Every, Expression, Leaf, Negation
from segments.syntax import ExpressionError, parse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.fields import Reader

__all__ = ["condition", "exception", "expression"]

_SHAPES = ("all", "any", "not")


def expression(reader: Reader, node: Node) -> Expression | None:
    """One expression; a number or truth value of YAML stands for itself."""
    if not isinstance(node, Scalar) or node.value is None:
        reader.wrong_type(node, "an expression", 'write one as text: count("order.paid", "30d") >= 1')
        return None
    if node.given:
        return _of_input(node)
    text = node.value if isinstance(node.value, str) else node.text
    try:
        tree = parse(text)
    except ExpressionError as error:
        place, end = node.position(error.start), node.position(max(error.start, error.end - 1))
        length = end.column - place.column + 1 if end.line == place.line else 1
        reader.fault(place, f"expr_{error.code}", error.message, error.hint, length=length)
        return None

    def locate(offset: int) -> tuple[str, int, int]:
        mark = node.position(offset)
        return mark.file, mark.line, mark.column

    return Expression(text, tree, locate)


def _of_input(node: Scalar) -> Expression:
    """`${inputs.x}` where an expression stands is the expression `inputs.x`."""
    text = f"inputs.{node.given}"
    return Expression(text, parse(text), lambda _: (node.mark.file, node.mark.line, node.mark.column))


def condition(reader: Reader, node: Node) -> Condition | None:
    """An expression; a list, all of which must hold; or one of `all:`, `any:`, `not:` with more of the same."""
    if isinstance(node, Mapping):
        return _shape(reader, node)
    if isinstance(node, Sequence):
        items = _conditions(reader, node)
        return Every(items) if len(items) > 1 else next(iter(items), None)
    read = expression(reader, node)
    return None if read is None else Leaf(read)


def exception(reader: Reader, node: Node) -> Condition | None:
    """What stands under `unless`: like a condition, but of a list one that holds is enough."""
    if not isinstance(node, Sequence):
        return condition(reader, node)
    items = _conditions(reader, node)
    return Either(items) if len(items) > 1 else next(iter(items), None)


def _conditions(reader: Reader, node: Sequence) -> tuple[Condition, ...]:
    if not node.items:
        reader.fault(node.mark, "empty", "the list of conditions is empty", "write a condition, or leave the key out")
    return _present(condition(reader, item) for item in node.items)


def _present(items: Iterable[Condition | None]) -> tuple[Condition, ...]:
    return tuple(item for item in items if item is not None)


def _shape(reader: Reader, node: Mapping) -> Condition | None:
    keys = list(node.entries)
    if len(keys) != 1 or keys[0] not in _SHAPES:
        wrong = next((key for key in keys if key not in _SHAPES), None)
        said = say("a condition has {number} keys", number=len(keys))
        if wrong is not None:
            said = say("a condition has no key {wrong!r}", wrong=wrong)
        mark = node.mark if not keys else node.entries[wrong or keys[-1]].key_mark
        hint = "write an expression as text, or one of `all: […]`, `any: […]`, `not: …`"
        reader.fault(mark, "unknown_key" if wrong is not None else "bad_condition", said, hint)
        return None
    value = node.entries[keys[0]].value
    if keys[0] == "any":
        return exception(reader, value)
    held = condition(reader, value)
    return Negation(held) if keys[0] == "not" and held is not None else held
