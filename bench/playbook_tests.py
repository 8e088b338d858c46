"""Tests of a playbook in a second of processor time: `python -m bench.playbook_tests [--cases N] [--json]`.

The tests of the sample playbook again and again, each on empty stores, through log, fold, gates and recorders; without
and with coverage, and as a test that fails (played twice, the second time explained).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING

from rules.case_results import explained_result, passes
from rules.coverage import Coverage
from rules.explain import Explainer
from rules.read_cases import read_cases
from stores.scratch import open_scratch
from workers.playbooks import read_folder, read_tests
from workers.programs import program_of
from workers.rehearsal import Rehearsal

if TYPE_CHECKING:
    from rules.cases import Case
    from rules.program import Program

__all__ = ["CaseFigures", "main", "measure"]

SAMPLE = Path(__file__).parents[1] / "examples/online_retail/playbook"
GOAL = 200
"""So that a thousand tests, read and played, take less than ten seconds."""
MODES = ("plain", "coverage", "explained")


@dataclass(frozen=True, slots=True)
class CaseFigures:
    """What one mode came to; rates by processor time."""

    mode: str
    cases: int
    cpu_seconds: float
    cases_per_second: float


async def _play(mode: str, program: Program, cases: list[Case]) -> float:
    explainer, ledger, zone = Explainer(program), open_scratch(), program.playbook.workspace.zone
    rehearsal = Rehearsal(program, explainer, ledger, Coverage(explainer) if mode == "coverage" else None)
    await rehearsal.play(cases[0])  # the first one compiles SQL
    began = time.process_time()
    for case in cases:
        assert passes(case, await rehearsal.play(case), zone)
        if mode == "explained":
            explained_result(case, await rehearsal.play(case, explain=True), program)
    taken = time.process_time() - began
    await ledger.close()
    return taken


def measure(mode: str, number: int) -> CaseFigures:
    """Play so many tests of the sample playbook."""
    program = program_of(read_folder(SAMPLE))
    found, findings = read_cases(read_tests(SAMPLE), program.playbook)
    assert not findings
    taken = asyncio.run(_play(mode, program, list(islice(cycle(found), number))))
    return CaseFigures(mode, number, round(taken, 2), round(number / taken, 1))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000)
    parser.add_argument("--json", action="store_true")
    words = parser.parse_args()
    figures = [measure(mode, words.cases) for mode in MODES]
    if words.json:
        print(json.dumps([asdict(each) for each in figures], indent=2))
        return
    for each in figures:
        rate = f"{each.cases_per_second:>8} cases/s (goal {GOAL})"
        print(f"{each.mode:<10} {each.cases:>6} cases {each.cpu_seconds:>7} s CPU {rate}")


if __name__ == "__main__":
    main()
