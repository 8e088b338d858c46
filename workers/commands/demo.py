"""`touchline demo`: a year of a real shop's orders becomes stages, decisions, coupons and messages in files."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING, Any

from schemas.money import to_major
from workers.channels import CHANNELS
from workers.clock import elapsed
from workers.commands.simulate import Request, Result, play
from workers.playbooks import read_folder
from workers.programs import program_of
from workers.samples import sample
from workers.terminal import console, print_json, progress_bar, table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from messaging.ports import Adapter
    from rules.program import Program

__all__ = ["run_demo"]

_CREDIT = (
    "Orders: Online Retail, Daqing Chen, UCI Machine Learning Repository, CC BY 4.0. "
    "Names, addresses and consents are made up."
)


def run_demo(out: Path, engine: str = "sqlite", workers: int = 1, *, as_json: bool = False) -> None:
    """Play the sample and say what a shop owner would ask."""
    from messaging.adapters.file import FileAdapter
    from messaging.adapters.recorder import recorders
    from messaging.policy import ADDRESS_CHANNELS

    folder = sample("online_retail")
    files = read_folder(folder / "playbook")
    program = program_of(files)
    events = (folder / "online_retail.csv.gz", folder / "people.jsonl.gz")
    request = Request(folder / "playbook", events, folder / "mapping.yaml", out, engine=engine, workers=workers)
    began = elapsed()
    shutil.rmtree(out / "messages", ignore_errors=True)
    adapters: dict[str, Adapter] = {
        c: FileAdapter(out / "messages" / f"{c}.jsonl", durable=False, needs_address=c in ADDRESS_CHANNELS)
        for c in CHANNELS
    }
    with progress_bar() as progress:
        result = asyncio.run(
            play(request, program, files, recorders(program.playbook.templates.values()) | adapters, progress)
        )
    if as_json:
        print_json(result.summary)
        return
    _print(program, result, out, elapsed() - began)


def _print(program: Program, result: Result, out: Path, seconds: float) -> None:
    screen, totals = console(), result.summary
    title = f"{totals['records']:,} lines → {totals['events']:,} events of {totals['people']:,} people"
    screen.print(f"\n[bold]{title} in {seconds:.0f} s[/bold]")
    screen.print(
        f"{totals['rejected'].get('no_person', 0):,} lines name no customer and were put aside (rejected.jsonl)\n"
    )
    screen.print(
        table("People by stage", ("stage", "now", "entered", "left"), _stages(program, totals), numbers=(1, 2, 3))
    )
    screen.print(table("What the rules decided", ("rule", "what", "times"), _decided(program, totals), numbers=(2,)))
    screen.print(table("What became of the messages", ("status", "why", "messages"), _delivered(totals), numbers=(2,)))
    screen.print(
        table(
            "Coupons",
            ("pool", "issued", "refused", "worst-case cost", "budget"),
            _coupons(program, totals),
            numbers=(1, 2, 3, 4),
        )
    )
    screen.print(f"Messages as they would have gone out: {out / 'messages'}")
    screen.print("\n[bold]What to try next[/bold]")
    for line in _next_steps(out, result):
        screen.print(f"  {line}", markup=False)
    screen.print(f"\n{_CREDIT}", style="dim")


def _stages(program: Program, totals: Mapping[str, Any]) -> list[tuple[str, int, int, int]]:
    titles = {stage.id: stage.title or stage.id for stage in program.playbook.stages}
    rows = [(titles[s], *_three(totals["segments"][f"stage:{s}"])) for s in titles]
    return [
        *rows,
        *(
            (segment.title or name, *_three(totals["segments"][name]))
            for name, segment in program.playbook.segments.items()
        ),
    ]


def _three(counts: Mapping[str, int]) -> tuple[int, int, int]:
    return counts["now"], counts["entered"], counts["left"]


def _decided(program: Program, totals: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    rules = program.playbook.rules
    return [
        (rules[rule].title or rule, kind, n) for rule, kinds in totals["decisions"].items() for kind, n in kinds.items()
    ]


def _delivered(totals: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    names = {"done": "handed to a team"}
    deliveries = totals["deliveries"].items()
    return [(names.get(status, status), why or "—", n) for status, whys in deliveries for why, n in whys.items()]


def _coupons(program: Program, totals: Mapping[str, Any]) -> list[tuple[str, int, int, str, str]]:
    currency = program.playbook.workspace.currency
    rows = []
    for name, counts in totals["coupons"].items():
        pool = program.playbook.pools[name]
        budget = "—" if pool.budget is None else f"{to_major(pool.budget, currency):,} {currency}"
        rows.append(
            (
                name,
                counts["issued"],
                counts["refused"],
                f"{to_major(pool.worst_cost * counts['issued'], currency):,} {currency}",
                budget,
            )
        )
    return rows


def _next_steps(out: Path, result: Result) -> list[str]:
    person = next((row["person"] for row in result.rows["deliveries"] if row["status"] == "sent"), "17850")
    folder = sample("online_retail")
    playbook, orders = folder / "playbook", folder / "online_retail.csv.gz"
    return [
        "One customer, and what was decided:",
        f"    touchline person {person} --from {out}",
        "The playbook, looked over:",
        f"    touchline check {playbook}",
        "Your own change to it, tried out on the same year:",
        f"    touchline simulate --playbook {playbook} --events {orders} {folder / 'people.jsonl.gz'} \\",
        f"        --mapping {folder / 'mapping.yaml'} --out out",
        "Live, on this machine:",
        "    touchline up",
        "Ten minutes, step by step: docs/tutorial.md",
    ]
