"""Inputs of a playbook: declared with a type, given a value, used in expressions and as whole values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from messaging.render import render
from rules.check import check_playbook
from rules.compile import compile_playbook
from tests.helpers.playbooks import BASE, CASE, ZONES, marked, places
from tests.reference.stories import Player, changed, decided, event
from workers.programs import offers_of

if TYPE_CHECKING:
    from rules.model import Playbook

INPUTS = """
inputs:
  discount: {type: money, default: 10 GBP, title: What is off, meaning: of each order}
  stock: {type: integer, default: 100}
  pause: {type: duration, default: 2h}
  pool: {type: text, default: gift}
  cities: {type: list, default: [Rome, Oslo]}
  large: {type: money, default: 50 GBP}
  live: {type: boolean, default: true}
  share: {type: number, default: 0.5}
  day: {type: date, default: 2026-05-01}
  opening: {type: time, default: "2026-05-01T10:00:00Z"}
  status: {type: text, default: live, values: [live, draft]}
"""
USES = """
coupon_pools: {more: {benefit: {amount_off: "${inputs.discount}"}, stock: "${inputs.stock}"}}
segments:
  large: {when: 'sum("order.paid", "amount", inputs.pause) >= inputs.large'}
  here: {when: profile.name in inputs.cities}
  everybody: {when: "${inputs.live}"}
rules:
  r:
    status: ${inputs.status}
    schedule: {at: "${inputs.opening}"}
    audience: local_date() >= inputs.day && count("order.paid", "1d") / 3 > inputs.share
    then:
      - issue_coupon: ${inputs.pool}
      - wait: ${inputs.pause}
      - tag: ${inputs.cities}
"""


def checked(text: str) -> Playbook:
    playbook, findings = check_playbook({**BASE, CASE: text}, ZONES)
    assert [finding.as_json() for finding in findings] == []
    assert playbook is not None
    return playbook


def test_an_input_is_its_default_where_nothing_is_given() -> None:
    playbook = checked(INPUTS + USES)
    rule = playbook.rules["r"]
    assert (playbook.pools["more"].worst_cost, playbook.pools["more"].stock) == (1000, 100)
    assert rule.status == "live"
    assert [step.__class__.__name__ for step in rule.then] == ["IssueCoupon", "WaitStep", "TagPerson"]
    assert "duration=7200000" in repr(rule.then[1])
    assert "tags=('Rome', 'Oslo')" in repr(rule.then[2])


def test_a_value_takes_the_place_of_the_default_everywhere() -> None:
    given = "values: {discount: 3 GBP, stock: 7, pool: forever, status: draft, cities: [Bonn]}\n"
    playbook = checked(INPUTS + USES + given)
    assert (playbook.pools["more"].worst_cost, playbook.pools["more"].stock) == (300, 7)
    assert playbook.rules["r"].status == "draft"
    assert "pool='forever'" in repr(playbook.rules["r"].then[0])


def test_the_workspace_may_be_made_of_inputs_and_money_is_then_in_its_currency() -> None:
    text = """
inputs: {zone: {type: text}, currency: {type: text}, price: {type: money}}
values: {zone: Asia/Shanghai, currency: CNY, price: 10 CNY}
workspace: {zone: "${inputs.zone}", currency: "${inputs.currency}"}
"""
    playbook, findings = check_playbook({CASE: text}, ZONES)
    assert findings == []
    assert playbook is not None
    assert (playbook.workspace.zone, playbook.workspace.currency) == ("Asia/Shanghai", "CNY")
    plain, expected = marked(text.replace("10 CNY", "▶10 EUR"))
    _, findings = check_playbook({CASE: plain}, ZONES)
    assert [finding.code for finding in findings] == ["wrong_currency"]
    assert places(findings) == expected


def test_inputs_in_conditions_are_constants_with_their_types(play: Player) -> None:
    text = """
inputs: {window: {type: duration, default: 2h}, price: {type: money, default: 19.99 GBP}, least: {type: integer, default: 2}}
segments:
  rich: {when: 'sum("order.paid", "amount", inputs.window) >= inputs.price'}
  twice: {when: 'at_least(inputs.least, [count("visit", inputs.window) >= 1, count("order.paid", "1d") >= inputs.least])'}
