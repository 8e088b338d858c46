"""The expression language, a part of CEL: from text to a tree with the place of every node. No evaluation here."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, NoReturn

from schemas.texts import say
from segments.lexer import Token, tokens
from segments.mistakes import (
    AMOUNTS,
    MONEY,
    WORDS,
    ExpressionError,
    misplaced,
    separated,
    thousands,
    word_operator,
)
from segments.tree import (
    Binary,
    Call,
    Conditional,
    Expr,
    Has,
    ListLiteral,
    Literal,
    Method,
    Name,
    Node,
    Quantifier,
    Select,
    Unary,
    children,
    replaced,
    unparse,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Binary",
    "Call",
    "Conditional",
    "Expr",
    "ExpressionError",
    "Has",
    "ListLiteral",
    "Literal",
    "Method",
    "Name",
    "Node",
    "Quantifier",
    "Select",
    "Unary",
    "children",
    "parse",
    "replaced",
    "unparse",
    "walk",
]

_MAX_NESTING, _MAX_NODES = 32, 1_000
_MAX_HEIGHT = 100
"""`1 + 1 + …` nests nothing and is a high tree: whoever recurses over one must not meet the limit of Python."""
_SPLIT = "split it: give parts of it a name as segments"

_LEVELS = (("||",), ("&&",), ("==", "!=", "<", "<=", ">", ">=", "in"), ("+", "-"), ("*", "/", "%"))
_CHAINED, _COMPARE = {0, 1}, 2
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


def parse(text: str) -> Expr:
    """The tree of an expression. Raises `ExpressionError`."""
    parser = _Parser(text)
    expr = parser.whole()
    _check_size(expr)
    return expr


def _check_size(expr: Expr) -> None:
    nodes, waiting = 0, [(expr, 1)]
    while waiting:
        node, height = waiting.pop()
        nodes += 1
        if height > _MAX_HEIGHT:
            message = say("more than {max_height} operations rest on each other here", max_height=_MAX_HEIGHT)
            raise ExpressionError(
                "too_deep", message, node.start, node.end, "split it: give parts of it a name as segments"
            )
        waiting.extend((child, height + 1) for child in children(node))
    if nodes > _MAX_NODES:
        message = say("the expression has {nodes} parts; {max_nodes} are allowed", nodes=nodes, max_nodes=_MAX_NODES)
        raise ExpressionError("too_long", message, 0, 1, _SPLIT)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.tokens, self.at = text, tokens(text), 0
        self.nesting = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def _is(self, *ops: str) -> bool:
        return self.token.kind == "op" and self.token.value in ops

    def _take(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def whole(self) -> Expr:
        """The expression that is the whole text."""
        if self.token.kind == "end":
            raise ExpressionError("empty", "the expression is empty", 0, 1, "write a condition, or leave the key out")
        expr = self._conditional()
        if self.token.kind != "end":
            self._stray("trailing", say("{shown} stands where the expression has ended", shown=self._shown(self.token)))
        return expr

    # -- operators
    def _conditional(self) -> Expr:
        self.nesting += 1
        if self.nesting > _MAX_NESTING:
            message = say("the expression is nested deeper than {max_nesting}", max_nesting=_MAX_NESTING)
            raise ExpressionError("too_deep", message, self.token.start, self.token.end, _SPLIT)
        expr = self._level(0)
        if self._is("?"):
            opened = self._take()
            then = self._level(0)
            if not self._is(":"):
                hint = "test ? then : otherwise; a choice within `then` needs brackets"
                raise ExpressionError("missing_else", "what else? a ? goes with a :", opened.start, opened.end, hint)
            self._take()
            otherwise = self._conditional()
            expr = Conditional(expr.start, otherwise.end, expr, then, otherwise)
        self.nesting -= 1
        return expr

    def _level(self, level: int) -> Expr:
        if level == len(_LEVELS):
            return self._unary()
        left = self._level(level + 1)
        if not self._is(*_LEVELS[level]):
            return left
        if level in _CHAINED:
            return self._chain(level, left)
        if level == _COMPARE:
            return self._comparison(left)
        while self._is(*_LEVELS[level]):
            op, right = str(self._take().value), self._level(level + 1)
            left = Binary(left.start, right.end, op, left, right)
        return left

    def _chain(self, level: int, first: Expr) -> Expr:
        parts = [first]
        while self._is(*_LEVELS[level]):
            self._take()
            parts.append(self._level(level + 1))
        return _balanced(_LEVELS[level][0], parts)

    def _comparison(self, left: Expr) -> Expr:
        op, right = str(self._take().value), self._level(_COMPARE + 1)
        if self._is(*_LEVELS[_COMPARE]):
            hint = "write both comparisons: a < b && b < c"
            raise ExpressionError("chained", "comparisons do not chain", self.token.start, self.token.end, hint)
        return Binary(left.start, right.end, op, left, right)

    def _unary(self) -> Expr:
        marks: list[Token] = []
        while self._is("!", "-"):
            marks.append(self._take())
        if len(marks) > _MAX_NESTING:
            raise ExpressionError(
                "too_deep",
                say("more than {max_nesting} signs follow each other", max_nesting=_MAX_NESTING),
                marks[0].start,
                marks[-1].end,
            )
        expr = self._postfix()
        for mark in reversed(marks):
            value = expr.value if isinstance(expr, Literal) else None
            if mark.value == "-" and isinstance(value, int | Decimal) and not isinstance(value, bool):
                expr = Literal(mark.start, expr.end, _negated(value))
            else:
                expr = Unary(mark.start, expr.end, str(mark.value), expr)
        return expr

    # -- operands
    def _postfix(self) -> Expr:
        expr = self._primary()
        while self._is("."):
            dot = self._take()
            name = self.token
            if name.kind != "name" or name.value in _CONSTANTS:
                found = "" if name.kind == "end" else say(", not {shown}", shown=self._shown(name))
                raise ExpressionError(
                    "missing_name", say("a name follows a dot{found}", found=found), dot.start, max(name.end, dot.end)
                )
            self._take()
            expr = self._method(expr, name) if self._is("(") else Select(expr.start, name.end, expr, str(name.value))
        return expr

    def _method(self, operand: Expr, name: Token) -> Expr:
        args, end = self._items(")")
        if name.value not in {"exists", "all"}:
            return Method(operand.start, end, operand, str(name.value), args)
        if len(args) != 2 or not isinstance(args[0], Name):
            hint = say('event.items.{value}(i, i.sku == "A1")', value=name.value)
            raise ExpressionError(
                "bad_quantifier", say("{value}() takes a name and a condition", value=name.value), name.start, end, hint
            )
        return Quantifier(operand.start, end, str(name.value), operand, args[0].name, args[1])

    def _items(self, closing: str) -> tuple[tuple[Expr, ...], int]:
        """What stands in brackets, separated by commas; the end behind the closing one."""
        opened = self._take()
        items: list[Expr] = []
        while not self._is(closing):
            items.append(self._conditional())
            if not self._is(","):
                break
            comma = self._take()
            if self._is(closing):
                raise ExpressionError("unfinished", "something is missing behind the comma", comma.start, comma.end)
        return tuple(items), self._closed(closing, opened).end

    def _closed(self, closing: str, opened: Token) -> Token:
        if self._is(closing):
            return self._take()
        if self.token.kind == "end":
            message = say("the {value} that opens here is not closed", value=opened.value)
            raise ExpressionError(
                "missing_bracket", message, opened.start, opened.end, say("add a {closing}", closing=closing)
            )
        return self._stray(
            "missing_bracket",
            say("{closing} is missing before {shown}", closing=closing, shown=self._shown(self.token)),
        )

    def _primary(self) -> Expr:
        token = self.token
        if token.kind in {"number", "text"}:
            self._take()
            return Literal(token.start, token.end, token.value)
        if token.kind == "name":
            return self._named(self._take())
        if self._is("("):
            self._take()
            inner = self._conditional()
            return replace(inner, start=token.start, end=self._closed(")", token).end)
        if self._is("["):
            items, end = self._items("]")
            return ListLiteral(token.start, end, items)
        if token.kind == "end":
            before = self.tokens[self.at - 1]
            message = say("something is missing behind {shown}", shown=self._shown(before))
            hint = misplaced("%") if before.value == "%" else ""
            raise ExpressionError("unfinished", message, before.start, before.end, hint)
        raise ExpressionError(
            "unexpected",
            say("{value} cannot stand here", value=token.value),
            token.start,
            token.end,
            misplaced(str(token.value)),
        )

    def _named(self, token: Token) -> Expr:
        name = str(token.value)
        if name.lower() in {"and", "or", "not"} and not self._is("."):
            raise word_operator(name, token.start)
        if self._is("("):
            return self._call(token, name)
        if name in _CONSTANTS:
            return Literal(token.start, token.end, _CONSTANTS[name])
        return Name(token.start, token.end, name)

    def _call(self, token: Token, name: str) -> Expr:
        args, end = self._items(")")
        if name != "has":
            return Call(token.start, end, name, args)
        if len(args) != 1 or not isinstance(args[0], Select):
            raise ExpressionError("bad_has", "has() takes one field", token.start, end, "has(event.coupon)")
        return Has(token.start, end, args[0])

    # -- faults
    def _shown(self, token: Token) -> str:
        return self.text[token.start : min(token.end, token.start + 40)]

    def _stray(self, code: str, message: str) -> NoReturn:
        """Refuse the token, which nothing leads on to."""
        token, before = self.token, self.tokens[self.at - 1]
        word = str(token.value).lower()
        if token.kind == "name" and word in WORDS:
            raise word_operator(str(token.value), token.start)
        if before.kind == "name" and str(before.value).lower() == "if" and token.kind != "op":
            raise word_operator(str(before.value), before.start)
        if before.kind == "number" and separated(self.text, before.end):
            raise thousands(self.text, before.start, before.end)
        hint = (misplaced(str(token.value)) if token.kind == "op" else "") or "join conditions with && or ||"
        if before.kind == "number" and word in MONEY:
            hint = AMOUNTS
        if word == ":" and before.kind == self.tokens[self.at + 1].kind == "number":
            hint = "an hour is a plain number: local_hour() >= 9"
        raise ExpressionError(code, message, token.start, token.end, hint)


def _balanced(op: str, parts: Sequence[Expr]) -> Expr:
    if len(parts) == 1:
        return parts[0]
    middle = (len(parts) + 1) // 2
    left, right = _balanced(op, parts[:middle]), _balanced(op, parts[middle:])
    return Binary(left.start, right.end, op, left, right)


def _negated(value: int | Decimal) -> int | Decimal:
    """Exactly: the minus of a Decimal would round it to the digits of the context."""
    return -value if isinstance(value, int) else value.copy_negate()
