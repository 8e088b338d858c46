"""Readers of a function's arguments: texts, events, windows, properties; whatever else stands there is a fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from schemas.catalogue import RESERVED_EVENTS, PropertyType
from schemas.meant import meant_duration
from schemas.texts import say
from schemas.times import parse_duration
from segments import syntax
from segments.scope import TypeFault
from segments.terms import Constant

if TYPE_CHECKING:
    from segments.typing import Typer

__all__ = ["arguments_of", "constant_of", "event_name", "fault", "listed", "property_of", "text", "window_of"]


def fault(code: str, message: str, expr: syntax.Expr, hint: str = "") -> NoReturn:
    """Refuse the expression at this place."""
    raise TypeFault(code, message, expr, hint)


def arguments_of(expr: syntax.Call, least: int, most: int, usage: str) -> None:
    """Refuse a call with fewer or more arguments."""
    if not least <= len(expr.args) <= most:
        fault(
            "wrong_arguments",
            say("{function}() takes {usage}", function=expr.function, usage=usage),
            expr,
            say("{function}({usage})", function=expr.function, usage=usage),
        )


def constant_of(typer: Typer, expr: syntax.Expr) -> Constant | None:
    """A literal, or an input; None for anything else."""
    match expr:
        case syntax.Literal(value=str(written)):
            return Constant("text", written)
        case syntax.Literal(value=int(number)) if not isinstance(number, bool):
            return Constant("number", number)
        case syntax.Select(operand=syntax.Name(name="inputs")):
            term = typer.term(expr)
            return term if isinstance(term, Constant) else None
    return None


def text(typer: Typer, expr: syntax.Expr, what: str) -> str:
    """A text in quotes, or an input of type text."""
    constant = constant_of(typer, expr)
    if constant is None or constant.type != "text":
        hint = say("write {quoted}", quoted=f'"{syntax.unparse(expr)}"') if _is_bare(expr) else ""
        fault("wrong_type", say("{what} is a text in quotes", what=what), expr, hint)
    return str(constant.value)


def _is_bare(expr: syntax.Expr) -> bool:
    """Whether these are names with points between them, as a text without its quotes is read."""
    match expr:
        case syntax.Name():
            return True
        case syntax.Select(operand=operand):
            return _is_bare(operand)
    return False


def event_name(typer: Typer, expr: syntax.Expr) -> str:
    """An event by its name in the catalogue, or "*"."""
    name = text(typer, expr, "the event")
    if name == "*":
        return name
    names = typer.scope.event_names()
    if name not in names:
        typer._unknown("unknown_event", "event", name, names, expr)  # noqa: SLF001
    return names[name]


def window_of(typer: Typer, expr: syntax.Expr) -> int:
    """The length of a window (ms): a text, or an input of type duration."""
    constant = constant_of(typer, expr)
    if constant is not None and constant.type == "duration" and isinstance(constant.value, int):
        return constant.value
    if constant is not None and constant.type == "number":
        fault(
            "wrong_type",
            say("{what} is a text in quotes", what="the window"),
            expr,
            say("write {quoted}", quoted=f'"{constant.value}d"'),
        )
    written = text(typer, expr, "the window")
    try:
        window = parse_duration(written)
    except ValueError as error:
        fault("bad_duration", str(error), expr, meant_duration(written))
    if window <= 0:
        fault("bad_duration", "a window is longer than nothing", expr)
    return window


def property_of(typer: Typer, event: str, expr: syntax.Expr) -> tuple[str, PropertyType]:
    """A property of an event, and its type."""
    name = text(typer, expr, "the property")
    if event == "*":
        fault("wrong_arguments", 'name one event: the property of "*" is not one thing', expr)
    if event in RESERVED_EVENTS:
        fault("wrong_arguments", say("{event} has no properties to count by", event=event), expr)
    return name, typer.property_type((event,), name, expr)


def listed(expr: syntax.Expr, what: str) -> tuple[syntax.Expr, ...]:
    """The items of a list in brackets."""
    if not isinstance(expr, syntax.ListLiteral):
        fault("wrong_type", say("{what} are a list in brackets", what=what), expr)
    return expr.items
