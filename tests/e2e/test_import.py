"""`touchline import`: recorded events become profiles and nobody hears of it; broken off or repeated, each is there once."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from schemas.records import Behaviour, decode, encode
from schemas.times import DAY, HOUR, format_time
from stores.open import open_log
from stores.ports import Appendable
from tests.helpers.faults import Crash, Faults
from tests.helpers.folded import fold_all
from tests.helpers.installation import Installation
from workers.activation import activate
from workers.clock import now_ms
from workers.commands.history import import_events
from workers.inputs import read_events
from workers.loop import Options, PartitionWorker
from workers.settings import Settings
from workers.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator
    from pathlib import Path

    from stores.ports import Log

PLAYBOOK = {
    "shop.yaml": """\
workspace: {name: Shop, zone: Europe/London, currency: GBP}
events:
  order.paid: {properties: {amount: {type: money}}}
segments:
  recent: {when: 'count("order.paid", "30d") >= 1'}
  vip: {when: 'sum("order.paid", "amount", "365d") >= 1000'}
rules:
  each: {event: order.paid, then: [{send: {template: hello, channels: [webhook]}}]}
  late: {event: order.paid, wait: {for: 1ms}, then: [{assign: {to: team}}]}
  vip: {enters: vip, then: [{tag: vip}]}
  gone: {leaves: recent, then: [{tag: gone}]}
templates:
  hello: {purpose: transactional, channels: {webhook: {en: Hello}}}
""",
}


def _line(person: str, number: int, time: int, amount: int = 10) -> dict[str, Any]:
    event = {"id": str(number), "source": "shop", "person": person, "event": "order.paid"}
    return event | {"time": format_time(time), "properties": {"amount": amount}}


def _write(path: Path, lines: Iterable[dict[str, Any]]) -> Path:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
    return path


def _years(people: int, orders: int, end: int) -> Iterator[dict[str, Any]]:
    """Orders of two years up to a week ago, in no order; people share ids, as ids are only each sender's own."""
    rng = random.Random(5)
    for person in range(people):
        for number in range(orders):
            yield _line(f"p{person}", number, end - rng.randrange(7 * DAY, 730 * DAY), rng.randrange(1, 200))


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    """An installation whose playbook is not active yet."""
    here = Installation(tmp_path, PLAYBOOK)
    here.write_playbook()
    yield here
    here.close()


@pytest.fixture
async def workspace(here: Installation) -> AsyncIterator[Workspace]:
    """Its stores, with the playbook active."""
    workspace = await open_workspace(Settings(data=here.data, record_changes=True))
    await activate(workspace, PLAYBOOK)
    yield workspace
    await workspace.close()


async def _folded(workspace: Workspace) -> list[dict[str, Any]]:
    """Every decision, once a worker has come to the end."""
    options = Options(record_changes=True, clock=now_ms)
    stores = workspace.log, workspace.state, workspace.ledger
    await fold_all(PartitionWorker(*stores, workspace.programs, workspace.id, 0, options))
    return await workspace.ledger.fetch("decisions")


async def _in_the_log(workspace: Workspace) -> list[Behaviour]:
    events, start = [], 0
    while records := await workspace.log.read(0, start):
        events += [payload for record in records if isinstance(payload := decode(record.value), Behaviour)]
        start = records[-1].offset + 1
    return events


