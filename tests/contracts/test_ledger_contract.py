"""What every ledger promises of decisions, withdrawals, texts and queries; leases and coupons have suites of their own."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from messaging.ports import Content, OutboxRow
from schemas.decisions import ConsentRow, ContactRow, DeadLetter, MembershipChange, Withdrawal
from schemas.errors import NamedStop
from stores.ports import LeasedRow, Result
from tests.helpers.ledgers import LEASE, NOW, ids, lease, record, sent, states, stop
from tests.helpers.stores import LASTING_LEDGERS, decision, issuing, ledger_in, outcome

if TYPE_CHECKING:
    from pathlib import Path

    from stores.ports import Ledger


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
