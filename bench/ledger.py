"""The ledger on PostgreSQL against the one in a file, in the same run: `python -m bench.ledger [URL]`.

Without a URL a server is started here (it comes with the packages of `make dev`). Both flush each commit to the disk.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from messaging.policy import Facts, Verdict
from messaging.ports import Content
from schemas.decisions import Decision, Outcome
from stores.connect import connect_ledger
from stores.ports import Result

if TYPE_CHECKING:
    from messaging.ports import OutboxRow
    from stores.ports import Ledger

__all__ = ["main"]

_ROUNDS, _BATCHES, _ROWS, _LEASED = 7, 100, 10, 100
_NOW = 1_000_000_000


def main() -> None:
    """Measure, and print medians and the ratio."""
    with tempfile.TemporaryDirectory() as folder:
        url = sys.argv[1] if sys.argv[1:] else _own_server(Path(folder))
        recorded, dispatched = asyncio.run(_measure(f"sqlite:///{folder}/ledger.db", url))
    for name, (sqlite, postgres) in (("record, rows/s", recorded), ("lease and finish, rows/s", dispatched)):
        print(f"{name:26} sqlite {sqlite:9,.0f}   postgres {postgres:9,.0f}   ratio {postgres / sqlite:.2f}")


def _own_server(folder: Path) -> str:
    from tests.servers.postgres import Postgres

    server = Postgres(fsync="on", full_page_writes="on")
    return server.url(server.database(folder))


async def _measure(*urls: str) -> tuple[list[float], list[float]]:
    """(rows recorded a second, rows leased and finished a second) of each ledger, in turns."""
    ledgers = [await connect_ledger(url) for url in urls]
    rounds = [[await _round(ledger, number) for ledger in ledgers] for number in range(_ROUNDS)]
    for ledger in ledgers:
        await ledger.close()
    rates = [
        [statistics.median(each[place][what] for each in rounds) for place in range(len(urls))] for what in range(2)
    ]
    return rates[0], rates[1]


async def _round(ledger: Ledger, number: int) -> tuple[float, float]:
    rows = _BATCHES * _ROWS
    begin = perf_counter()
    for batch in range(_BATCHES):
        first = (number * _BATCHES + batch) * _ROWS
        outcome = Outcome(decisions=[_decision(n) for n in range(first, first + _ROWS)])
        await ledger.record(0, "bench", first, first, outcome)
    recorded = perf_counter()
    done = 0
    while leased := await ledger.lease(_NOW, _LEASED, 30_000, _go):
        results = [Result(each.row.decision_id, each.token, "sent", receipt="r") for each in leased]
        done += await ledger.finish(results, _NOW)
    if done != rows:
        raise AssertionError(f"{rows} rows were to be carried out, not {done}")
    return rows / (recorded - begin), rows / (perf_counter() - recorded)


def _decision(number: int) -> Decision:
    return Decision(
        id=f"{number:032x}",
        time=number,
        person=f"person-{number % 5_000:06d}",
        rule="welcome",
        step="0",
        kind="send",
        occurrence=f"event:bench:{number}",
        event_id=str(number),
        params={"template": "hello", "channels": ["email"]},
        variables={"event": {"amount": number, "product": "a cup"}},
        order=number,
        program="program",
    )


def _go(row: OutboxRow, _: Facts) -> Verdict:
    return Verdict("go", "email", f"{row.person}@example.com", Content(f"Hello {row.person}", "Hi"))


if __name__ == "__main__":
    main()
