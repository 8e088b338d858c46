"""The reference obeys the contract, and the product too: time, order, stages, segments (core semantics 1 to 14)."""

from __future__ import annotations

from schemas.ids import decision_id
from tests.reference.stories import Player, changed, decided, event

LIFECYCLE = """
lifecycle:
  - {id: new, when: 'first("*") > now - duration("30d")'}
  - {id: dormant, when: 'last("*") <= now - duration("60d")'}
  - {id: regular, otherwise: true}
"""


def test_1_events_of_one_moment_keep_the_order_of_the_input(play: Player) -> None:
    rules = "rules: {r: {event: [visit, ping], then: [{tag: seen}]}}"
    story = play(rules, event("1h", "visit", id="b"), event("1h", "ping", id="a"))
    assert [line["event_id"] for line in story.decisions] == ["b", "a"]


def test_1_lines_stand_by_time_then_person_then_order_of_happening(play: Player) -> None:
    rules = "rules: {r: {event: visit, then: [{tag: seen}]}}"
    story = play(
        rules,
        event("1h", "visit", person="bob"),
        event("1h", "visit", person="ann"),
        event("0h", "visit", person="cat"),
    )
    assert [line["person"] for line in story.decisions] == ["cat", "ann", "bob"]


def test_2_leaves_come_before_enters_the_stage_before_segments_and_segments_by_id(play: Player) -> None:
    rules = """
segments:
  z: {when: 'count("visit", "1d") == 1'}
  y: {when: 'count("visit", "1d") == 1'}
  b: {when: 'count("visit", "1d") == 2'}
  a: {when: 'count("visit", "1d") == 2'}
lifecycle:
  - {id: first, when: 'count("visit", "1d") == 1'}
  - {id: later, otherwise: true}
"""
    story = play(rules, event("0h", "visit"), event("1h", "visit"))
    assert changed(story) == [
        "0h enter stage:first event",
        "0h enter y event",
        "0h enter z event",
        "1h leave stage:first event",
        "1h leave y event",
        "1h leave z event",
        "1h enter stage:later event",
        "1h enter a event",
        "1h enter b event",
    ]


def test_2_rules_on_changes_run_before_rules_on_the_event_by_priority_then_id(play: Player) -> None:
    rules = """
segments: {seen: {when: 'count("visit", "1d") >= 1'}}
rules:
  b: {event: visit, then: [{assign: {to: x}}]}
  a: {event: visit, then: [{assign: {to: x}}]}
  first: {event: visit, priority: 90, then: [{assign: {to: x}}]}
  late: {enters: seen, priority: 1, then: [{assign: {to: x}}]}
"""
    assert decided(play(rules, event("0h", "visit")).decisions) == ["0h late", "0h first", "0h a", "0h b"]


def test_2_rules_see_the_event_counted_in_and_not_each_others_effects(play: Player) -> None:
    rules = """
rules:
  a: {event: visit, priority: 90, then: [{tag: x}]}
  counted: {event: visit, when: 'count("visit", "1d") == 1', then: [{assign: {to: x}}]}
  tagged: {event: visit, when: 'has_tag("x")', then: [{assign: {to: x}}]}
"""
    story = play(rules, event("0h", "visit"), event("1h", "visit"))
    assert decided(story.decisions) == ["0h a", "0h counted", "1h a", "1h tagged"]


def test_3_who_pays_in_the_millisecond_of_the_reminder_gets_none(play: Player) -> None:
    rules = "rules: {r: {event: visit, wait: {for: 1h, unless: [order.paid]}, then: [{send: {template: hello, channels: [email]}}]}}"
    assert decided(play(rules, event("0h", "visit"), event("1h", "order.paid"), until="1d").decisions) == []
    assert decided(play(rules, event("0h", "visit"), event("1h1ms", "order.paid"), until="1d").decisions) == ["1h r"]


def test_3_who_comes_back_exactly_sixty_days_later_was_never_dormant(play: Player) -> None:
    story = play(LIFECYCLE, event("0h", "visit"), event("60d", "visit"), until="60d")
    assert changed(story) == ["0h enter stage:new event", "30d leave stage:new time", "30d enter stage:regular time"]
    assert changed(play(LIFECYCLE, event("0h", "visit"), until="60d"))[-1] == "60d enter stage:dormant time"


