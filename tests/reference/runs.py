"""One occurrence of a rule: what waits, what ends or answers it, and what a limit compares."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

from rules.model import Ending, Rule, Wait
from tests.reference.people import Kept
from tests.reference.values import identity

__all__ = ["Run"]


@dataclass(eq=False, slots=True)
class Run:
    """One occurrence of a rule. `start`: the trigger's moment; `way`: what is left of it, told each answer."""

    rule: Rule
    occurrence: str
    event: Kept | None
    start: int
    acts: bool = True
    way: Generator[Wait, Kept | None, None] | None = None
    due: int = 0
    wait: Wait = field(default_factory=Wait)
    reply: Kept | None = None
    acted: bool = False
    arms: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, Any] | None:
        """The value that `once_per` names, by type and value."""
        return self._property(self.event, self.rule.limit.once_per)

    @property
    def before_all(self) -> bool:
        """Whether it is in the wait of its rule itself."""
        return self.wait is self.rule.wait

    def ended_by(self, event: Kept) -> bool:
        """Whether its wait names this event under `unless`; strictly earlier late ones do not count."""
        return self._counts(event) and any(self._named(ending, event) for ending in self.wait.unless)

    def answered_by(self, event: Kept) -> bool:
        """Whether it waits for this event."""
        return self._counts(event) and any(self._named(ending, event) for ending in self.wait.events)

    def _counts(self, event: Kept) -> bool:
        return event.known and event.time >= (self.start if self.event is None else self.event.time)

    def _named(self, ending: Ending, event: Kept) -> bool:
        if ending.event != event.name:
            return False
        wanted = self._property(self.event, ending.same)
        return ending.same is None or (wanted is not None and wanted == self._property(event, ending.same))

    def _property(self, event: Kept | None, name: str | None) -> tuple[str, Any] | None:
        value = None if event is None or name is None else event.props.get(name)
        return None if value is None else identity(value)
