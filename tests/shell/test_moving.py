"""Moving a workspace: what is refused, what half a copy may do, and what a copy can do that the original could."""

from __future__ import annotations

import shutil
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.decisions import DeadLetter
from schemas.errors import InputError, NamedStop, StoreUnavailable
from schemas.ids import partition_of
from schemas.records import Behaviour, ProgramActivated, Record, Tick, encode
from stores.ledger_copy import TABLES
from stores.open import open_log, open_state
from stores.ports import Appendable, Position
from stores.scratch import open_scratch
from tests.helpers.faults import Faults
from tests.helpers.folded import Folded
from tests.helpers.moving import at_work, emptied, file_urls, in_files, live, moved, result, stores_of
from tests.helpers.stores import Clock
from workers.commands.history import Mark
from workers.moving.move import move
from workers.moving.routes import Routes
from workers.settings import Settings
from workers.simulation import Stores
from workers.startup import LOG_CUT, first_position
from workers.workspace import CLOSED, open_workspace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from stores.ports import Ledger

TICK = encode(Tick())


def empty(partitions: int = 3) -> Stores:
    log = open_log("memory://", clock=Clock(), new_id=lambda: "new-log", partitions=partitions, virtual_time=True)
    return Stores(log, open_state("memory://"), open_scratch())


async def rows(ledger: Ledger) -> dict[str, list[dict[str, Any]]]:
    return {table: await ledger.page(table, None, 10_000) for table in TABLES}


async def quickly(shop: Folded | Stores, target: Stores) -> None:
    source = shop if isinstance(shop, Stores) else stores_of(shop)
    await move(source, target, "there", listen=0.01)


@pytest.fixture
async def shop() -> AsyncIterator[Folded]:
    shop = Folded.new(ledger=open_scratch())
    await live(shop)
    yield shop
    await stores_of(shop).close()


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


async def reopen(shop: Folded) -> None:
    """Let the old workspace be used again, as the page on operating says."""
    for name in (CLOSED, "switch:all"):
        await shop.ledger.set_meta(name, "")


def around(stores: Stores, faults: Faults) -> Stores:
    return Stores(*(faults.around(each) for each in (stores.log, stores.state, stores.ledger)))


