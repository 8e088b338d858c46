"""What no reader of single values sees: whether the parts of a playbook make sense together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rules.check_calendar import check_calendar
from rules.check_messages import check_messages
from rules.check_warnings import warnings_of
from rules.compile import check_expressions
from rules.lint.parts import expressions_of, steps_of
from rules.model import Action
from rules.read import Reading, read
from rules.read_cases import read_cases
from rules.repaired import repaired
from rules.sound import sound
from schemas.findings import Finding, Mark
from schemas.texts import say
from segments.model import leaves
from segments.syntax import Call, walk
from segments.tree import mentions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rules.model import Playbook, Rule
    from segments.definitions import Definitions

__all__ = ["check_playbook"]

_MISSING_FUNCTIONS = frozenset({"points", "holds_coupon"})


def check_playbook(
    files: Mapping[str, str],
    zones: frozenset[str] | None = None,
    now: int | None = None,
    *,
    defaults: bool = False,
    tests: Mapping[str, str] | None = None,
) -> tuple[Playbook | None, list[Finding]]:
    """The playbook of these files, None if there is any error; and everything there is to say about it, sorted.

    `files`: names relative to the playbook's folder → texts. `zones`: the time zones that exist; None: not checked.
    `now` (unix ms): when it is checked, for what time alone makes doubtful; None: that is not looked at.
    `defaults`: inputs have their defaults, whatever the section `values` says. `tests`: the playbook's own tests, whose
    faults are told too; they keep no playbook from being used.
    A fault of YAML that can only have been meant in one way hides nothing: the file is read as it was meant.
    """
    reading = read(files, zones, defaults=defaults)
    meant = repaired(files, reading.findings)
    if meant is not None:
        reading = read(meant.texts, zones, defaults=defaults)
    dated = () if now is None else check_calendar(reading, now)
    found = {*reading.findings, *_findings(reading), *dated}
    kept = {each for each in found if not reading.waived(each.code, Mark(each.file, each.line, each.column))}
    findings = sorted(kept if meant is None else {*meant.faults, *map(meant.placed, kept)})
    faulty = any(finding.severity == "error" for finding in findings)
    if tests:
        findings = sorted({*findings, *read_cases(tests, reading.playbook, reading)[1]})
    return None if faulty else reading.playbook, findings


def _findings(reading: Reading) -> set[Finding]:
    typed = set(_expressions(reading))
    faults = {*_lifecycle(reading), *_idle_rules(reading), *filter(_is_error, check_messages(reading))}
    faults |= typed if reading.typed else set()
    errors = filter(_is_error, {*reading.findings, *faults, *typed})
    return {*faults, *warnings_of(sound(reading, errors))}


def _is_error(finding: Finding) -> bool:
    return finding.severity == "error"


def _finding(mark: Mark, code: str, message: str, hint: str) -> Finding:
    return Finding(mark.file, mark.line, mark.column, code, "error", message, hint)


def _lifecycle(reading: Reading) -> Iterator[Finding]:
    for stage in reading.playbook.stages[:-1]:
        if stage.when is None:
            message: str = say(
                "the stage {id!r} takes everybody, so the stages after it are never reached", id=stage.id
            )
            yield _finding(reading.places["stage", stage.id], "otherwise_not_last", message, "move it to the end")


def _idle_rules(reading: Reading) -> Iterator[Finding]:
    for rule in reading.playbook.rules.values():
        acts = any(isinstance(step, Action) for _, step in steps_of(rule))
        if rule.id not in reading.broken and not acts:
            message = say("the rule {id!r} never does anything", id=rule.id)
            yield _finding(
                reading.places["rule", rule.id], "never_acts", message, "give `then` a step that acts: send, tag, …"
            )


def _expressions(reading: Reading) -> Iterator[Finding]:
    """Wrong names, types and units in expressions; what is not available yet only stops rules that are live.

    They are certain only where the catalogue could be read.
    """
    playbook = reading.playbook
    started = {
        rule.id: rule for rule in playbook.rules.values() if rule.trigger.names or rule.trigger.schedule is not None
    }
    spared = {place for rule in started.values() if rule.status != "live" for place in _missing_calls(rule)}
    definitions = _without(playbook.definitions, reading.doubtful)
    for finding in check_expressions(replace(playbook, rules=started, definitions=definitions), reading.doubtful):
        if finding.code == "not_available" and (finding.file, finding.line, finding.column) in spared:
            yield replace(finding, severity="warning")
        else:
            yield finding


def _without(definitions: Definitions, doubtful: frozenset[str]) -> Definitions:
    """The definitions, those conditions missing that rest on something doubtful."""
    shaky = {n for n, held in definitions.lets.items() if any(mentions(e.expr, doubtful) for e in leaves(held))}
    kept = {name: held for name, held in definitions.lets.items() if name not in shaky}
    return replace(definitions, lets=kept, missing=definitions.missing | {("let", name) for name in shaky})


def _missing_calls(rule: Rule) -> Iterator[tuple[str, int, int]]:
    for expression in expressions_of(rule):
        for node in walk(expression.expr):
            if isinstance(node, Call) and node.function in _MISSING_FUNCTIONS:
                yield expression.locate(node.start)
