"""Dead letters go after thirty days, a few at a time, and nothing else goes with them."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from schemas.decisions import DeadLetter
from schemas.times import DAY, HOUR
from stores.open import open_ledger
from tests.helpers.installation import Installation
from tests.helpers.stores import LEDGERS, decision, ledger_in, outcome
from tests.helpers.waiting import wait_until_answer
from workers.clock import now_ms
from workers.housekeeping import _look, purge_dead_letters

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from stores.ports import Ledger

NOW = 100 * DAY
OLD = NOW - 30 * DAY


@pytest.fixture(params=LEDGERS)
async def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ledger]:
    ledger = await ledger_in(request.param, tmp_path)
    yield ledger
    await ledger.close()


def letters(*times: int) -> list[DeadLetter]:
    return [DeadLetter(0, None, "bad_json", "no", b"{", time) for time in times]


async def left(ledger: Ledger) -> list[int]:
    return sorted(row["time"] for row in await ledger.fetch("dead_letters"))


async def test_those_of_thirty_days_go_and_younger_ones_and_all_other_rows_stay(ledger: Ledger) -> None:
    refused = [DeadLetter(0, offset, "too_late", "no", b"{}", OLD + offset) for offset in range(3)]
    await ledger.record(0, "log", 3, 3, outcome(decision(1), dead_letters=refused))
    await ledger.refuse(letters(OLD - DAY, NOW, OLD + 1))

    gone = await purge_dead_letters(ledger, NOW, asyncio.Event())

    assert gone == 2
    assert await left(ledger) == [OLD + 1, OLD + 1, OLD + 2, NOW]
    assert len(await ledger.fetch("decisions")) == 1


async def test_many_go_in_steps_wherever_the_old_ones_lie(ledger: Ledger) -> None:
    times = [OLD if number % 3 else NOW for number in range(1_300)]
    await ledger.refuse(letters(*times))

    assert await purge_dead_letters(ledger, NOW, asyncio.Event()) == times.count(OLD)
    assert await left(ledger) == [NOW] * times.count(NOW)
    assert await purge_dead_letters(ledger, NOW, asyncio.Event()) == 0


async def test_of_several_dispatchers_one_looks_each_hour(ledger: Ledger) -> None:
    for now, letter, wanted in ((NOW, OLD, []), (NOW + HOUR - 1, OLD - 1, [OLD - 1]), (NOW + HOUR, OLD - 2, [])):
        await ledger.refuse(letters(letter))
        await _look(ledger, now, asyncio.Event())

        assert await left(ledger) == wanted


async def test_one_that_is_told_to_stop_leaves_the_rest_for_the_next(ledger: Ledger) -> None:
    stop = asyncio.Event()
    stop.set()
    await ledger.refuse(letters(OLD))

    assert await purge_dead_letters(ledger, NOW, stop) == 0
    assert await left(ledger) == [OLD]


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    here = Installation(tmp_path, {})
    yield here
    here.close()


async def test_the_dispatcher_does_it_and_stops_at_once_when_told(here: Installation) -> None:
    here.data.mkdir()
    ledger = open_ledger(f"sqlite:///{here.data / 'ledger.db'}")
    await ledger.refuse(letters(now_ms() - 31 * DAY, now_ms() - 29 * DAY))
    here.start("dispatch")

    async def is_done() -> bool:
        return len(await left(ledger)) == 1

    await wait_until_answer(is_done, 30, "the old one to go")
    assert await asyncio.to_thread(here.stop, "dispatch") == 0
    told = [json.loads(line) for line in (here.folder / "dispatch.log").read_text("utf-8").splitlines()]
    assert [line["count"] for line in told if line["event"] == "dead_letters_purged"] == [1]
    await ledger.close()
