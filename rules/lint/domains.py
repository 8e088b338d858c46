"""What values a thing can still have once something is known of it: an interval, a list, and what it is not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

__all__ = ["Domain", "Value", "number"]

Value = Fraction | str | bool


def number(value: object) -> Fraction | None:
    """A number of an expression, exactly; None if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | Fraction):
        return None
    return Fraction(value)


@dataclass(frozen=True, slots=True)
class Domain:
    """`low`, `high`: bounds, and whether they belong to it; `among`: the only values, None: any; `never`: not these."""

    low: tuple[Fraction, bool] | None = None
    high: tuple[Fraction, bool] | None = None
    among: frozenset[Value] | None = None
    never: frozenset[Value] = frozenset()

    def with_(self, op: str, values: tuple[Value, ...]) -> Domain:
        """What is left of it when it must compare so with a value, or be `in` (or `not in`) several."""
        match op:
            case "==" | "in":
                among = frozenset(values)
                return replace(self, among=among if self.among is None else self.among & among)
            case "!=" | "not in":
                return replace(self, never=self.never | frozenset(values))
        (bound,) = values
        if not isinstance(bound, Fraction):
            return self
        if op in {">", ">="}:
            low = bound, op == ">="
            return replace(self, low=low if self.low is None else max(self.low, low, key=_lower))
        high = bound, op == "<="
        return replace(self, high=high if self.high is None else min(self.high, high, key=_upper))

    @property
    def empty(self) -> bool:
        """Whether no value is left."""
        if self.among is not None:
            return not any(self._holds(value) for value in self.among)
        if self.low is None or self.high is None:
            return False
        (low, low_in), (high, high_in) = self.low, self.high
        return low > high or (low == high and (not (low_in and high_in) or low in self.never))

    def _holds(self, value: Value) -> bool:
        if value in self.never:
            return False
        if not isinstance(value, Fraction):
            return True
        above = self.low is None or value > self.low[0] or (value == self.low[0] and self.low[1])
        below = self.high is None or value < self.high[0] or (value == self.high[0] and self.high[1])
        return above and below


def _lower(bound: tuple[Fraction, bool]) -> tuple[Fraction, bool]:
    return bound[0], not bound[1]


def _upper(bound: tuple[Fraction, bool]) -> tuple[Fraction, bool]:
    return bound[0], bound[1]