def test_3_a_visit_that_expires_in_the_instant_of_a_new_one_changes_nothing(play: Player) -> None:
    rules = 'segments: {active: {when: \'count("visit", "30d") >= 1\'}}'
    assert changed(play(rules, event("0h", "visit"), event("30d", "visit"), until="31d")) == ["0h enter active event"]


def test_4_at_a_due_moment_rules_on_changes_come_first_then_waits_in_the_order_they_began(play: Player) -> None:
    rules = """
segments: {gone: {when: 'last("*") <= now - duration("1d")'}}
rules:
  z: {event: ping, wait: 24h, then: [{assign: {to: x}}]}
  a: {event: visit, wait: 24h, then: [{assign: {to: x}}]}
  left: {enters: gone, priority: 1, then: [{assign: {to: x}}]}
"""
    story = play(rules, event("0h", "ping"), event("0h", "visit"), until="2d")
    assert decided(story.decisions) == ["1d left", "1d z", "1d a"]


def test_5_a_rule_fires_on_each_change_and_sees_all_new_memberships(play: Player) -> None:
    rules = """
segments:
  a: {when: 'count("visit", "1d") >= 1'}
  b: {when: 'count("visit", "1d") >= 1'}
rules: {r: {enters: [a, b], when: 'in_segment("a") && in_segment("b")', then: [{assign: {to: x}}]}}
"""
    story = play(rules, event("0h", "visit", id="7"))
    assert [line["occurrence"] for line in story.decisions] == ["enter:a:7", "enter:b:7"]


def test_5_out_and_in_again_within_one_millisecond_is_two_changes(play: Player) -> None:
    rules = 'segments: {even: {when: \'count("visit", "1d") % 2 == 0\'}}'
    story = play(rules, event("0h", "visit", id="1"), event("1h", "visit", id="2"), event("1h", "visit", id="3"))
    assert changed(story) == ["1h enter even event", "1h leave even event"]


def test_6_effects_settle_at_the_same_moment_and_rules_on_the_changes_run(play: Player) -> None:
    rules = """
segments:
  tagged: {when: 'has_tag("x")'}
  rich: {when: 'profile.spent >= 10'}
rules:
  a: {event: visit, then: [{tag: x}]}
  b: {enters: tagged, then: [{set: {spent: "10"}}]}
  c: {enters: rich, then: [{untag: x}]}
"""
    story = play(rules, event("1h", "visit"))
    assert decided(story.decisions) == ["1h a", "1h b", "1h c"]
    assert changed(story) == ["1h enter tagged event", "1h enter rich event", "1h leave tagged event"]
    assert story.profiles[0]["segments"] == ["rich"]


def test_6_while_effects_settle_a_rule_runs_once_for_a_record(play: Player) -> None:
    rules = """
segments: {tagged: {when: 'has_tag("x")'}}
rules:
  again: {leaves: tagged, then: [{tag: x}]}
  never: {enters: tagged, then: [{untag: x}]}
  start: {event: visit, then: [{tag: x}]}
"""
    story = play(rules, event("1h", "visit"))
    assert decided(story.decisions) == ["1h start", "1h never", "1h again"]
    assert story.profiles[0]["tags"] == ["x"]


def test_6_an_effect_that_means_two_changes_fires_a_rule_on_each(play: Player) -> None:
    rules = """
segments: {a: {when: 'has_tag("x")'}, b: {when: 'has_tag("x")'}}
rules:
  start: {event: visit, then: [{tag: x}]}
  r: {enters: [a, b], then: [{assign: {to: x}}]}
"""
    story = play(rules, event("1h", "visit", id="7"))
    assert [line["occurrence"] for line in story.decisions] == ["event:shop:7", "enter:a:7", "enter:b:7"]


def test_6_what_is_emitted_is_handled_after_the_record_with_a_derived_id_and_the_same_time(play: Player) -> None:
    rules = """
rules:
  send: {event: visit, then: [{emit: {event: promo, properties: {amount: "19.99", at: now}}}]}
  other: {event: visit, priority: 1, then: [{assign: {to: x}}]}
  get: {event: promo, when: event.amount == 19.99 && event.at == now && meta.source == "touchline", then: [{assign: {to: x}}]}
"""
    story = play(rules, event("1h", "visit", id="7"))
    assert decided(story.decisions) == ["1h send", "1h other", "1h get"]
    identity = decision_id("simulate", "send", "ann", "event:shop:7", "0")
    assert story.decisions[0]["params"]["id"] == story.decisions[2]["event_id"] == identity
    assert story.decisions[2]["occurrence"] == f"event:touchline:{identity}"


