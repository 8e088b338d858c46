"""The tests of a playbook as data: who there is, what happens when, and what must come of it. Times are unix ms."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from schemas.events import Event
from schemas.findings import Mark

__all__ = ["Case", "Expected", "Given", "Happening", "Membership", "Told", "Wanted", "WantedText"]


@dataclass(frozen=True, slots=True)
class Happening:
    """An event and the moment at which the log takes it."""

    at: int
    event: Event
    mark: Mark


@dataclass(frozen=True, slots=True)
class Given:
    """One person before the test begins. `history`: what is known of them, as an import brings it in."""

    person: str
    history: tuple[Happening, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WantedText:
    """What a message must say: its body whole, texts that are in it, texts that are not, its subject."""

    body: str | None = None
    contains: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    subject: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A decision that is expected: whatever is None is not asked about.

    `params`: a part of the decision's. `absent`: there must be none like it. `shadow`: of a rule that is tried out.
    """

    mark: Mark
    kind: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    rule: str | None = None
    step: str | None = None
    person: str | None = None
    at: int | None = None
    absent: bool = False
    shadow: bool = False
    channel: str | None = None
    delivery: str | None = None
    reason: str | None = None
    message: WantedText | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """Segments and the stage of a person at a moment; `stage` "" where it is not asked about."""

    mark: Mark
    person: str
    at: int
    inside: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    stage: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Tags and traits of a person at the end; a trait of None must not be known."""

    mark: Mark
    person: str
    tags: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    traits: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Everything that is expected. `exact`: nothing else may be decided."""

    mark: Mark
    decisions: tuple[Wanted, ...] = ()
    exact: bool = False
    memberships: tuple[Membership, ...] = ()
    told: tuple[Told, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test. `stock`: pools of which only so many coupons are left."""

    name: str
    mark: Mark
    start: int
    end: int
    people: tuple[Given, ...]
    steps: tuple[Happening, ...]
    expected: Expected
    stock: dict[str, int] = field(default_factory=dict)

    def persons(self) -> tuple[str, ...]:
        """Everybody who is named, in the order in which they are."""
        named = [given.person for given in self.people] + [step.event.person for step in self.steps]
        return tuple(dict.fromkeys(named))
