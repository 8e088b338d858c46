"""Names that are still used though the catalogue has retired them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.lint.parts import expressions_of, held_conditions, mark_of, running, warning
from schemas.texts import say
from segments.model import leaves
from segments.syntax import Call, ListLiteral, Literal, Name, Select, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.read import Reading
    from schemas.catalogue import Catalogue
    from schemas.findings import Finding, Mark
    from segments.model import Expression
    from segments.syntax import Expr

__all__ = ["retired"]

_OF_EVENTS = frozenset(
    {"count", "sum", "min", "max", "avg", "distinct", "first", "last", "streak", "absent", "sequence"}
)


def retired(reading: Reading) -> Iterator[Finding]:
    """Uses of retired events and traits in expressions; `rules.references` sees the others."""
    catalogue = reading.playbook.catalogue
    if not _any(catalogue):
        return
    for rule in running(reading):
        for expression in expressions_of(rule):
            yield from _in(expression, catalogue)
    conditions = [held.condition for held in held_conditions(reading.playbook)]
    for condition in (*conditions, *reading.playbook.definitions.lets.values()):
        for expression in leaves(condition):
            yield from _in(expression, catalogue)


def _any(catalogue: Catalogue) -> bool:
    events, traits = catalogue.events.values(), catalogue.traits.values()
    return any(event.retired for event in events) or any(trait.retired for trait in traits)


def _in(expression: Expression, catalogue: Catalogue) -> Iterator[Finding]:
    names = catalogue.resolve()
    for node in walk(expression.expr):
        match node:
            case Call(function=function, args=args) if function in _OF_EVENTS:
                for given in _events(args):
                    event = catalogue.events.get(names.get(str(given.value), str(given.value)))
                    if event is not None and event.retired:
                        yield _event(mark_of(expression, given), catalogue, event.name, given.end - given.start)
            case Select(operand=Name(name="profile"), field=field):
                trait = catalogue.traits.get(field)
                if trait is not None and trait.retired:
                    message = say("the trait {name!r} is retired", name=field)
                    yield _said(mark_of(expression, node), message, trait.replaced_by, node.end - node.start)


def _events(args: tuple[Expr, ...]) -> Iterator[Literal]:
    """The events that a call names: its first argument, and all in its lists."""
    for at, argument in enumerate(args):
        if isinstance(argument, ListLiteral):
            yield from (item for item in argument.items if isinstance(item, Literal))
        elif at == 0 and isinstance(argument, Literal):
            yield argument


def _event(mark: Mark, catalogue: Catalogue, name: str, length: int) -> Finding:
    return _said(mark, say("the event {name!r} is retired", name=name), catalogue.events[name].replaced_by, length)


def _said(mark: Mark, message: str, replacement: str, length: int) -> Finding:
    hint = say("use {name!r}", name=replacement) if replacement else "nothing takes its place; take it out"
    return warning(mark, "retired_name", message, hint, length)
