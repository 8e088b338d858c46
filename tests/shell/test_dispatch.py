from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from messaging.adapters.memory import MemoryAdapter
from messaging.ports import Answer, Capabilities
from messaging.retry import MAX_ATTEMPTS
from schemas.errors import StoreUnavailable
from tests.helpers.dispatch_loop import LEASE, MINUTE
from tests.helpers.dispatching import FORGETS, RECORDS, Blocked, Office, Unrecorded, a_decision
from tests.helpers.messages import a_pool, a_template, some_offers
from tests.helpers.waiting import wait_until_async

if TYPE_CHECKING:
    from messaging.ports import SendRequest


# ------------------------------------------------------------------ what becomes of a row


async def test_a_message_is_sent_once_with_the_decisions_id_as_its_key(office: Office) -> None:
    await office.record(a_decision(1))

    await office.work(office.dispatcher())

    request = office.memory("email").sent[f"{1:032x}"]
    assert (request.content.body, request.person, request.attempt) == ("Hello Person 1", "p1", 1)
    assert await office.rows() == {1: ("sent", "")}
    row = (await office.ledger.fetch("deliveries"))[0]
    assert (row["channel"], row["body"]) == ("email", "Hello Person 1")


async def test_a_message_goes_to_the_persons_address_where_the_channel_needs_one(office: Office) -> None:
    needs = Capabilities(duplicates="native_key", needs_address=True)
    office.adapters["email"] = MemoryAdapter(needs)
    await office.address("p1", "email", "one@example.com")
    await office.record(a_decision(1), a_decision(2))

    await office.work(office.dispatcher())

    assert [request.address for request in office.memory("email").sent.values()] == ["one@example.com"]
    assert await office.rows() == {1: ("sent", ""), 2: ("suppressed", "email:no_address")}


async def test_a_coupon_is_issued_and_its_message_shows_it(office: Office) -> None:
    template = a_template("Your code is {{ coupon.code }}", channels=("email",))
    office.offers["program"] = some_offers(template, pool=a_pool(prefix="WEL", stock=1))
    for number in (1, 3):
        coupon = a_decision(number, kind="issue_coupon", params={"pool": "welcome-10", "as": "coupon"}, variables={})
        await office.record(coupon, a_decision(number + 1, needs=(coupon.id,)))

    await office.work(office.dispatcher(), 2_000)

    coupons = await office.ledger.fetch("coupons")
    issued = next(coupon for coupon in coupons if coupon["status"] != "refused")
    assert [request.content.body for request in office.memory("email").sent.values()] == [
        f"Your code is {issued['code']}"
    ]
    assert issued["code"].startswith("WEL-")
    assert sorted((await office.rows()).values()) == [("sent", ""), ("suppressed", "coupon_unavailable")]


async def test_an_emitted_event_goes_to_the_channel_of_the_log(office: Office) -> None:
    office.adapters["log"] = MemoryAdapter(RECORDS)
    params = {"event": "friend.joined", "id": "x", "person": "bob", "properties": {"n": 1}}
    await office.record(a_decision(1, kind="emit", params=params, variables={}))

    await office.work(office.dispatcher())

    (request,) = office.memory("log").sent.values()
    assert request.content.body == '{"event":"friend.joined","id":"x","person":"bob","properties":{"n":1}}'


async def test_a_consent_that_is_withdrawn_before_the_lease_wins(office: Office) -> None:
    office.offers["program"] = some_offers(a_template(purpose="marketing"))
    await office.consent("p1", given=True, order=1)
    await office.consent("p2", given=True, order=1)
    await office.record(a_decision(1), a_decision(2))
    await office.consent("p1", given=False, order=2)

    await office.work(office.dispatcher())

    assert await office.rows() == {1: ("suppressed", "email:no_consent"), 2: ("sent", "")}


