"""What every ledger promises of decisions, leases and results; coupons have a suite of their own."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from messaging.policy import CouponFact, Facts, Verdict
from messaging.ports import Content, OutboxRow
from schemas.decisions import ConsentRow, ContactRow, DeadLetter, MembershipChange, Withdrawal
from schemas.errors import NamedStop
from stores.ports import LeasedRow, Result
from tests.helpers.stores import LASTING_LEDGERS, LEDGERS, decision, go, issuing, ledger_in, outcome

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from schemas.decisions import Decision
    from stores.ports import Ledger

NOW = 1_000_000
LEASE = 30_000


@pytest.fixture(params=LEDGERS)
async def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ledger]:
    ledger = await ledger_in(request.param, tmp_path)
    yield ledger
    await ledger.close()


async def record(
    ledger: Ledger,
    *decisions: Decision,
    position: int = 1,
    log_end: int = 1,
    **rows: Any,  # noqa: ANN401 - as the class
) -> None:
    await ledger.record(0, "log", position, log_end, outcome(*decisions, **rows))


async def lease(
    ledger: Ledger, now: int = NOW, limit: int = 100, gate: Callable[[OutboxRow, Facts], Verdict] = go, **how: bool
) -> list[LeasedRow]:
    return await ledger.lease(now, limit, LEASE, gate, **how)


async def states(ledger: Ledger) -> dict[str, tuple[str, str]]:
    return {row["decision_id"]: (row["status"], row["reason"]) for row in await ledger.fetch("deliveries")}


def ids(rows: list[LeasedRow]) -> list[str]:
    return [row.row.decision_id for row in rows]


def sent(leased: LeasedRow) -> Result:
    return Result(leased.row.decision_id, leased.token, "sent", receipt="r")


def stop(status: str, reason: str) -> Callable[[OutboxRow, Facts], Verdict]:
    return lambda *_: Verdict("stop", status=status, reason=reason)


# -- step 3


async def test_a_decision_is_leased_as_it_was_decided(ledger: Ledger) -> None:
    params = {"template": "hello", "channels": ["email", "sms"], "amount": Decimal("139.10")}
    made = decision(
        5,
        params=params,
        variables={"event": {"amount": Decimal("0.1"), "n": 3}},
        needs=("d00001",),
        valid_until=NOW * 2,
    )
    await record(ledger, made)

    (leased,) = await lease(ledger)

    assert leased == LeasedRow(
        OutboxRow(
            decision_id="d00005",
            person="p5",
            rule="welcome",
            kind="send",
            time=5,
            params=params,
            variables=made.variables,
            needs=("d00001",),
            valid_until=NOW * 2,
            program="program",
            body=Content("Hello p5", "Hi"),
            channel="email",
            order=5,
        ),
        token=1,
        attempts=1,
    )
    assert isinstance(leased.row.variables["event"]["amount"], Decimal)
    assert str(leased.row.params["amount"]) == "139.10"


async def test_what_is_recorded_again_stays_as_it_is(ledger: Ledger) -> None:
    rows: dict[str, Any] = {
        "changes": [MembershipChange("p1", 3, 5, "vip", "enter", "event")],
        "contacts": [ContactRow("p1", 1, "email", 5, "a@example.com")],
        "consents": [ConsentRow("p1", 2, "marketing", "*", 5, given=True)],
        "dead_letters": [DeadLetter(0, 7, "bad_id", "no", b"\xff", 5)],
    }
    decisions = [decision(1), decision(2, kind="tag", effect=False), decision(3, shadow=True)]
    await record(ledger, *decisions, **rows)
    await ledger.finish([sent(row) for row in await lease(ledger)], NOW)
    queries = ("decisions", "shadow", "changes", "dead_letters", "deliveries", "outbox_by_state")
    before = [await ledger.fetch(query) for query in queries]

    await record(ledger, *decisions, **rows)

    assert [await ledger.fetch(query) for query in queries] == before
    assert [len(found) for found in before] == [2, 1, 1, 1, 1, 2]
    assert len(await ledger.fetch("contacts_of", person="p1")) == 1
    assert len(await ledger.fetch("consents_of", person="p1")) == 1


async def test_what_needs_no_dispatcher_is_done_at_once(ledger: Ledger) -> None:
    await record(ledger, decision(1, kind="tag", params={"tags": ["vip"]}, effect=False))

    assert await lease(ledger) == []
    assert await ledger.fetch("outbox_by_state") == [{"status": "done", "number": 1}]


async def test_shadow_decisions_are_kept_apart(ledger: Ledger) -> None:
    await record(ledger, decision(1, shadow=True), decision(2))

    assert ids(await lease(ledger)) == ["d00002"]
    assert [row["decision_id"] for row in await ledger.fetch("shadow")] == ["d00001"]
    assert [row["decision_id"] for row in await ledger.fetch("decisions")] == ["d00002"]


async def test_the_high_water_mark_rises_and_never_falls(ledger: Ledger) -> None:
    assert await ledger.progress(0) is None
    for position in (5, 3, 9):
        await record(ledger, position=position)
    await ledger.advance(0, "log", 8)
    await ledger.advance(1, "log", 2)

    assert [await ledger.progress(partition) for partition in range(3)] == [("log", 9), ("log", 2), None]


async def test_rows_of_another_log_are_refused_as_a_whole(ledger: Ledger) -> None:
    await record(ledger, position=5)

    with pytest.raises(NamedStop, match="another log than theirs") as refusal:
        await ledger.record(0, "theirs", 6, 6, outcome(decision(1)))

    assert refusal.value.code == "LOG_MISMATCH"
    assert await ledger.fetch("decisions") == []
    assert await ledger.progress(0) == ("log", 5)


async def test_refusals_from_before_the_log_are_all_kept(ledger: Ledger) -> None:
    letter = DeadLetter(0, None, "bad_json", "it is no JSON", b"{", 5)
    await ledger.refuse([letter, letter])
    await record(ledger, dead_letters=[DeadLetter(0, 3, "bad_id", "no", b"", 6)])

    letters = await ledger.fetch("dead_letters")
    assert [(row["offset"], row["code"], row["value"]) for row in letters] == [
        (None, "bad_json", b"{"),
        (None, "bad_json", b"{"),
        (3, "bad_id", b""),
    ]
    assert await ledger.fetch("dead_letter_counts") == [
        {"code": "bad_id", "number": 1},
        {"code": "bad_json", "number": 2},
    ]


# -- withdrawal and release


async def test_a_withdrawal_before_the_lease_wins(ledger: Ledger) -> None:
    await record(ledger, decision(1), decision(2))
    await record(ledger, withdrawals=[Withdrawal(("d00001",), "unless:order.paid", 7)])

    assert ids(await lease(ledger)) == ["d00002"]
    assert (await states(ledger))["d00001"] == ("withdrawn", "unless:order.paid")


async def test_a_decision_and_its_withdrawal_may_come_in_one_batch(ledger: Ledger) -> None:
    await record(ledger, decision(1), withdrawals=[Withdrawal(("d00001", "unknown"), "unless:x", 7)])

    assert await lease(ledger) == []


async def test_what_a_provider_has_had_cannot_be_withdrawn(ledger: Ledger) -> None:
    await record(ledger, decision(1), decision(2))
    first, second = await lease(ledger)
    await ledger.finish([Result("d00002", second.token, "pending", "busy", retry_at=NOW + 5)], NOW)

    await record(ledger, withdrawals=[Withdrawal(("d00001", "d00002"), "unless:x", 7)])

    assert await ledger.finish([sent(first)], NOW) == 1
    assert ids(await lease(ledger, NOW + 5)) == ["d00002"]


async def test_what_is_final_cannot_be_withdrawn(ledger: Ledger) -> None:
    await record(ledger, decision(1, kind="issue_coupon"), decision(2), decision(3, kind="assign", effect=False))
    await lease(ledger, limit=1, gate=issuing())
    await lease(ledger, gate=stop("suppressed", "email:no_consent"))

    await record(ledger, withdrawals=[Withdrawal(("d00001", "d00002", "d00003"), "unless:x", 7)])

    assert await states(ledger) == {"d00002": ("suppressed", "email:no_consent"), "d00003": ("done", "")}
    assert [row["status"] for row in await ledger.fetch("coupons")] == ["issued"]


async def test_decisions_of_waits_are_released_when_the_partition_has_caught_up(ledger: Ledger) -> None:
    await record(ledger, decision(1, release=True), decision(2), position=5, log_end=9)
    assert ids(await lease(ledger)) == ["d00002"]

    await ledger.advance(0, "log", 8)
    assert await lease(ledger) == []

    await ledger.advance(1, "log", 99)
    assert await lease(ledger) == []

    await ledger.advance(0, "log", 9)
    assert ids(await lease(ledger)) == ["d00001"]


# -- leases


async def test_rows_are_leased_oldest_first_and_at_most_as_many_as_asked_for(ledger: Ledger) -> None:
    await record(ledger, *(decision(n) for n in (3, 1, 4, 2, 5)))

    assert ids(await lease(ledger, limit=2)) == ["d00001", "d00002"]
    assert ids(await lease(ledger, limit=2)) == ["d00003", "d00004"]
    assert ids(await lease(ledger, limit=2)) == ["d00005"]


async def test_equal_moments_go_by_person_then_by_the_order_of_happening(ledger: Ledger) -> None:
    made = [(1, "bob", 2), (2, "ada", 9), (3, "bob", 1), (4, "ada", 10)]
    await record(ledger, *(decision(n, time=5, person=person, order=order) for n, person, order in made))

    assert ids(await lease(ledger)) == ["d00002", "d00004", "d00003", "d00001"]


async def test_a_row_is_not_leased_before_its_moment(ledger: Ledger) -> None:
    await record(ledger, decision(1, time=NOW + 1))

    assert await lease(ledger, NOW) == []
    assert ids(await lease(ledger, NOW + 1)) == ["d00001"]


async def test_a_leased_row_is_nobody_elses_until_the_lease_runs_out(ledger: Ledger) -> None:
    await record(ledger, decision(1))
    (first,) = await lease(ledger)

    assert await lease(ledger, NOW + LEASE - 1) == []
    (second,) = await lease(ledger, NOW + LEASE)

    assert (first.token, first.attempts, second.token, second.attempts) == (1, 1, 2, 2)


async def test_a_result_counts_once_and_only_with_the_leases_token(ledger: Ledger) -> None:
    await record(ledger, decision(1))
    (first,) = await lease(ledger)
    (second,) = await lease(ledger, NOW + LEASE)

    assert await ledger.finish([Result("d00001", first.token, "failed", "too late")], NOW) == 0
    assert await ledger.finish([sent(second)], NOW) == 1
    assert await ledger.finish([sent(second)], NOW) == 0
    assert await states(ledger) == {"d00001": ("sent", "")}


async def test_a_result_for_a_row_that_went_back_to_waiting_is_dropped_and_its_attempt_stays_lost(
    ledger: Ledger,
) -> None:
    await record(ledger, decision(1))
    (first,) = await lease(ledger)
    await lease(ledger, NOW + LEASE, gate=waiting)

    assert await ledger.finish([sent(first)], NOW) == 0
    assert (await states(ledger))["d00001"] == ("leased", "")
    assert await lease(ledger, NOW + 9 * LEASE) == []
    (again,) = await lease(ledger, NOW + 10 * LEASE)
    assert (again.attempts, again.lost, first.lost) == (2, True, False)


async def test_a_row_whose_attempt_was_recorded_is_not_lost_however_it_waits(ledger: Ledger) -> None:
    await record(ledger, decision(1))
    (first,) = await lease(ledger)
    await ledger.finish([Result("d00001", first.token, "pending", "busy", retry_at=NOW)], NOW)
    await lease(ledger, gate=waiting)

    (again,) = await lease(ledger, NOW + 10 * LEASE)
    assert (again.token, again.attempts, again.lost) == (2, 2, False)


def waiting(*_: object) -> Verdict:
    return Verdict("wait", until=NOW + 10 * LEASE)


async def test_results_of_many_rows_are_told_apart(ledger: Ledger) -> None:
    await record(ledger, *(decision(n) for n in range(1, 6)))
    rows = await lease(ledger)
    results = [
        Result("d00001", 1, "sent", receipt="r1"),
        Result("d00002", 1, "failed", "blocked"),
        Result("d00003", 7, "failed", "not mine"),
        Result("d00004", 1, "pending", "busy", retry_at=NOW + 500),
        Result("unknown", 1, "sent"),
    ]

    assert len(rows) == 5
    assert await ledger.finish(results, NOW) == 3
    assert await ledger.finish([], NOW) == 0

    assert await states(ledger) == {
        "d00001": ("sent", ""),
        "d00002": ("failed", "blocked"),
        "d00003": ("leased", ""),
        "d00004": ("pending", "busy"),
        "d00005": ("leased", ""),
    }
    assert await lease(ledger, NOW + 499) == []
    (again,) = await lease(ledger, NOW + 500)
    assert (again.row.decision_id, again.token, again.attempts) == ("d00004", 2, 2)


async def test_what_others_say_is_kept_whatever_its_characters(ledger: Ledger) -> None:
    await record(ledger, decision(1), dead_letters=[DeadLetter(0, 7, "bad_id", "no \0 \ud800", b"\0", 5)])
    (leased,) = await lease(ledger)

    assert await ledger.finish([Result("d00001", leased.token, "failed", "a\0b\ud800", receipt="\0")], NOW) == 1

    assert await states(ledger) == {"d00001": ("failed", "a\ufffdb?")}
    assert [row["message"] for row in await ledger.fetch("dead_letters")] == ["no \ufffd ?"]


async def test_the_first_rendered_body_and_channel_are_those_of_every_attempt(ledger: Ledger) -> None:
    await record(ledger, decision(1))
    await lease(ledger)
    seen: list[tuple[Content | None, str]] = []

    def changed(row: OutboxRow, _: Facts) -> Verdict:
        seen.append((row.body, row.channel))
        return Verdict("go", row.channel, "", Content("another text"))

    (again,) = await lease(ledger, NOW + LEASE, gate=changed)

    assert seen == [(Content("Hello p1", "Hi"), "email")]
    assert again.row.body == Content("Hello p1", "Hi")
    (row,) = await ledger.fetch("deliveries")
    assert (row["body"], row["subject"], row["channel"]) == ("Hello p1", "Hi", "email")


async def test_a_row_that_a_gate_stops_is_final_and_not_returned(ledger: Ledger) -> None:
    await record(ledger, decision(1))

    assert await lease(ledger, gate=stop("expired", "too_late")) == []
    assert await lease(ledger) == []
    assert await states(ledger) == {"d00001": ("expired", "too_late")}


async def test_a_row_that_waits_stays_pending_until_its_moment(ledger: Ledger) -> None:
    await record(ledger, decision(1))
    await lease(ledger, gate=lambda *_: Verdict("wait", until=NOW + 50))

    assert await lease(ledger, NOW + 49) == []
    (leased,) = await lease(ledger, NOW + 50)
    assert (leased.token, leased.attempts) == (1, 1)


async def test_a_gate_that_raises_stops_its_row_only(ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    def gate(row: OutboxRow, facts: Facts) -> Verdict:
        if row.person == "p2":
            raise ZeroDivisionError
        return go(row, facts)

    await record(ledger, *(decision(n) for n in (1, 2, 3)))

    assert ids(await lease(ledger, gate=gate)) == ["d00001", "d00003"]
    assert (await states(ledger))["d00002"] == ("dead", "gate_error")
    assert "The gates failed at decision d00002" in caplog.text


async def test_sixteen_dispatchers_never_share_a_row(ledger: Ledger) -> None:
    await record(ledger, *(decision(n) for n in range(400)))

    async def dispatcher() -> list[str]:
        mine: list[str] = []
        while rows := await lease(ledger, limit=7):
            mine += ids(rows)
            assert await ledger.finish([sent(row) for row in rows], NOW) == len(rows)
        return mine

    taken = [each for mine in await asyncio.gather(*(dispatcher() for _ in range(16))) for each in mine]

    assert sorted(taken) == [f"d{n:05d}" for n in range(400)]
    assert await ledger.fetch("outbox_by_state") == [{"status": "sent", "number": 400}]


async def test_in_own_time_rows_are_judged_at_their_own_moment_in_the_order_of_moments(ledger: Ledger) -> None:
    contacts = [ContactRow("p1", 1, "email", 15, "late@example.com")]
    await record(ledger, *(decision(n, time=n * 10, person="p1") for n in (3, 1, 2)), contacts=contacts)
    seen: list[tuple[str, int, dict[str, str]]] = []

    def gate(row: OutboxRow, facts: Facts) -> Verdict:
        seen.append((row.decision_id, facts.now, facts.addresses))
        return go(row, facts)

    await lease(ledger, gate=gate, own_time=True)

    late = {"email": "late@example.com"}
    assert seen == [("d00001", 10, {}), ("d00002", 20, late), ("d00003", 30, late)]


async def test_in_own_time_a_row_that_was_put_off_keeps_its_turn(ledger: Ledger) -> None:
    await record(ledger, *(decision(n) for n in (1, 2)))
    await lease(ledger, limit=1, gate=lambda _, facts: Verdict("wait", until=facts.now), own_time=True)

    assert ids(await lease(ledger, own_time=True)) == ["d00001", "d00002"]


# -- facts


async def facts_of(ledger: Ledger, number: int = 1, now: int = NOW) -> Facts:
    seen: dict[str, Facts] = {}

    def gate(row: OutboxRow, facts: Facts) -> Verdict:
        seen[row.decision_id] = facts
        return Verdict("wait", until=now)

    await lease(ledger, now, gate=gate)
    return seen[f"d{number:05d}"]


async def test_a_gate_knows_the_newest_address_of_each_channel_up_to_now(ledger: Ledger) -> None:
    contacts = [
        ContactRow("p1", 1, "email", 10, "first@example.com"),
        ContactRow("p1", 4, "email", 20, "older@example.com"),
        ContactRow("p1", 5, "email", 20, "newest@example.com"),
        ContactRow("p1", 6, "email", NOW + 1, "tomorrow@example.com"),
        ContactRow("p1", 7, "sms", 10, "+44"),
        ContactRow("p1", 8, "sms", 30, None),
        ContactRow("p2", 1, "email", 10, "other@example.com"),
    ]
    await record(ledger, decision(1), contacts=contacts)

    assert (await facts_of(ledger)).addresses == {"email": "newest@example.com"}
    assert (await facts_of(ledger, now=NOW + 1)).addresses == {"email": "tomorrow@example.com"}


async def test_a_gate_knows_the_newest_consent_of_each_purpose_and_channel(ledger: Ledger) -> None:
    consents = [
        ConsentRow("p1", 1, "marketing", "*", 10, given=True),
        ConsentRow("p1", 3, "marketing", "email", 10, given=True),
        ConsentRow("p1", 2, "marketing", "email", 20, given=False),
        ConsentRow("p1", 4, "news", "*", NOW + 1, given=True),
    ]
    await record(ledger, decision(1), consents=consents)

    facts = await facts_of(ledger)

    assert facts.consents == {("marketing", "*"): True, ("marketing", "email"): False}
    assert facts.now == NOW


async def test_a_gate_knows_the_kill_switches_that_are_off(ledger: Ledger) -> None:
    await record(ledger, decision(1))
    for name, value in (
        ("switch:all", "on"),
        ("switch:rule:cart", "off"),
        ("switch:channel:sms", "off"),
        ("other", "off"),
    ):
        await ledger.set_meta(name, value)

    assert (await facts_of(ledger)).switches == {"rule:cart", "channel:sms"}


async def test_switches_are_turned_together_and_say_what_changed(ledger: Ledger) -> None:
    await record(ledger, decision(1))

    assert await ledger.switch(["rule:cart", "all", "rule:cart"], off=True) == ["all", "rule:cart"]
    assert await ledger.switch(["all", "channel:sms"], off=True) == ["channel:sms"]
    assert [row["name"] for row in await ledger.fetch("switches")] == ["all", "channel:sms", "rule:cart"]
    assert await ledger.switch(["all", "purpose:marketing"], off=False) == ["all"]
    assert (await facts_of(ledger)).switches == {"rule:cart", "channel:sms"}
    assert await ledger.get_meta("switch:all") is None


async def test_a_gate_knows_what_became_of_the_decisions_a_row_needs(ledger: Ledger) -> None:
    coupon = decision(1, kind="issue_coupon", params={"pool": "pool"})
    await record(ledger, coupon, decision(2))
    await lease(ledger, limit=1, gate=issuing())
    await record(ledger, decision(3, needs=("d00001", "d00002", "never")))

    assert (await facts_of(ledger, 3)).needs == {
        "d00001": CouponFact("done", "d00001-0", 1_001, "pool"),
        "d00002": CouponFact("pending"),
        "never": None,
    }


@pytest.mark.parametrize(
    ("gate", "fact"),
    [
        (issuing(), CouponFact("done", "d00001-0", 1_001, "pool")),
        (issuing(stock=0), CouponFact("refused", pool="pool")),
        (stop("expired", "too_late"), CouponFact("expired")),
        (lambda *_: 1 / 0, CouponFact("dead")),
    ],
)
async def test_what_was_settled_earlier_in_the_same_lease_is_known_to_the_rows_that_need_it(
    ledger: Ledger, gate: Callable[[OutboxRow, Facts], Verdict], fact: CouponFact
) -> None:
    await record(ledger, decision(1, kind="issue_coupon"), decision(2, needs=("d00001",)))
    seen: list[CouponFact | None] = []

    def either(row: OutboxRow, facts: Facts) -> Verdict:
        if row.kind == "issue_coupon":
            return gate(row, facts)
        seen.append(facts.needs["d00001"])
        return go(row, facts)

    await lease(ledger, gate=either)

    assert seen == [fact]


# -- programs and named texts


async def test_a_program_is_kept_under_its_hash(ledger: Ledger) -> None:
    await ledger.put_program("abc", b"\x00text")
    await ledger.put_program("abc", b"\x00text")

    assert await ledger.program("abc") == b"\x00text"
    assert await ledger.program("other") is None


async def test_activations_are_counted_and_the_newest_is_in_force(ledger: Ledger) -> None:
    assert await ledger.active() is None

    assert [await ledger.activate(name, at) for name, at in (("a", 5), ("b", 6), ("a", 7))] == [1, 2, 3]

    assert await ledger.active() == ("a", 3)
    assert await ledger.fetch("activations") == [
        {"sequence": 1, "hash": "a", "at": 5},
        {"sequence": 2, "hash": "b", "at": 6},
        {"sequence": 3, "hash": "a", "at": 7},
    ]


async def test_named_texts_are_set_and_set_again(ledger: Ledger) -> None:
    assert await ledger.get_meta("x") is None
    await ledger.set_meta("x", "one")
    await ledger.set_meta("x", "two")

    assert await ledger.get_meta("x") == "two"


async def test_of_those_who_keep_a_text_at_once_the_first_wins_for_all(ledger: Ledger) -> None:
    kept = await asyncio.gather(*(ledger.keep_meta("workspace", f"id-{n}") for n in range(10)))

    assert set(kept) == {await ledger.get_meta("workspace")}


# -- queries


async def test_lines_come_in_the_order_of_happening(ledger: Ledger) -> None:
    made = [(1, 20, "bob", 1), (2, 10, "eve", 1), (3, 10, "ada", 2), (4, 10, "ada", 1)]
    decisions = [decision(n, time=time, person=person, order=order) for n, time, person, order in made]
    changes = [MembershipChange(person, order, time, f"s{n}", "enter", "event") for n, time, person, order in made]
    tried = [decision(n + 4, time=time, person=person, order=order, shadow=True) for n, time, person, order in made]
    await record(ledger, *decisions, *tried, changes=changes)

    for query in ("decisions", "deliveries"):
        assert [row["decision_id"] for row in await ledger.fetch(query)] == ["d00004", "d00003", "d00002", "d00001"]
    assert [row["decision_id"] for row in await ledger.fetch("shadow")] == ["d00008", "d00007", "d00006", "d00005"]
    assert [row["segment"] for row in await ledger.fetch("changes")] == ["s4", "s3", "s2", "s1"]


async def test_a_decision_line_has_everything_that_its_file_shows(ledger: Ledger) -> None:
    await record(ledger, decision(1, params={"amount": Decimal("1.50")}), decision(2, shadow=True, event_id=None))

    (row,) = await ledger.fetch("decisions")
    (tried,) = await ledger.fetch("shadow")

    assert row == {
        "decision_id": "d00001",
        "time": 1,
        "person": "p1",
        "order": 1,
        "rule": "welcome",
        "step": "0",
        "kind": "send",
        "occurrence": "event:test:1",
        "event_id": "1",
        "params": {"amount": Decimal("1.50")},
    }
    assert tried.keys() == row.keys()
    assert tried["event_id"] is None


async def test_deliveries_are_messages_invitations_and_assignments(ledger: Ledger) -> None:
    kinds = ("send", "invite", "assign", "tag", "issue_coupon", "emit")
    await record(ledger, *(decision(n, kind=kind, effect=kind == "send", params={}) for n, kind in enumerate(kinds)))

    found = await ledger.fetch("deliveries")

    assert [(row["kind"], row["status"], row["template"]) for row in found] == [
        ("send", "pending", None),
        ("invite", "done", None),
        ("assign", "done", None),
    ]


async def test_the_last_of_a_person_comes_newest_first(ledger: Ledger) -> None:
    changes = [MembershipChange("ada", n, n, f"s{n}", "enter", "event") for n in range(4)]
    await record(ledger, *(decision(n, person="ada") for n in range(4)), decision(9), changes=changes)

    decisions = await ledger.fetch("decisions_of", person="ada", limit=2)
    changed = await ledger.fetch("changes_of", person="ada", limit=2)

    assert [(row["decision_id"], row["status"]) for row in decisions] == [("d00003", "pending"), ("d00002", "pending")]
    assert [row["segment"] for row in changed] == ["s3", "s2"]


async def test_the_oldest_pending_row_is_the_oldest_that_could_go_by_now(ledger: Ledger) -> None:
    assert await ledger.fetch("oldest_pending", now=NOW) == []
    await record(ledger, decision(1), decision(400), decision(NOW + 5))
    await lease(ledger, limit=1)

    assert await ledger.fetch("oldest_pending", now=NOW) == [{"age": NOW - 400}]
    assert await ledger.fetch("oldest_pending", now=NOW + LEASE) == [{"age": NOW + LEASE - 1}]


async def test_a_query_that_does_not_exist_is_refused_with_those_that_do(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="no query 'rows'; there are activations, changes, "):
        await ledger.fetch("rows")


@pytest.mark.parametrize("engine", LASTING_LEDGERS)
async def test_a_withdrawal_of_one_process_and_the_lease_of_another_never_both_win(engine: str, tmp_path: Path) -> None:
    ledger = await ledger_in(engine, tmp_path)
    others = [await ledger_in(engine, tmp_path) for _ in range(4)]
    everything = [f"d{n:05d}" for n in range(300)]
    await record(ledger, *(decision(n) for n in range(300)))
    leased: list[str] = []

    async def dispatch(mine: Ledger) -> None:
        leased.extend(ids(await lease(mine, limit=3)))

    for n in range(0, 300, 15):  # from the end, so that both want the same rows in the last rounds
        withdrawal = Withdrawal(tuple(everything[-n - 15 :][:15]), "unless:x", 7)
        await asyncio.gather(*(dispatch(each) for each in others), record(ledger, withdrawals=[withdrawal]))

    withdrawn = [key for key, (status, _) in (await states(ledger)).items() if status == "withdrawn"]
    assert sorted(leased + withdrawn) == everything
    assert leased
    assert withdrawn
    for each in (ledger, *others):
        await each.close()


@pytest.mark.parametrize("engine", LASTING_LEDGERS)
async def test_activations_of_many_processes_have_numbers_of_their_own(engine: str, tmp_path: Path) -> None:
    ledgers = [await ledger_in(engine, tmp_path) for _ in range(8)]

    numbers = await asyncio.gather(*(ledger.activate(f"{n}", n) for n, ledger in enumerate(ledgers * 5)))

    assert sorted(numbers) == list(range(1, 41))
    for ledger in ledgers:
        await ledger.close()


@pytest.mark.parametrize("engine", LASTING_LEDGERS)
async def test_a_ledger_that_is_opened_again_is_the_same(engine: str, tmp_path: Path) -> None:
    ledger = await ledger_in(engine, tmp_path)
    await record(ledger, decision(1), position=7)
    (first,) = await lease(ledger)
    await ledger.close()

    again = await ledger_in(engine, tmp_path)

    assert await again.progress(0) == ("log", 7)
    assert await again.finish([sent(first)], NOW) == 1
    await again.close()
