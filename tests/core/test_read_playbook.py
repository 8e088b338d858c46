from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest

from rules.model import (
    Arm,
    Assign,
    Branch,
    Emit,
    Ending,
    IfLate,
    Invite,
    IssueCoupon,
    Limit,
    Rule,
    Schedule,
    SendMessage,
    SetTraits,
    Split,
    Stop,
    TagPerson,
    Trigger,
    Validity,
    Wait,
    WaitStep,
    walk_steps,
)
from rules.read import playbook_hash, read_playbook
from rules.route import route
from schemas.catalogue import EventType, Holdout, PropertyType, TraitType
from schemas.money import to_minor
from schemas.offers import Community, CouponPool, TemplateText
from segments.model import Either, Every, Leaf, Negation
from tests.helpers.playbooks import BASE, CASE, ZONES, rule_text

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000


def read_rule(*lines: str, **parts: str) -> Rule:
    playbook, findings = read_playbook({**BASE, CASE: rule_text(*lines, **parts)}, ZONES)
    assert findings == []
    assert playbook is not None
    return playbook.rules["r"]


def test_sections_may_stand_in_any_file() -> None:
    playbook, _ = read_playbook(
        {**BASE, "templates/odd.yaml": "traits: {age: {type: integer}}\n", "empty.yaml": ""}, ZONES
    )
    assert playbook is not None
    assert set(playbook.catalogue.traits) == {"name", "level", "age"}


def test_without_zones_any_zone_name_is_taken() -> None:
    playbook, findings = read_playbook({CASE: "workspace: {zone: Mars/Olympus, currency: GBP}\n"})
    assert findings == []
    assert playbook is not None
    assert playbook.workspace.zone == "Mars/Olympus"


def test_the_workspace_is_read() -> None:
    playbook, _ = read_playbook(
        {CASE: "workspace: {name: Shop, zone: UTC, currency: JPY, language: zh, unknown_events: reject}\n"}, ZONES
    )
    assert playbook is not None
    workspace = playbook.workspace
    assert (workspace.name, workspace.zone, workspace.currency, workspace.language) == ("Shop", "UTC", "JPY", "zh")
    assert playbook.catalogue.reject_unknown


def test_the_catalogue_is_read() -> None:
    text = (
        "events:\n"
        "  $view: {title: View, interaction: false, aliases: Page Viewed, meaning: seen, properties: {\n"
        "    kind: {type: text, values: [a, b], meaning: which}, price: {type: money, min: 0},\n"
        "    items: {type: list, of: {sku: {type: text}}}}}\n"
        "traits:\n"
        '  joined: {type: time, from: first("*"), personal: true, title: since}\n'
    )
    playbook, findings = read_playbook({**BASE, CASE: text}, ZONES)
    assert findings == []
    assert playbook is not None
    assert playbook.catalogue.events["$view"] == EventType(
        "$view",
        {
            "kind": PropertyType("text", values=("a", "b"), meaning="which"),
            "price": PropertyType("money", min=0),
            "items": PropertyType("list", of={"sku": PropertyType("text")}),
        },
        ("Page Viewed",),
        interaction=False,
        title="View",
    )
    assert playbook.catalogue.traits["joined"] == TraitType(
        "joined", "time", 'first("*")', personal=True, title="since"
    )
    assert playbook.catalogue.resolve()["Page Viewed"] == "$view"


def test_stages_keep_their_order_and_the_last_takes_the_rest() -> None:
    playbook, _ = read_playbook(BASE, ZONES)
    assert playbook is not None
    assert [stage.id for stage in playbook.stages] == ["new", "active", "regular"]
    assert [stage.when is None for stage in playbook.stages] == [False, False, True]


