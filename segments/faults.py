"""All faults of one expression that have nothing to do with each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segments.scope import Scope, TypeFault
from segments.syntax import Binary, Conditional, Unary
from segments.typing import Typer

if TYPE_CHECKING:
    from segments.syntax import Expr

__all__ = ["faults_of"]


def faults_of(expr: Expr, scope: Scope, *, condition: bool) -> list[TypeFault]:
    """Each wrong name, type or unit; that operands do not fit together is only said where each of them is sound.

    `condition`: the expression must be true or false.
    """
    inside = [fault for part, truth in _operands(expr) for fault in faults_of(part, scope, condition=truth)]
    if inside:
        return inside
    typer = Typer(scope)
    try:
        typer.condition(expr) if condition else typer.term(expr)
    except TypeFault as fault:
        return [fault]
    return []


def _operands(expr: Expr) -> list[tuple[Expr, bool]]:
    """The operands of an operator, each with whether it must be true or false."""
    match expr:
        case Binary(op=op, left=left, right=right):
            return [(left, op in {"&&", "||"}), (right, op in {"&&", "||"})]
        case Unary(op=op, operand=operand):
            return [(operand, op == "!")]
        case Conditional(test=test, then=then, otherwise=otherwise):
            return [(test, True), (then, False), (otherwise, False)]
    return []
