"""One occurrence of a rule: what waits, what ends it, and what a limit compares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rules.model import Ending, Rule
from tests.reference.people import Kept
from tests.reference.values import identity

__all__ = ["Run"]


@dataclass(eq=False, slots=True)
class Run:
    """One occurrence of a rule. `start`: the trigger's moment; `next`: the step to go on with, when `due`."""

    rule: Rule
    occurrence: str
    event: Kept | None
    start: int
    next: int = 0
    due: int = 0
    unless: tuple[Ending, ...] = ()

    @property
    def key(self) -> tuple[str, Any] | None:
        """The value that `once_per` names, by type and value."""
        return self._property(self.event, self.rule.limit.once_per)

    def ends_by(self, event: Kept) -> bool:
        """Whether its wait names this event; strictly earlier late ones do not count."""
        trigger_time = self.start if self.event is None else self.event.time
        return event.known and event.time >= trigger_time and any(self._named(ending, event) for ending in self.unless)

    def _named(self, ending: Ending, event: Kept) -> bool:
        if ending.event != event.name:
            return False
        wanted = self._property(self.event, ending.same)
        return ending.same is None or (wanted is not None and wanted == self._property(event, ending.same))

    def _property(self, event: Kept | None, name: str | None) -> tuple[str, Any] | None:
        value = None if event is None or name is None else event.props.get(name)
        return None if value is None else identity(value)