def test_offers_are_read() -> None:
    text = (
        "coupon_pools:\n  p: {benefit: {amount_off: 4.50 GBP}, stock: 3, valid_for: 2d, per_person: 2,\n"
        "    budget: 20 GBP, code: {prefix: P4}}\n"
        "communities:\n  k: {title: Kin, join_url: https://example.com/k}\n"
        "templates:\n  t: {purpose: transactional, limits: {sms: 70},\n"
        "    channels: {email: {zh: {subject: '{{ coupon.code }}', body: 好}, en: Hi}}}\n"
    )
    playbook, findings = read_playbook({**BASE, CASE: text}, ZONES)
    assert findings == []
    assert playbook is not None
    assert playbook.pools["p"] == CouponPool(
        "p", {"amount_off": "4.50 GBP"}, 450, stock=3, valid_for=2 * DAY, per_person=2, budget=2000, prefix="P4"
    )
    assert playbook.pools["forever"] == CouponPool("forever", {"percent_off": "10"})
    assert playbook.communities["k"] == Community("k", "Kin", "https://example.com/k")
    template = playbook.templates["t"]
    assert template.channels == {"email": {"zh": TemplateText("好", "{{ coupon.code }}"), "en": TemplateText("Hi")}}
    assert (template.purpose, template.uses, template.limits) == (
        "transactional",
        frozenset({"coupon.code"}),
        {"sms": 70},
    )


@pytest.mark.parametrize(
    ("start", "trigger"),
    [
        ("event: order.paid", Trigger("event", ("order.paid",))),
        ("event: [Order Completed, 下单, cart.added]", Trigger("event", ("order.paid", "cart.added"))),
        ("event: person.updated", Trigger("event", ("person.updated",))),
        ("enters: [vip, new]", Trigger("enters", ("vip", "stage:new"))),
        ("leaves: stage:active", Trigger("leaves", ("stage:active",))),
        ('schedule: {cron: "0 9 * * 1"}', Trigger("schedule", (), Schedule("0 9 * * 1"))),
        ('schedule: {cron: "0 9 * * 1", zone: person}', Trigger("schedule", (), Schedule("0 9 * * 1", zone="person"))),
        (
            'schedule: {at: "2026-05-01T10:00:00+08:00", zone: UTC}',
            Trigger("schedule", (), Schedule(at=1777600800000, zone="UTC")),
        ),
    ],
)
def test_triggers_are_read_with_the_names_of_the_catalogue(start: str, trigger: Trigger) -> None:
    assert read_rule(start=start).trigger == trigger


@pytest.mark.parametrize("lines", [('audience: has_tag("x")', ""), ("", ', audience: [has_tag("x")]')])
def test_an_audience_may_stand_beside_the_schedule_or_in_it(lines: tuple[str, str]) -> None:
    beside, inside = lines
    rule = read_rule(*([beside] if beside else []), start=f'schedule: {{cron: "0 9 * * 1"{inside}}}')
    assert isinstance(rule.trigger.audience, Leaf)


def test_conditions_nest_and_lists_mean_all_under_when_and_any_under_unless() -> None:
    rule = read_rule("when: ['true', {any: ['false', {not: ['true', 'false']}]}]", "unless: ['true', 'false']")
    assert isinstance(rule.when, Every)
    inner = rule.when.items[1]
    assert isinstance(inner, Either)
    assert isinstance(inner.items[1], Negation)
    assert isinstance(inner.items[1].item, Every)
    assert isinstance(rule.unless, Either)


def test_a_single_condition_needs_no_list() -> None:
    rule = read_rule("when: event.amount >= 5", "unless: {all: ['true', 'false']}")
    assert isinstance(rule.when, Leaf)
    assert rule.when.expression.text == "event.amount >= 5"
    assert rule.when.expression.locate(6) == (CASE, 4, 17)
    assert isinstance(rule.unless, Every)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("once", Limit(once=True)),
        ("{once: true}", Limit(once=True)),
        ("{once_within: 24h}", Limit(once_within=DAY)),
        ("{once_per: order_id}", Limit(once_per="order_id")),
        ("{max: {count: 3, within: 30d}, once_within: 1h}", Limit(once_within=HOUR, max_count=3, max_within=30 * DAY)),
    ],
)
def test_limits_are_read(text: str, limit: Limit) -> None:
    assert read_rule(f"limit: {text}").limit == limit


