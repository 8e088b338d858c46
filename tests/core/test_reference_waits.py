"""The reference obeys the contract, and the product too: waits, journeys, limits (core semantics 15 to 19, and 25)."""

from __future__ import annotations

from decimal import Decimal

from schemas.ids import decision_id
from tests.reference.stories import BEGIN, Player, changed, decided, event


def test_15_conditions_are_judged_at_the_trigger_and_not_again_when_the_wait_is_over(play: Player) -> None:
    rules = """
rules:
  r: {event: visit, when: 'count("order.paid", "30d") == 0', wait: 1h, then: [{assign: {to: x}}]}
"""
    story = play(rules, event("0h", "visit"), event("10m", "order.paid"), event("20m", "visit"), until="3h")
    assert decided(story.decisions) == ["1h r"]


def test_15_an_event_ends_older_waits_and_not_the_one_that_it_starts(play: Player) -> None:
    rules = """
rules: {r: {event: order.paid, wait: {for: 30d, unless: [order.paid]}, then: [{assign: {to: x}}]}}
"""
    story = play(rules, event("0h", "order.paid"), event("20d", "Order Completed"), until="90d")
    assert decided(story.decisions) == ["50d r"]


def test_15_an_event_in_the_triggers_millisecond_ends_the_wait_and_one_after_the_due_moment_does_not(
    play: Player,
) -> None:
    rules = "rules: {r: {event: visit, wait: {for: 1h, unless: [order.paid]}, then: [{assign: {to: x}}]}}"
    assert decided(play(rules, event("0h", "order.paid"), event("0h", "visit"), until="1d").decisions) == ["1h r"]
    assert decided(play(rules, event("0h", "visit"), event("0h", "order.paid"), until="1d").decisions) == []
    assert decided(play(rules, event("0h", "visit"), event("2h", "order.paid", "1h"), until="1d").decisions) == ["1h r"]


def test_16_a_second_instance_starts_while_one_waits(play: Player) -> None:
    rules = "rules: {r: {event: visit, wait: 1h, then: [{assign: {to: x}}]}}"
    story = play(rules, event("0h", "visit"), event("30m", "visit"), until="1d")
    assert decided(story.decisions) == ["1h r", "1h30m r"]


def test_17_exactly_as_long_ago_as_the_limit_says_no_longer_counts(play: Player) -> None:
    rules = "rules: {r: {event: visit, limit: {once_within: 180d}, then: [{assign: {to: x}}]}}"
    story = play(rules, event("0h", "visit"), event("179d23h59m59s999ms", "visit"), event("180d", "visit"))
    assert decided(story.decisions) == ["0h r", "180d r"]


def test_17_a_waiting_run_holds_its_place_and_an_ended_one_gives_it_back_before_rules_start(play: Player) -> None:
    rules = "rules: {r: {event: visit, limit: once, wait: {for: 1h, unless: [order.paid]}, then: [{assign: {to: x}}]}}"
    held = play(rules, event("0h", "visit"), event("30m", "visit"), until="1d")
    assert decided(held.decisions) == ["1h r"]
    back = play(rules, event("0h", "visit"), event("30m", "order.paid"), event("40m", "visit"), until="1d")
    assert decided(back.decisions) == ["1h40m r"]
    same = "rules: {r: {event: visit, limit: once, wait: {for: 1h, unless: [visit]}, then: [{assign: {to: x}}]}}"
    assert decided(play(same, event("0h", "visit"), event("30m", "visit"), until="1d").decisions) == ["1h30m r"]


def test_17_what_a_condition_or_the_limit_refused_neither_counts_nor_prolongs(play: Player) -> None:
    rules = """
rules:
  r: {event: visit, when: event.page == "home", limit: {once_within: 1d}, then: [{assign: {to: x}}]}
"""
    story = play(
        rules,
        event("0h", "visit", page="other"),
        event("1h", "visit", page="home"),
        event("20h", "visit", page="home"),
        event("1d1h", "visit", page="home"),
    )
    assert decided(story.decisions) == ["1h r", "1d1h r"]


