"""Exact arithmetic, comparisons and text tests on values that are known."""

from __future__ import annotations

import operator
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import re2

from schemas.times import FOREVER

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from segments import terms as t

__all__ = ["COMPARE", "calculate", "compare_linear", "text_test"]

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def calculate(op: str, values: Sequence[Any]) -> int | Fraction | str | None:
    """`op` over one or two known values.

    Dividing by zero gives unknown. `%` has the sign of its left side, as in CEL.
    """
    if len(values) == 1:
        return -values[0]  # type: ignore[no-any-return]
    a, b = values
    match op:
        case "+":
            return a + b  # type: ignore[no-any-return]
        case "-":
            return a - b  # type: ignore[no-any-return]
        case "*":
            return _whole(Fraction(a) * b)
        case "/":
            return None if b == 0 else _whole(Fraction(a) / b)
    if b == 0:
        return None
    rest = abs(Fraction(a)) % abs(Fraction(b))
    return _whole(-rest if a < 0 else rest)


def _whole(value: Fraction) -> int | Fraction:
    return value.numerator if value.denominator == 1 else value


def compare_linear(op: str, factor: int, difference: int, now: int) -> tuple[bool, int]:
    """(truth, until) of `difference OP 0`, where `difference` grows by `factor` each ms of `now`."""
    truth = COMPARE[op](difference, 0)
    # It can turn only where the difference reaches zero and where it leaves it again.
    at = -(difference // factor)
    near = (step for step in range(at - 2, at + 3) if step > 0)
    moments = [step for step in near if COMPARE[op](difference + factor * step, 0) != truth]
    return truth, now + min(moments) if moments else FOREVER


@lru_cache(maxsize=1024)
def _pattern(pattern: str) -> Any:  # noqa: ANN401 - re2 has no types
    return re2.compile(pattern)


def text_test(term: t.TextTest) -> Callable[[Any, Any], bool | int]:
    """The test of `startsWith`, `endsWith`, `contains`, `matches` (anywhere in the text, RE2) or `size`."""
    match term.name:
        case "startsWith":
            return lambda text, part: text.startswith(part)
        case "endsWith":
            return lambda text, part: text.endswith(part)
        case "contains":
            return lambda text, part: part in text
        case "matches":
            return lambda text, pattern: _pattern(pattern).search(text) is not None
    return lambda value, _: len(value)
