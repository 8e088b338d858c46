"""The JSON Schema: sound files pass, spoilt ones do not, and it knows the very keys that the readers know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator  # type: ignore[import-untyped]  # it has no stubs

from rules.check import check_playbook
from rules.loader import load
from rules.nodes import Mapping, Node, Scalar, Sequence
from rules.read import read_playbook
from rules.schema.document import schema_of
from rules.schema.shapes import SHAPES
from tests.helpers.mutations import GOOD, KINDS, spoilt
from tests.helpers.playbooks import BASE, CASE, ZONES
from workers.playbooks import read_folder

SAMPLE = read_folder(Path(__file__).parents[2] / "examples" / "online_retail" / "playbook")
UNSEEN = {
    # What is no matter of shape: YAML itself, expressions, and names that refer to elsewhere in conditions.
    "a property that is not there",
    "a trait that is not there",
    "a segment that is not there",
    "a stage that is not there",
    "a text that never comes",
    "two names that are not there",
    "a word for an operator",
    "a single equals sign",
    "a separator of thousands",
    "full-width punctuation",
    "a bracket that is not closed",
    "an expression with a comma in braces",
    "a tab",
    "a line that fits in with none",
    "an alias",
    "a key twice",
    "a stage of both kinds",
    "a name that came before",
    "a trait in a branch that is not there",
    "a reply where there is none",
    "an end before its beginning",
    "a moment without a zone",
}


def plain(node: Node | None) -> Any:  # noqa: ANN401 - JSON values
    match node:
        case Scalar(value=value):
            return value
        case Sequence(items=items):
            return [plain(item) for item in items]
        case Mapping(entries=entries):
            return {key: plain(entry.value) for key, entry in entries.items()}
    return {}


def faults(schema: dict[str, Any], text: str) -> list[str]:
    root, _ = load(text, "p.yaml")
    return [error.message for error in Draft7Validator(schema).iter_errors(plain(root))]


def own(files: dict[str, str]) -> dict[str, Any]:
    playbook, _ = read_playbook(files)
    return schema_of(playbook)


def test_the_schema_is_one() -> None:
    Draft7Validator.check_schema(schema_of(None))
    Draft7Validator.check_schema(own(SAMPLE))


@pytest.mark.parametrize("name", list(SAMPLE))
def test_every_file_of_the_sample_passes(name: str) -> None:
    assert faults(schema_of(None), SAMPLE[name]) == []
    assert faults(own(SAMPLE), SAMPLE[name]) == []


@pytest.mark.parametrize("good", list(GOOD))
def test_every_sound_playbook_passes(good: str) -> None:
    assert faults(own({"p.yaml": GOOD[good]}), GOOD[good]) == []


@pytest.mark.parametrize("kind", sorted(set(KINDS) - UNSEEN))
def test_a_fault_of_shape_is_seen_by_the_schema_too(kind: str) -> None:
    for good in GOOD:
        schema = own({"p.yaml": GOOD[good]})

        assert faults(schema, spoilt(good, kind)[0]) != [], good


WHERE = {
    "workspace": "workspace: {zone: UTC, currency: GBP, zzz: 1}\n",
    "quiet_hours": "workspace: {zone: UTC, currency: GBP, quiet_hours: {from: '21:00', until: '09:00', zzz: 1}}\n",
    "cap": "workspace: {zone: UTC, currency: GBP, caps: {all: {count: 1, within: 1d, zzz: 1}}}\n",
    "input": "inputs:\n  x: {type: text, default: a, zzz: 1}\n",
    "event": "events:\n  x: {zzz: 1}\n",
    "property": "events:\n  x: {properties: {a: {type: text, zzz: 1}}}\n",
    "trait": "traits:\n  x: {type: text, zzz: 1}\n",
    "segment": "segments:\n  x: {when: 'true', zzz: 1}\n",
    "stage": "lifecycle: [{id: x, otherwise: true, zzz: 1}]\n",
    "rule": "rules:\n  x: {event: cart.added, zzz: 1, then: [{tag: a}]}\n",
    "schedule": "rules:\n  x: {schedule: {cron: '0 9 * * 1', zzz: 1}, then: [{tag: a}]}\n",
    "limit": "rules:\n  x: {event: cart.added, limit: {once: true, zzz: 1}, then: [{tag: a}]}\n",
    "most": "rules:\n  x: {event: cart.added, limit: {max: {count: 1, within: 1d, zzz: 1}}, then: [{tag: a}]}\n",
    "step": "rules:\n  x: {event: cart.added, then: [{tag: a, zzz: 1}]}\n",
    "send": "rules:\n  x: {event: cart.added, then: [{send: {template: hello, channels: [sms], zzz: 1}}]}\n",
    "issue_coupon": "rules:\n  x: {event: cart.added, then: [{issue_coupon: {pool: gift, zzz: 1}}]}\n",
    "invite": "rules:\n  x: {event: cart.added, then: [{invite: {community: club, zzz: 1}}]}\n",
    "assign": "rules:\n  x: {event: cart.added, then: [{assign: {to: a, zzz: 1}}]}\n",
    "emit": "rules:\n  x: {event: cart.added, then: [{emit: {event: cart.added, zzz: 1}}]}\n",
    "wait": "rules:\n  x: {event: cart.added, then: [{wait: {event: cart.added, within: 1d, zzz: 1}}]}\n",
    "arm": "rules:\n  x: {event: cart.added, then: [{split: s, arms: {a: {weight: 1, zzz: 1}, b: {weight: 1}}}]}\n",
    "valid": "rules:\n  x: {event: cart.added, valid: {from: '2026-05-01T00:00:00Z', zzz: 1}, then: [{tag: a}]}\n",
    "if_late": "rules:\n  x: {event: cart.added, if_late: {send_within: 1h, zzz: 1}, then: [{tag: a}]}\n",
    "holdout": "workspace: {zone: UTC, currency: GBP, holdout: {percent: 5%, zzz: 1}}\n",
    "ending": "rules:\n  x: {event: cart.added, wait: {for: 1h, unless: [{event: cart.added, zzz: 1}]}, then: [{tag: a}]}\n",
    "pool": "coupon_pools:\n  x: {benefit: {gift: a}, zzz: 1}\n",
    "benefit": "coupon_pools:\n  x: {benefit: {gift: a, zzz: 1}}\n",
    "code": "coupon_pools:\n  x: {benefit: {gift: a}, code: {zzz: 1}}\n",
    "community": "communities:\n  x: {zzz: 1}\n",
    "template": "templates:\n  x: {purpose: marketing, channels: {sms: {en: a}}, zzz: 1}\n",
    "message": "templates:\n  x: {purpose: marketing, channels: {email: {en: {body: a, zzz: 1}}}}\n",
}


@pytest.mark.parametrize("shape", list(WHERE))
def test_the_schema_and_the_reader_know_the_same_keys(shape: str) -> None:
    files = {**BASE, CASE: WHERE[shape]}
    if shape in {"workspace", "stage", "quiet_hours", "cap", "holdout"}:
        files = {CASE: "" if shape != "stage" else "workspace: {zone: UTC, currency: GBP}\n"}
        files[CASE] += WHERE[shape]
    _, findings = check_playbook(files, ZONES)
    (unknown,) = [finding for finding in findings if finding.code == "unknown_key"]

    known = set(unknown.hint.partition("allowed: ")[2].split(", "))  # what the reader itself lists
    described = {key for key, each in SHAPES[shape].keys.items() if not each.later}
    later = {key for key, each in SHAPES[shape].keys.items() if each.later}

    assert known - described == set()
    assert described - known <= later | ({"then", "else", "arms"} if shape == "step" else set())
    assert not known & later


FORKS = {
    "if": "{if: profile.level > 3, then: [{tag: a}], zzz: 1}",
    "split": "{split: s, arms: {a: {weight: 1}, b: {weight: 1}}, zzz: 1}",
    "wait": "{wait: {event: cart.added, within: 1d}, then: [{tag: a}], zzz: 1}",
}


def test_the_keys_of_steps_with_steps_inside_are_those_of_the_schema() -> None:
    known = set[str]()
    for step in FORKS.values():
        _, findings = check_playbook({**BASE, CASE: f"rules:\n  x: {{event: cart.added, then: [{step}]}}\n"}, ZONES)
        (unknown,) = [finding for finding in findings if finding.code == "unknown_key"]
        known |= set(unknown.hint.partition("allowed: ")[2].split(", "))

    assert known == {key for key, each in SHAPES["step"].keys.items() if not each.later}


def step_text(step: str) -> str:
    return f"rules:\n  x: {{event: cart.added, then: [{step}]}}\n"


@pytest.mark.parametrize(
    "step",
    [
        "{if: profile.level > 3, then: [{tag: a}, stop], else: [{wait: {until: '09:30'}}]}",
        "{if: [profile.level > 3, {not: profile.level > 9}], else: [stop]}",
        "{id: s, split: greeting, arms: {甲: {weight: 0}, b: {weight: 50, then: [{tag: a}]}}}",
        "{wait: {event: [cart.added, order.paid], within: 3d, unless: [order.cancelled], while: profile.level > 3}, then: [], else: [stop]}",
        "{wait: {event: order.paid, within: 3d, same: order_id}}",
        "{wait: {for: 2d, while: profile.level > 3}}",
        "stop",
    ],
)  # fmt: skip
def test_a_step_that_leads_on_passes(step: str) -> None:
    assert faults(schema_of(None), step_text(step)) == []


@pytest.mark.parametrize(
    "step",
    [
        "{tag: x, then: [{tag: a}]}",
        "{then: [{tag: a}]}",
        "{split: greeting}",
        "{arms: {a: {weight: 1}, b: {weight: 1}}}",
        "{split: greeting, arms: {a: {weight: 1}}}",
        "{split: greeting, arms: {a.b: {weight: 1}, c: {weight: 1}}}",
        "{split: greeting, arms: {a: {weight: -1}, b: {weight: 1}}}",
        "{split: greeting, arms: {a: {then: []}, b: {weight: 1}}}",
        "{wait: {event: order.paid}}",
        "{wait: {for: 2d, within: 1d}}",
        "{wait: {for: 2d, same: order_id}}",
        "{wait: {until: '9 am'}}",
        "{wait: {}}",
        "halt",
    ],
)
def test_a_step_that_the_reader_refuses_for_its_shape_does_not_pass(step: str) -> None:
    _, findings = check_playbook({**BASE, CASE: step_text(step)}, ZONES)

    assert any(finding.severity == "error" for finding in findings)
    assert faults(schema_of(None), step_text(step)) != []


def test_names_of_a_playbook_become_choices() -> None:
    rule = own(BASE)["definitions"]["rule"]["properties"]
    step = own(BASE)["definitions"]["send"]["properties"]

    assert "Order Completed" in rule["event"]["anyOf"][0]["enum"]
    assert {"vip", "stage:new", "regular"} <= set(rule["enters"]["anyOf"][0]["enum"])
    assert {"club", "hello"} <= set(step["template"]["enum"])
    assert step["template"]["enum"] == sorted(step["template"]["enum"])


def test_every_key_is_explained() -> None:
    assert [
        (name, key)
        for name, shape in SHAPES.items()
        for key, each in shape.keys.items()
        if not each.meaning.endswith(".")
    ] == []


def test_uses_of_inputs_pass_where_inputs_may_be() -> None:
    text = """
workspace: {zone: UTC, currency: GBP, country: GB}
inputs: {pause: {type: duration, default: 2h}, stock: {type: integer, default: 3}, status: {type: text, default: live}}
values: {stock: 7}
lists: {cities: [London]}
let: {here: [profile.city in lists.cities]}
events: {visit: }
traits: {city: {type: text}, birthday: {type: date}}
coupon_pools: {p: {benefit: {percent_off: 10}, stock: "${inputs.stock}"}}
rules:
  r: {event: visit, status: "${inputs.status}", when: let.here, wait: "${inputs.pause}", then: [{tag: a}]}
  s: {schedule: {anniversary: birthday, at: "09:00", before: 7d}, then: [{issue_coupon: p}]}
  t: {schedule: {month_end: true, at: "09:00"}, then: [{tag: a}]}
  u: {schedule: {cron: "0 9 * * *", workdays: true}, then: [{tag: a}]}
"""
    assert faults(own({"p.yaml": text}), text) == []
    assert faults(schema_of(None), text) == []
