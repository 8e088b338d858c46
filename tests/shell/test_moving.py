"""Moving a workspace: what is refused, what half a copy may do, and what a copy can do that the original could."""

from __future__ import annotations

import shutil
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from schemas.errors import InputError, NamedStop, StoreUnavailable
from stores.ports import Appendable, Position
from stores.scratch import open_scratch
from tests.helpers.faults import Faults
from tests.helpers.folded import Folded
from tests.helpers.moved_rows import TICK, empty, quickly, reopen, rows, without_own
from tests.helpers.moving import emptied, file_urls, in_files, live, moved, stores_of
from tests.helpers.stores import Clock
from workers.moving.move import move
from workers.settings import Settings
from workers.simulation import Stores
from workers.workspace import CLOSED, open_workspace

if TYPE_CHECKING:
    from pathlib import Path

    from stores.ports import Ledger


# -- what is refused, before anything is written


async def refused(shop: Folded, target: Stores, sentence: str) -> InputError:
    before = await rows(target.ledger)
    with pytest.raises(InputError, match=sentence) as error:
        await quickly(shop, target)
    assert await rows(target.ledger) == before
    assert await shop.ledger.get_meta(CLOSED) is None
    return error.value


async def test_a_partition_that_is_not_folded_to_its_end_is_refused(shop: Folded) -> None:
    await shop.tick()

    assert "touchline worker" in (await refused(shop, empty(), "is folded up to record")).hint


async def test_a_partition_that_was_never_folded_is_refused() -> None:
    shop = Folded.new(ledger=open_scratch())
    await shop.tick()

    await refused(shop, empty(), "record 0 of 1")


async def test_a_record_for_everybody_that_is_half_done_is_refused(shop: Folded) -> None:
    await shop.fire("monday")
    await shop.worker(batch=5).step()

    await refused(shop, empty(), "is folded up to record")


async def test_a_clock_that_still_runs_is_heard(tmp_path: Path) -> None:
    shop = await in_files(tmp_path, Clock())
    await live(shop)
    clock = await in_files(tmp_path, shop.clock)
    waited = shop.log.wait

    async def tick_meanwhile(partition: int, start: int, timeout: float) -> None:
        await clock.tick()
        await waited(partition, start, timeout)

    shop.log.wait = tick_meanwhile  # type: ignore[method-assign]

    await refused(shop, empty(), "somebody still writes")
    await stores_of(clock).close()
    await stores_of(shop).close()


async def test_a_log_that_holds_records_is_refused(shop: Folded) -> None:
    target = empty()
    await target.log.append([Appendable("", TICK, 2)])

    await refused(shop, target, "its log holds records in partition 2")


async def test_a_state_that_was_begun_is_refused(shop: Folded) -> None:
    target = empty()
    await target.state.begin(1, "log", Position(0))

    await refused(shop, target, "its state knows partition 1")


async def test_a_ledger_of_somebody_else_is_refused(shop: Folded) -> None:
    target = empty()
    await target.ledger.keep_meta("workspace", "somebody")

    await refused(shop, target, "its ledger holds rows in meta")


@pytest.mark.parametrize(("old", "new"), [(3, 1), (3, 6), (2, 3)])
async def test_people_of_several_partitions_are_not_spread_over_another_count(old: int, new: int) -> None:
    shop = Folded.new(old, ledger=open_scratch())
    await shop.fold()

    assert f"--partitions {old}" in (await refused(shop, empty(new), "only from 1 to any count")).hint


async def test_a_workspace_that_was_moved_is_not_moved_again(shop: Folded) -> None:
    await quickly(shop, empty())

    with pytest.raises(NamedStop, match="it was moved to there") as stop:
        await quickly(shop, empty())

    assert stop.value.code == "WORKSPACE_CLOSED"


# -- half a copy


async def test_wherever_a_move_breaks_off_the_workspace_is_open_at_one_place_at_most(shop: Folded) -> None:
    """At calls to all stores, before them and after them, and at each of the last ones; and what breaks off before the end leaves the old one as it was."""
    counted = Faults()
    before = await rows(shop.ledger)
    await quickly(around(stores_of(shop), counted), around(empty(), counted))
    await reopen(shop)
    assert len(counted.calls) > 50
    for done in (False, True):
        last = len(counted.calls) - 8
        for at in [*range(int(done), last, 4), *range(last, last + 8)]:
            call = counted.calls[at]
            faults = Faults(at, done=done)
            source, target = stores_of(shop), empty()
            with pytest.raises(Exception):  # noqa: B017, PT011 - the fault, or what a guard makes of it
                await quickly(around(source, faults), around(target, faults))
            here, there = [await state_of(each.ledger) for each in (source, target)]
            assert (here, there) in {("open", "empty"), ("open", "closed"), ("closed", "closed"), ("closed", "open")}, (
                call
            )
            if here == "open":
                assert without_own(await rows(shop.ledger)) == without_own(before)
                if there == "closed":
                    assert "drop its database" in (await refused_again(shop, target)).hint
            await target.close()
            await reopen(shop)


