"""Comparisons of aggregates with numbers, written out in the code of a plan, against the closures that define them."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

import pytest

from schemas.profile import NOTHING, Profile
from schemas.times import FOREVER
from segments import conditions as c
from segments import terms as t
from segments.evaluate import Context, Surroundings, build
from segments.firing import Firing
from segments.localdays import days_of
from segments.plan import Plan

Kind = Literal["min", "max", "avg", "sum"]
WINDOW = 100
STORIES: list[list[tuple[int, int | Fraction]]] = [
    [],
    [(1_000, 250)],
    [(1_000, 100), (1_030, -50), (1_060, Fraction(5, 2))],
    [(900, 9_999), (1_040, Fraction(1, 3)), (1_040, 7)],
]
NUMBERS: list[int | Fraction] = [0, 100, -50, 250, Fraction(5, 2), Fraction(105, 6), Fraction(22, 6)]


def person(plan: Plan, story: list[tuple[int, int | Fraction]], scale: int) -> Profile:
    p = Profile("p", 0, FOREVER, [0], 0, 0, [b""])
    for ts, exact in story:
        amount = int(exact) if scale == 1 else exact  # unscaled are whole
        p.true, p.unknown = plan.handler("paid")(p, ts, ts, {"amount": amount}, 0)
    return p


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("op", ["==", "!=", "<", "<=", ">", ">="])
@pytest.mark.parametrize(("kind", "scale"), [("min", 1), ("max", 100), ("avg", 1), ("avg", 100), ("sum", 100)])
def test_a_comparison_answers_as_its_closure_does(kind: Kind, scale: int, op: str, *, swapped: bool) -> None:
    for number in NUMBERS:
        fact = t.Aggregate("number", kind, "paid", "amount", WINDOW, scale)
        sides = (t.Constant("number", number), fact) if swapped else (fact, t.Constant("number", number))
        term = t.Operation("bool", op, sides)
        plan = Plan({"s": c.General(term)})
        closure = build(term, Surroundings(plan.tracks.index, plan.bit, ()))
        for story in STORIES:
            p = person(plan, story, scale)
            now = 1_070
            true, unknown = plan.evaluate_all(p, now, 0, 0)
            holds = {(1, 0): True, (0, 1): None, (0, 0): False}[true, unknown]

            assert (holds, p.due[0] + FOREVER) == closure(Context(p, now, NOTHING, 0, 0, days_of("UTC")))
            assert bool(Firing(plan).test(c.General(term))(p, now, NOTHING, 0, 0)) is (holds is True)
            assert bool(Firing(plan).test(c.Not(c.General(term)))(p, now, NOTHING, 0, 0)) is (holds is False)
