"""Names of a playbook in expressions: `lists.x`, `let.x`, `inputs.x`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.texts import say
from segments.model import Condition, Either, Every, Leaf, Negation
from segments.scope import Reported, TypeFault
from segments.terms import Operation, Term

if TYPE_CHECKING:
    from segments import syntax
    from segments.typing import Typer

__all__ = ["BASES", "condition_term", "named_term"]

BASES = ("lists", "let", "inputs")
"""What stands before the dot."""


def named_term(typer: Typer, base: str, expr: syntax.Select) -> Term:
    """The term of `lists.x`, `let.x`, `inputs.x`. Raises `TypeFault`."""
    definitions, name = typer.scope.definitions, expr.field
    unusable = {each for kind, each in definitions.missing if kind == base}
    match base:
        case "lists" if name in definitions.lists:
            return definitions.lists[name]
        case "inputs" if name in definitions.inputs:
            return definitions.inputs[name]
        case "let" if name in definitions.lets:
            return _let(typer, expr)
        case _ if (base, name) in definitions.missing:
            raise Reported(expr)
        case "inputs":
            return typer._unknown("unknown_input", "input", name, {*definitions.inputs, *unusable}, expr)  # noqa: SLF001 - one typer
        case "lists":
            return typer._unknown("unknown_list", "list", name, {*definitions.lists, *unusable}, expr)  # noqa: SLF001
    return typer._unknown("unknown_let", "name under let", name, {*definitions.lets, *unusable}, expr)  # noqa: SLF001


def _let(typer: Typer, expr: syntax.Select) -> Term:
    name, scope = expr.field, typer.scope
    if name in scope.broken:
        raise Reported(expr)
    if name in typer.open_lets:
        raise TypeFault(
            "let_cycle", say("let.{name} rests on itself", name=name), expr, "take one of them out of the other"
        )
    typer.open_lets.append(name)
    try:
        return condition_term(typer, scope.definitions.lets[name])
    except Reported:
        raise
    except TypeFault as fault:
        message = say("let.{name} does not fit here: {message}", name=name, message=fault.message)
        raise TypeFault(fault.code, message, expr, fault.hint, whole=True) from None
    finally:
        typer.open_lets.pop()


def condition_term(typer: Typer, condition: Condition) -> Term:
    """A condition as one term; a single expression may be any value."""
    match condition:
        case Leaf(expression):
            return typer.term(expression.expr)
        case Negation(item):
            return Operation("bool", "!", (_truth(typer, item),))
        case Every(items):
            return Operation("bool", "&&", tuple(_truth(typer, item) for item in items))
        case Either(items):
            return Operation("bool", "||", tuple(_truth(typer, item) for item in items))


def _truth(typer: Typer, condition: Condition) -> Term:
    return (
        typer.condition(condition.expression.expr) if isinstance(condition, Leaf) else condition_term(typer, condition)
    )
