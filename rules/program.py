"""A compiled playbook: what the fold needs, and nothing it would have to look up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from rules.coerce import Coercion
from rules.model import Ending, Playbook, Rule, Wait
from rules.route import Station
from schemas.catalogue import Workspace
from schemas.profile import Occasion, Profile
from schemas.times import FOREVER
from segments.plan import Plan

if TYPE_CHECKING:
    from segments.localdays import Days

__all__ = ["CompiledRule", "Expression", "Kept", "Program"]

Test = Callable[[Profile, int, Occasion, int, int], object]
"""(profile, now, occasion, true, unknown) → whether the condition is true, in Python's sense."""


class Expression(NamedTuple):
    """A compiled expression.

    `value(profile, now, occasion, local days)` gives it typed (minor units, ms), None: unknown.
    """

    type: str
    value: Callable[[Profile, int, Occasion, Any], Any]


Matcher = Callable[[Profile, int, Occasion, int, int], "list[CompiledRule]"]


def program_id(content_hash: str) -> str:
    """How profiles name a program: the first 16 digits of its hash."""
    return content_hash[:16]


class Kept(NamedTuple):
    """What a run keeps while it waits.

    `same`: properties whose values other events must share; `event`, `replies` (by the wait that was answered): those
    at which something may still look.
    """

    same: frozenset[str]
    event: frozenset[str]
    replies: Mapping[int, frozenset[str]]


@dataclass(frozen=True, kw_only=True)
class CompiledRule:
    """A rule that decides (live or shadow). `ends`: it says how long its decisions are good for.

    `unrestrained`: no limit, dates or canary have a say in who starts it. `stations`: its steps; what follows goes by
    their numbers, -1 being the rule's own wait. `endings` and `answers`: by event, what ends the run or answers the
    wait there. `kept`: what a run keeps while it waits there. `tests`: the conditions of `if` and `while`. `values`:
    expressions of `set` and `emit` by (step, name). `variables`, `purposes`: of messages; `always`: steps that no
    holdout keeps from acting. `workspace`: as its own program has it.
    """

    id: str
    rule: Rule
    stations: tuple[Station, ...]
    limited: bool
    unrestrained: bool
    parallel: bool
    ends: bool
    test: Test
    program: str
    shadow: bool
    waits: Mapping[int, Wait]
    endings: Mapping[int, Mapping[str, tuple[Ending, ...]]]
    answers: Mapping[int, Mapping[str, tuple[Ending, ...]]]
    kept: Mapping[int, Kept]
    tests: Mapping[int, Test]
    values: Mapping[tuple[int, str], Expression]
    variables: Mapping[int, tuple[str, ...]]
    purposes: Mapping[int, str]
    always: frozenset[int]
    workspace: Workspace
    audience: Test | None = None


@dataclass(frozen=True, kw_only=True)
class Program:
    """A playbook, compiled. `hash` is its content hash.

    `names`: event names and aliases → names. `on_event`: name → matcher that gives the rules whose conditions hold, in
    the order in which they run. `on_change`: (`enter` or `leave`, segment) → rules in that order.
    """

    hash: str
    playbook: Playbook
    plan: Plan
    names: dict[str, str]
    coercions: dict[str, Coercion]
    trait_readers: Mapping[str, Callable[[Any], Any]]
    on_event: dict[str, Matcher]
    on_change: Mapping[tuple[str, str], tuple[CompiledRule, ...]]
    schedules: Mapping[str, CompiledRule]
    rules: Mapping[str, CompiledRule]
    computed_traits: Mapping[str, Expression]
    stage_bits: tuple[int, ...]
    stage_mask: int

    @property
    def id(self) -> str:
        """How profiles name the program: the first 16 digits of its hash."""
        return program_id(self.hash)

    def empty_profile(self) -> Profile:
        """A person of whom nothing is known."""
        plan = self.plan
        return Profile(self.id, 0, FOREVER, [0] * len(plan.order), 0, 0, [b""] * len(plan.tracks.by_key))

    def days_of(self, profile: Profile) -> Days:
        """The local days of a person."""
        from segments.localdays import days_of

        return days_of(profile.zone or self.playbook.workspace.zone)
