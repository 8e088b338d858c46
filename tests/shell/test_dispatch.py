from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from messaging.adapters.memory import MemoryAdapter
from messaging.adapters.recorder import recorders
from messaging.ports import Answer, Capabilities
from messaging.retry import MAX_ATTEMPTS
from schemas.errors import StoreUnavailable
from stores.open import open_ledger
from tests.helpers.dispatching import FORGETS, RECORDS, Blocked, Broken, Office, Unrecorded, a_decision
from tests.helpers.messages import NOW, a_pool, a_template, some_offers
from tests.helpers.waiting import wait_until_async

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from messaging.dispatch import Dispatcher
    from messaging.ports import SendRequest

LEASE = 30_000
MINUTE = 60_000


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    ledger = open_ledger("memory://")
    yield Office(ledger)
    await ledger.close()


@asynccontextmanager
async def running(
    office: Office, dispatcher: Dispatcher, wake: asyncio.Event | None = None
) -> AsyncIterator[asyncio.Event]:
    """A dispatcher at work while time passes; it is stopped at the end of the block."""
    office.let_time_run()
    stop = asyncio.Event()
    task = asyncio.create_task(dispatcher.run(stop, wake))
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)


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


# ------------------------------------------------------------------ rows and channels do not share their fate


async def test_a_row_that_breaks_the_adapter_affects_no_other(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    office.adapters["email"] = Broken(lambda person: person == "p3")
    await office.record(*(a_decision(number) for number in range(1, 21)))

    with caplog.at_level(logging.INFO):
        await office.work(office.dispatcher(), 1_000)

    rows = await office.rows()
    assert {number for number, (status, _) in rows.items() if status != "sent"} == {3}
    assert "ZeroDivisionError" in caplog.text


async def test_a_poison_row_does_not_starve_the_others(office: Office) -> None:
    office.adapters["email"] = Broken(lambda person: person == "p1")
    await office.record(a_decision(1))
    dispatcher = office.dispatcher()

    for number in range(2, 40):
        await office.record(a_decision(number))
        await office.work(dispatcher, 1_000)

    rows = await office.rows()
    assert [number for number, (status, _) in rows.items() if status != "sent"] == [1]


async def test_a_text_that_cannot_be_made_fails_its_row_alone(office: Office) -> None:
    await office.record(a_decision(1, variables={}), a_decision(2))

    await office.work(office.dispatcher())

    assert await office.rows() == {1: ("failed", "render:undefined:person"), 2: ("sent", "")}


async def test_an_adapter_that_answers_nonsense_leaves_its_row_unknown(office: Office) -> None:
    class Nonsense(MemoryAdapter):
        async def send(self, *_: object) -> Answer:
            return None  # type: ignore[return-value]

    office.adapters["email"] = Nonsense(FORGETS)
    await office.record(a_decision(1))

    await office.work(office.dispatcher())

    assert await office.rows() == {1: ("in_doubt", "adapter_error")}


async def test_a_channel_that_hangs_does_not_delay_another(office: Office) -> None:
    stuck = Blocked()
    office.adapters["email"] = stuck
    await office.record(*(a_decision(number) for number in range(1, 301)))
    await office.record(*(a_decision(number, "sms") for number in range(301, 331)))

    async with running(office, office.dispatcher()):
        await wait_until_async(lambda: len(office.memory("sms").sent) == 30, 10, "the other channel's messages")
        assert stuck.sent == {}
        assert stuck.calls <= 8
        stuck.let.set()


async def test_a_channel_that_fails_is_left_alone_and_nothing_is_lost(office: Office) -> None:
    office.memory("email").answers.extend([Answer("retry", "unreachable")] * 20)
    await office.record(*(a_decision(number) for number in range(1, 51)))
    dispatcher = office.dispatcher()

    await office.work(dispatcher, 4_000)
    tried = 20 - len(office.memory("email").answers)
    await office.work(dispatcher, 30 * MINUTE, 10_000)

    assert tried <= 13
    assert await office.statuses() == ["sent"] * 50


async def test_a_misconfigured_channel_rests_and_its_other_rows_wait(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.memory("email").answers.append(Answer("misconfigured", "http_401"))
    await office.record(a_decision(1))
    dispatcher = office.dispatcher()

    await office.work(dispatcher)
    await office.record(a_decision(2), a_decision(3, "sms"))
    await office.work(dispatcher)
    before = await office.rows()
    await office.work(dispatcher, MINUTE)

    assert before == {1: ("failed", "misconfigured"), 2: ("pending", ""), 3: ("sent", "")}
    assert (await office.rows())[2] == ("sent", "")
    assert "The channel email cannot send (http_401)" in caplog.text


async def test_a_limit_a_minute_is_kept_and_all_messages_arrive(office: Office) -> None:
    limited = Capabilities(duplicates="native_key", needs_address=False, per_minute=20)
    office.adapters["wecom_group"] = MemoryAdapter(limited)
    await office.record(*(a_decision(number, "wecom_group") for number in range(1, 51)))
    dispatcher = office.dispatcher()
    counts = []
    for _ in range(4):
        await office.work(dispatcher, MINUTE)
        counts.append(len(office.memory("wecom_group").sent))

    assert counts[0] <= 21
    assert counts[1] <= 42
    assert counts[-1] == 50


# ------------------------------------------------------------------ the loop


async def test_a_wake_up_brings_new_rows_at_once(office: Office) -> None:
    wake = asyncio.Event()
    async with running(office, office.dispatcher(), wake):
        for number in range(1, 6):
            await office.record(a_decision(number))
            wake.set()
            await wait_until_async(lambda n=number: len(office.memory("email").sent) == n, 5, "the message")  # type: ignore[misc]


async def test_a_stop_lets_the_calls_under_way_end_and_records_them(office: Office) -> None:
    slow = Blocked()
    office.adapters["email"] = slow
    await office.record(a_decision(1))
    async with running(office, office.dispatcher()) as stop:
        await wait_until_async(lambda: slow.calls == 1, 5, "the call")
        stop.set()
        await office.record(a_decision(2))
        slow.let.set()

    assert {number: status for number, (status, _) in (await office.rows()).items()} == {1: "sent", 2: "pending"}
    assert (slow.calls, slow.repeats) == (1, 0)


async def test_results_are_recorded_when_the_store_is_back(office: Office) -> None:
    ledger = Unrecorded(office.ledger, times=2)
    await office.record(*(a_decision(number) for number in range(1, 11)))

    async with running(office, office.dispatcher(ledger)):
        await wait_until_async(lambda: len(office.memory("email").sent) == 10, 5, "all messages")

    assert await office.statuses() == ["sent"] * 10
    assert office.memory("email").repeats == 0


async def test_two_dispatchers_share_the_work_and_send_nothing_twice(office: Office) -> None:
    await office.record(*(a_decision(number) for number in range(1, 101)))

    async with running(office, office.dispatcher()), running(office, office.dispatcher()):
        await wait_until_async(lambda: len(office.memory("email").sent) == 100, 10, "all messages")

    assert office.memory("email").repeats == 0
    assert await office.statuses() == ["sent"] * 100


# ------------------------------------------------------------------ simulation


async def simulated(office: Office) -> Dispatcher:
    office.adapters = dict(recorders([a_template(channels=("email", "wecom_group"))]))
    return office.dispatcher(own_time=True)


async def test_in_a_simulation_rows_are_judged_at_their_own_time(office: Office) -> None:
    office.offers["program"] = some_offers(a_template(channels=("email",)))
    await office.record(contacts=[])
    await office.address("p5", "email", "five@example.com")
    decided = a_decision(5, valid_until=NOW + 6)

    await office.record(decided, a_decision(6))
    await office.work(await simulated(office))

    assert await office.rows() == {5: ("sent", ""), 6: ("suppressed", "email:no_address")}


async def test_in_a_simulation_all_ends_although_a_need_never_comes(office: Office) -> None:
    await office.record(a_decision(1, "wecom_group", needs=("f" * 32,)))

    await office.work(await simulated(office))

    assert await office.rows() == {1: ("suppressed", "coupon_unavailable")}


async def test_a_simulation_has_no_limits_of_services(office: Office) -> None:
    await office.record(*(a_decision(number, "wecom_group") for number in range(1, 301)))

    await office.work(await simulated(office))

    assert await office.statuses() == ["sent"] * 300
