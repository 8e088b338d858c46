"""Windows that reach back further than the events that are kept."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rules.lint.named import names_of
from rules.lint.parts import expressions_of, held_conditions, mark_of, running, warning
from schemas.texts import say
from schemas.times import format_duration, parse_duration
from segments.model import Expression, leaves
from segments.syntax import Call, Literal, parse, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.lint.named import Names
    from rules.model import Playbook
    from rules.read import Reading
    from schemas.findings import Finding, Mark
    from segments.syntax import Expr

__all__ = ["history"]

_WINDOW = {"count": 1, "absent": 1, "sequence": 1, "sum": 2, "min": 2, "max": 2, "avg": 2, "distinct": 2}
"""Function → which of its arguments is the window."""


def history(reading: Reading) -> Iterator[Finding]:
    """Each window that is longer than the workspace's `history`, at its own text."""
    kept, names = reading.playbook.workspace.history, names_of(reading.playbook)
    for expression in _expressions(reading) if kept is not None else ():
        for node in walk(expression.expr):
            at = _WINDOW.get(node.function) if isinstance(node, Call) else None
            if at is None or not isinstance(node, Call) or len(node.args) <= at:
                continue
            window = _length(names, node.args[at])
            if kept is not None and window > kept:
                yield _beyond(mark_of(expression, node.args[at]), node.args[at], window, kept)


def _beyond(mark: Mark, node: Expr, window: int, kept: int) -> Finding:
    message = say(
        "the window of {window} is longer than the {history} for which events are kept",
        window=format_duration(window),
        history=format_duration(kept),
    )
    hint = "shorten it, or keep events for longer and say so under `history` of the workspace"
    return warning(mark, "window_beyond_history", message, hint, node.end - node.start)


def _expressions(reading: Reading) -> Iterator[Expression]:
    playbook = reading.playbook
    conditions = [held.condition for held in held_conditions(playbook)]
    for condition in (*conditions, *playbook.definitions.lets.values()):
        yield from leaves(condition)
    for rule in running(reading):
        yield from expressions_of(rule)
    yield from _computed(playbook)


def _computed(playbook: Playbook) -> Iterator[Expression]:
    """What traits are computed from; a finding in it stands at its beginning."""
    for trait in playbook.catalogue.traits.values():
        if trait.source is not None:
            yield Expression(trait.source, parse(trait.source), partial(_there, trait.place))


def _there(place: tuple[str, int, int], _: int) -> tuple[str, int, int]:
    return place


def _length(names: Names, node: Expr) -> int:
    """The length (ms) of a window, written out or an input; 0 where it is none."""
    match names.spelt(node):
        case Literal(value=str(text)) | Call(function="duration", args=(Literal(value=str(text)),)):
            try:
                return parse_duration(text)
            except ValueError:
                return 0
    return 0