def test_17_a_journey_counts_once_at_its_start(play: Player) -> None:
    rules = "rules: {r: {event: visit, limit: {once_within: 2d}, then: [{tag: a}, {wait: 1d}, {tag: b}]}}"
    story = play(rules, event("0h", "visit"), event("1d12h", "visit"), event("2d", "visit"), until="9d")
    assert decided(story.decisions) == ["0h r", "1d r.2", "2d r", "3d r.2"]


def test_17_all_kinds_of_a_limit_must_allow(play: Player) -> None:
    rules = """
rules: {r: {event: visit, limit: {once_per: page, max: {count: 2, within: 1d}}, then: [{assign: {to: x}}]}}
"""
    pages = (("0h", "a"), ("1h", "a"), ("2h", "b"), ("3h", "c"), ("1d", "c"), ("1d1h", "d"))
    story = play(rules, *(event(at, "visit", page=page) for at, page in pages))
    assert decided(story.decisions) == ["0h r", "2h r", "1d r"]


def test_18_once_per_a_property_that_the_event_lacks_does_not_fire(play: Player) -> None:
    rules = """
segments: {seen: {when: 'count("*", "1d") >= 1'}}
rules:
  r: {event: visit, limit: {once_per: page}, then: [{assign: {to: x}}]}
  go: {leaves: seen, limit: {once_per: page}, then: [{assign: {to: x}}]}
"""
    assert decided(play(rules, event("0h", "visit"), event("1h", "visit", page="a"), until="9d").decisions) == ["1h r"]


def test_18_values_compare_by_type_and_value(play: Player) -> None:
    rules = "rules: {r: {event: order.paid, limit: {once_per: number}, then: [{assign: {to: x}}]}}"
    story = play(rules, *(event(f"{hour}h", "order.paid", number=n) for hour, n in enumerate((1, 1.0, 1.5, 2))))
    assert decided(story.decisions) == ["0h r", "2h r", "3h r"]


def test_19_an_event_that_a_wait_step_names_ends_the_rest_and_what_was_done_stays_done(play: Player) -> None:
    rules = """
rules:
  r: {event: visit, limit: once, then: [{tag: a}, {wait: {for: 1h, unless: [order.paid]}}, {tag: b}]}
"""
    story = play(rules, event("0h", "visit"), event("30m", "order.paid"), event("40m", "visit"), until="1d")
    assert decided(story.decisions) == ["0h r"]
    assert story.profiles[0]["tags"] == ["a"]


def test_19_a_step_is_named_by_its_id_or_its_place_waits_counted(play: Player) -> None:
    rules = (
        "rules: {r: {event: visit, then: [{tag: a, id: one}, {wait: 1h}, {tag: b}, {wait: 1h}, {tag: c, id: last}]}}"
    )
    story = play(rules, event("0h", "visit", id="7"), until="1d")
    assert decided(story.decisions) == ["0h r.one", "1h r.2", "2h r.last"]
    assert story.decisions[1]["id"] == decision_id("simulate", "r", "ann", "event:shop:7", "2")


def test_19_a_wait_may_name_which_event_ends_it(play: Player) -> None:
    rules = """
rules:
  r:
    event: order.cancelled
    wait: {for: 1h, unless: [{event: order.paid, same: order_id}]}
    then: [{assign: {to: x}}]
"""
    story = play(
        rules,
        event("0h", "order.cancelled", order_id="A"),
        event("1m", "order.cancelled", order_id="B"),
        event("2m", "order.cancelled"),
        event("3m", "order.paid", order_id="B"),
        event("4m", "order.paid"),
        until="1d",
    )
    assert decided(story.decisions) == ["1h r", "1h2m r"]


def test_19_later_steps_see_the_event_that_started_the_run_and_the_profile_of_their_moment(play: Player) -> None:
    rules = """
rules:
  r:
    event: order.paid
    then: [{wait: 1h}, {emit: {event: promo, properties: {amount: event.amount, at: last("visit")}}}]
"""
    story = play(rules, event("0h", "order.paid", amount=9.5), event("30m", "visit"), until="1d")
    assert story.decisions[0]["params"]["properties"] == {"amount": 9.5, "at": "2026-01-01T00:30:00.000Z"}


