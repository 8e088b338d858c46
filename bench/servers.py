"""The worker on servers: `python -m bench.servers [--only PART] [--events N] [--rounds N] [--json]`.

The state is on Valkey, the ledger on PostgreSQL, the log on Apache Kafka: the servers of the tests, on this machine.
Parts: `rates` (a bare consumer, an agent of stock Faust, one worker, two workers, in turns over the same events),
`latency` (from event to adapter, at half of what everything together sustains and at fixed rates), `people` (a million
of them in the state).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from bench.run import fold_form
from bench.server_delays import measure_people
from bench.server_latency import measure_latency, measure_sustained
from bench.server_playbooks import PLAYBOOKS
from bench.server_rates import Run, measure_rates, median
from bench.server_stages import STAGES
from schemas.errors import StoreUnavailable
from tests.servers.required import ServerMissing

__all__ = ["main"]

PARTS = ("rates", "latency", "people")
_RATES = (500, 2_000, 5_000)
"""Events a second; the first is a shop on an ordinary day."""


def main() -> None:
    """Measure and print; as a stage, be one of the processes that are measured."""
    options = _options()
    if options.stage:
        asyncio.run(STAGES[options.stage](options))
        return
    try:
        found = asyncio.run(_measured(options))
    except ServerMissing as error:
        sys.exit(f"touchline: this benchmark needs servers: {error}")
    except StoreUnavailable as error:
        sys.exit(f"touchline: the machine is too slow for this measurement: {error}")
    if options.json:
        print(json.dumps(msgspec.to_builtins(found), indent=2))
    else:
        _show(found)


async def _measured(options: argparse.Namespace) -> dict[str, Any]:
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores, the fold is {fold_form()}"
    found: dict[str, Any] = {"machine": machine, "load": [round(os.getloadavg()[0], 1)]}
    parts = PARTS if options.only is None else (options.only,)
    if "rates" in parts:
        found["rates"] = await measure_rates(options.events, options.rounds, options.playbook)
    if "latency" in parts:
        found["sustained"] = await measure_sustained(options.events)
        for rate in (*_RATES, found["sustained"].rate // 200 * 100):
            found[f"latency at {rate}/s"] = await measure_latency(rate)
    if "people" in parts:
        found["people"] = await measure_people(options.people)
    found["load"].append(round(os.getloadavg()[0], 1))
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.servers", description="The worker on servers.")
    parser.add_argument("--events", type=int, default=100_000, help="events in the topic")
    parser.add_argument("--rounds", type=int, default=3, help="turns of every stage")
    parser.add_argument("--playbook", choices=PLAYBOOKS, default="full", help="for the rates")
    parser.add_argument("--only", choices=PARTS, help="one part only")
    parser.add_argument("--people", type=int, default=1_000_000, help="of `people`")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)
    for name in ("--log", "--state", "--ledger", "--group"):
        parser.add_argument(name, default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def _show(found: dict[str, Any]) -> None:
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(f"{found['machine']}; load of the machine at the begin and the end: {found['load']}")
    if "rates" in found:
        console.print(_rates_table(found["rates"]))
        console.print(_cpu_table(found["rates"]))
        console.print("one worker's main thread:", _shares(found["rates"]["worker"]))
    for part, figures in found.items():
        if isinstance(figures, msgspec.Struct):
            table = Table(part, "", title_justify="left")
            for name, value in msgspec.structs.asdict(figures).items():
                table.add_row(name, f"{value:,}" if isinstance(value, int | float) else str(value))
            console.print(table)


def _rates_table(rates: dict[str, list[Run]]) -> Table:
    table = Table("stage", "events/s", "of bare", "of stock Faust", "runs", title="Events a second, medians")
    for stage, runs in rates.items():
        ratios = [
            f"{statistics.median(a.rate / b.rate for a, b in zip(runs, rates[other], strict=True)):.2f}"
            for other in ("aiokafka", "faust")
        ]
        table.add_row(stage, f"{median(runs):,.0f}", *ratios, " ".join(f"{run.rate:,.0f}" for run in runs))
    return table


def _cpu_table(rates: dict[str, list[Run]]) -> Table:
    """Seconds of CPU by process; the last column is what the workers would do with a core for each of them."""
    table = Table("stage", "seconds of CPU, medians", "events for a second of the workers' CPU")
    for stage, runs in rates.items():
        cpu = {name: statistics.median(run.cpu[name] for run in runs) for name in runs[0].cpu}
        done = statistics.median(run.events / run.own_seconds for run in runs)
        table.add_row(stage, ", ".join(f"{name} {seconds:.2f}" for name, seconds in cpu.items()), f"{done:,.0f}")
    return table


def _shares(runs: list[Run]) -> str:
    names = sorted({name for run in runs for name in run.profile}, key=lambda name: -runs[0].profile.get(name, 0))
    shares = {name: statistics.median(run.profile.get(name, 0) for run in runs) for name in names}
    return ", ".join(f"{name} {share:.0%}" for name, share in shares.items())


if __name__ == "__main__":
    main()
