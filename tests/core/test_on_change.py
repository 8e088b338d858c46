"""What becomes of runs under way when another version of their rule is activated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from rules.compile import compile_playbook
from rules.fold import Fold
from rules.read import read_playbook
from schemas.decisions import Outcome
from schemas.events import Event
from schemas.profile import Waiting, decode_profile, encode_profile
from schemas.records import behaviour
from schemas.times import parse_duration
from tests.reference.stories import BEGIN

if TYPE_CHECKING:
    from rules.program import Program
    from schemas.profile import Profile

SHOP = """\
workspace: {name: Shop, zone: UTC, currency: GBP}
events:
  visit: {properties: {page: {type: text}}}
  order.paid: {properties: {amount: {type: money}, order_id: {type: text}}}
"""
FIRST = "[{tag: a, id: a}, {wait: 2h, id: rest}, {tag: b, id: b}]"


def program(then: str, *lines: str) -> Program:
    rule = "\n".join(["rules:", "  r:", "    event: visit", *(f"    {line}" for line in lines), f"    then: {then}"])
    playbook, findings = read_playbook({"shop.yaml": SHOP, "rule.yaml": rule})
    assert playbook is not None, findings
    return compile_playbook(playbook)


class Story:
    """Ann under one program after another."""

    def __init__(self, first: Program) -> None:
        self.programs = {first.id: first}
        self.out, self.profile = Outcome(), first.empty_profile()
        self.fold = self._folding(first)

    def _folding(self, program: Program) -> Fold:
        return Fold(program, "shop", self.programs.get)

    def event(self, after: str, name: str, **properties: object) -> None:
        at = BEGIN + parse_duration(after)
        happened = behaviour(Event(f"{name}@{after}", "ann", name, at, properties, "shop"))
        self.fold.event("ann", self._opened(), happened, at, self.out)

    def activate(self, after: str, program: Program) -> None:
        at = BEGIN + parse_duration(after)
        self.programs[program.id] = program
        self.fold.pass_time("ann", self._opened(), at - 1, self.out)
        self.fold = self._folding(program)
        self.fold.activate("ann", self.profile, at, self.out)

    def end(self, after: str) -> list[str]:
        """What was decided up to then, as `hours step tags`."""
        self.fold.pass_time("ann", self._opened(), BEGIN + parse_duration(after), self.out)
        return [
            f"{(d.time - BEGIN) // 3_600_000}h {d.step} {d.params.get('tags', [''])[0]}" for d in self.out.decisions
        ]

    def _opened(self) -> Profile:
        self.profile = decode_profile(encode_profile(self.profile))
        return self.profile


def changed(then: str, *lines: str, before: str = FIRST, was: tuple[str, ...] = ()) -> tuple[list[str], dict[str, int]]:
    """Ann visits, an hour later the rule changes, and a day later it is told what was decided and counted."""
    story = Story(program(before, *was))
    story.event("0h", "visit", page="home")
    story.activate("1h", program(then, *lines))
    return story.end("1d"), story.out.counts


def test_by_default_a_run_finishes_on_the_version_with_which_it_began() -> None:
    decided, _ = changed("[{tag: x}, {wait: 9h}, {tag: y}]")
    assert decided == ["0h a a", "2h b b"]


def test_a_rule_may_stop_the_runs_of_its_earlier_versions() -> None:
    decided, counts = changed("[{tag: x}]", "on_change: stop")
    assert (decided, counts["stopped_runs"]) == (["0h a a"], 1)


def test_words_for_people_are_no_change_that_stops_a_run() -> None:
    decided, counts = changed(FIRST, "on_change: stop", "title: New", "owner: me", "notes: none")
    assert (decided, "stopped_runs" in counts) == (["0h a a", "2h b b"], False)


def test_a_run_that_was_stopped_before_it_did_anything_gives_its_place_back() -> None:
    story = Story(program("[{tag: a}]", "wait: 2h", "limit: once"))
    story.event("0h", "visit")
    story.activate("1h", program("[{tag: b}]", "limit: once", "on_change: stop"))
    story.event("3h", "visit")
    assert story.end("1d") == ["3h 0 b"]


def test_a_run_may_migrate_to_the_wait_of_the_same_id_wherever_it_stands_now() -> None:
    then = """
      - tag: x
        id: new
      - if: event.page == "home"
        id: choice
        then:
          - {wait: 5h, id: rest}
          - {tag: inside, id: inside}
      - {tag: behind, id: behind}"""
    decided, counts = changed(then, "on_change: migrate")
    assert decided == ["0h a a", "2h inside inside", "2h behind behind"]
    assert counts["migrated_runs"] == 1


def test_a_run_that_migrated_ends_its_wait_when_it_was_to_end_and_listens_to_the_new_version() -> None:
    story = Story(program(FIRST))
    story.event("0h", "visit")
    then = "[{wait: {for: 9h, unless: [order.paid]}, id: rest}, {tag: y, id: b}]"
    story.activate("1h", program(then, "on_change: migrate"))
    story.event("90m", "order.paid")
    assert story.end("1d") == ["0h a a"]


def test_a_run_whose_wait_is_gone_ends_with_a_reason() -> None:
    decided, counts = changed("[{tag: x, id: x}, {tag: rest, id: rest}]", "on_change: migrate")
    assert (decided, counts["step_removed"]) == (["0h a a"], 1)


def test_a_run_that_waits_where_its_version_gave_no_id_finishes_as_it_began() -> None:
    decided, counts = changed(FIRST, "on_change: migrate", before="[{tag: a}, {wait: 2h}, {tag: b}]")
    assert (decided, counts["not_migrated"]) == (["0h 0 a", "2h 2 b"], 1)


@pytest.mark.parametrize(("lines", "expected"), [(("wait: 9h",), ["2h y y"]), ((), [])])
def test_the_rules_own_wait_is_the_same_in_every_version(lines: tuple[str, ...], expected: list[str]) -> None:
    decided, _ = changed(
        "[{tag: y, id: y}]", "on_change: migrate", *lines, before="[{tag: x, id: x}]", was=("wait: 2h",)
    )
    assert decided == expected


def test_a_reply_moves_with_its_run() -> None:
    before = """
      - wait: {event: order.paid, within: 3h}
        id: paid
        then: [{wait: 2h, id: rest}, {if: reply.amount > 5, id: big, then: [{tag: big, id: tag}]}]"""
    after = """
      - {tag: x, id: x}
      - {wait: 1h, id: first}
      - wait: {event: order.paid, within: 3h}
        id: paid
        then: [{wait: 2h, id: rest}, {if: reply.amount > 9, id: big, then: [{tag: huge, id: tag}]}]"""
    story = Story(program(before))
    story.event("0h", "visit")
    story.event("1h", "order.paid", amount=10)
    story.activate("2h", program(after, "on_change: migrate"))
    assert story.end("1d") == ["3h tag huge"]


def test_a_migrated_run_is_answered_by_the_new_version() -> None:
    before = "[{wait: {event: order.paid, within: 3h}, id: paid, then: [{tag: a, id: a}], else: [{tag: b, id: b}]}]"
    after = (
        "[{tag: x, id: x}, {wait: {event: [order.paid, visit], within: 9h}, id: paid, "
        "then: [{tag: y, id: a}], else: [{tag: z, id: b}]}]"
    )
    story = Story(program(before))
    story.event("0h", "visit")
    story.activate("1h", program(after, "on_change: migrate", "limit: {max: {count: 1, within: 1h}}"))
    story.event("2h", "visit")
    assert story.end("150m") == ["2h a y", "2h x x"]


def test_a_rule_that_is_gone_ends_its_runs() -> None:
    story = Story(program(FIRST))
    story.event("0h", "visit")
    story.activate("1h", empty())
    assert story.end("1d") == ["0h a a"]
    assert story.out.counts["ended_runs"] == 1


def empty() -> Program:
    playbook, _ = read_playbook({"shop.yaml": SHOP})
    assert playbook is not None
    return compile_playbook(playbook)


def test_runs_that_were_stored_before_there_were_branches_can_still_be_read() -> None:
    old = ["r", "p" * 16, "event:shop:1", 10, 0, b"", 0, 2, 1, {"order_id": b"x"}, b"[null,null,null,null,{}]"]
    for stored in (old, [*old, False], [*old, True, ["d1"]], [*old, False, [], {"coupon": "d2"}]):
        waiting = msgspec.msgpack.decode(msgspec.msgpack.encode(stored), type=Waiting)
        assert (waiting.rule, waiting.step, waiting.wait, waiting.replies, waiting.arms) == ("r", 2, 1, {}, {})


def test_a_rule_without_branches_keeps_its_steps_at_their_numbers() -> None:
    stations = program("[{tag: a}, {wait: 1h}, {tag: b}]").rules["r"].stations
    assert [(station.key, station.next) for station in stations] == [("0", 1), ("1", 2), ("2", 3)]