def test_6_a_chain_of_emitted_events_ends_after_eight(play: Player) -> None:
    rules = "rules: {echo: {event: [visit, promo], then: [{emit: {event: promo}}]}}"
    story = play(rules, event("1h", "visit"))
    assert len(story.decisions) == 9
    assert story.failed == 1


def test_7_thirty_days_are_720_hours_also_over_a_change_to_summer_time(play: Player) -> None:
    rules = 'segments: {active: {when: \'count("visit", "30d") >= 1\'}}'
    story = play(rules, event("70d12h", "visit"), until="110d")  # 12 March, 12:00 in winter; 11 April, 13:00 in summer
    assert changed(story)[-1] == "100d12h leave active time"


def test_7_a_local_time_that_comes_twice_is_the_first_and_one_that_never_comes_the_jump(play: Player) -> None:
    rules = 'rules: {r: {schedule: {cron: "30 1 * * *"}, then: [{assign: {to: x}}]}}'
    spring = play(rules, event("86d", "visit"), until="89d")  # 29 March 2026: from 01:00 to 02:00
    assert decided(spring.decisions) == ["86d1h30m r", "87d1h r", "88d30m r"]
    autumn = play(rules, event("296d", "visit"), until="299d")  # 25 October 2026: from 02:00 to 01:00
    assert decided(autumn.decisions) == ["296d30m r", "297d30m r", "298d1h30m r"]


def test_8_until_is_inclusive_and_without_it_the_last_event_is_the_end(play: Player) -> None:
    rules = "rules: {r: {event: visit, wait: 1h, then: [{assign: {to: x}}]}}"
    assert decided(play(rules, event("0h", "visit"), until="1h").decisions) == ["1h r"]
    assert decided(play(rules, event("0h", "visit"), until="59m").decisions) == []
    assert decided(play(rules, event("0h", "visit"), event("1h", "ping")).decisions) == ["1h r"]
    assert decided(play(rules, event("0h", "visit"), event("1h", "visit"), until="30m").decisions) == []


def test_9_a_change_caused_by_time_has_no_event_and_one_caused_by_an_event_has_that(play: Player) -> None:
    rules = """
segments: {active: {when: 'count("*", "1d") >= 1'}}
rules:
  come: {enters: active, when: 'event.page == "home" && meta.name == "visit"', then: [{assign: {to: x}}]}
  go: {leaves: active, when: '!has(event.page)', then: [{assign: {to: x}}]}
  known: {leaves: active, when: 'event.page != "home"', then: [{assign: {to: x}}]}
"""
    story = play(rules, event("0h", "visit", page="home"), until="2d")
    assert decided(story.decisions) == ["0h come", "1d go"]
    assert [line["event_id"] for line in story.decisions] == ["visit@0h", None]
    assert story.decisions[1]["occurrence"] == "leave:active:1767312000000"


def test_10_a_late_event_moves_the_first_back_and_so_the_stage_at_the_moment_it_is_known(play: Player) -> None:
    story = play(LIFECYCLE, event("40d", "visit"), event("68d", "visit", "65d1h"), event("69d", "visit", "66d"))
    assert changed(story) == ["40d enter stage:new event"]
    story = play(LIFECYCLE, event("3d", "visit"), event("5d", "visit", "2d"), until="32d")
    assert changed(story)[1:] == ["32d leave stage:new time", "32d enter stage:regular time"]
    late = 'lifecycle: [{id: new, when: \'first("*") > now - duration("1d")\'}, {id: old, otherwise: true}]'
    story = play(late, event("3d", "visit"), event("3d1h", "visit", "1d"))
    assert changed(story)[1:] == ["3d1h leave stage:new event", "3d1h enter stage:old event"]


def test_10_a_late_event_ends_a_wait_only_if_its_own_time_is_not_before_the_triggers(play: Player) -> None:
    rules = "rules: {r: {event: visit, wait: {for: 1d, unless: [order.paid]}, then: [{assign: {to: x}}]}}"
    assert decided(play(rules, event("10h", "visit"), event("11h", "order.paid", "9h"), until="3d").decisions) == [
        "1d10h r"
    ]
    assert decided(play(rules, event("10h", "visit"), event("11h", "order.paid", "10h"), until="3d").decisions) == []


