"""Conditions that keep the engine busy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.lint.named import looked_into
from rules.lint.parts import held_conditions, mark_of, warning
from schemas.texts import say
from segments.syntax import Call, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.read import Reading
    from schemas.findings import Finding, Mark

__all__ = ["cost"]


def cost(reading: Reading) -> Iterator[Finding]:
    """`local_hour()` where it is asked of everybody, every hour; in a let it is said once, at its place there."""
    said: set[Mark] = set()
    for held in held_conditions(reading.playbook):
        if reading.waived("wakes_everyone", reading.places[held.owner]):
            continue
        for expression in looked_into(held.condition, reading.playbook.definitions):
            for node in walk(expression.expr):
                mark = mark_of(expression, node)
                if isinstance(node, Call) and node.function == "local_hour" and mark not in said:
                    said.add(mark)
                    yield _wakes(mark, node, held.owner[1])


def _wakes(mark: Mark, node: Call, id_: str) -> Finding:
    message = say("every person is looked at again every hour, because {id!r} asks for it", id=id_)
    hint = "ask for the hour in the rule's `when`, or use a `schedule` with an `audience`"
    return warning(mark, "wakes_everyone", message, hint, node.end - node.start)
