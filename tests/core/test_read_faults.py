from __future__ import annotations

import pytest

from rules.read import read_playbook
from tests.helpers.playbooks import BASE, CASE, ZONES, marked, places, rule_text, with_step

# One case a line: the codes that are found, in order, at the marks ▶ of the text. Nothing else may be found.
FAULTS: dict[str, tuple[str, str]] = {
    # keys and types
    "an unknown section": ("unknown_key", "▶rule:\n  r: {}\n"),
    "a list instead of sections": ("wrong_type", "▶- rules\n"),
    "an unknown key": ("unknown_key", rule_text("▶prioritty: 3")),
    "a missing key": ("missing_key", "rules:\n  ▶r:\n    event: order.paid\n"),
    "a rule that is a list": ("wrong_type", "rules:\n  r: ▶[]\n"),
    "a number for a title": ("wrong_type", rule_text("title: ▶12")),
    "a text for a number": ("wrong_type", rule_text("priority: ▶high")),
    "a truth value for a number": ("wrong_type", rule_text("priority: ▶true")),
    "a yes for a truth value": ("wrong_type", "events:\n  x: {interaction: ▶yes}\n"),
    "rules that are a list": ("wrong_type", "rules:\n  ▶- r\n"),
    "a status that is none": ("not_allowed", rule_text("status: ▶lief")),
    "a list for a status": ("wrong_type", rule_text("status: ▶[live]")),
    "an empty list": ("empty", rule_text(start="event: ▶[]")),
    "a name with a colon": ("bad_id", 'rules:\n  ▶"a:b": {event: order.paid, then: [{tag: x}]}\n'),
    "a name with a space": ("bad_id", "segments:\n  ▶two words: {when: 'true'}\n"),
    "a name that is too long": ("bad_id", f"segments:\n  ▶{'x' * 129}: {{when: 'true'}}\n"),
    "a name with a control character": ("bad_id", 'events:\n  ▶"a\\tb":\n'),
    "a name that came before": ("duplicate_name", "events:\n  ▶cart.added:\n"),
    "a workspace that came before": ("duplicate_name", "▶workspace: {zone: UTC, currency: GBP}\n"),
    "a lifecycle that came before": ("duplicate_name", "▶lifecycle: []\n"),
    "an alias that is an event": ("duplicate_name", "events:\n  x: {aliases: [▶cart.added]}\n"),
    "an alias twice": ("duplicate_name", "events:\n  x: {aliases: [a, ▶a]}\n"),
    "an event of the system": ("reserved_name", "events:\n  ▶person.updated:\n"),
    "a trait of the system": ("reserved_name", "traits:\n  ▶stage: {type: text}\n"),
    # values
    "a duration without a unit": ("bad_duration", rule_text("expires: ▶30")),
    "a duration of an unknown unit": ("bad_duration", rule_text("wait: ▶3 days")),
    "no duration at all": ("bad_duration", rule_text("wait: ▶0h")),
    "a list for a duration": ("wrong_type", rule_text("expires: ▶[1h]")),
    "money without a currency": ("bad_money", "coupon_pools:\n  p: {benefit: {amount_off: ▶10}}\n"),
    "money below zero": ("bad_money", "coupon_pools:\n  p: {benefit: {amount_off: ▶-10 GBP}}\n"),
    "money with too many decimals": (
        "bad_money",
        "coupon_pools:\n  p: {benefit: {percent_off: 5}, budget: ▶1.234 GBP}\n",
    ),
    "another currency": ("wrong_currency", "coupon_pools:\n  p: {benefit: {amount_off: ▶10 EUR}}\n"),
    "a benefit of two kinds": ("bad_benefit", "coupon_pools:\n  p: {benefit: ▶{gift: pen, percent_off: 5}}\n"),
    "a benefit of no kind": ("bad_benefit", "coupon_pools:\n  p: {benefit: ▶{minimum: 5 GBP}}\n"),
    "more than all of it off": ("not_allowed", "coupon_pools:\n  p: {benefit: {percent_off: ▶101}}\n"),
    "no stock": ("not_allowed", "coupon_pools:\n  p: {benefit: {gift: pen}, stock: ▶0}\n"),
    "a prefix in small letters": ("not_allowed", "coupon_pools:\n  p: {benefit: {gift: pen}, code: {prefix: ▶wel}}\n"),
    "a cron that is none": ("bad_cron", rule_text(start='schedule: {cron: ▶"0 25 * * *"}')),
    "a cron with seconds": ("bad_cron", rule_text(start='schedule: {cron: ▶"0 0 9 * * 1"}')),
    "a schedule of both kinds": (
        "bad_schedule",
        rule_text(start='schedule: ▶{cron: "0 9 * * 1", at: "2026-05-01T10:00:00Z"}'),
    ),
    "a schedule of no kind": ("bad_schedule", rule_text(start="schedule: ▶{zone: UTC}")),
    "a time without a zone": ("bad_time", rule_text(start='schedule: {at: ▶"2026-05-01T10:00:00"}')),
    "a zone that is none": ("bad_zone", rule_text(start='schedule: {cron: "0 9 * * 1", zone: ▶Europe/Londn}')),
    "an expression that ends early": ("expr_unfinished", rule_text("when: event.amount ▶>=")),
    "a fault behind other text": ("expr_word_operator", rule_text("when: 'event.amount > 1 && ▶not true'")),
    "a fault inside a list": (
        "expr_single_equals",
        rule_text("when:", "  - event.amount >= 5", "  - event.amount ▶= 5"),
    ),
    "a list for an expression": ("wrong_type", with_step("{set: {level: ▶[1]}}")),
    "a condition of two shapes": ("bad_condition", rule_text("when: {all: ['true'], ▶any: ['true']}")),
    "a condition of an unknown shape": ("unknown_key", rule_text("when: {▶none: ['true']}")),
    "an empty condition": ("empty", rule_text("when: ▶[]")),
    "a template that is no Liquid": (
        "bad_template",
        'templates:\n  t: {purpose: marketing, channels: {email: {en: "Hi {{ person.name | ▶shout }}"}}}\n',
    ),
    "a language that is none": (
        "bad_language",
        "templates:\n  t: {purpose: marketing, channels: {sms: {▶English: Hi}}}\n",
    ),
    "a template for no channel": ("empty", "templates:\n  t: {purpose: marketing, channels: ▶{}}\n"),
    # what starts a rule
    "nothing that starts it": ("no_trigger", "rules:\n  ▶r: {then: [{tag: x}]}\n"),
    "two triggers": ("two_triggers", rule_text("▶enters: vip")),
    "an audience without a schedule": ("not_allowed", rule_text("▶audience: 'true'")),
    # references
    "an unknown event": ("unknown_event", rule_text(start="event: ▶order.payed")),
    "an unknown event in a list": ("unknown_event", rule_text(start="event: [order.paid, ▶order.payed]")),
    "an unknown event that ends a wait": ("unknown_event", rule_text("wait: {for: 1h, unless: [▶order.payed]}")),
    "an unknown event to emit": ("unknown_event", with_step("{emit: {event: ▶order.payed}}")),
    "an unknown segment": ("unknown_segment", rule_text(start="enters: ▶vips")),
    "an unknown stage": ("unknown_stage", rule_text(start="enters: ▶stage:newer")),
    "a segment and a stage of one name": ("ambiguous_name", rule_text(start="leaves: ▶active")),
    "an unknown template": ("unknown_template", with_step("{send: {template: ▶helo, channels: [email]}}")),
    "an unknown pool": ("unknown_pool", with_step("{issue_coupon: ▶gifts}")),
    "an unknown community": ("unknown_community", with_step("{invite: {community: ▶clubb}}")),
    "an unknown channel": ("unknown_channel", with_step("{send: {template: hello, channels: [email, ▶fax]}}")),
    "an unknown channel of a template": (
        "unknown_channel",
        "templates:\n  t: {purpose: marketing, channels: {▶fax: {en: Hi}}}\n",
    ),
    "an unknown trait to set": ("unknown_trait", with_step("{set: {▶levl: 3}}")),
    "an unknown property to emit": (
        "unknown_property",
        with_step("{emit: {event: order.paid, properties: {▶ammount: 3}}}"),
    ),
    "a limit per unknown property": ("unknown_property", rule_text("limit: {once_per: ▶orderid}")),
    "a property that ends a wait": (
        "unknown_property",
        rule_text("wait: {for: 1h, unless: [{event: order.paid, same: ▶id}]}"),
    ),
    "a property that the trigger lacks": (
        "unknown_property",
        rule_text("wait: {for: 1h, unless: {event: order.cancelled, same: ▶reason}}"),
    ),
    "a property where there is no event": (
        "no_event",
        rule_text("wait: {for: 1h, unless: {event: order.paid, same: ▶order_id}}", start="enters: vip"),
    ),
    "a limit per property of a schedule": (
        "no_event",
        rule_text("limit: {once_per: ▶order_id}", start='schedule: {cron: "0 9 * * 1"}'),
    ),
    # steps
    "two actions in a step": ("two_actions", with_step("{tag: a, ▶untag: b}")),
    "no action in a step": ("no_action", with_step("▶{id: a}")),
    "an unknown action": ("unknown_key", with_step("{▶sned: hello}")),
    "a step that is a word": ("wrong_type", with_step("▶tag")),
    "steps that are no list": ("wrong_type", rule_text(then="▶{tag: x}")),
    "a send without channels": ("missing_key", with_step("{send: ▶{template: hello}}")),
    "a send to no channel": ("empty", with_step("{send: {template: hello, channels: ▶[]}}")),
    "an invitation without its template": ("missing_key", with_step("{invite: {community: club, ▶channels: [sms]}}")),
    "a step id twice": ("duplicate_name", with_step("{tag: a, id: x}, {tag: b, id: ▶x}")),
    "a step id that is a place": ("bad_id", with_step("{tag: a, id: ▶'1'}")),
    "a coupon that hides the event": ("reserved_name", with_step("{issue_coupon: {pool: gift, as: ▶event}}")),
    "a coupon with a hyphen": ("bad_id", with_step("{issue_coupon: {pool: gift, as: ▶my-gift}}")),
    "a tag over two lines": ("bad_text", with_step('{tag: ▶"a\\nb"}')),
    "a limit that says nothing": ("empty", rule_text("limit: ▶{}")),
    "a limit that is a word": ("not_allowed", rule_text("limit: ▶twice")),
    "a limit without its window": ("missing_key", rule_text("limit: {max: ▶{count: 3}}")),
    # journeys
    "a wait for nothing": ("missing_key", with_step("{tag: a}, {wait: ▶{unless: order.paid}}")),
    "a wait of two kinds": ("not_allowed", with_step("{tag: a}, {wait: {for: 1h, ▶until: '09:00'}}")),
    "a wait for an event without an end": ("missing_key", with_step("{tag: a}, {wait: ▶{event: order.paid}}")),
    "how long to wait for an event": (
        "missing_key not_allowed",
        with_step("{tag: a}, {wait: ▶{event: order.paid, ▶for: 3d}}"),
    ),
    "a `within` without an event": ("not_allowed", with_step("{tag: a}, {wait: {for: 1h, ▶within: 3d}}")),
    "a `same` without an event": ("not_allowed", with_step("{tag: a}, {wait: {for: 1h, ▶same: order_id}}")),
    "an unknown event to wait for": ("unknown_event", with_step("{tag: a}, {wait: {event: ▶order.payed, within: 1d}}")),
    "a property that the event waited for lacks": (
        "unknown_property",
        with_step("{tag: a}, {wait: {event: order.cancelled, same: ▶amount, within: 1d}}"),
    ),
    "a wait that one event answers and ends": (
        "not_allowed",
        with_step("{tag: a}, {wait: {event: order.paid, within: 1d, ▶unless: [order.paid]}}"),
    ),
    "a time of day without quotes": ("bad_time_of_day", with_step("{tag: a}, {wait: {until: ▶9am}}")),
    "a time of day that is none": ("bad_time_of_day", with_step("{tag: a}, {wait: {until: ▶'24:00'}}")),
    "a rule's own wait for an event": ("not_allowed", rule_text("wait: {▶event: order.paid, within: 1d}")),
    "a branch of a plain wait": ("not_allowed", with_step("{wait: 1h, ▶then: [{tag: a}]}, {tag: a}")),
    "a branch of an action": ("unknown_key", with_step("{tag: a, ▶then: [{tag: b}]}")),
    "an `if` that leads nowhere": ("missing_key", with_step("{tag: a}, {▶if: 'true'}")),
    "a fault in a branch": (
        "unknown_event",
        with_step("{if: 'true', then: [{tag: a}, {emit: {event: ▶order.payed}}]}"),
    ),
    "a fault deep in branches": (
        "unknown_template",
        with_step(
            "{if: 'true', else: [{wait: {event: order.paid, within: 1d}, then: [{send: {template: ▶helo, "
            "channels: [email]}}]}]}"
        ),
    ),
    "a fault in the condition of an `if`": (
        "expr_single_equals",
        with_step("{if: event.amount ▶= 5, then: [{tag: a}]}"),
    ),
    "a fault in a `while`": ("expr_single_equals", with_step("{tag: a}, {wait: {for: 1h, while: event.amount ▶= 5}}")),
    "steps of a branch that are no list": ("wrong_type", with_step("{if: 'true', then: ▶{tag: a}}")),
    "an id twice, once in a branch": (
        "duplicate_name",
        with_step("{tag: a, id: x}, {if: 'true', then: [{tag: b, id: ▶x}]}"),
    ),
    "a split without arms": ("missing_key", with_step("{tag: a}, ▶{split: x}")),
    "a split of one arm": ("bad_split", with_step("{split: x, arms: ▶{a: {weight: 1, then: [{tag: a}]}}}")),
    "a split of arms that nobody draws": (
        "bad_split",
        with_step("{tag: a}, {split: x, arms: ▶{a: {weight: 0}, b: {weight: 0}}}"),
    ),
    "an arm without a weight": ("missing_key", with_step("{split: x, arms: {▶a: {then: [{tag: a}]}, b: {weight: 1}}}")),
    "an arm of less than nothing": (
        "not_allowed",
        with_step("{tag: a}, {split: x, arms: {a: {weight: ▶-1}, b: {weight: 1}}}"),
    ),
    "an arm with a dot": ("bad_id", with_step("{tag: a}, {split: x, arms: {▶a.b: {weight: 1}, c: {weight: 1}}}")),
    "arms that are a list": ("wrong_type", with_step("{tag: a}, {split: x, arms: ▶[a, b]}")),
    "a split without a name": (
        "wrong_type",
        with_step("{tag: a}, {split: ▶{a: 50, b: 50}, arms: {a: {weight: 1}, b: {weight: 1}}}"),
    ),
    "a stop with more": ("not_allowed", with_step("{tag: a}, {▶stop: true}")),
    "a coupon that hides the reply": ("reserved_name", with_step("{issue_coupon: {pool: gift, as: ▶reply}}")),
    "a share without its sign": ("bad_share", rule_text("canary: ▶10")),
    "a share of more than all": ("bad_share", rule_text("canary: ▶100.1%")),
    "a share of a list": ("wrong_type", rule_text("canary: ▶[10%]")),
    "a canary of a shadow rule": ("not_allowed", rule_text("status: shadow", "▶canary: 10%")),
    "a validity that says nothing": ("empty", rule_text("valid: ▶{}")),
    "a validity that ends before it begins": (
        "not_allowed",
        rule_text("valid: {from: 2026-05-02T00:00:00Z, until: ▶2026-05-02T00:00:00Z}"),
    ),
    "a validity without a zone": ("bad_time", rule_text("valid: {from: ▶'2026-05-01 10:00'}")),
    "a word for what is late": ("not_allowed", rule_text("if_late: ▶drop")),
    "a lateness without its length": ("missing_key", rule_text("if_late: ▶{}")),
    "a lateness that is no length": ("bad_duration", rule_text("if_late: {send_within: ▶2}")),
    "an owner over two lines": ("bad_text", rule_text('owner: ▶"a\\nb"')),
    "a migration without an id": (
        "missing_key",
        rule_text("on_change: migrate", then="[{tag: a, id: x}, {if: 'true', then: [▶{tag: b}, stop], id: y}]"),
    ),
    "a word for changes": ("not_allowed", rule_text("on_change: ▶restart")),
    "a word for runs under way": ("not_allowed", rule_text("if_running: ▶queued")),
    # catalogue and lifecycle
    "a type that is none": ("not_allowed", "events:\n  x: {properties: {a: {type: ▶string}}}\n"),
    "a minimum of a text": ("not_allowed", "events:\n  x: {properties: {a: {type: text, ▶min: 0}}}\n"),
    "items of a text": ("not_allowed", "events:\n  x: {properties: {a: {type: text, ▶of: {b: {type: text}}}}}\n"),
    "values of a number": ("not_allowed", "events:\n  x: {properties: {a: {type: number, ▶values: [b]}}}\n"),
    # not yet
    "a section of later": ("not_available", "▶points: {}\n"),
    "a rule's key of later": ("not_available", rule_text("▶caps: 3")),
    "a step of later in a live rule": ("not_available", with_step("{tag: a}, {▶grant_points: 10}")),
}


