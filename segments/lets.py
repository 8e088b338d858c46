"""Whether the conditions and values under `let` are sound in themselves: each fault at its own text, once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from schemas.texts import say
from segments.definitions import named_lets, size_and_height
from segments.faults import faults_of
from segments.model import leaves
from segments.named import condition_term
from segments.scope import Reported, TypeFault
from segments.typing import Typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from segments.model import Condition
    from segments.scope import Scope

__all__ = ["Report", "faulty_lets"]

Report = Callable[["tuple[str, int, int]", TypeFault], None]
"""Takes the place of a fault and the fault."""

_MAX_PARTS, _MAX_HEIGHT = 2_000, 60
_MAX_CIRCLES = 20


def faulty_lets(scope: Scope, report: Report) -> frozenset[str]:
    """The names of lets that cannot be used; what is wrong with each is reported."""
    return _Lets(scope, report).faulty()


class _Lets:
    def __init__(self, scope: Scope, report: Report) -> None:
        self.scope, self.report, self.lets = scope, report, scope.definitions.lets
        self.broken: set[str] = set()
        self.measured: dict[str, tuple[int, int]] = {}

    def faulty(self) -> frozenset[str]:
        """Every let in an order in which what one rests on comes before it."""
        for name in self._in_order():
            condition = self.lets[name]
            self.measured[name] = parts, height = size_and_height(condition, self.measured)
            if parts > _MAX_PARTS or height > _MAX_HEIGHT:
                if any(node.field in self.broken for _, node in named_lets(condition)):
                    self.broken.add(name)  # it is too long by what it names
                    continue
                message = say(
                    "let.{name} has {parts} parts, {height} resting on each other, with all that it names",
                    name=name,
                    parts=parts,
                    height=height,
                )
                self._fault(name, "let_too_long", message, "take some of it out")
            else:
                self._type(name)
        return frozenset(self.broken)

    def _in_order(self) -> Iterator[str]:
        needs = {
            name: {node.field for _, node in named_lets(condition)} & self.lets.keys()
            for name, condition in self.lets.items()
        }
        for _ in range(_MAX_CIRCLES):
            try:
                TopologicalSorter(needs).prepare()
                break
            except CycleError as error:
                circle = error.args[1]
                self._circle(circle)
                needs = {name: inside - set(circle) for name, inside in needs.items() if name not in circle}
        sorter, reached = TopologicalSorter(needs), set[str]()
        with suppress(CycleError):  # more circles than anybody reads about: what is not in one goes on
            sorter.prepare()
        while ready := sorter.get_ready():
            reached.update(ready)
            sorter.done(*ready)
            yield from ready
        self.broken |= needs.keys() - reached

    def _circle(self, circle: list[str]) -> None:
        self.broken.update(circle)
        wanted, name = circle[0], circle[1]
        message = say("{path}: it rests on itself", path=" → ".join(f"let.{each}" for each in reversed(circle)))
        for expression, node in named_lets(self.lets[name]):
            if node.field == wanted:
                fault = TypeFault("let_cycle", message, node, "take one of them out of the other")
                self.report(expression.locate(node.start), fault)
                return

    def _type(self, name: str) -> None:
        """Type it where any event may be at hand, else with each event alone; what fits one of them is sound."""
        scope = replace(self.scope, events=(), timed=True, broken=frozenset(self.broken))
        faults = _faults_of(self.lets[name], scope)
        if not faults:
            return
        alone = (replace(scope, events=(event,), timed=False) for event in self.scope.catalogue.events)
        if not all(_faults_of(self.lets[name], each) for each in alone):
            return
        self.broken.add(name)
        for place, fault in faults:
            if not isinstance(fault, Reported):
                self.report(place, fault)

    def _fault(self, name: str, code: str, message: str, hint: str) -> None:
        self.broken.add(name)
        expression = next(leaves(self.lets[name]))
        self.report(expression.locate(0), TypeFault(code, message, expression.expr, hint))


def _faults_of(condition: Condition, scope: Scope) -> list[tuple[tuple[str, int, int], TypeFault]]:
    """The faults of a condition in this scope, each with its place."""
    found = [
        (expression.locate(fault.on_the_name(expression.text).start), fault)
        for expression in leaves(condition)
        for fault in faults_of(expression.expr, scope, condition=False)
    ]
    if found:
        return found
    try:
        condition_term(Typer(scope), condition)
    except TypeFault as fault:  # a value where a condition must stand
        return [(next(leaves(condition)).locate(0), fault)]
    return []
