"""`touchline test`: the playbook's own tests, on a virtual clock, with nothing that could reach anybody."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rules.case_results import CaseResult, concerns, explained_result, passes
from rules.check import check_playbook
from rules.codes.languages import Language, localised
from rules.compile import compile_playbook
from rules.coverage import Coverage
from rules.explain import Explainer
from rules.hints import did_you_mean
from rules.read_cases import read_cases
from rules.report import render_text
from rules.verdicts import Clock
from schemas.errors import InputError, TouchlineError
from schemas.findings import Finding
from workers.clock import elapsed
from workers.commands.test_words import said
from workers.playbooks import TESTS, read_folder, read_tests, zone_names
from workers.running import until_stopped
from workers.terminal import console, print_json, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.cases import Case
    from rules.program import Program
    from stores.scratch import ScratchLedger

__all__ = ["Request", "run_tests"]

_LOOK_MS = 500
"""How often a watch looks at the files by itself."""


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for. `files`: only these; `text`: only names that hold it; `rule`: only tests about it."""

    folder: Path
    files: tuple[Path, ...] = ()
    text: str = ""
    rule: str | None = None
    junit: Path | None = None
    coverage: bool = False
    fail_under: float | None = None
    as_json: bool = False
    watch: bool = False
    language: Language = "en"

    @property
    def counts(self) -> bool:
        """Whether coverage is to be counted."""
        return self.coverage or self.fail_under is not None


@dataclass(slots=True)
class Outcome:
    """What came of a run: findings, and then nothing else; or results. `sentence`: why it failed besides."""

    findings: list[Finding] = field(default_factory=list)
    sources: Mapping[str, str] = field(default_factory=dict)
    results: list[CaseResult] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    coverage: Coverage | None = None
    sentence: str = ""
    language: Language = "en"

    @property
    def failed(self) -> bool:
        """Whether anything is not as it should be."""
        faulty = any(finding.severity == "error" for finding in self.findings)
        return faulty or bool(self.sentence) or not all(result.passed for result in self.results)

    def as_json(self) -> dict[str, Any]:
        """The one document."""
        passed = sum(result.passed for result in self.results)
        return {
            "passed": passed,
            "failed": len(self.results) - passed,
            "sentence": self.sentence or None,
            "findings": [finding.as_json() for finding in localised(self.findings, self.language)],
            "cases": [result.as_json() for result in self.results],
            "coverage": None if self.coverage is None else self.coverage.as_json(),
        }


def run_tests(request: Request) -> int:
    """Run the tests and say what came of it; 1 if anything failed, or if there is nothing to run."""
    if request.watch and request.as_json:
        raise InputError("--watch prints for people; leave --json out")
    from stores.scratch import open_scratch

    return asyncio.run(_run(request, open_scratch()))


async def _run(request: Request, ledger: ScratchLedger) -> int:
    try:
        code = await _once(request, ledger)
        if request.watch:
            await _again_and_again(request, ledger)
            raise KeyboardInterrupt
        return code
    finally:
        await ledger.close()


async def _again_and_again(request: Request, ledger: ScratchLedger) -> None:
    """Run the tests whenever a file of the playbook has changed, until somebody stops it; a run at work ends first.

    The watcher may begin after a change and tell of ones that change nothing: the files themselves say it. It can
    swallow the cancellation that Ctrl-C is for a coroutine, so that it is given an event.
    """
    from watchfiles import awatch

    stop, seen = until_stopped(), _signature(request.folder)
    say(said("watching", request.language, folder=request.folder))
    async for _ in awatch(request.folder, stop_event=stop, rust_timeout=_LOOK_MS, yield_on_timeout=True):
        now = _signature(request.folder)
        if now == seen:
            continue
        seen = now
        try:
            await _once(request, ledger)
        except TouchlineError as error:  # a file half written, a folder moved: the next change may mend it
            say(f"touchline: {error.message}")
        say(said("watching", request.language, folder=request.folder))


