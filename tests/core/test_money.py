"""Money: exact in, exact out, rounded half away from zero where it must be."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.money import digits_of, parse_money, to_major, to_minor

currencies = st.sampled_from(["CNY", "GBP", "JPY", "KWD"])
amounts = st.integers(-(10**27), 10**27)
decimals = st.builds(
    lambda digits, places: Decimal(digits).scaleb(-places), st.integers(-(10**25), 10**25), st.integers(0, 20)
)


@given(amounts, currencies)
def test_minor_units_come_back_from_the_amount(minor: int, currency: str) -> None:
    major = to_major(minor, currency)

    assert to_minor(major, currency) == minor
    assert to_minor(Fraction(major), currency) == minor


@given(amounts, currencies)
def test_an_amount_always_shows_the_places_of_its_currency(minor: int, currency: str) -> None:
    whole, _, places = str(to_major(minor, currency)).partition(".")

    assert len(places) == digits_of(currency)
    assert int(whole + places) == minor


@given(st.integers(-(10**27), 10**27), currencies)
def test_whole_amounts_are_exact(amount: int, currency: str) -> None:
    assert to_minor(amount, currency) == to_minor(Decimal(amount), currency) == to_minor(Fraction(amount), currency)


@given(decimals, currencies)
def test_a_decimal_and_the_same_fraction_round_alike(amount: Decimal, currency: str) -> None:
    assert to_minor(amount, currency) == to_minor(Fraction(amount), currency)


@given(decimals, currencies)
def test_rounding_moves_by_half_a_unit_at_most_and_keeps_the_sign(amount: Decimal, currency: str) -> None:
    exact = Fraction(amount) * 10 ** digits_of(currency)
    minor = to_minor(amount, currency)

    assert abs(minor - exact) <= Fraction(1, 2)
    assert to_minor(-amount, currency) == -minor


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("0.005", "CNY", 1),
        ("-0.005", "CNY", -1),
        ("0.00499999999999999999999999", "CNY", 0),
        ("1.005", "GBP", 101),
        ("0.5", "JPY", 1),
        ("1.0005", "KWD", 1_001),
        ("12345678901234567890123456.785", "CNY", 1234567890123456789012345679),
        ("1e5", "CNY", 10_000_000),
    ],
)
def test_half_a_unit_is_rounded_away_from_zero(amount: str, currency: str, minor: int) -> None:
    assert to_minor(Decimal(amount), currency) == minor


@pytest.mark.parametrize(
    ("text", "money"),
    [
        ("10 CNY", (1_000, "CNY")),
        ("49.90 GBP", (4_990, "GBP")),
        (" 0.00  CNY ", (0, "CNY")),
        ("-3.5 CNY", (-350, "CNY")),
    ],
)
def test_an_amount_is_a_number_and_a_currency(text: str, money: tuple[int, str]) -> None:
    assert parse_money(text) == money


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10",
        "CNY",
        "10CNY",
        "10 cny",
        "10 CNYX",
        "NaN CNY",
        "1e9 CNY",
        "1_0 CNY",
        "٣ CNY",
        "10. CNY",
        ".5 CNY",
        "10 CNY 5",
    ],
)
def test_anything_else_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match="is no amount"):
        parse_money(text)


@pytest.mark.parametrize("text", ["0.001 CNY", "1.5 JPY", "0.0001 KWD"])
def test_an_amount_finer_than_the_currency_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="decimals"):
        parse_money(text)


@given(st.integers(-(10**14), 10**14), currencies)
def test_a_written_amount_is_read_back(minor: int, currency: str) -> None:
    assert parse_money(f"{to_major(minor, currency)} {currency}") == (minor, currency)
