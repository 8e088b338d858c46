"""Old records go when they are folded and the state can no longer fall back behind them."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, cast

import pytest

from schemas.times import DAY, format_time
from stores.open import open_log, open_state
from stores.ports import Appendable, Position, Saved
from tests.helpers.installation import Installation
from tests.helpers.waiting import wait_until_answer
from workers.clock import now_ms
from workers.settings import read_settings
from workers.trimming import trim_log

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from schemas.records import Record
    from stores.ports import Log, State


def log_in(folder: Path, partitions: int = 2) -> Log:
    url = f"sqlite:///{folder}/log.db"
    return open_log(url, clock=lambda: 0, new_id=lambda: "log", partitions=partitions, virtual_time=True)


async def filled(folder: Path, *folded: int) -> tuple[Log, State]:
    """Twenty records a partition, appended at 0, 10, 20 and so on; and how far each is folded."""
    log, state = log_in(folder), open_state(f"sqlite:///{folder}/state.db")
    await log.append([Appendable("", b"x", p, 10 * n) for n in range(20) for p in range(2)])
    for partition, offset in enumerate(folded):
        await state.begin(partition, "log", Position(offset))
    return log, state


async def firsts(log: Log) -> list[int]:
    return [(await log.ends(partition))[0] for partition in range(2)]


@pytest.mark.parametrize(
    ("folded", "before", "kept"),
    [
        ((20, 20), 100, [10, 10]),
        ((20, 20), 101, [11, 11]),
        ((20, 7), 150, [15, 7]),
        ((20, 20), 9_999, [20, 20]),
        ((20, 20), 0, [0, 0]),
        ((20,), 100, [10, 0]),  # a partition that was never begun
    ],
)
async def test_what_is_old_and_folded_goes(
    tmp_path: Path, folded: tuple[int, ...], before: int, kept: list[int]
) -> None:
    log, state = await filled(tmp_path, *folded)

    assert await trim_log(log, state, before) == sum(kept)
    assert await firsts(log) == kept
    assert await trim_log(log, state, before) == 0
    await log.close()
    await state.close()


async def test_a_state_of_another_log_lets_nothing_go(tmp_path: Path) -> None:
    log, state = await filled(tmp_path)
    await state.begin(0, "other", Position(20))

    assert await trim_log(log, state, 9_999) == 0
    await log.close()
    await state.close()


async def test_the_state_is_on_the_disk_before_the_log_is_cut(tmp_path: Path) -> None:
    """Of the state only what the file itself holds is kept, as after a power cut that took the write-ahead log."""
    log, state = await filled(tmp_path, 0, 0)
    await state.write(0, Position(0), Position(20), {"ada": Saved(b"ada", None)})
    lost = tmp_path / "lost.db"
    shutil.copy(tmp_path / "state.db", lost)

    assert await trim_log(log, state, 9_999) == 20
    kept = tmp_path / "kept.db"
    shutil.copy(tmp_path / "state.db", kept)

    assert await first_position(kept) == Position(20)
    assert await first_position(lost) != Position(20)
    await log.close()
    await state.close()


async def first_position(path: Path) -> Position | None:
    state = open_state(f"sqlite:///{path}")
    found = await state.position(0)
    await state.close()
    return None if found is None else found[0]


class Overtaken:
    """A log of which another process lets everything go while this one looks for what is old."""

    def __init__(self, log: Log) -> None:
        self.info, self.ends, self.trim, self._log = log.info, log.ends, log.trim, log

    async def read(self, partition: int, start: int, limit: int = 500) -> list[Record]:
        await self._log.trim(partition, 20)
        return await self._log.read(partition, start, limit)


async def test_of_two_who_trim_at_once_the_slower_one_leaves_it_to_the_other(tmp_path: Path) -> None:
    log, state = await filled(tmp_path, 20, 20)

    assert await trim_log(cast("Log", Overtaken(log)), state, 100) == 0
    assert await firsts(log) == [20, 20]
    await log.close()
    await state.close()


async def test_while_somebody_reads_the_state_nothing_goes(tmp_path: Path) -> None:
    log, state = await filled(tmp_path, 20, 20)
    other = open_state(f"sqlite:///{tmp_path}/state.db")
    connection = other._database.connection  # type: ignore[attr-defined]  # a reader that takes its time
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM position").fetchone()
    await state.write(0, Position(20), Position(20), {"ada": Saved(b"ada", None)})

    assert (await trim_log(log, state, 9_999), await firsts(log)) == (0, [0, 0])
    connection.execute("COMMIT")
    assert await trim_log(log, state, 9_999) == 40
    for store in (log, state, other):
        await store.close()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"LOG_KEEP": "1d"}, "TOUCHLINE_LOG_KEEP is at least 604800s, not 1d"),
        ({"LOG_KEEP": "7d", "STATE": "redis://h"}, "TOUCHLINE_STATE names a server"),
        ({"LOG_KEEP": "7d", "LOG": "kafka://h"}, "TOUCHLINE_LOG names a server"),
    ],
)
def test_a_setting_that_would_promise_too_much_is_refused(more: dict[str, str], sentence: str) -> None:
    with pytest.raises(Exception, match=sentence):
        read_settings({f"TOUCHLINE_{name}": value for name, value in more.items()})


PLAYBOOK = {
    "shop.yaml": """\
workspace: {name: Shop, zone: Europe/London, currency: GBP}
events: {order.paid: }
rules:
  thanks: {event: order.paid, then: [{tag: seen}]}
""",
}


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    here = Installation(tmp_path, PLAYBOOK, {"LOG_KEEP": "7d"})
    yield here
    here.close()


async def test_a_worker_lets_old_records_go_and_a_lost_state_is_then_a_named_stop(here: Installation) -> None:
    assert here.run("activate", str(here.write_playbook())).returncode == 0
    await age_the_log(here, 8 * DAY)
    event = {"id": "1", "person": "ada", "event": "order.paid", "time": format_time(now_ms())}
    (here.folder / "new.jsonl").write_text(json.dumps(event), "utf-8")
    assert here.run("import", "new.jsonl").returncode == 0
    here.start("fold", "worker")
    log = open_log(f"sqlite:///{here.data}/log.db", clock=now_ms, new_id=lambda: "")

    async def is_folded() -> bool:
        return bool(json.loads(here.run("status", "--json").stdout)["partitions"][0]["lag"] == 0)

    await wait_until_answer(is_folded, 60, "the event to be folded")
    assert here.stop("fold") == 0
    here.start("trim", "worker")

    async def is_trimmed() -> bool:
        return (await log.ends(0))[0] == 1

    await wait_until_answer(is_trimmed, 60, "the old record to go")
    assert here.stop("trim") == 0
    for path in here.data.glob("state.db*"):
        path.unlink()
    stopped = here.run("worker")

    assert (stopped.returncode, "STATE_GAP" in stopped.stderr) == (3, True)
    await log.close()


async def age_the_log(here: Installation, age: int) -> None:
    """Let the records that are there be older."""
    log = open_log(f"sqlite:///{here.data}/log.db", clock=now_ms, new_id=lambda: "")
    database = log._database  # type: ignore[attr-defined]
    await database.run(database.connection.execute, "UPDATE record SET at = at - ?", (age,))
    await log.close()
