"""Whether what asks for holidays and workdays will know those of the year that comes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rules.lint.parts import expressions_of
from schemas.findings import Finding, Mark
from schemas.texts import say
from schemas.times import DAY
from segments.model import leaves
from segments.syntax import Call, walk
from segments.workdays import workdays_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.read import Reading

__all__ = ["check_calendar"]

_FUNCTIONS = frozenset({"is_holiday", "is_workday"})
_AHEAD = 61 * DAY


def check_calendar(reading: Reading, now: int) -> Iterator[Finding]:
    """A warning at each use, from two months before a year of which the country's calendar is not known for sure."""
    country = reading.playbook.workspace.country
    year = datetime.fromtimestamp((now + _AHEAD) // 1000, UTC).year
    if not country or not workdays_of(country).provisional(year):
        return
    message = say("the holidays and workdays of {country} in {year} are not known for sure", country=country, year=year)
    for mark in sorted({*_asked(reading), *_scheduled(reading)}):
        hint = "bring Touchline up to date once they are announced"
        yield Finding(mark.file, mark.line, mark.column, "provisional_year", "warning", message, hint, len("workdays"))


def _asked(reading: Reading) -> Iterator[Mark]:
    playbook = reading.playbook
    conditions = [segment.when for segment in playbook.segments.values()]
    conditions += [stage.when for stage in playbook.stages if stage.when is not None]
    conditions += playbook.definitions.lets.values()
    expressions = [expression for condition in conditions for expression in leaves(condition)]
    expressions += [each for rule in playbook.rules.values() for each in expressions_of(rule)]
    for expression in expressions:
        for node in walk(expression.expr):
            if isinstance(node, Call) and node.function in _FUNCTIONS:
                yield Mark(*expression.locate(node.start))


def _scheduled(reading: Reading) -> Iterator[Mark]:
    for rule in reading.playbook.rules.values():
        if rule.trigger.schedule is not None and rule.trigger.schedule.country:
            yield reading.places["rule", rule.id]
