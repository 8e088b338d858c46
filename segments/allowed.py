"""Texts that can never come: beside a property with `values` in the catalogue, and beside the lifecycle's stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.findings import nearest
from schemas.texts import say
from segments.scope import REPLY, TypeFault
from segments.terms import Constant, EventField, Item, StageOf, Term

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas.catalogue import PropertyType
    from segments.syntax import Expr
    from segments.typing import Typer

__all__ = ["check_text", "check_texts"]


def check_texts(typer: Typer, term: Term, beside: Iterable[tuple[Term, Expr]]) -> None:
    """Hold the texts that a term is compared with against those that it can have. Raises `TypeFault` at the text."""
    if typer.scope.strict:
        for other, expr in beside:
            if isinstance(term, StageOf) and typer.scope.stages:
                _check_stage(typer, other, expr)
            check_text(_values(_kinds(typer, term)), other, expr)


def check_text(values: Iterable[str] | None, term: Term, expr: Expr) -> None:
    """Refuse a text that is none of these. `values`: None: any may come. Raises `TypeFault`."""
    allowed = None if values is None else list(values)
    if allowed is None or not isinstance(term, Constant) or term.type != "text" or term.value in allowed:
        return
    names, close = ", ".join(allowed), nearest(str(term.value), allowed)
    message = say("{text!r} is none of {names}", text=str(term.value)[:40], names=names)
    hint = say("allowed: {names}", names=names) if close is None else say("did you mean {close!r}?", close=close)
    raise TypeFault("not_allowed", message, expr, hint)


def _check_stage(typer: Typer, term: Term, expr: Expr) -> None:
    if isinstance(term, Constant) and term.type == "text" and term.value not in typer.scope.stages:
        typer._unknown("unknown_stage", "stage", str(term.value), typer.scope.stages, expr)  # noqa: SLF001 - one typer


def _kinds(typer: Typer, term: Term) -> list[PropertyType | None]:
    """What the catalogue says of a property, in every event that may be at hand."""
    scope = typer.scope
    match term:
        case Item(_, variable, name):
            return [typer.variables.get(variable, {}).get(name)]
        case EventField(_, name) if name.startswith(REPLY):
            return [scope.property_of(event, name.removeprefix(REPLY)) for event in scope.reply]
        case EventField(_, name) if scope.timed:
            return [each.properties[name] for each in scope.catalogue.events.values() if name in each.properties]
        case EventField(_, name):
            return [scope.property_of(event, name) for event in scope.events or ()]
    return []


def _values(kinds: list[PropertyType | None]) -> list[str] | None:
    """All texts that may come; None: any may."""
    named = [None if kind is None else kind.values for kind in kinds]
    known = [values for values in named if values is not None]
    return None if not kinds or len(known) < len(named) else list(dict.fromkeys(v for each in known for v in each))
