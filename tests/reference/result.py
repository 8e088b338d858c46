"""What comes of a history: lines as the files of a simulation have them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

__all__ = ["Change", "Result"]


class Change(NamedTuple):
    """`kind`: `enters` or `leaves`; `segment` may be `stage:<id>`."""

    kind: str
    segment: str


@dataclass(slots=True)
class Result:
    """Lines as the files of a simulation have them; `dead_letters`: {person, event_id, code}.

    `failed`: events that were emitted at the end of too long a chain.
    """

    decisions: list[dict[str, Any]] = field(default_factory=list)
    shadow: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    profiles: list[dict[str, Any]] = field(default_factory=list)
    duplicates: int = 0
    dead_letters: list[dict[str, Any]] = field(default_factory=list)
    failed: int = 0

    def put_in_order(self) -> None:
        """By time, person, then order of happening; dead letters by person and event."""
        for lines in (self.decisions, self.shadow, self.changes):
            lines.sort(key=lambda line: (line["time"], line["person"]))
        self.profiles.sort(key=lambda line: line["person"])
        self.dead_letters.sort(key=lambda line: (line["person"], line["event_id"]))