def test_11_the_first_event_only_enters_and_a_rule_on_the_first_stage_fires(play: Player) -> None:
    rules = LIFECYCLE + 'rules: {welcome: {enters: "stage:new", then: [{tag: new}]}}'
    story = play(rules, event("0h", "visit"))
    assert changed(story) == ["0h enter stage:new event"]
    assert decided(story.decisions) == ["0h welcome"]


def test_11_without_a_lifecycle_the_stage_is_unknown(play: Player) -> None:
    rules = "rules: {r: {event: visit, when: '!has(profile.stage)', then: [{tag: x}]}}"
    story = play(rules, event("0h", "visit"))
    assert decided(story.decisions) == ["0h r"]
    assert story.profiles[0]["stage"] is None


def test_12_people_known_only_by_events_that_the_catalogue_lacks_are_people(play: Player) -> None:
    rules = 'lifecycle: [{id: active, when: \'count("*", "30d") >= 1\'}, {id: quiet, otherwise: true}]'
    story = play(rules, event("0h", "mystery"), event("0h", "order.cancelled", person="bob"))
    assert [(line["person"], line["stage"]) for line in story.profiles] == [("ann", "quiet"), ("bob", "active")]


def test_12_an_event_that_is_no_interaction_is_not_in_the_star_and_starts_rules(play: Player) -> None:
    rules = """
rules:
  star: {event: ping, when: 'count("*", "1d") == 0 && !has(profile.joined)', then: [{assign: {to: x}}]}
  named: {event: ping, when: 'count("ping", "1d") == 1 && first("ping") == now', then: [{assign: {to: x}}]}
"""
    assert decided(play(rules, event("0h", "ping")).decisions) == ["0h named", "0h star"]


def test_12_a_trait_that_is_set_beats_the_computed_one_until_it_is_taken_back(play: Player) -> None:
    rules = "segments: {early: {when: 'profile.joined < \"2026-01-01T00:30:00Z\"'}}"
    story = play(
        rules,
        event("1h", "visit"),
        event("2h", "person.updated", joined="2026-01-01T00:00:00Z"),
        event("3h", "person.updated", "1h", joined="2026-01-01T02:00:00Z"),
        event("4h", "person.updated", joined=None),
    )
    assert changed(story) == ["2h enter early event", "4h leave early event"]
    assert story.profiles[0]["traits"] == {"joined": "2026-01-01T01:00:00.000Z"}


def test_13_a_segment_that_becomes_unknown_is_left(play: Player) -> None:
    rules = 'segments: {big: {when: \'avg("order.paid", "amount", "1d") > 10\'}, small: {when: \'!in_segment("big")\'}}'
    story = play(rules, event("0h", "order.paid", amount=20), until="2d")
    assert changed(story) == ["0h enter big event", "1d leave big time"]


def test_13_a_change_found_while_an_event_is_applied_has_the_cause_event(play: Player) -> None:
    rules = 'segments: {active: {when: \'count("visit", "1d") >= 1\'}}'
    assert changed(play(rules, event("0h", "visit"), event("1d", "ping")))[-1] == "1d leave active event"
    assert changed(play(rules, event("0h", "visit"), event("1d1ms", "ping")))[-1] == "1d leave active time"


def test_14_leaves_names_a_segment_or_else_a_stage(play: Player) -> None:
    rules = LIFECYCLE + "rules: {r: {leaves: new, then: [{tag: x}]}}"
    assert decided(play(rules, event("0h", "visit"), until="40d").decisions) == ["30d r"]


def test_a_repeat_is_one_event_and_what_does_not_fit_the_catalogue_is_a_dead_letter(play: Player) -> None:
    rules = "rules: {r: {event: [visit, order.cancelled], then: [{assign: {to: x}}]}}"
    story = play(
        rules,
        event("0h", "visit", id="1"),
        event("1h", "visit", id="1"),
        event("2h", "order.cancelled", id="2", amount="much"),
        event("3h", "order.cancelled", id="3", amount=-1),
        event("4d", "visit", "23h59m59s", id="4"),
    )
    assert decided(story.decisions) == ["0h r"]
    assert story.duplicates == 1
    assert [(line["event_id"], line["code"]) for line in story.dead_letters] == [
        ("2", "wrong_type"),
        ("3", "below_minimum"),
        ("4", "too_late"),
    ]