async def test_a_kill_switch_holds_and_nothing_is_lost(office: Office) -> None:
    await office.record(a_decision(1))
    await office.ledger.set_meta("switch:rule:welcome", "off")
    dispatcher = office.dispatcher()

    await office.work(dispatcher, 2 * MINUTE, 10_000)
    held = await office.rows()
    await office.ledger.set_meta("switch:rule:welcome", "on")
    await office.work(dispatcher, MINUTE)

    assert held[1][0] == "pending"
    assert await office.rows() == {1: ("sent", "")}


async def test_rows_of_a_playbook_that_cannot_be_read_wait_and_the_others_go(office: Office) -> None:
    await office.record(a_decision(1, program="lost"), a_decision(2))

    await office.work(office.dispatcher())

    assert {number: status for number, (status, _) in (await office.rows()).items()} == {1: "pending", 2: "sent"}


# ------------------------------------------------------------------ repeats


async def test_after_a_crash_between_call_and_record_the_same_key_and_text_go_again(office: Office) -> None:
    await office.record(a_decision(1))
    with pytest.raises(StoreUnavailable):
        await office.dispatcher(Unrecorded(office.ledger)).step()
    office.offers["program"] = some_offers(a_template("Another text"))
    other = office.dispatcher()

    await office.work(other)
    early = await office.rows()
    await office.work(other, LEASE)

    memory = office.memory("email")
    assert early[1][0] == "leased"
    assert await office.rows() == {1: ("sent", "")}
    assert (len(memory.sent), memory.repeats) == (1, 1)
    assert memory.sent[f"{1:032x}"].content.body == "Hello Person 1"


async def test_after_a_crash_a_service_that_does_not_know_repeats_gets_no_second_message(office: Office) -> None:
    office.adapters["email"] = MemoryAdapter(FORGETS)
    await office.record(a_decision(1))
    with pytest.raises(StoreUnavailable):
        await office.dispatcher(Unrecorded(office.ledger)).step()

    await office.work(office.dispatcher(), LEASE)

    assert await office.rows() == {1: ("in_doubt", "lost")}
    assert (len(office.memory("email").sent), office.memory("email").repeats) == (1, 0)


async def test_a_lost_reply_is_held_or_sent_again_as_the_channel_says(office: Office) -> None:
    again = Capabilities(duplicates="none", needs_address=False, on_doubt="retry")
    office.adapters |= {"email": MemoryAdapter(FORGETS), "sms": MemoryAdapter(again)}
    for channel in ("email", "sms", "wecom_group"):
        office.memory(channel).answers.append(Answer("unknown", "no_reply"))
    await office.record(*(a_decision(n, channel) for n, channel in enumerate(("email", "sms", "wecom_group"), 1)))

    await office.work(office.dispatcher(), MINUTE)

    assert await office.rows() == {1: ("in_doubt", "no_reply"), 2: ("sent", ""), 3: ("sent", "")}
    assert [office.memory(name).repeats for name in ("email", "sms", "wecom_group")] == [0, 1, 1]


async def test_a_refusal_that_asks_for_later_is_tried_again_even_where_repeats_are_not_known(office: Office) -> None:
    office.adapters["email"] = MemoryAdapter(FORGETS)
    office.memory("email").answers.append(Answer("retry", "errcode_45009", retry_after=60))
    await office.record(a_decision(1))

    await office.work(office.dispatcher(), 2 * MINUTE)

    assert await office.rows() == {1: ("sent", "")}


async def test_another_process_goes_by_what_was_recorded_of_the_last_attempt(office: Office) -> None:
    """A refusal that asks for later was recorded, so nothing is out there; a lost attempt was not, and stays in doubt."""
    office.adapters["email"] = MemoryAdapter(FORGETS)
    office.memory("email").answers.append(Answer("retry", "busy"))
    await office.record(a_decision(1))
    await office.work(office.dispatcher())
    refused = await office.rows()
    await office.work(office.dispatcher(), 10 * MINUTE)

    assert (refused, await office.rows()) == ({1: ("pending", "busy")}, {1: ("sent", "")})

    await office.record(a_decision(2))
    with pytest.raises(StoreUnavailable):
        await office.dispatcher(Unrecorded(office.ledger)).step()
    await office.work(office.dispatcher(), 10 * MINUTE)

    assert await office.rows() == {1: ("sent", ""), 2: ("in_doubt", "lost")}
    assert office.memory("email").repeats == 0