rules: {r: {event: order.paid, when: event.amount > inputs.price, wait: "${inputs.window}", then: [{assign: {to: x}}]}}
"""
    paid = event("0h", "order.paid", amount=10), event("1h", "order.paid", amount=9.99), event("1h", "visit")
    story = play(text, *paid, event("5h", "order.paid", amount=20), until="9h")
    assert changed(story) == [
        "1h enter rich event",
        "1h enter twice event",
        "2h leave rich time",
        "3h leave twice time",
        "5h enter rich event",
        "7h leave rich time",
    ]
    assert decided(story.decisions) == ["7h r"]


def use(text: str, declared: str = "x: {type: integer, default: 3}") -> str:
    return f"inputs: {{{declared}}}\n{text}"


SEGMENT = "segments: {s: {when: 'profile.level > inputs.x'}}\n"
RULE = 'rules: {r: {event: order.paid, wait: %s"${inputs.x}", then: [{tag: a}]}}\n'

# One case a line: code and hint (a part of it) of what is found at the mark ▶. Nothing else may be found.
CASES: dict[str, tuple[str, str, str]] = {
    "no value": ("missing_input", "x: …", use(SEGMENT + RULE % "", "▶x: {type: integer}")),
    "no value among those given": (
        "missing_input",
        "touchline.yaml",
        use(SEGMENT + "▶values: {y: 1}\n", "x: {type: integer}, y: {type: integer}"),
    ),
    "a value of another type": ("wrong_type", "", use("values: {x: ▶much}\n" + SEGMENT)),
    "a default of another type": ("wrong_type", "", use(SEGMENT, "x: {type: integer, default: ▶much}")),
    "a value of an input that there is not": ("unknown_input", "'x'", use("values: {▶xx: 3}\n" + SEGMENT)),
    "a use of an input that there is not": ("unknown_input", "'x'", use((RULE % "▶").replace("inputs.x", "inputs.xx"))),
    "a use of something else": ("unknown_input", "'x'", use((RULE % "▶").replace("inputs.x", "x"))),
    "an input that there is not in an expression": (
        "unknown_input",
        "'x'",
        use(SEGMENT.replace("inputs.x", "inputs.▶xx")),
    ),
    "an input of another type than the place": ("bad_duration", "", use(RULE % "▶")),
    "a unit that does not fit": (
        "wrong_type",
        "",
        use(
            SEGMENT.replace("profile.level > inputs.x", "▶profile.level > inputs.x"), "x: {type: duration, default: 3h}"
        ),
    ),
    "an input within a text": (
        "input_in_text",
        "whole text",
        use("rules: {r: {title: 'ab ▶${inputs.x}', event: order.paid, then: [{tag: a}]}}\n"),
    ),
    "an input made of another": (
        "input_in_text",
        "itself",
        use("", "x: {type: text, default: a}, y: {type: text, default: ▶'${inputs.x}'}"),
    ),
    "a text that is not among those allowed": (
        "not_allowed",
        "a",
        use("values: {x: ▶c}\n", "x: {type: text, default: a, values: [a, b]}"),
    ),
    "a type that there is not": ("not_allowed", "integer", use("", "x: {type: ▶int, default: 3}")),
    "a date that is none": ("bad_date", "", use("", "x: {type: date, default: ▶tomorrow}")),
    "an input whose name expressions cannot write": ("bad_id", "", use("", "▶x-y: {type: integer, default: 3}")),
    "an amount without a currency": (
        "bad_money",
        "did you mean 3 GBP?",
        use("values: {x: ▶3}\n", "x: {type: money}"),
    ),
    "an amount in another currency": ("wrong_currency", "GBP", use("values: {x: ▶3 EUR}\n", "x: {type: money}")),
}


@pytest.mark.parametrize(("code", "hint", "text"), CASES.values(), ids=list(CASES))
def test_a_fault_is_found_at_its_place_and_nothing_else_is(code: str, hint: str, text: str) -> None:
    plain, expected = marked(text)
    playbook, findings = check_playbook({**BASE, CASE: plain}, ZONES)
    assert [(finding.severity, finding.code) for finding in findings] == [("error", code)]
    assert places(findings) == expected
    assert hint in findings[0].hint
    assert playbook is None


def test_messages_show_inputs_as_people_write_them() -> None:
    body = "{{ inputs.discount }}, {{ inputs.price }}, {{ inputs.pause }}, {{ inputs.cities | join: ' ' }}, {{ inputs.share }}, {{ inputs.day }}"
    text = f"""
values: {{discount: 3 GBP}}
templates: {{t: {{purpose: transactional, channels: {{email: {{en: "{body}"}}}}}}}}
rules: {{r: {{event: order.paid, then: [{{send: {{template: t, channels: [email]}}}}]}}}}
"""
    offers = offers_of(
        compile_playbook(
            checked(INPUTS.replace("inputs:\n", "inputs:\n  price: {type: money, default: 9.90 GBP}\n") + text)
        )
    )
    content = render(
        offers.templates["t"], "email", "en", {"inputs": offers.inputs}, zone="UTC", currency="GBP", fallback_language="en"
    )  # fmt: skip
    assert content.body == "3, 9.90, 2h, Rome Oslo, 0.5, 2026-05-01"


def test_an_input_that_a_message_shows_must_be_there() -> None:
    text = """
inputs: {price: {type: money, default: 9.90 GBP}}
templates: {t: {purpose: transactional, channels: {email: {en: "{{ inputs.prise }}"}}}}
rules: {r: {event: order.paid, then: [{send: {template: ▶t, channels: [email]}}]}}
"""
    plain, expected = marked(text)
    _, findings = check_playbook({**BASE, CASE: plain}, ZONES)
    assert [(finding.code, finding.hint) for finding in findings] == [("missing_variable", "did you mean 'price'?")]
    assert places(findings) == expected
