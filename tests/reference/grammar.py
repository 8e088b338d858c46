"""Expressions from the grammar, by type and by chance: nested as no operator would write them, and each one sound."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from segments.scope import Scope, TypeFault
from segments.syntax import ExpressionError, parse
from segments.typing import Typer
from tests.reference.phrases import CATALOGUE, MARKS

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["sound_conditions"]

_EVENTS = ("order.paid", "order.cancelled", "visit", "ping", "promo", "Order Completed", "*")
_WINDOWS = ("1h", "6h", "1d", "2d", "30h", "1d1ms")
_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
_TEXTS = ('"A1"', '"B1"', '"o1"', '"Rome"', '"1"', '""', '"order.paid"', '"a"')
_SCOPE = Scope(CATALOGUE, "EUR", events=("order.paid",))


class _Grammar:
    """Writes expressions; `depth` is how far they may still nest."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def _one(self, *ways: Callable[[int], str]) -> Callable[[int], str]:
        return self.random.choice(ways)

    def _pick(self, *texts: str) -> str:
        return self.random.choice(texts)

    # -- truths
    def truth(self, depth: int) -> str:
        """A condition."""
        if depth <= 0:
            return self._one(self._compared, self._given, self._told)(0)
        ways = (self._compared, self._compared, self._joined, self._not, self._chosen_truth, self._among, self._items)
        return self._one(*ways, self._given, self._told)(depth - 1)

    def _joined(self, depth: int) -> str:
        return f"({self.truth(depth)} {self._pick('&&', '||')} {self.truth(depth)})"

    def _not(self, depth: int) -> str:
        return f"!({self.truth(depth)})"

    def _chosen_truth(self, depth: int) -> str:
        return self._chosen(self.truth, depth)

    def _chosen(self, kind: Callable[[int], str], depth: int) -> str:
        return f"({self.truth(depth)} ? {kind(depth)} : {kind(depth)})"

    def _compared(self, depth: int) -> str:
        kind = self._one(self.number, self.number, self.money, self.time, self.span, self.text)
        return f"{kind(depth)} {self._pick(*_COMPARISONS)} {kind(depth)}"

    def _among(self, depth: int) -> str:
        numbers, texts = "[0, 1, 2.5]", '["A1", "B1", "Rome"]'
        return self._pick(f"{self.number(depth)} in {numbers}", f"{self.text(depth)} in {texts}")

    def _items(self, depth: int) -> str:
        inner = self._pick('i.sku == "A1"', "i.n > 1", "i.price >= 10", "has(i.price)", "i.n == event.quantity")
        sign = self._pick("&&", "||")
        more = (f" {sign} {self.truth(min(depth, 1))}", f"{self.truth(min(depth, 1))} {sign} ")
        before, behind = self.random.choice((("", ""), ("", more[0]), (more[1], "")))
        return f"event.items.{self._pick('exists', 'all')}(i, {before}{inner}{behind})"

    def _given(self, _: int) -> str:
        return f"has({self._pick('event.sku', 'event.amount', 'event.items', 'profile.city', 'profile.joined', 'profile.level')})"

    def _told(self, _: int) -> str:
        method = self._pick("startsWith", "endsWith", "contains")
        pattern = self._pick('"^[AB]1$"', '"o"', '"(A|B)+1?"', '""')
        return self._pick(
            *(f'has_tag("{mark}")' for mark in MARKS),
            "event.gift == true",
            "profile.vip != event.gift",
            f"{self._plain_text()}.{method}({self._pick(*_TEXTS)})",
            f"{self._plain_text()}.matches({pattern})",
        )

    # -- numbers
    def number(self, depth: int) -> str:
        """A number."""
        if depth <= 0 or self.random.random() < 0.25:
            return self._plain_number()
        left, right = self.number(depth - 1), self.number(depth - 1)
        return self._pick(
            *(f"({left} {self._pick('+', '-', '*', '/', '%', '%')} {right})" for _ in range(4)),
            f"-({left})",
            f"({self.money(depth - 1)} / {self.money(depth - 1)})",
            f"({self.span(depth - 1)} / {self.span(depth - 1)})",
            self._chosen(self.number, depth - 1),
        )

    def _plain_number(self) -> str:
        if self.random.random() < 0.3:
            return self._pick("0", "1", "2", "3", "-1", "-7", "2.5", "0.1", "10")
        window, event = self._pick(*_WINDOWS), self._pick(*_EVENTS)
        function = self._pick("sum", "min", "max", "avg", "distinct")
        return self._pick(
            f'count("{event}", "{window}")',
            f'count("order.paid", "{window}", "{self._pick("sku", "order_id")}")',
            f'{function}("order.paid", "{self._pick("quantity", "weight")}", "{window}")',
            f'streak("{event}", "1d")',
            "local_hour()",
            "event.quantity",
            "event.weight",
            "profile.level",
            f"{self._plain_text()}.size()",
            "event.items.size()",
        )

    # -- amounts
    def money(self, depth: int) -> str:
        """An amount of money."""
        if depth <= 0 or self.random.random() < 0.4:
            event, function = self._pick("order.paid", "order.cancelled"), self._pick("sum", "min", "max", "avg")
            aggregate = f'{function}("{event}", "amount", "{self._pick(*_WINDOWS)}")'
            return self._pick("event.amount", "profile.spent", aggregate, aggregate)
        left = self.money(depth - 1)
        return self._pick(
            f"({left} {self._pick('+', '-')} {self.money(depth - 1)})",
            f"({left} {self._pick('+', '-')} {self._pick('10', '19.99', '0')})",
            f"({left} {self._pick('*', '/')} {self.number(depth - 1)})",
            f"({self.number(depth - 1)} * {left})",
            f"-({left})",
            self._chosen(self.money, depth - 1),
        )

    # -- moments and lengths of time
    def time(self, depth: int) -> str:
        """A moment."""
        function = f'{self._pick("first", "last")}("{self._pick(*_EVENTS)}")'
        if depth <= 0 or self.random.random() < 0.5:
            return self._pick("now", "meta.time", "profile.joined", "profile.deadline", function, function)
        return self._pick(
            f"({self.time(depth - 1)} {self._pick('+', '-')} {self.span(0)})", self._chosen(self.time, depth - 1)
        )

    def span(self, depth: int) -> str:
        """A length of time."""
        if depth <= 0 or self.random.random() < 0.5:
            return f'duration("{self._pick(*_WINDOWS)}")'
        return self._pick(
            f"({self.time(depth - 1)} - {self.time(depth - 1)})",
            f"({self.span(depth - 1)} {self._pick('+', '-')} {self.span(depth - 1)})",
        )

    # -- texts
    def text(self, depth: int) -> str:
        """A text."""
        if depth <= 0 or self.random.random() < 0.6:
            return self._plain_text()
        return self._pick(f"({self.text(depth - 1)} + {self._pick(*_TEXTS)})", self._chosen(self.text, depth - 1))

    def _plain_text(self) -> str:
        return self._pick("event.sku", "event.order_id", "profile.city", "meta.name", "meta.source", *_TEXTS[:3])


def sound_conditions(seed: int, number: int) -> tuple[list[str], int]:
    """So many conditions on an `order.paid` that the product takes, and how many it refused before."""
    grammar, out, refused = _Grammar(seed), list[str](), 0
    while len(out) < number:
        text = grammar.truth(grammar.random.choice((1, 2, 3, 4, 5)))
        if _is_sound(text):
            out.append(text)
        else:
            refused += 1
    return out, refused


def _is_sound(text: str) -> bool:
    try:
        Typer(_SCOPE).condition(parse(text))
    except (TypeFault, ExpressionError):
        return False
    return True
