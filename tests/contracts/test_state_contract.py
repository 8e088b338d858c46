"""What every state promises."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import Moved
from stores.ports import Position, Saved
from tests.helpers.stores import LASTING_STATES, STATES, state_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from stores.ports import State

START = Position(0)


@pytest.fixture(params=STATES)
async def state(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[State]:
    state = await state_in(request.param, tmp_path)
    await state.begin(0, "log", START)
    yield state
    await state.close()


def people(**due: int | None) -> dict[str, Saved]:
    return {person: Saved(f"state of {person}".encode(), moment) for person, moment in due.items()}


async def test_a_checkpoint_changes_nothing_that_is_read(state: State) -> None:
    await state.write(0, START, Position(5), people(ada=None, bob=100))

    await state.checkpoint()

    assert await state.position(0) == (Position(5), "log")
    assert dict(await state.people(0)) == people(ada=None, bob=100)


async def test_a_partition_that_was_never_begun_has_no_position(state: State) -> None:
    assert await state.position(1) is None


async def test_a_partition_begins_once(state: State) -> None:
    await state.begin(0, "another", Position(99))

    assert await state.position(0) == (START, "log")


async def test_a_position_is_kept_as_it_was_written(state: State) -> None:
    new = Position(7, 3, "käthe", "abcdef", 2)

    await state.write(0, START, new, {})

    assert await state.position(0) == (new, "log")


async def test_profiles_are_read_back_with_their_next_moment(state: State) -> None:
    await state.write(0, START, Position(5), people(ada=None, bob=100))

    assert await state.read(0, Position(5), ["bob", "ada", "nobody"]) == people(ada=None, bob=100)


async def test_a_write_replaces_what_was_there_and_leaves_the_others(state: State) -> None:
    await state.write(0, START, Position(1), people(ada=10, bob=20))
    await state.write(0, Position(1), Position(2), {"ada": Saved(b"new", None)})

    assert await state.read(0, Position(2), ["ada", "bob"]) == {"ada": Saved(b"new", None), **people(bob=20)}
    assert await state.read(0, Position(2), [], 1_000, 10) == people(bob=20)


@pytest.mark.parametrize("mine", [Position(4), Position(6), Position(5, 1)])
async def test_who_has_another_position_reads_and_writes_nothing(state: State, mine: Position) -> None:
    await state.write(0, START, Position(5), people(ada=1))

    with pytest.raises(Moved, match="partition 0 is at record 5, chunk 0"):
        await state.read(0, mine, ["ada"])
    with pytest.raises(Moved, match="partition 0 is at record 5, chunk 0"):
        await state.scan(0, mine, "", 10)
    with pytest.raises(Moved, match="partition 0 is at record 5, chunk 0"):
        await state.write(0, mine, Position(9), people(ada=2, eve=3))

    assert await state.people(0) == list(people(ada=1).items())
    assert await state.position(0) == (Position(5), "log")


async def test_a_partition_without_a_position_is_guarded_too(state: State) -> None:
    with pytest.raises(Moved, match="partition 1 has no position"):
        await state.read(1, START, ["ada"])
    with pytest.raises(Moved, match="partition 1 has no position"):
        await state.write(1, START, Position(1), people(ada=1))

    assert await state.people(1) == []


async def test_guards_compare_offset_and_chunk_only(state: State) -> None:
    await state.write(0, START, Position(5, 2, "bob", "hash", 1), people(ada=1))

    assert await state.read(0, Position(5, 2), ["ada"]) == people(ada=1)


async def test_of_two_owners_the_slower_one_is_told(state: State) -> None:
    await state.read(0, START, ["ada"])
    await state.read(0, START, ["ada"])
    await state.write(0, START, Position(5), people(ada=1))

    with pytest.raises(Moved):
        await state.write(0, START, Position(5), {"ada": Saved(b"the other's", 2)})

    assert await state.person(0, "ada") == people(ada=1)["ada"]


async def test_of_owners_at_the_same_moment_one_writes(state: State) -> None:
    async def owner(name: int) -> bool:
        try:
            await state.write(0, START, Position(1), {"ada": Saved(b"%d" % name, None)})
        except Moved:
            return False
        return True

    wrote = await asyncio.gather(*map(owner, range(16)))

    saved = await state.person(0, "ada")
    assert sum(wrote) == 1
    assert saved is not None
    assert saved.state == b"%d" % wrote.index(True)


async def test_those_who_are_due_come_in_the_order_of_their_moments_then_ids(state: State) -> None:
    await state.write(0, START, Position(1), people(zoe=10, bob=30, ada=30, eve=20, kim=None, tom=40))

    assert list(await state.read(0, Position(1), [], 40, 10)) == ["zoe", "eve", "ada", "bob"]
    assert list(await state.read(0, Position(1), [], 40, 3)) == ["zoe", "eve", "ada"]
    assert list(await state.read(0, Position(1), [], 10, 10)) == []
    assert list(await state.read(0, Position(1), [], 1_000, 0)) == []


async def test_those_asked_for_do_not_use_up_the_room_of_those_due(state: State) -> None:
    await state.write(0, START, Position(1), people(ada=10, bob=20, eve=30))

    assert set(await state.read(0, Position(1), ["eve"], 100, 2)) == {"ada", "bob", "eve"}


async def test_everybody_is_scanned_in_the_order_of_ids_from_the_one_behind_the_last(state: State) -> None:
    await state.write(0, START, Position(1), people(b=1, ä=2, a=3, B=4, 王=5, ab=6))

    first = await state.scan(0, Position(1), "", 4)
    rest = await state.scan(0, Position(1), first[-1][0], 4)

    assert [person for person, _ in first + rest] == ["B", "a", "ab", "b", "ä", "王"]
    assert await state.people(0) == first + rest


async def test_ids_are_in_the_order_of_their_code_points(state: State) -> None:
    ids = [
        "a",
        "a\u0301",
        "b",
        "\u00e9",
        "\u738b",
        "\uff61",
        "\U0001f600",
        "\U0010fffd",
    ]  # UTF-16 would mix the last three
    await state.write(0, START, Position(1), {person: Saved(b"", 7) for person in reversed(ids)})

    one_by_one = [(await state.scan(0, Position(1), after, 1))[0][0] for after in ["", *ids[:-1]]]

    assert one_by_one == ids
    assert [person for person, _ in await state.people(0)] == ids
    assert list(await state.read(0, Position(1), [], 8, 99)) == ids


async def test_ids_of_any_characters_do_not_touch_each_other(state: State) -> None:
    ids = ["ada", "{ada}", "{p1}", "p0}:u", "ada:u", "ada u", "ada\r\n", "[ada", "(ada", "+", "-", "0", "😀" * 128]
    everybody = {person: Saved(person.encode(), at) for at, person in enumerate(ids)}
    await state.write(0, START, Position(1), everybody)
    await state.write(0, Position(1), Position(2), {"ada": Saved(b"new", None)})

    wanted = everybody | {"ada": Saved(b"new", None)}
    assert await state.read(0, Position(2), ids) == wanted
    assert await state.people(0) == sorted(wanted.items())
    assert list(await state.read(0, Position(2), [], 100, 100)) == ids[1:]


async def test_moments_are_exact_to_the_millisecond(state: State) -> None:
    moments = [-(2**53) + 1, -1, 0, 1_700_000_000_000, 1_700_000_000_001, 2**53 - 1]
    await state.write(0, START, Position(1), {f"p{at}": Saved(b"", at) for at in moments})

    found = [list(await state.read(0, Position(1), [], at, 99)) for at in moments]

    assert found == [[f"p{at}" for at in moments[:number]] for number in range(len(moments))]
    assert [saved.due for saved in (await state.read(0, Position(1), [], 2**53, 99)).values()] == moments


async def test_profiles_are_any_bytes(state: State) -> None:
    profiles = {"none": Saved(b"", None), "bytes": Saved(bytes(range(256)) * 300, 1)}
    await state.write(0, START, Position(1), profiles)

    assert await state.read(0, Position(1), profiles) == profiles


async def test_partitions_do_not_see_each_other(state: State) -> None:
    await state.begin(1, "log", START)
    await state.write(0, START, Position(1), people(ada=1))
    await state.write(1, START, Position(2), people(bob=1))

    assert await state.read(1, Position(2), ["ada", "bob"], 100, 10) == people(bob=1)
    assert await state.person(1, "ada") is None
    assert await state.person(0, "ada") == people(ada=1)["ada"]


async def test_thousands_of_people_are_read_at_once(state: State) -> None:
    everybody = {f"p{n:05d}": Saved(b"%d" % n, n) for n in range(5_000)}
    await state.write(0, START, Position(1), everybody)

    assert await state.read(0, Position(1), everybody) == everybody


@pytest.mark.parametrize("engine", LASTING_STATES)
async def test_a_state_that_is_opened_again_is_the_same(engine: str, tmp_path: Path) -> None:
    state = await state_in(engine, tmp_path)
    await state.begin(0, "log", START)
    await state.write(0, START, Position(5, 1, "ada", "hash", 3), people(ada=1))
    await state.close()

    again = await state_in(engine, tmp_path)

    assert await again.position(0) == (Position(5, 1, "ada", "hash", 3), "log")
    assert await again.people(0) == list(people(ada=1).items())
    await again.close()


@pytest.mark.parametrize("engine", LASTING_STATES)
async def test_two_owners_of_one_store_are_told_apart(engine: str, tmp_path: Path) -> None:
    mine, other = await state_in(engine, tmp_path), await state_in(engine, tmp_path)
    await mine.begin(0, "log", START)
    await other.write(0, START, Position(3), people(ada=1))

    with pytest.raises(Moved):
        await mine.read(0, START, ["ada"])
    with pytest.raises(Moved):
        await mine.write(0, START, Position(3), people(ada=2))
    assert await mine.read(0, Position(3), ["ada"]) == people(ada=1)

    await mine.close()
    await other.close()


STEPS = st.one_of(
    st.tuples(
        st.just("write"),
        st.booleans(),
        st.dictionaries(st.sampled_from("abcdef"), st.none() | st.integers(0, 9), max_size=4),
    ),
    st.tuples(st.just("read"), st.lists(st.sampled_from("abcdef"), max_size=3), st.none() | st.integers(0, 10)),
    st.tuples(st.just("scan"), st.sampled_from("abcdef"), st.integers(1, 4)),
)


@given(steps=st.lists(STEPS, max_size=12))
def test_every_engine_answers_alike(steps: list[tuple[Any, ...]]) -> None:
    async def answers(engine: str, folder: Path) -> list[object]:
        state = await state_in(engine, folder)
        await state.begin(0, "log", START)
        found: list[object] = []
        position = START
        for number, step in enumerate(steps):
            if step[0] == "write":
                mine = position if step[1] else Position(position.offset + 1)
                states = {person: Saved(b"%d" % number, due) for person, due in step[2].items()}
                try:
                    await state.write(0, mine, Position(number + 1), states)
                    position = Position(number + 1)
                except Moved as error:
                    found.append(str(error))
            elif step[0] == "read":
                found.append(await state.read(0, position, step[1], step[2], 2))
            else:
                found.append(await state.scan(0, position, step[1], step[2]))
        found.append(await state.people(0))
        await state.close()
        return found

    with tempfile.TemporaryDirectory() as folder:
        found = [asyncio.run(answers(engine, Path(folder))) for engine in STATES]

    assert all(each == found[0] for each in found)
