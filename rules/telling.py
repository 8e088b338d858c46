"""What the fold tells, at the moment itself, to whoever watches the runs of rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from rules.program import CompiledRule
    from schemas.profile import Occasion

__all__ = ["Doing", "Told"]

Doing = Literal["started", "restarted", "waits", "over", "answered", "unless", "while", "gone", "went", "stop"]
"""What a run does: it starts, or a new one takes its place; it waits, its wait is `over` or `answered`; it is ended by
an event (`unless`), by a condition (`while`), or because its rule decides nothing any more (`gone`); it `went` a way
that its step leads, or comes to a `stop`.
"""


class Told(NamedTuple):
    """What a run did. `place`: of the step, -1 the rule's own wait; `detail`: way, event, or a wait's end (ms)."""

    doing: Doing
    rule: CompiledRule
    occurrence: str
    place: int
    detail: str | int = ""
    seen: Occasion | None = None