@pytest.mark.parametrize(("codes", "text"), FAULTS.values(), ids=list(FAULTS))
def test_a_fault_is_found_at_its_place_and_nothing_else_is(codes: str, text: str) -> None:
    plain, expected = marked(text)
    _, findings = read_playbook({**BASE, CASE: plain}, ZONES)
    assert sorted(finding.code for finding in findings) == sorted(codes.split())
    assert sorted(set(places(findings))) == expected
    assert all(finding.message and not finding.message.endswith(".") for finding in findings)


def test_the_base_of_the_cases_is_sound() -> None:
    playbook, findings = read_playbook(BASE, ZONES)
    assert findings == []
    assert playbook is not None


# Faults of the one workspace, stages and stages alone: texts that replace the base.
WHOLE = {
    "no workspace": ("no_workspace", "▶"),
    "a workspace without a zone": ("missing_key", "▶workspace: {currency: GBP}\n"),
    "an unknown zone": ("bad_zone", "workspace: {zone: ▶Mars/Olympus, currency: GBP}\n"),
    "a currency that is none": ("bad_currency", "workspace: {zone: UTC, currency: ▶pounds}\n"),
    "a language that is none": ("bad_language", "workspace: {zone: UTC, currency: GBP, language: ▶English}\n"),
    "unknown events": ("not_allowed", "workspace: {zone: UTC, currency: GBP, unknown_events: ▶drop}\n"),
    "quiet hours of a shape of their own": (
        "wrong_type",
        "workspace: {zone: UTC, currency: GBP, quiet_hours: ▶22-8}\n",
    ),
    "quiet hours without an end": (
        "missing_key",
        "workspace: {zone: UTC, currency: GBP, quiet_hours: ▶{from: '21:00'}}\n",
    ),
    "a time of day without minutes": (
        "bad_time_of_day",
        "workspace: {zone: UTC, currency: GBP, quiet_hours: {from: ▶'9pm', until: '08:00'}}\n",
    ),
    "quiet hours that last all day": (
        "empty_quiet_hours",
        "workspace: {zone: UTC, currency: GBP, quiet_hours: {from: '08:00', until: ▶'08:00'}}\n",
    ),
    "quiet hours on a channel that is none": (
        "unknown_channel",
        "workspace: {zone: UTC, currency: GBP, quiet_hours: {from: '21:00', until: '08:00', channels: [▶fax]}}\n",
    ),
    "quiet hours in a zone that is none": (
        "bad_zone",
        "workspace: {zone: UTC, currency: GBP, quiet_hours: {from: '21:00', until: '08:00', zone: ▶shop}}\n",
    ),
    "a cap of nothing": (
        "not_allowed",
        "workspace: {zone: UTC, currency: GBP, caps: {all: {count: ▶0, within: 1d}}}\n",
    ),
    "a cap that looks back for a year": (
        "cap_too_long",
        "workspace: {zone: UTC, currency: GBP, caps: {all: {count: 9, within: ▶365d}}}\n",
    ),
    "a cap without a window": ("missing_key", "workspace: {zone: UTC, currency: GBP, caps: {▶all: {count: 1}}}\n"),
    "a cap that does not say what it counts": (
        "cap_without_scope",
        "workspace: {zone: UTC, currency: GBP, caps: {▶promo: {count: 1, within: 1d}}}\n",
    ),
    "a rhythm": ("not_available", "workspace: {zone: UTC, currency: GBP, ▶rhythm: 3}\n"),
    "a holdout without its sign": ("bad_share", "workspace: {zone: UTC, currency: GBP, holdout: ▶5}\n"),
    "a holdout without its share": (
        "missing_key",
        "workspace: {zone: UTC, currency: GBP, holdout: ▶{salt: x}}\n",
    ),
    "a holdout with a slash": ("bad_id", "workspace: {zone: UTC, currency: GBP, holdout: {percent: 5%, salt: ▶a/b}}\n"),
    "a lifecycle of names": (
        "wrong_type",
        "workspace: {zone: UTC, currency: GBP}\nlifecycle: ▶{new: {otherwise: true}}\n",
    ),
    "a stage of neither kind": ("bad_stage", "workspace: {zone: UTC, currency: GBP}\nlifecycle: [▶{id: new}]\n"),
    "a stage of both kinds": (
        "bad_stage",
        "workspace: {zone: UTC, currency: GBP}\nlifecycle: [▶{id: a, when: 'true', otherwise: true}]\n",
    ),
    "a stage without an id": (
        "missing_key",
        "workspace: {zone: UTC, currency: GBP}\nlifecycle: [▶{otherwise: true}]\n",
    ),
    "a stage twice": (
        "duplicate_name",
        "workspace: {zone: UTC, currency: GBP}\nlifecycle: [{id: a, when: 'true'}, {id: ▶a, otherwise: true}]\n",
    ),
    "otherwise false": (
        "not_allowed",
        "workspace: {zone: UTC, currency: GBP}\nlifecycle: [{id: a, otherwise: ▶false}]\n",
    ),
}


@pytest.mark.parametrize(("code", "text"), WHOLE.values(), ids=list(WHOLE))
def test_a_fault_of_the_whole_playbook_is_found_at_its_place(code: str, text: str) -> None:
    plain, expected = marked(text)
    _, findings = read_playbook({CASE: plain}, ZONES)
    assert [finding.code for finding in findings] == [code]
    assert places(findings) == (expected if plain else [("touchline.yaml", 1, 1)])
