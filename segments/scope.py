"""What an expression may name, and the fault that says where a name, type or unit is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from schemas.catalogue import RESERVED_EVENTS, Catalogue, PropertyType
from schemas.errors import TouchlineError
from segments.definitions import Definitions
from segments.syntax import Call, Method, Select

if TYPE_CHECKING:
    from segments.syntax import Expr

__all__ = ["REPLY", "Reported", "Scope", "TypeFault"]

REPLY = "reply\0"
"""What `reply.x` is called among the properties at hand is this and x; no name of a property holds such a character."""


class TypeFault(TouchlineError):
    """A wrong name, type or unit in an expression; `start`, `end` are offsets in its text."""

    def __init__(self, code: str, message: str, expr: Expr, hint: str = "", *, whole: bool = False) -> None:
        super().__init__(message, code=code, hint=hint)
        self.expr, self.start, self.end, self.whole = expr, expr.start, expr.end, whole

    def on_the_name(self, text: str) -> TypeFault:
        """Itself, of a name that is not known no wider than that name in the expression's text."""
        name, after = _name(self.expr) if self.code.startswith("unknown_") and not self.whole else ("", 0)
        start = text.find(name, after, self.end)
        if name and start >= 0:
            self.start, self.end = start, start + len(name)
        return self


def _name(expr: Expr) -> tuple[str, int]:
    """The name that an expression adds to what stands before it, and where it can begin at the earliest."""
    match expr:
        case Call(start=start, function=name):
            return name, start
        case Select(operand=operand, field=name) | Method(operand=operand, name=name):
            return name, operand.end
    return "", 0


class Reported(TypeFault):
    """It rests on something whose fault has been reported."""

    def __init__(self, expr: Expr) -> None:
        super().__init__("", "", expr)


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression may name.

    `events`: the events whose properties `event.x` may be (a property must be one of every event); None where there is
    no event. `segments`, `stages`: ids.
    """

    catalogue: Catalogue
    currency: str
    segments: frozenset[str] = frozenset()
    stages: tuple[str, ...] = ()
    events: tuple[str, ...] | None = None
    timed: bool = False
    """The expression may also meet moments without an event (rules on `enters`): `event.x` is then unknown."""
    names: dict[str, str] = field(default_factory=dict)
    """Every event name and alias → the name (filled by `resolve`)."""
    country: str = ""
    """Whose holidays count; "": none is named."""
    definitions: Definitions = field(default_factory=Definitions)
    broken: frozenset[str] = frozenset()
    """Lets that have faults of their own."""
    reply: tuple[str, ...] = ()
    """The events one of which has answered a wait, where `reply.x` is a property of it."""
    strict: bool = False
    """Texts that can never come are faults: so for who writes a playbook, not for one that is in force."""

    def event_names(self) -> dict[str, str]:
        """Names and aliases of events → names."""
        return self.names or self.catalogue.resolve()

    def meant(self, name: str) -> str:
        """What a bare name may have been meant for: a truth value, a property at hand, a trait; else nothing."""
        if name.lower() in {"true", "false", "null", "none"}:
            return name.lower().replace("none", "null")
        if any(self.property_of(event, name) for event in self.events or ()):
            return f"event.{name}"
        return f"profile.{name}" if name in self.catalogue.traits or name == "stage" else ""

    def property_of(self, event: str, name: str) -> PropertyType | None:
        """The type of an event's property, None if the catalogue lacks it."""
        kind = self.catalogue.events.get(event) or RESERVED_EVENTS.get(event)
        return kind.properties.get(name) if kind else None
