"""Why a rule fired or did not: each condition with its value, what it was compared with, and its truth."""

from __future__ import annotations

from typing import Any

import pytest

from rules.compile import compile_playbook
from rules.explain import Explainer
from rules.fold import Fold
from rules.read import read_playbook
from schemas.decisions import Outcome
from schemas.profile import NOTHING, Occasion, Profile
from schemas.records import Behaviour
from schemas.times import DAY, HOUR, parse_time

NOW = parse_time("2026-01-05T10:00:00Z")
PLAYBOOK = """\
workspace: {{zone: Europe/London, currency: GBP}}
events:
  order.paid: {{properties: {{amount: {{type: money, min: 0}}, city: {{type: text}}}}}}
traits:
  level: {{type: integer}}
segments:
  vip: {{when: 'sum("order.paid", "amount", "30d") >= 500'}}
lifecycle:
  - {{id: new, when: 'first("order.paid") > now - duration("30d")'}}
  - {{id: usual, otherwise: true}}
rules:
  r:
    event: order.paid
    when: {when}
    unless: {unless}
    then: [{{tag: seen}}]
"""


class Told:
    """One person of whom some orders are known: amounts, an hour apart, the last one now."""

    def __init__(self, when: str, *amounts: int, unless: str = "'false'") -> None:
        playbook, findings = read_playbook({"p.yaml": PLAYBOOK.format(when=when, unless=unless)})
        assert playbook is not None, findings
        self.program = compile_playbook(playbook)
        self.explainer = Explainer(self.program)
        fold = Fold(self.program, "w", {self.program.id: self.program}.get)
        self.p: Profile = self.program.empty_profile()
        self.occasion: Occasion = NOTHING
        self.out = Outcome()
        for number, amount in enumerate(amounts, 1 - len(amounts)):
            at = NOW + number * HOUR
            fold.event("p", self.p, Behaviour(str(number), "p", "order.paid", at, {"amount": amount}), at, self.out)
            self.occasion = Occasion(str(number), "order.paid", at, "", {"amount": amount * 100}, {"amount": amount})

    def lines(self, now: int = NOW) -> list[str]:
        judgement = self.explainer.judge("r", self.p, now, self.occasion, reasons=True)
        return [" ".join(line.split()) for _, reason in judgement.reasons for line in self.explainer.lines(reason)]

    def truth(self, now: int = NOW) -> bool | None:
        return self.explainer.judge("r", self.p, now, self.occasion).truth


@pytest.mark.parametrize(
    ("condition", "amounts", "truth", "line"),
    [
        ("event.amount >= 99", (80,), False, "false event.amount >= 99 (event.amount is 80.00 GBP)"),
        ("event.amount >= 99", (120,), True, "true event.amount >= 99 (event.amount is 120.00 GBP)"),
        ("profile.level >= 3", (80,), None, "unknown profile.level >= 3 (profile.level is unknown)"),
        ("has(profile.level)", (80,), False, "false has(profile.level) (profile.level is unknown)"),
        ('count("order.paid", "30d") >= 3', (1, 2), False, 'false count("order.paid", "30d") >= 3 (count("order.paid", "30d") is 2)'),
        ('count("order.paid", "30d") >= 2', (1, 2, 3), True, 'true count("order.paid", "30d") >= 2 (count("order.paid", "30d") is 2 or more)'),
        ('sum("order.paid", "amount", "30d") >= 200', (50, 60), False, 'false sum("order.paid", "amount", "30d") >= 200 (sum("order.paid", "amount", "30d") is 110.00 GBP)'),
        ('min("order.paid", "amount", "30d") >= 200', (50, 60), False, 'false min("order.paid", "amount", "30d") >= 200 (min("order.paid", "amount", "30d") is 50.00 GBP)'),
        ('last("order.paid") <= now - duration("2d")', (1,), False, 'false last("order.paid") <= now - duration("2d") (last("order.paid") is 2026-01-05 10:00, now - duration("2d") is 2026-01-03 10:00)'),
        ('profile.stage in ["usual"]', (1,), False, 'false profile.stage in ["usual"] (profile.stage is "new")'),
        ('event.city.startsWith("Lo")', (1,), None, 'unknown event.city.startsWith("Lo") (event.city is unknown)'),
    ],
)  # fmt: skip
def test_a_condition_is_shown_with_its_truth_and_its_value(
    condition: str, amounts: tuple[int, ...], truth: bool | None, line: str
) -> None:
    told = Told(f"'{condition}'", *amounts)

    assert (told.truth(), told.lines()[0]) == (truth, line)


def test_logic_is_taken_apart_and_each_part_keeps_its_place() -> None:
    told = Told("'event.amount > 50 && (profile.level >= 3 || !has(event.city))'", 80)

    reason = told.explainer.judge("r", told.p, NOW, told.occasion, reasons=True).reasons[0][1]

    assert told.lines()[:5] == [
        "true event.amount > 50 (event.amount is 80.00 GBP)", "true any of:",
        "unknown profile.level >= 3 (profile.level is unknown)", "true not:", "false has(event.city) (event.city is unknown)",
    ]  # fmt: skip
    assert [(r.place[0], r.place[1], r.place[2]) for r in (reason.items[0], reason.items[1].items[0])] == [
        ("p.yaml", 14, 12), ("p.yaml", 14, 34),
    ]  # fmt: skip


def test_a_segment_that_is_asked_about_is_explained_inside() -> None:
    told = Told("'in_segment(\"vip\")'", 80)

    assert told.lines()[:2] == [
        'false in_segment("vip")',
        'false sum("order.paid", "amount", "30d") >= 500 (sum("order.paid", "amount", "30d") is 80.00 GBP)',
    ]


@pytest.mark.parametrize(
    ("when", "unless", "truth"),
    [
        ("'true'", "'profile.level >= 3'", None),
        ("'true'", "event.amount > 10", False),
        ("'true'", "event.amount > 100", True),
        ("[event.amount > 10, 'profile.level >= 3']", "'false'", None),
        ("[event.amount > 100, 'profile.level >= 3']", "'false'", False),
        ("{any: [event.amount > 10, 'profile.level >= 3']}", "'false'", True),
        ("{not: 'profile.level >= 3'}", "'false'", None),
    ],
)
def test_a_rule_is_judged_as_the_fold_judges_it(when: str, unless: str, truth: bool | None) -> None:
    told = Told(when, 80, unless=unless)

    assert told.truth() is truth
    assert bool(told.out.decisions) is (truth is True)


def test_a_window_is_explained_as_of_the_moment_asked_about() -> None:
    told = Told('\'count("order.paid", "30d") >= 3\'', 1, 2)

    assert told.lines(NOW + 31 * DAY)[0].endswith("is 0)")


def test_what_no_track_keeps_is_explained_without_a_value() -> None:
    told = Told('\'count("order.paid", "30d", "city") >= 3\'', 1)
    values: list[Any] = [
        r.operands for _, r in told.explainer.judge("r", told.p, NOW, told.occasion, reasons=True).reasons
    ]

    assert told.lines()[0].startswith("unknown count(")
    assert values[0][0].value is None