def _signature(folder: Path) -> list[tuple[str, int, int]]:
    """What changes when a file of the playbook does."""
    files = (path for ending in ("*.yaml", "*.yml") for path in folder.rglob(ending) if path.is_file())
    return sorted((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in files)


async def _once(request: Request, ledger: ScratchLedger) -> int:
    began = elapsed()
    outcome = await _play(request, ledger)
    outcome.language = request.language
    if request.junit is not None and outcome.results:
        _write_junit(request.junit, outcome)
    if request.as_json:
        print_json(outcome.as_json())
    else:
        _print(request, outcome, elapsed() - began)
    return int(outcome.failed)


async def _play(request: Request, ledger: ScratchLedger) -> Outcome:
    files, tests = read_folder(request.folder), read_tests(request.folder)
    playbook, findings = check_playbook(files, zone_names())
    if playbook is None:
        return Outcome(sorted(set(findings)), files, sentence=said("playbook", request.language))
    program = compile_playbook(playbook)
    cases, faults = read_cases(tests, playbook)
    if faults:
        return Outcome(faults, tests, sentence=said("tests", request.language))
    chosen = _chosen(request, cases, program, tests)
    outcome = Outcome(sentence=_nothing(request, cases, chosen))
    stages = [_Stage(program, ledger, counts=request.counts)]
    if any(case.defaults for case in chosen):
        playbook, findings = check_playbook(files, zone_names(), defaults=True)
        if playbook is None:
            return Outcome(sorted(set(findings)), files, sentence=said("defaults", request.language))
        stages.append(_Stage(compile_playbook(playbook), ledger, counts=request.counts))
    for case in chosen:
        await stages[case.defaults].play(case, outcome)
    outcome.coverage = stages[0].coverage
    for stage in stages[1:]:
        if outcome.coverage is not None and stage.coverage is not None:
            outcome.coverage.add(stage.coverage)
    outcome.sentence = outcome.sentence or _below(request, outcome.coverage)
    return outcome


class _Stage:
    """Where tests play: on the playbook as it is, or on the defaults of its inputs."""

    def __init__(self, program: Program, ledger: ScratchLedger, *, counts: bool) -> None:
        from workers.rehearsal import Rehearsal

        explainer = Explainer(program)
        self.program, self.coverage = program, Coverage(explainer) if counts else None
        self._rehearsal = Rehearsal(program, explainer, ledger, self.coverage)

    async def play(self, case: Case, outcome: Outcome) -> None:
        """Play a test and add what came of it."""
        began, zone = elapsed(), self.program.playbook.workspace.zone
        if passes(case, await self._rehearsal.play(case), zone):
            result = CaseResult(case, Clock(case.start, zone))
        else:  # once more, this time looking at everything
            result = explained_result(case, await self._rehearsal.play(case, explain=True), self.program)
        outcome.results.append(result)
        outcome.seconds[case.name] = elapsed() - began


# -- which tests


def _chosen(request: Request, cases: list[Case], program: Program, tests: Mapping[str, str]) -> list[Case]:
    names = {_file_of(request, file, tests) for file in request.files}
    if request.rule is not None and request.rule not in program.rules:
        hint = did_you_mean(request.rule, program.rules)
        raise InputError(f"--rule: no rule {request.rule!r} decides in {request.folder}", hint=hint)
    return [
        case
        for case in cases
        if (not names or case.mark.file in names)
        and request.text.casefold() in case.name.casefold()
        and (request.rule is None or concerns(case, request.rule, program))
    ]


def _file_of(request: Request, file: Path, tests: Mapping[str, str]) -> str:
    """A file of tests, named as a path from here, from the playbook, or by its bare name."""
    for name in tests:
        given = request.folder / name
        if file.as_posix() in {name, name.removeprefix(f"{TESTS}/")} or file.resolve() == given.resolve():
            return name
    raise InputError(f"{file} is no file of tests below {request.folder / TESTS}", hint=did_you_mean(str(file), tests))


def _nothing(request: Request, cases: Sequence[Case], chosen: Sequence[Case]) -> str:
    if not cases:
        return said("none", request.language, place=f"{request.folder / TESTS}/*.yaml")
    return "" if chosen else said("none_chosen", request.language, number=len(cases))


def _below(request: Request, coverage: Coverage | None) -> str:
    if request.fail_under is None or coverage is None or coverage.percent() >= request.fail_under:
        return ""
    return said("coverage", request.language, found=coverage.percent(), wanted=request.fail_under)


# -- what is said


def _write_junit(path: Path, outcome: Outcome) -> None:
    from workers.junit import junit_xml

    try:
        path.write_bytes(junit_xml(outcome.results, outcome.seconds))
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from None


def _print(request: Request, outcome: Outcome, seconds: float) -> None:
    screen = console()

    def write(*lines: str) -> None:
        for line in lines:
            screen.print(line, markup=False)

    if outcome.findings:
        write(render_text(outcome.findings, outcome.sources, color=False, language=request.language))
    for result in outcome.results:
        if not result.passed:
            mark = result.case.mark
            write(f"{said('fail', request.language)} {mark.file}:{mark.line}:{mark.column}: {result.case.name}")
            write(*(f"  {line}" for line in result.lines()), "")
    if request.coverage and outcome.coverage is not None and outcome.results:
        write(*outcome.coverage.lines())
    if outcome.results:
        passed = sum(result.passed for result in outcome.results)
        failed = len(outcome.results) - passed
        write(said("passed", request.language, passed=passed, failed=failed, seconds=seconds))
    if outcome.sentence:
        say(f"touchline: {outcome.sentence}")
