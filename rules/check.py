"""What no reader of single values sees: whether the parts of a playbook make sense together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rules.check_calendar import check_calendar
from rules.check_messages import check_messages
from rules.compile import check_expressions
from rules.hints import did_you_mean
from rules.lint.named import looked_into
from rules.lint.parts import expressions_of, steps_of
from rules.lint.run import lint
from rules.model import Action, Limit, TagPerson
from rules.read import Reading, read
from rules.repaired import repaired
from schemas.findings import Finding, Mark
from schemas.money import to_major
from schemas.texts import say
from segments.model import leaves
from segments.syntax import Binary, Call, Expr, Literal, walk
from segments.tree import mentions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rules.model import Playbook, Rule
    from schemas.findings import Severity
    from segments.definitions import Definitions

__all__ = ["check_playbook"]

_MISSING_FUNCTIONS = frozenset({"points", "holds_coupon"})


def check_playbook(
    files: Mapping[str, str], zones: frozenset[str] | None = None, now: int | None = None, *, defaults: bool = False
) -> tuple[Playbook | None, list[Finding]]:
    """The playbook of these files, None if there is any error; and everything there is to say about it, sorted.

    `files`: names relative to the playbook's folder → texts. `zones`: the time zones that exist; None: not checked.
    `now` (unix ms): when it is checked, for what time alone makes doubtful; None: that is not looked at.
    `defaults`: inputs have their defaults, whatever the section `values` says.
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
    return None if faulty else reading.playbook, findings


def _findings(reading: Reading) -> Iterator[Finding]:
    yield from _lifecycle(reading)
    yield from _budgets(reading)
    yield from check_messages(reading)
    yield from _idle_rules(reading)
    yield from _counts_of_one(reading)
    yield from _expressions(reading)
    if not reading.faulty:
        yield from _tags(reading)
        yield from lint(reading)


def _finding(mark: Mark, code: str, message: str, hint: str = "", *, warning: bool = False, length: int = 1) -> Finding:
    severity: Severity = "warning" if warning else "error"
    return Finding(mark.file, mark.line, mark.column, code, severity, message, hint, length)


def _lifecycle(reading: Reading) -> Iterator[Finding]:
    stages = reading.playbook.stages
    for stage in stages[:-1]:
        if stage.when is None:
            message: str = say(
                "the stage {id!r} takes everybody, so the stages after it are never reached", id=stage.id
            )
            yield _finding(reading.places["stage", stage.id], "otherwise_not_last", message, "move it to the end")
    if stages and all(stage.when is not None for stage in stages):
        message = "people for whom no stage holds have none"
        hint = "end with a stage `otherwise: true`"
        yield _finding(reading.places["lifecycle",], "no_otherwise", message, hint, warning=True)


def _budgets(reading: Reading) -> Iterator[Finding]:
    currency = reading.playbook.workspace.currency
    for pool in reading.playbook.pools.values():
        if pool.stock is None or pool.budget is None or pool.stock * pool.worst_cost <= pool.budget:
            continue
        worst, budget = to_major(pool.stock * pool.worst_cost, currency), to_major(pool.budget, currency)
        message = say(
            "{stock} coupons may cost {worst} {currency}, the budget is {budget} {currency}",
            stock=pool.stock,
            worst=worst,
            currency=currency,
            budget=budget,
        )
        hint = say(
            "the budget is enough for {value} of them; after that they are refused",
            value=pool.budget // pool.worst_cost,
        )
        yield _finding(reading.places["pool", pool.id, "budget"], "over_budget", message, hint, warning=True)


def _idle_rules(reading: Reading) -> Iterator[Finding]:
    for rule in reading.playbook.rules.values():
        acts = any(isinstance(step, Action) for _, step in steps_of(rule))
        if rule.id not in reading.broken and not acts:
            message = say("the rule {id!r} never does anything", id=rule.id)
            yield _finding(
                reading.places["rule", rule.id], "never_acts", message, "give `then` a step that acts: send, tag, …"
            )


def _counts_of_one(reading: Reading) -> Iterator[Finding]:
    """`count(x, w) == 1` is true again after a pause longer than the window; most people mean "the first"."""
    for rule in reading.playbook.rules.values():
        if rule.limit != Limit() or rule.when is None:
            continue
        for expression in looked_into(rule.when, reading.playbook.definitions):
            for node in walk(expression.expr):
                if _counts_one(node) and not reading.waived("count_equals_one", reading.places["rule", rule.id]):
                    message = "this is true again after a pause longer than the window"
                    place = Mark(*expression.locate(node.start))
                    hint = "add `limit: once` if the first one is meant"
                    length = node.end - node.start
                    yield _finding(place, "count_equals_one", message, hint, warning=True, length=length)


def _counts_one(node: Expr) -> bool:
    if not isinstance(node, Binary) or node.op != "==":
        return False
    sides = (node.left, node.right), (node.right, node.left)
    return any(
        isinstance(count, Call)
        and count.function == "count"
        and isinstance(one, Literal)
        and one.value == 1
        and one.value is not True
        for count, one in sides
    )


def _expressions(reading: Reading) -> Iterator[Finding]:
    """Wrong names, types and units in expressions; what is not available yet only stops rules that are live."""
    if not reading.typed:
        return
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


def _tags(reading: Reading) -> Iterator[Finding]:
    """Tags that conditions ask for and no rule ever puts on."""
    playbook = reading.playbook
    steps = [step for rule in playbook.rules.values() for _, step in steps_of(rule) if isinstance(step, TagPerson)]
    tags = {tag for step in steps if not step.remove for tag in step.tags}
    conditions = [segment.when for segment in playbook.segments.values()]
    conditions += playbook.definitions.lets.values()
    conditions += [stage.when for stage in playbook.stages if stage.when is not None]
    expressions = [expression for condition in conditions for expression in leaves(condition)]
    for rule in playbook.rules.values():
        expressions += expressions_of(rule)
    for expression in expressions:
        for node in walk(expression.expr):
            match node:
                case Call(function="has_tag", args=(Literal(value=str(name)) as asked,)) if name not in tags:
                    mark = Mark(*expression.locate(asked.start))
                    message, hint = say("no rule puts the tag {name!r} on", name=name), did_you_mean(name, tags)
                    length = asked.end - asked.start
                    yield _finding(mark, "unknown_tag", message, hint, warning=True, length=length)
