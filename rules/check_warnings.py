"""What is doubtful in a playbook beside the lint: stages, budgets, counts of one, tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.check_messages import check_messages
from rules.fields import scalar_length
from rules.hints import did_you_mean
from rules.lint.named import looked_into
from rules.lint.parts import expressions_of, steps_of, warning
from rules.lint.run import OF_THE_WORKSPACE, lint
from rules.model import Limit, TagPerson
from rules.nodes import Mapping
from schemas.findings import Mark
from schemas.money import to_major
from schemas.texts import say
from segments.model import leaves
from segments.syntax import Binary, Call, Expr, Literal, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.read import Reading
    from rules.sound import Sound
    from schemas.findings import Finding

__all__ = ["warnings_of"]


def warnings_of(sound: Sound) -> Iterator[Finding]:
    """Every warning of the sound part of a playbook; what is missing in the whole of it only where all was read."""
    reading = sound.reading
    yield from _budgets(reading)
    yield from _counts_of_one(reading)
    yield from (finding for finding in check_messages(reading) if finding.severity == "warning")
    yield from (finding for finding in lint(reading) if sound.workspace or finding.code not in OF_THE_WORKSPACE)
    if sound.stages and all(stage.when is not None for stage in sound.stages):
        message, hint = "people for whom no stage holds have none", "end with a stage `otherwise: true`"
        yield warning(reading.places["lifecycle",], "no_otherwise", message, hint)
    if sound.rules:
        yield from _tags(reading)


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
        length = _budget_length(reading, pool.id)
        yield warning(reading.places["pool", pool.id, "budget"], "over_budget", message, hint, length)


def _budget_length(reading: Reading, pool: str) -> int:
    """How long the text of a pool's budget is, as it stands in its file."""
    for section in reading.sections["coupon_pools"]:
        found = section.value.entries.get(pool) if isinstance(section.value, Mapping) else None
        if found is not None and isinstance(found.value, Mapping):
            return scalar_length(found.value.entries["budget"].value)
    return 1


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
                    yield warning(place, "count_equals_one", message, hint, length)


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
                    yield warning(mark, "unknown_tag", message, hint, length)
