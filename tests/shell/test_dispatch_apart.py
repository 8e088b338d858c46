"""The dispatcher: rows and channels that do not share their fate, its loop, and simulations."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from messaging.adapters.memory import MemoryAdapter
from messaging.adapters.recorder import recorders
from messaging.ports import Answer, Capabilities
from tests.helpers.dispatch_loop import MINUTE, running
from tests.helpers.dispatching import FORGETS, Blocked, Broken, Office, Unrecorded, a_decision
from tests.helpers.messages import NOW, a_template, some_offers
from tests.helpers.waiting import wait_until_async

if TYPE_CHECKING:
    import pytest

    from messaging.dispatch import Dispatcher


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