def _imported(here: Installation, *words: str) -> dict[str, Any]:
    done = here.run("import", *words, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


async def test_history_makes_segments_true_and_nobody_gets_anything(here: Installation, workspace: Workspace) -> None:
    now = now_ms()
    lines = list(_years(40, 30, now))
    _write(here.folder / "orders.jsonl", [*lines, {"person": "p1", "event": "order.paid"}, lines[0]])

    found = _imported(here, "orders.jsonl")
    decisions = await _folded(workspace)

    assert found == {
        "records": 1_202, "events": 1_200, "appended": 1_200, "duplicates": 1, "rejected": {"no_time": 1},
    }  # fmt: skip
    assert decisions == []
    assert await workspace.ledger.fetch("shadow") == []
    assert {row["cause"] for row in await workspace.ledger.fetch("changes")} == {"event"}
    status = json.loads(here.run("status", "--json").stdout)
    assert status["segments"] == {"recent": _recent(lines, now), "vip": _spenders(lines, now)}
    assert status["people"] == 40


def _recent(lines: list[dict[str, Any]], now: int) -> int:
    since = format_time(now - 30 * DAY)
    return len({line["person"] for line in lines if line["time"] > since})


def _spenders(lines: list[dict[str, Any]], now: int) -> int:
    since, spent = format_time(now - 365 * DAY), dict[str, int]()
    for line in lines:
        if line["time"] > since:
            spent[line["person"]] = spent.get(line["person"], 0) + line["properties"]["amount"]
    return sum(amount >= 1_000 for amount in spent.values())


async def test_what_comes_after_an_import_starts_rules_again(here: Installation, workspace: Workspace) -> None:
    _write(here.folder / "orders.jsonl", [_line("p1", 1, now_ms() - 10 * DAY, 990)])
    _imported(here, "orders.jsonl")
    assert await _folded(workspace) == []

    live = Behaviour("2", "p1", "order.paid", None, {"amount": 20}, "shop")
    await workspace.log.append([Appendable("p1", encode(live))])

    assert [d["rule"] for d in await _folded(workspace)] == ["vip", "each"]


async def test_the_same_file_again_also_under_another_name_is_imported_once(
    here: Installation, workspace: Workspace
) -> None:
    lines = list(_years(20, 60, now_ms()))
    first = _imported(here, str(_write(here.folder / "orders.jsonl", lines)))
    again = _imported(here, "orders.jsonl")
    renamed = _imported(here, str(_write(here.folder / "renamed.jsonl", lines)))

    assert (first["appended"], again["appended"], renamed["appended"]) == (1_200, 0, 0)
    assert len(await _in_the_log(workspace)) == 1_200


async def test_with_live_only_recent_events_start_rules(here: Installation, workspace: Workspace) -> None:
    now = now_ms()
    lines = [_line("old", 1, now - 80 * HOUR), _line("new", 2, now - HOUR), _line("both", 3, now - 100 * DAY),
             _line("both", 4, now - 2 * HOUR)]  # fmt: skip
    _write(here.folder / "orders.jsonl", lines)

    assert _imported(here, "orders.jsonl", "--live")["appended"] == 4
    decisions = await _folded(workspace)

    assert {(d["person"], d["rule"], d["event_id"]) for d in decisions} == {("new", "each", "2"), ("both", "each", "4")}


# ---------------------------------------------------------------- broken off


@pytest.mark.parametrize("done", [False, True], ids=["before it does anything", "after it is done"])
async def test_an_import_that_fails_at_any_call_goes_on_where_it_was(
    tmp_path: Path, workspace: Workspace, done: bool
) -> None:
    path = _write(tmp_path / "orders.jsonl", _years(9, 250, now_ms()))
    counting, number = Faults(), -1
    while number < len(counting.calls):
        wanted = await _broken_off(
            workspace, path, f"{done}-{number}", Faults(number, done=done) if number >= 0 else counting
        )
        assert wanted, f"call {number}: {counting.calls[number]}"
        number += 1

    assert len(counting.calls) > 12


async def _broken_off(workspace: Workspace, path: Path, identity: str, faults: Faults) -> bool:
    """Whether an import that broke off, and went on after somebody sent an event, has left each event once."""
    begin = len(await _in_the_log(workspace))
    inputs = read_events([path])
    stores = faults.around(workspace.log), workspace.state, faults.around(workspace.ledger)
    failing = Workspace(workspace.settings, *stores, workspace.programs, workspace.id, workspace.key)
    try:
        await import_events(failing, inputs, identity, live=False, progress=lambda *_: None)
    except Crash:
        other = Behaviour(inputs.arrived[0].event.id, "somebody else", "order.paid", None, {}, "shop")
        await workspace.log.append([Appendable("somebody else", encode(other))])
        await import_events(workspace, inputs, identity, live=False, progress=lambda *_: None)
    found = [(e.person, e.id) for e in (await _in_the_log(workspace))[begin:] if e.person != "somebody else"]
    return sorted(found) == sorted((a.event.person, a.event.id) for a in inputs.arrived)


async def test_an_import_that_is_killed_again_and_again_is_there_once(here: Installation) -> None:
    lines = list(_years(100, 60, now_ms()))
    _write(here.folder / "orders.jsonl", lines)
    assert here.run("activate", "playbook").returncode == 0
    log = open_log(f"sqlite:///{here.data}/log.db", clock=now_ms, new_id=lambda: "never")
    rng, broken_off = random.Random(3), 0
    for least in (0, 1_000, 3_000):
        here.start("import", "import", "orders.jsonl")
        await _reaches(log, least + rng.randrange(1_000), here)
        broken_off += here.running["import"].poll() is None
        here.kill("import")
    last = _imported(here, "orders.jsonl")

    workspace = await open_workspace(Settings(data=here.data))
    found = [(event.person, event.id) for event in await _in_the_log(workspace)]
    await workspace.close()
    await log.close()
    assert sorted(found) == sorted((line["person"], line["id"]) for line in lines)
    assert (broken_off, last["events"]) == (3, 6_000)


async def _reaches(log: Log, end: int, here: Installation) -> None:
    """Return when the log has so many records, or nobody is there to append any."""
    while here.running["import"].poll() is None and (await log.ends(0))[1] <= end:
        pass