def without_own(found: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    own = {CLOSED, "switch:all"}
    return found | {"meta": [row for row in found["meta"] if row["name"] not in own]}


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


# -- what the copy can do


@pytest.mark.parametrize("partitions", [1, 3])
async def test_a_copy_folded_again_from_its_first_record_gives_the_same_people_and_no_row_twice(
    shop: Folded, partitions: int
) -> None:
    target = empty(partitions)
    await quickly(shop, target)
    there = Folded(target.log, target.state, target.ledger, shop.clock)
    people, before = await there.profiles(), await rows(there.ledger)

    again = Folded(target.log, open_state("memory://"), target.ledger, shop.clock)
    await again.fold()

    assert await again.profiles() == people
    assert await rows(again.ledger) == before
    await target.close()


async def test_letters_know_the_new_place_of_their_record_and_those_from_before_the_log_stay_without(
    shop: Folded,
) -> None:
    await shop.ledger.refuse([DeadLetter(0, None, "bad_id", "at the door", b"{}", 5)])
    target = empty()

    await quickly(shop, target)

    letters = await target.ledger.fetch("dead_letters")
    assert len(letters) == len(await shop.ledger.fetch("dead_letters")) == 4
    for letter in letters:
        if letter["offset"] is not None:
            (record,) = await target.log.read(letter["partition"], letter["offset"], 1)
            assert record.value == letter["value"]
    assert [letter["message"] for letter in letters if letter["offset"] is None] == ["at the door"]


async def test_a_log_without_its_beginning_is_copied_and_says_so_if_the_state_is_lost(shop: Folded) -> None:
    await shop.log.trim(0, 20)
    target = empty()

    await quickly(shop, target)

    there = Folded(target.log, target.state, target.ledger, shop.clock)
    await there.fold()
    assert await target.ledger.get_meta(LOG_CUT) == "new-log"
    with pytest.raises(NamedStop) as stop:
        await first_position(target.log, open_state("memory://"), target.ledger, 1)
    assert stop.value.code == "STATE_GAP"


async def test_what_has_no_beginning_has_none_after_a_second_move_either(shop: Folded) -> None:
    await shop.log.trim(0, 20)
    first, second = empty(), empty()
    await quickly(shop, first)

    await quickly(first, second)

    assert await second.ledger.get_meta(LOG_CUT) == "new-log"
    assert await first.ledger.get_meta(CLOSED) == "it was moved to there"
    assert await rows(second.ledger) | {"meta": [], "dead_letter": []} == await rows(first.ledger) | {
        "meta": [], "dead_letter": [],
    }  # fmt: skip


async def test_partitions_that_are_as_many_keep_what_they_have() -> None:
    shop = Folded.new(3, ledger=open_scratch())
    await live(shop)
    target = empty(3)

    await quickly(shop, target)

    for partition in range(3):
        assert await target.state.people(partition) == await shop.state.people(partition)
    found = await result(Folded(target.log, target.state, target.ledger, shop.clock))
    await reopen(shop)
    assert found == await result(shop)


async def test_an_import_that_was_broken_off_looks_for_its_events_in_the_whole_copy(shop: Folded) -> None:
    await shop.ledger.set_meta("import:broken", msgspec.json.encode(Mark(1_000, 2_000, [40])).decode())
    await shop.ledger.set_meta("import:done", msgspec.json.encode(Mark(7, 7)).decode())
    target = empty()

    await quickly(shop, target)

    kept = [await target.ledger.get_meta(f"import:{name}") or "" for name in ("broken", "done")]
    assert [msgspec.json.decode(text, type=Mark) for text in kept] == [Mark(1_000, 2_000, [0, 0, 0]), Mark(7, 7)]


async def test_an_empty_workspace_is_moved_too() -> None:
    shop = Folded.new(ledger=open_scratch())
    await shop.ledger.keep_meta("workspace", "workspace")
    target = empty()

    await quickly(shop, target)

    there = Folded(target.log, target.state, target.ledger, shop.clock)
    await there.activate({"shop.yaml": "workspace: {name: Shop, zone: UTC, currency: GBP}\n"})
    await there.fold()
    assert await target.ledger.get_meta("workspace") == "workspace"


# -- which record goes where

KINDS = {
    "tick": ("", TICK),
    "program": ("", encode(ProgramActivated("f" * 64, 1))),
    "keyless": ("", b'{"id": "1", "person": "p1", "event": "order.paid"}'),
    "unreadable": ("", b"["),
    "other key": ("p4", b'{"id": "1", "person": "p1", "event": "order.paid"}'),
    **{person: (person, encode(Behaviour("1", person, "order.paid", None, {}))) for person in ("p1", "p2", "p3")},
}


@given(kinds=st.lists(st.sampled_from(sorted(KINDS)), max_size=60), new=st.integers(2, 5), cut=st.integers(1, 7))
def test_every_person_keeps_their_records_in_order_and_only_ticks_before_ticks_are_left_out(
    kinds: list[str], new: int, cut: int
) -> None:
    records = [Record(n, n, *KINDS[kind]) for n, kind in enumerate(kinds)]
    routes = Routes(1, new)
    found = [each for start in range(0, len(records), cut) for each in routes.of(0, records[start : start + cut])]
    found += routes.rest()

    for partition in range(new):
        mine = [
            record
            for record, kind in zip(records, kinds, strict=True)
            if kind in {"tick", "program"}
            or (partition == 0 and kind in {"keyless", "unreadable"})
            or (record.key and partition_of(record.key, new) == partition)
        ]
        kept = [
            record
            for record, following in zip(mine, [*mine, None][1:], strict=True)
            if record.value != TICK or following is None or following.value != TICK
        ]
        assert [each.record for each in found if each.new == partition] == kept


async def test_a_settled_copy_in_files_is_the_workspace_from_then_on(tmp_path: Path) -> None:
    shop = await in_files(tmp_path / "here", Clock())
    await live(shop)
    urls = file_urls(tmp_path / "there")
    await stores_of(await moved(shop, urls, 2)).close()

    there = await at_work(urls, shop.clock)

    with pytest.raises(ValueError, match="own clock"):
        await there.log.append([Appendable("", TICK, 0, 5)])
    await stores_of(there).close()
    await stores_of(shop).close()