def test_a_rule_takes_its_defaults() -> None:
    rule = read_rule()
    assert (rule.status, rule.priority, rule.expires, rule.limit, rule.wait) == ("live", 50, None, Limit(), None)


def test_dates_shares_and_lateness_are_read() -> None:
    rule = read_rule(
        "valid: {from: 2026-05-01T00:00:00Z, until: 2026-05-02T00:00:00Z}",
        "canary: 2.5%",
        "if_late: {send_within: 2h}",
        "if_running: restart",
        "owner: growth",
        "notes: |",
        "  two",
        "  lines",
    )
    assert rule.valid == Validity(1_777_593_600_000, 1_777_680_000_000)
    assert (rule.canary, rule.if_late, rule.if_running) == (25_000, IfLate(2 * HOUR), "restart")
    assert (rule.owner, rule.notes) == ("growth", "two\nlines\n")


@pytest.mark.parametrize(
    ("text", "within"), [("send", None), ("skip", 5 * MINUTE), ("{send_within: 90s}", 90 * SECOND)]
)
def test_lateness_is_read(text: str, within: int | None) -> None:
    assert read_rule(f"if_late: {text}").if_late == IfLate(within)


@pytest.mark.parametrize(
    ("text", "holdout"), [("5%", Holdout(50_000)), ("{percent: 2.5%, salt: spring}", Holdout(25_000, "spring"))]
)
def test_a_holdout_is_read(text: str, holdout: Holdout) -> None:
    files = {CASE: f"workspace: {{zone: UTC, currency: GBP, holdout: {text}}}\n"}
    playbook, findings = read_playbook(files, ZONES)
    assert findings == []
    assert playbook is not None
    assert playbook.workspace.holdout == holdout


@pytest.mark.parametrize(("text", "millionths"), [("0%", 0), ("0.0001%", 1), ("10%", 100_000), ("100%", 1_000_000)])
def test_shares_are_read(text: str, millionths: int) -> None:
    assert read_rule(f"canary: {text}").canary == millionths


def test_the_rest_of_a_rule_is_read() -> None:
    rule = read_rule("title: 付款", "status: shadow", "priority: 60", "expires: 1h30m", "wait: 2h")
    assert (rule.title, rule.status, rule.priority, rule.expires) == ("付款", "shadow", 60, 90 * MINUTE)
    assert rule.wait == Wait(2 * HOUR)


def test_a_wait_names_the_events_that_end_it() -> None:
    rule = read_rule("wait: {for: 1h, unless: [order.cancelled, {event: Order Completed, same: order_id}]}")
    assert rule.wait == Wait(HOUR, (Ending("order.cancelled"), Ending("order.paid", "order_id")))


@pytest.mark.parametrize(
    ("step", "read"),
    [
        (
            "{send: {template: hello, channels: [email, sms]}, id: first}",
            SendMessage("hello", ("email", "sms"), "first"),
        ),
        ("{send: {template: hello, channels: sms}}", SendMessage("hello", ("sms",))),
        ("{issue_coupon: gift}", IssueCoupon("gift")),
        ("{issue_coupon: {pool: gift, as: present}}", IssueCoupon("gift", "present")),
        ("{tag: a}", TagPerson(("a",))),
        ("{untag: [a, b, a]}", TagPerson(("a", "b"), remove=True)),
        ("{invite: {community: club}}", Invite("club")),
        ("{invite: {community: club, template: club, channels: [wecom]}}", Invite("club", "club", ("wecom",))),
        ("{assign: {to: service}}", Assign("service")),
        ("{wait: 14d}", WaitStep(Wait(14 * DAY))),
        ("{wait: {for: 30s, unless: order.paid}}", WaitStep(Wait(30 * SECOND, (Ending("order.paid"),)))),
    ],
)
def test_steps_are_read(step: str, read: object) -> None:
    assert read_rule(then=f"[{step}]").then == (read,)


