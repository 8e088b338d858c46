"""Money as whole minor units of one currency: exact in, exact out, never a float."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Final

from schemas.texts import say

__all__ = ["digits_of", "factor_of", "in_texts", "parse_money", "rounded", "to_major", "to_minor"]

_DIGITS: Final = {
    "BHD": 3, "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "IQD": 3, "ISK": 0, "JOD": 3, "JPY": 0, "KMF": 0, "KRW": 0,
    "KWD": 3, "LYD": 3, "OMR": 3, "PYG": 0, "RWF": 0, "TND": 3, "UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0,
    "XOF": 0, "XPF": 0,
}  # fmt: skip
"""Decimal places that differ from two (ISO 4217)."""
_UNITS: Final = {0: 1, 2: 100, 3: 1_000}
_FACTORS: Final = {digits: Decimal(units) for digits, units in _UNITS.items()}
_fma: Final = Context(prec=60, rounding=ROUND_HALF_UP).fma  # exact: events' numbers have 30 digits, below 10**31
_HALF: Final = Decimal("0.5")
_MINUS_HALF: Final = -_HALF
_AMOUNT = re.compile(r"(-?\d{1,15}(?:\.\d{1,15})?) +([A-Z]{3})", re.ASCII)


def digits_of(currency: str) -> int:
    """How many decimal places a currency has: 2 for CNY, 0 for JPY."""
    return _DIGITS.get(currency, 2)


def to_minor(amount: int | Decimal | Fraction, currency: str) -> int:
    """Whole minor units of an amount in major units, rounded half away from zero."""
    if isinstance(amount, Decimal):
        return rounded(amount, factor_of(currency))
    units = _UNITS[digits_of(currency)]
    if isinstance(amount, int):
        return amount * units
    scaled = abs(amount) * units
    whole = int(scaled + Fraction(1, 2))
    return -whole if amount < 0 else whole


def factor_of(currency: str) -> Decimal:
    """Minor units in a major one: 100 for CNY."""
    return _FACTORS[digits_of(currency)]


def rounded(amount: Decimal, factor: Decimal) -> int:
    """`amount` times `factor` (a power of ten), rounded half away from zero."""
    return int(_fma(amount, factor, _MINUS_HALF if amount.is_signed() else _HALF))


def to_major(minor: int, currency: str) -> Decimal:
    """The exact decimal amount in major units, always with the currency's places: 13912 → Decimal('139.12')."""
    digits = digits_of(currency)
    return Decimal(f"{'-' if minor < 0 else ''}{abs(minor)}E-{digits}") if digits else Decimal(minor)


def in_texts(minor: int, currency: str) -> Decimal | int:
    """An amount as messages show it, in major units: 10 and not 10.00, but 9.90."""
    amount = to_major(minor, currency)
    return int(amount) if amount == amount.to_integral_value() else amount


def parse_money(text: str) -> tuple[int, str]:
    """(minor units, currency) of `10 CNY` or `49.90 GBP`. Raises `ValueError`."""
    match = _AMOUNT.fullmatch(text.strip())
    if match is None:
        message = say("{text!r} is no amount; write the number and the currency: 10 CNY", text=text[:40])
        raise ValueError(message)
    amount, currency = Decimal(match[1]), match[2]
    minor = to_minor(amount, currency)
    if amount != to_major(minor, currency):
        message = say(
            "{text!r} is finer than {currency} has units; write at most {digits} decimals",
            text=text,
            currency=currency,
            digits=digits_of(currency),
        )
        raise ValueError(message)
    return minor, currency
