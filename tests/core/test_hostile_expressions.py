"""Expressions that want to run code, to escape, or to take for ever: answered at once, with a place, never run."""

from __future__ import annotations

import time

import pytest

from schemas.catalogue import Catalogue, EventType, PropertyType, TraitType
from segments.scope import Scope, TypeFault
from segments.syntax import ExpressionError, parse
from segments.typing import Typer
from tests.core.hostile_expressions import HOSTILE

CATALOGUE = Catalogue(
    {
        "a": EventType(
            "a", {"note": PropertyType("text"), "items": PropertyType("list", of={"sku": PropertyType("text")})}
        )
    },
    {"age": TraitType("age", "integer")},
)
SCOPE = Scope(CATALOGUE, "GBP", events=("a",))


def fault(text: str) -> ExpressionError | TypeFault | None:
    try:
        Typer(SCOPE).condition(parse(text))
    except (ExpressionError, TypeFault) as error:
        return error
    return None


def test_there_are_at_least_three_hundred_of_them_and_no_two_alike() -> None:
    assert len(HOSTILE) == len(set(HOSTILE)) >= 300


@pytest.mark.parametrize("text", HOSTILE, ids=[f"{at}-{text[:24]!r}" for at, text in enumerate(HOSTILE)])
def test_a_hostile_expression_is_answered_with_a_place_within_fifty_milliseconds(text: str) -> None:
    spent, error = [], None
    for _ in range(3):
        began = time.process_time()
        error = fault(text)
        spent.append(time.process_time() - began)

    assert error is not None
    assert error.code
    assert error.message
    assert len(error.message) < 500
    assert 0 <= error.start <= error.end <= max(1, len(text))
    assert min(spent) < 0.05
