"""What every ledger promises of leases: who gets which row, what the gates know, and whose result counts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from messaging.policy import CouponFact, Facts, Verdict
from messaging.ports import Content, OutboxRow
from schemas.decisions import ConsentRow, ContactRow, DeadLetter
from stores.ports import Result
from tests.helpers.ledgers import LEASE, NOW, ids, lease, record, sent, states, stop
from tests.helpers.stores import decision, go, issuing

if TYPE_CHECKING:
    from collections.abc import Callable

    from stores.ports import Ledger


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
