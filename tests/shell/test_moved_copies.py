"""What a copy can do: it is folded again, moved again, and lacks nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.decisions import DeadLetter
from schemas.errors import NamedStop
from schemas.ids import partition_of
from schemas.records import Behaviour, ProgramActivated, Record, encode
from stores.open import open_state
from stores.ports import Appendable
from stores.scratch import open_scratch
from tests.helpers.folded import Folded
from tests.helpers.moved_rows import TICK, empty, quickly, reopen, rows
from tests.helpers.moving import at_work, file_urls, in_files, live, moved, result, stores_of
from tests.helpers.stores import Clock
from workers.commands.history import Mark
from workers.moving.routes import Routes
from workers.startup import LOG_CUT, first_position
from workers.workspace import CLOSED

if TYPE_CHECKING:
    from pathlib import Path


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