def test_25_shadow_rules_decide_apart_and_do_nothing_and_drafts_decide_nothing(play: Player) -> None:
    rules = """
segments: {tagged: {when: 'has_tag("a")'}}
rules:
  s: {event: visit, status: shadow, limit: once, then: [{tag: a}, {emit: {event: promo}}]}
  d: {event: visit, status: draft, then: [{tag: a}]}
  o: {event: visit, status: retired, then: [{tag: a}]}
  p: {event: promo, then: [{tag: a}]}
"""
    story = play(rules, event("0h", "visit"), event("1h", "visit"))
    assert decided(story.shadow) == ["0h s", "0h s.1"]
    assert (story.decisions, changed(story), story.profiles[0]["tags"]) == ([], [], [])


def test_25_each_kind_of_step_has_its_params(play: Player) -> None:
    rules = """
rules:
  r:
    event: visit
    then:
      - send: {template: hello, channels: [email, sms]}
      - issue_coupon: {pool: gift, as: present}
      - tag: [a, b]
      - untag: a
      - set: {spent: "19.99", joined: now, level: "2", city: profile.city}
      - invite: {community: club}
      - invite: {community: club, template: hello, channels: [email]}
      - assign: {to: team}
      - emit: {event: promo, person: '"bob"', properties: {amount: profile.spent, at: now}}
"""
    story = play(rules, event("1h", "visit"))
    assert [(line["kind"], line["params"]) for line in story.decisions] == [
        ("send", {"template": "hello", "channels": ["email", "sms"]}),
        ("issue_coupon", {"pool": "gift", "as": "present"}),
        ("tag", {"tags": ["a", "b"]}),
        ("untag", {"tags": ["a"]}),
        (
            "set",
            {"traits": {"spent": Decimal("19.99"), "joined": "2026-01-01T01:00:00.000Z", "level": 2, "city": None}},
        ),
        ("invite", {"community": "club"}),
        ("invite", {"community": "club", "template": "hello", "channels": ["email"]}),
        ("assign", {"to": "team"}),
        (
            "emit",
            {
                "event": "promo",
                "id": story.decisions[8]["id"],
                "person": "bob",
                "properties": {"at": "2026-01-01T01:00:00.000Z"},
            },
        ),
    ]
    assert story.profiles[0]["tags"] == ["b"]
    assert [line["person"] for line in story.profiles] == ["ann"]


def test_a_schedule_starts_a_rule_for_the_people_of_its_audience(play: Player) -> None:
    rules = """
segments: {loyal: {when: 'count("visit", "30d") >= 2'}}
rules:
  r: {schedule: {cron: "0 9 * * *"}, audience: in_segment("loyal"), then: [{assign: {to: x}}]}
"""
    story = play(rules, event("1h", "visit"), event("1d1h", "visit"), event("0h", "visit", person="bob"), until="2d12h")
    assert [(line["person"], line["occurrence"]) for line in story.decisions] == [
        ("ann", "schedule:r:1767344400000"),
        ("ann", "schedule:r:1767430800000"),
    ]


def test_a_schedule_finds_the_memberships_of_its_own_moment(play: Player) -> None:
    rules = """
segments: {morning: {when: local_hour() == 9}}
rules: {r: {schedule: {cron: "0 9 * * *"}, when: in_segment("morning"), then: [{assign: {to: x}}]}}
"""
    story = play(rules, event("1h", "visit"), until="12h")
    assert changed(story) == ["9h enter morning time", "10h leave morning time"]
    assert decided(story.decisions) == ["9h r"]


def test_a_schedule_in_the_persons_zone_is_due_when_that_clock_shows_it(play: Player) -> None:
    rules = """
rules: {r: {schedule: {cron: "0 9 * * *", zone: person}, then: [{assign: {to: x}}]}}
"""
    story = play(
        rules,
        event("1h", "visit"),
        event("1h", "person.updated", person="bob", zone="Asia/Tokyo"),
        event("20h", "person.updated", zone="America/New_York"),
        until="1d20h",
    )
    told = [(line["person"], line["occurrence"].split(":")[2]) for line in story.decisions]
    hour = 3_600_000
    assert told == [(person, str(BEGIN + at * hour)) for person, at in (("ann", 9), ("bob", 24), ("ann", 24 + 14))]