async def test_a_lost_attempt_stays_in_doubt_also_when_a_pause_comes_between(office: Office) -> None:
    office.adapters["email"] = MemoryAdapter(FORGETS)
    await office.record(a_decision(1))
    with pytest.raises(StoreUnavailable):
        await office.dispatcher(Unrecorded(office.ledger)).step()
    await office.ledger.switch(["all"], off=True)
    await office.work(office.dispatcher(), 10 * MINUTE, 10_000)
    await office.ledger.switch(["all"], off=False)
    await office.work(office.dispatcher(), 10 * MINUTE, 10_000)

    assert await office.rows() == {1: ("in_doubt", "lost")}
    assert (len(office.memory("email").sent), office.memory("email").repeats) == (1, 0)


async def test_where_repeats_are_known_a_recorded_doubt_is_not_forgotten(office: Office) -> None:
    """An unknown outcome is recorded and tried again; past the horizon another process holds it all the same."""
    office.memory("email").answers.append(Answer("unknown", "no_reply"))
    await office.record(a_decision(1))
    await office.work(office.dispatcher())
    waiting = await office.rows()
    office.set_to += RECORDS.horizon_ms
    await office.work(office.dispatcher())

    assert (waiting, await office.rows()) == ({1: ("pending", "no_reply")}, {1: ("in_doubt", "lost")})
    assert office.memory("email").repeats == 0


async def test_a_result_that_comes_after_its_lease_is_dropped(office: Office) -> None:
    slow = Blocked()
    await office.record(a_decision(1))
    office.adapters["email"] = slow
    first = asyncio.create_task(office.dispatcher().step())
    await wait_until_async(lambda: slow.calls == 1, 5, "the first call")
    office.adapters["email"] = MemoryAdapter(RECORDS)
    office.memory("email").answers.append(Answer("rejected", "bounced"))
    office.set_to += LEASE

    await office.work(office.dispatcher())
    slow.let.set()
    await first

    assert await office.rows() == {1: ("failed", "bounced")}


async def test_the_last_attempt_makes_a_row_dead_with_its_reason(office: Office) -> None:
    office.memory("email").answers.extend([Answer("retry", "http_503")] * (MAX_ATTEMPTS + 5))
    await office.record(a_decision(1))

    await office.work(office.dispatcher(), 120 * MINUTE, MINUTE)

    assert await office.rows() == {1: ("dead", "http_503")}
    assert len(office.memory("email").answers) == 5


async def test_a_row_whose_every_attempt_is_lost_ends_in_doubt(office: Office) -> None:
    await office.record(a_decision(1))
    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(StoreUnavailable):
            await office.dispatcher(Unrecorded(office.ledger)).step()
        office.set_to += LEASE

    await office.work(office.dispatcher())

    assert await office.rows() == {1: ("in_doubt", "lost")}
    assert office.memory("email").repeats == MAX_ATTEMPTS - 1


async def test_a_call_has_less_time_than_its_lease(office: Office) -> None:
    class Timed(MemoryAdapter):
        async def send(self, request: SendRequest, timeout: float) -> Answer:
            timeouts.append(timeout)
            return await super().send(request, timeout)

    timeouts: list[float] = []
    office.adapters["email"] = Timed(RECORDS)
    await office.record(a_decision(1))
    await office.work(office.dispatcher(lease_ms=10_000))
    await office.record(a_decision(2))
    await office.work(office.dispatcher())

    assert timeouts == [8.0, 20.0]


async def test_a_lease_that_is_nearly_over_is_given_back_without_a_call(office: Office) -> None:
    await office.record(a_decision(1))

    await office.dispatcher(lease_ms=1_500).step()

    assert office.memory("email").sent == {}
    assert await office.rows() == {1: ("pending", "")}
