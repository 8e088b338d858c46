"""Conditions that keep the engine busy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.lint.parts import held_conditions, mark_of, warning
from schemas.texts import say
from segments.model import leaves
from segments.syntax import Call, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.read import Reading
    from schemas.findings import Finding

__all__ = ["cost"]


def cost(reading: Reading) -> Iterator[Finding]:
    """`local_hour()` where it is asked of everybody, every hour."""
    for held in held_conditions(reading.playbook):
        for expression in leaves(held.condition):
            for node in walk(expression.expr):
                if isinstance(node, Call) and node.function == "local_hour":
                    message = say(
                        "every person is looked at again every hour, because {id!r} asks for it", id=held.owner[1]
                    )
                    hint = "ask for the hour in the rule's `when`, or use a `schedule` with an `audience`"
                    yield warning(mark_of(expression, node), "wakes_everyone", message, hint, node.end - node.start)