def test_waits_of_every_kind_are_read() -> None:
    event, clock = read_rule(
        then="[{wait: {event: [下单, order.cancelled], same: order_id, within: 3d}, then: [{tag: a}], else: [{tag: b}]},"
        " {wait: {until: '09:30', while: event.amount > 5, unless: cart.added}}]"
    ).then
    assert isinstance(event, WaitStep)
    answers = (Ending("order.paid", "order_id"), Ending("order.cancelled", "order_id"))
    assert event == WaitStep(Wait(3 * DAY, events=answers), None, (TagPerson(("a",)),), (TagPerson(("b",)),))
    assert isinstance(clock, WaitStep)
    assert (clock.wait.until, clock.wait.unless) == (570, (Ending("cart.added"),))
    assert isinstance(clock.wait.condition, Leaf)


def test_branches_and_splits_are_read() -> None:
    branch, split = read_rule(
        then="[{if: event.amount > 5, then: [{tag: a}, stop], id: big},"
        " {split: greeting, arms: {a: {weight: 30, then: [{tag: b}]}, b: {weight: 70}}}]"
    ).then
    assert isinstance(branch, Branch)
    assert (branch.then, branch.otherwise, branch.id) == ((TagPerson(("a",)), Stop()), (), "big")
    assert split == Split("greeting", {"a": Arm(30, (TagPerson(("b",)),)), "b": Arm(70)})


def test_every_step_has_a_path() -> None:
    then = read_rule(
        then="[{tag: a}, {if: 'true', then: [{tag: b}], else: [{wait: {event: 下单, within: 1h}, then: [{tag: c}]}]},"
        " {split: x, arms: {a: {weight: 1, then: [{tag: d}]}, b: {weight: 1, then: [stop]}}}]"
    ).then
    paths = ["0", "1", "1.then.0", "1.else.0", "1.else.0.then.0", "2", "2.arms.a.0", "2.arms.b.0"]
    assert [path for path, _ in walk_steps(then)] == paths
    assert [station.path for station in route(then)] == paths


def test_steps_with_expressions_are_read() -> None:
    setting, emitting = read_rule(
        then="[{set: {level: profile.level + 1}}, {emit: {event: 下单, person: meta.id, properties: {amount: 2.50}}}]"
    ).then
    assert isinstance(setting, SetTraits)
    assert setting.values["level"].text == "profile.level + 1"
    assert isinstance(emitting, Emit)
    assert (emitting.event, emitting.person is not None) == ("order.paid", True)
    assert emitting.properties["amount"].text == "2.50"


def test_money_is_whole_minor_units_of_its_currency() -> None:
    pool = "coupon_pools:\n  p: {benefit: {amount_off: 500 JPY}, budget: 90000 JPY}\n"
    text = f"workspace: {{zone: UTC, currency: JPY}}\n{pool}"
    playbook, _ = read_playbook({CASE: text}, ZONES)
    assert playbook is not None
    assert (playbook.pools["p"].worst_cost, playbook.pools["p"].budget) == (500, to_minor(Decimal(90000), "JPY"))


def test_the_hash_knows_names_texts_and_where_one_ends() -> None:
    variants = [
        {"a.yaml": "x", "b.yaml": "y"},
        {"a.yaml": "xb", "b.yaml": "y"},
        {"a.yaml": "x", "c.yaml": "y"},
        {"a.yamlx": "", "b.yaml": "y"},
        {"a.yaml": "x"},
        {},
    ]
    hashes = [playbook_hash(files) for files in variants]
    assert all(first != second for first, second in pairwise(sorted(hashes)))
    assert playbook_hash({"b.yaml": "y", "a.yaml": "x"}) == hashes[0]


def test_the_playbook_carries_the_hash_of_its_files() -> None:
    playbook, _ = read_playbook(BASE, ZONES)
    assert playbook is not None
    assert playbook.hash == playbook_hash(BASE)
