"""Expressions of a mapping as closures over one line: its fields are texts, arithmetic is exact decimal arithmetic.

Whether a field is a text or a number is told by what stands beside it: next to a number, in arithmetic and in a total
it is a number; `+` joins texts only where one side is surely a text (`"C-" + row.id`).
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import re2

from rules.mapping_values import DIVIDED_BY_ZERO, EXACT, Cache, as_number, quotient
from schemas.errors import EventRefused
from schemas.findings import nearest
from schemas.texts import say
from segments import syntax
from segments.scope import TypeFault

if TYPE_CHECKING:
    from segments.syntax import Expr

__all__ = ["Compiler", "Line", "Run", "Total", "Typed"]

Line = tuple[Any, ...]
"""The used fields of a line in their slots; for properties the totals of the group behind them."""
Run = Callable[[Line], Any]
Kind = Literal["field", "text", "number", "boolean"]

_ROOT = "row"
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_ARITHMETIC: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": EXACT.add, "-": EXACT.subtract, "*": EXACT.multiply, "/": quotient,
}  # fmt: skip
_FUNCTIONS = ("sum", "count", "min", "max", "first")
_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Typed:
    """A compiled expression. `field`: the text of a field, which may stand for a number."""

    kind: Kind
    run: Run

    @property
    def textual(self) -> bool:
        """A field or a text."""
        return self.kind in {"field", "text"}


@dataclass(frozen=True, slots=True)
class Total:
    """An aggregate of a group: the value of each line, and how two of them become one."""

    value: Run
    fold: Callable[[Decimal, Decimal], Decimal]


class Compiler:
    """Compiles the expressions of one mapping; `columns` gathers the fields they use, each with its slot."""

    def __init__(self) -> None:
        self.columns: dict[str, int] = {}
        self.numbers = Cache(as_number)
        self._totals: list[Total] | None = None

    def text(self, expr: Expr) -> Run:
        """An expression on one line, its value as a text. Raises `TypeFault`."""
        typed = self._scalar(expr)
        if typed.kind != "number":
            return self._text(expr, typed)
        run = typed.run
        return lambda line: f"{run(line):f}"

    def condition(self, expr: Expr) -> Run:
        """An expression on one line that is true or false. Raises `TypeFault`."""
        return self._condition(expr, self._scalar(expr))

    def property(self, expr: Expr, totals: list[Total]) -> Run:
        """An expression that may use totals of the group; those it needs are added to `totals`. Raises `TypeFault`."""
        self._totals = totals
        return self._typed(expr).run

    def _scalar(self, expr: Expr) -> Typed:
        self._totals = None
        return self._typed(expr)

    # -- what an operand must be
    def _number(self, expr: Expr, typed: Typed) -> Run:
        if typed.kind == "number":
            return typed.run
        if not typed.textual:
            raise TypeFault("wrong_type", "this is true or false, and a number is expected", expr)
        if isinstance(expr, syntax.Literal):
            try:
                number = as_number(str(expr.value))
            except EventRefused as error:
                raise TypeFault("wrong_type", error.message, expr) from None
            return lambda _: number
        numbers, run = self.numbers, typed.run
        return lambda line: numbers[run(line)]

    def _text(self, expr: Expr, typed: Typed) -> Run:
        if not typed.textual:
            raise TypeFault("wrong_type", say("this is a {kind}, and a text is expected", kind=typed.kind), expr)
        return typed.run

    def _condition(self, expr: Expr, typed: Typed) -> Run:
        if typed.kind != "boolean":
            raise TypeFault(
                "wrong_type",
                say("this is a {kind}, and a condition is expected", kind=typed.kind),
                expr,
                'compare it: row.kind == "sale"',
            )
        return typed.run

    # -- nodes
    def _typed(self, expr: Expr) -> Typed:
        match expr:
            case syntax.Literal(value=value):
                return _literal(expr, value)
            case syntax.Name() | syntax.Select():
                return Typed("field", operator.itemgetter(self._slot(expr)))
            case syntax.Has(operand=operand):
                slot = self._slot(operand)
                return Typed("boolean", lambda line: line[slot] != "")
            case syntax.Unary():
                return self._unary(expr)
            case syntax.Binary():
                return self._binary(expr)
            case syntax.Conditional():
                return self._choice(expr)
            case syntax.Method():
                return self._method(expr)
            case syntax.Call():
                return self._total(expr)
            case _:
                raise TypeFault(
                    "wrong_type", "a mapping has lists only behind `in`", expr, 'row.kind in ["sale", "refund"]'
                )

    def _slot(self, expr: Expr) -> int:
        path: list[str] = []
        while isinstance(expr, syntax.Select):
            path.append(expr.field)
            expr = expr.operand
        if not isinstance(expr, syntax.Name) or expr.name != _ROOT or not path:
            name = expr.name if isinstance(expr, syntax.Name) else "this"
            hint = (
                say("did you mean {root}.{name} ?", root=_ROOT, name=name)
                if isinstance(expr, syntax.Name) and name != _ROOT
                else "row.CustomerID"
            )
            raise TypeFault(
                "unknown_name", say("a mapping reads the fields of a line, and {name} is none", name=name), expr, hint
            )
        return self.columns.setdefault(".".join(reversed(path)), len(self.columns))

    def _unary(self, expr: syntax.Unary) -> Typed:
        typed = self._typed(expr.operand)
        if expr.op == "!":
            test = self._condition(expr.operand, typed)
            return Typed("boolean", lambda line: not test(line))
        number = self._number(expr.operand, typed)
        return Typed("number", lambda line: EXACT.minus(number(line)))

    def _binary(self, expr: syntax.Binary) -> Typed:
        left = self._typed(expr.left)
        if expr.op == "in":
            return self._in(expr, left)
        right = self._typed(expr.right)
        if expr.op in {"&&", "||"}:
            a, b = self._condition(expr.left, left), self._condition(expr.right, right)
            if expr.op == "&&":
                return Typed("boolean", lambda line: a(line) and b(line))
            return Typed("boolean", lambda line: a(line) or b(line))
        if expr.op in _COMPARE:
            return self._comparison(expr, left, right)
        if expr.op == "+" and "text" in {left.kind, right.kind}:
            a, b = self._text(expr.left, left), self._text(expr.right, right)
            return Typed("text", lambda line: a(line) + b(line))
        a, b = self._number(expr.left, left), self._number(expr.right, right)
        calculate = _ARITHMETIC.get(expr.op, _rest)
        return Typed("number", lambda line: calculate(a(line), b(line)))

    def _comparison(self, expr: syntax.Binary, left: Typed, right: Typed) -> Typed:
        a, b = left.run, right.run
        if "number" in {left.kind, right.kind}:
            a, b = self._number(expr.left, left), self._number(expr.right, right)
        elif left.textual != right.textual or (not left.textual and expr.op not in {"==", "!="}):
            raise TypeFault(
                "wrong_type",
                say(
                    "a {kind} cannot be compared with a {right_kind} by {op}",
                    kind=left.kind,
                    right_kind=right.kind,
                    op=expr.op,
                ),
                expr,
            )
        compare = _COMPARE[expr.op]
        return Typed("boolean", lambda line: compare(a(line), b(line)))

    def _in(self, expr: syntax.Binary, left: Typed) -> Typed:
        items = expr.right.items if isinstance(expr.right, syntax.ListLiteral) else ()
        values = {item.value for item in items if isinstance(item, syntax.Literal)}
        if not items or len({_is_text(item) for item in items}) > 1 or _is_text(items[0]) is None:
            hint = 'row.kind in ["sale", "refund"]; whether a text holds another: row.kind.contains("sale")'
            raise TypeFault("wrong_type", "behind `in` stands a list of texts or a list of numbers", expr.right, hint)
        run = self._text(expr.left, left) if _is_text(items[0]) else self._number(expr.left, left)
        return Typed("boolean", lambda line: run(line) in values)

    def _choice(self, expr: syntax.Conditional) -> Typed:
        test = self._condition(expr.test, self._typed(expr.test))
        then, otherwise = self._typed(expr.then), self._typed(expr.otherwise)
        kind, a, b = then.kind, then.run, otherwise.run
        if "number" in {then.kind, otherwise.kind}:
            kind, a, b = "number", self._number(expr.then, then), self._number(expr.otherwise, otherwise)
        elif then.textual != otherwise.textual:
            raise TypeFault(
                "wrong_type",
                say(
                    "one side of ?: is a {kind}, the other a {otherwise_kind}",
                    kind=then.kind,
                    otherwise_kind=otherwise.kind,
                ),
                expr,
            )
        elif then.kind != otherwise.kind:
            kind = "text"
        return Typed(kind, lambda line: a(line) if test(line) else b(line))

    def _method(self, expr: syntax.Method) -> Typed:
        run = self._text(expr.operand, self._typed(expr.operand))
        if expr.name == "size" and not expr.args:
            return Typed("number", lambda line: Decimal(len(run(line))))
        if expr.name not in {"startsWith", "endsWith", "contains", "matches"} or len(expr.args) != 1:
            known = "startsWith, endsWith, contains and matches take one text, size nothing"
            raise TypeFault(
                "unknown_function",
                say(
                    "a text has no .{name}() with {number} values: {known}",
                    name=expr.name,
                    number=len(expr.args),
                    known=known,
                ),
                expr,
            )
        if expr.name == "matches":
            found = _pattern(expr.args[0])
            return Typed("boolean", lambda line: found(run(line)) is not None)
        part = self._text(expr.args[0], self._typed(expr.args[0]))
        if expr.name == "contains":
            return Typed("boolean", lambda line: part(line) in run(line))
        if expr.name == "startsWith":
            return Typed("boolean", lambda line: run(line).startswith(part(line)))
        return Typed("boolean", lambda line: run(line).endswith(part(line)))

    # -- totals
    def _total(self, expr: syntax.Call) -> Typed:
        name, totals = expr.function, self._totals
        if name not in _FUNCTIONS:
            close = nearest(name, _FUNCTIONS)
            hint: str = (
                say("did you mean {close}()?", close=close)
                if close
                else say("there is: {names}", names=", ".join(_FUNCTIONS))
            )
            raise TypeFault("unknown_function", say("a mapping has no function {name!r}", name=name), expr, hint)
        if totals is None:
            hint = "person, time, id, group_by and when look at one line, and a total cannot stand in another"
            raise TypeFault(
                "total_here", say("{name}() is a total of a group and stands in properties", name=name), expr, hint
            )
        if len(expr.args) != (0 if name == "count" else 1):
            usage = "count()" if name == "count" else say("{name}(row.Quantity * row.UnitPrice)", name=name)
            raise TypeFault(
                "wrong_arguments",
                say("{name}() takes {value}", name=name, value="nothing" if name == "count" else "one value"),
                expr,
                usage,
            )
        self._totals = None
        argument = self._typed(expr.args[0]) if expr.args else Typed("number", lambda _: _ONE)
        self._totals = totals
        if name == "first":
            return argument  # what is no total is of the first line
        value = self._number(expr.args[0], argument) if expr.args else argument.run
        fold = {"min": min, "max": max}.get(name, EXACT.add)
        at = len(totals)
        totals.append(Total(value, fold))
        return Typed("number", lambda line: line[-1][at])


def _literal(expr: Expr, value: bool | int | Decimal | str | None) -> Typed:
    if value is None:
        raise TypeFault(
            "wrong_type",
            "a line has no null: an empty field is an empty text",
            expr,
            'row.note == "", or !has(row.note)',
        )
    if isinstance(value, bool):
        return Typed("boolean", lambda _: value)
    if isinstance(value, str):
        return Typed("text", lambda _: value)
    number = Decimal(value)
    return Typed("number", lambda _: number)


def _is_text(item: Expr) -> bool | None:
    """Whether a literal is a text, else a number; None for anything else."""
    if not isinstance(item, syntax.Literal) or item.value is None or isinstance(item.value, bool):
        return None
    return isinstance(item.value, str)


def _rest(a: Decimal, b: Decimal) -> Decimal:
    """`a % b`, with the sign of `a`."""
    if not b:
        raise EventRefused(f"{a:f} is divided by zero", code=DIVIDED_BY_ZERO)
    return EXACT.remainder(a, b)


def _pattern(expr: Expr) -> Callable[[str], Any]:
    if not isinstance(expr, syntax.Literal) or not isinstance(expr.value, str):
        raise TypeFault("wrong_type", "the pattern of matches() is a text in quotes", expr)
    try:
        search: Callable[[str], Any] = re2.compile(expr.value).search
    except re2.error as error:
        raise TypeFault("bad_pattern", say("the pattern cannot be used: {error}", error=error), expr) from None
    return search