def around(stores: Stores, faults: Faults) -> Stores:
    return Stores(*(faults.around(each) for each in (stores.log, stores.state, stores.ledger)))


async def state_of(ledger: Ledger) -> str:
    if await ledger.get_meta(CLOSED):
        return "closed"
    return "open" if await ledger.get_meta("workspace") else "empty"


async def refused_again(shop: Folded, target: Stores) -> InputError:
    with pytest.raises(InputError, match="an earlier move into this ledger was not finished") as error:
        await quickly(shop, target)
    return error.value


async def test_nothing_starts_on_half_a_copy_nor_on_what_was_moved_away_but_both_may_be_looked_at(
    tmp_path: Path,
) -> None:
    shop = await in_files(tmp_path / "here", Clock())
    await live(shop)
    target = await emptied(file_urls(tmp_path / "there"), shop.clock, 3)
    state = Faults().around(target.state)

    async def broken(*_: object) -> None:
        raise StoreUnavailable("the state is away")

    state.write = broken
    with pytest.raises(StoreUnavailable):
        await move(stores_of(shop), Stores(target.log, state, target.ledger), "there", listen=0.01)
    await target.log.settle()  # as somebody would who starts it by force
    await target.close()
    assert "not finished" in await stop_of(Settings(data=tmp_path / "there"))

    shutil.rmtree(tmp_path / "there")
    there = await moved(shop, file_urls(tmp_path / "there"), 3)

    assert "it was moved to there" in await stop_of(Settings(data=tmp_path / "here"))
    for place in ("here", "there"):
        await (await open_workspace(Settings(data=tmp_path / place), create=False)).close()
    await (await open_workspace(Settings(data=tmp_path / "there"))).close()
    await stores_of(there).close()
    await stores_of(shop).close()


async def stop_of(settings: Settings) -> str:
    with pytest.raises(NamedStop) as stop:
        await open_workspace(settings)
    assert stop.value.code == "WORKSPACE_CLOSED"
    return stop.value.message


# -- a copy that is not the same


@pytest.mark.parametrize(
    ("call", "what"),
    [("MemoryLog.append", "log"), ("MemoryState.write", "people"), ("ScratchLedger.fill", "activation")],
)
async def test_a_target_that_loses_something_is_found_out(shop: Folded, call: str, what: str) -> None:
    target = empty(1)

    with pytest.raises(NamedStop, match=f"the copy differs in {what}") as stop:
        await quickly(stores_of(shop), losing(target, call))

    assert stop.value.code == "COPY_DIFFERS"
    assert await state_of(target.ledger) == "closed"
    assert await state_of(shop.ledger) == "open"


def losing(stores: Stores, name: str) -> Stores:
    """Stores that forget the last thing of the first call of this name."""
    lost = Counter[str]()

    class Losing:
        def __init__(self, store: Any) -> None:  # noqa: ANN401 - any port
            self._store = store

        def __getattr__(self, attribute: str) -> Any:  # noqa: ANN401 - whatever it has
            found = getattr(self._store, attribute)
            if f"{type(self._store).__name__}.{attribute}" != name:
                return found

            async def called(*args: Any) -> Any:  # noqa: ANN401 - as the port
                lost[name] += 1
                if lost[name] > 1:
                    return await found(*args)
                some = args[-1]
                less = dict(list(some.items())[:-1]) if isinstance(some, dict) else some[:-1]
                return [*(await found(*args[:-1], less) or ()), None]

            return called

    return Stores(*(Losing(each) for each in (stores.log, stores.state, stores.ledger)))


async def test_somebody_at_work_while_it_is_copied_is_found_out(shop: Folded) -> None:
    target = empty()
    counted = Faults()
    await quickly(around(stores_of(shop), counted), around(target, counted))
    await reopen(shop)
    half = counted.calls.index("ScratchLedger.fill")

    class Working(Faults):
        async def _call(self, name: str, call: Any) -> Any:  # noqa: ANN401 - as the class
            if len(self.calls) == half:
                await shop.send("p01", "order.paid", amount=10)
                await shop.fold()
            return await super()._call(name, call)

    working, target = Working(), empty()
    with pytest.raises(NamedStop) as stop:
        await quickly(around(stores_of(shop), working), around(target, working))

    assert stop.value.code in {"SOURCE_CHANGED", "COPY_DIFFERS"}
    assert await state_of(target.ledger) == "closed"
    assert await state_of(shop.ledger) == "open"
