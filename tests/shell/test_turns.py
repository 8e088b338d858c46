"""Turns on one event loop: batches one after another, in slices between which everybody else has a turn."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from workers.clock import elapsed
from workers.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Iterator

_STEP = 0.001
_STEPS = 30


def folding(name: str, done: list[str]) -> Iterator[None]:
    """A batch whose records take a millisecond of processor each."""
    for _ in range(_STEPS):
        end = elapsed() + _STEP
        while elapsed() < end:
            pass
        done.append(name)
        yield


async def test_a_large_batch_leaves_turns_to_the_others() -> None:
    done: list[str] = []
    turns = Turns()
    task = asyncio.create_task(turns.take(folding("batch", done)))

    seen = []
    while not task.done():
        await asyncio.sleep(0)
        seen.append(len(done))

    assert len(done) == _STEPS
    assert len({at for at in seen if 0 < at < _STEPS}) >= 3


async def test_batches_do_not_mix_so_that_the_first_is_done_early() -> None:
    done: list[str] = []
    turns = Turns()

    await asyncio.gather(turns.take(folding("first", done)), turns.take(folding("second", done)))

    assert done == ["first"] * _STEPS + ["second"] * _STEPS


async def test_a_batch_that_fails_gives_the_turn_away() -> None:
    def failing() -> Iterator[None]:
        yield
        raise ValueError("a record that cannot be folded")

    done: list[str] = []
    turns = Turns()

    failed, _ = await asyncio.gather(turns.take(failing()), turns.take(folding("second", done)), return_exceptions=True)

    assert isinstance(failed, ValueError)
    assert len(done) == _STEPS
