"""A playbook as data: what the loader made of its files, before it is compiled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from schemas.catalogue import Catalogue, Workspace
from schemas.offers import Community, CouponPool, Template
from segments.definitions import Definitions
from segments.model import Condition, Expression, Segment, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Action",
    "Arm",
    "Assign",
    "Branch",
    "Emit",
    "Ending",
    "IfLate",
    "Invite",
    "IssueCoupon",
    "Limit",
    "Playbook",
    "Rule",
    "Schedule",
    "SendMessage",
    "SetTraits",
    "Split",
    "Step",
    "Stop",
    "TagPerson",
    "Trigger",
    "Validity",
    "Wait",
    "WaitStep",
    "branches",
    "held_of",
    "walk_steps",
]


@dataclass(frozen=True, slots=True)
class Schedule:
    """`{cron: "0 9 * * 1", zone: …}` or `{at: TIME}`. `zone`: `workspace`, `person` or an IANA name; `at` unix ms.

    Of the days of a cron only some count: with `month_end` those that lie `before` days before the last of a month,
    with `anniversary` (a trait) those that lie so before the person's, with `country` its workdays.
    """

    cron: str | None = None
    at: int | None = None
    zone: str = "workspace"
    anniversary: str | None = None
    month_end: bool = False
    before: int = 0
    country: str = ""


@dataclass(frozen=True, slots=True)
class Trigger:
    """What starts a rule. `names`: events (catalogue names, not aliases), or segments and `stage:<id>`."""

    kind: Literal["event", "enters", "leaves", "schedule"]
    names: tuple[str, ...] = ()
    schedule: Schedule | None = None
    audience: Condition | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """An event that ends a wait; with `same`, only one with the trigger's value of that property."""

    event: str
    same: str | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait, over after `duration` ms, or when clocks next show `until` (minutes after midnight, in local time).

    With `events` one of them answers it, which is waited for so long. One of `unless` ends the run, and so does a
    `condition` that is not true when the wait is over.
    """

    duration: int = 0
    unless: tuple[Ending, ...] = ()
    until: int | None = None
    events: tuple[Ending, ...] = ()
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """How often one person may start a rule; several kinds must all allow. Durations in ms, windows half-open."""

    once: bool = False
    once_within: int | None = None
    once_per: str | None = None
    max_count: int | None = None
    max_within: int | None = None


@dataclass(frozen=True, slots=True)
class SendMessage:
    """`send`: one decision, however many channels; the first that works is used."""

    template: str
    channels: tuple[str, ...]
    id: str | None = None


@dataclass(frozen=True, slots=True)
class IssueCoupon:
    """`issue_coupon`: a code of a pool; templates of later steps see it under `name`."""

    pool: str
    name: str = "coupon"
    id: str | None = None


@dataclass(frozen=True, slots=True)
class TagPerson:
    """`tag` and `untag`."""

    tags: tuple[str, ...]
    remove: bool = False
    id: str | None = None


@dataclass(frozen=True, slots=True)
class SetTraits:
    """`set`: traits to the values of expressions."""

    values: dict[str, Expression]
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Invite:
    """`invite`: into a community, with a message if it names a template."""

    community: str
    template: str | None = None
    channels: tuple[str, ...] = ()
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Assign:
    """`assign`: hand the person to a team."""

    to: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Emit:
    """`emit`: an event of the same person, or of the one that `person` gives, with properties from expressions."""

    event: str
    properties: dict[str, Expression]
    person: Expression | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class WaitStep:
    """`wait` as a step: what follows runs when it is over; `then` if it was answered, `otherwise` if time was out."""

    wait: Wait
    id: str | None = None
    then: tuple[Step, ...] = ()
    otherwise: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Branch:
    """`if`: what follows runs `then` where the condition is true, else (also where it is unknown) `otherwise`."""

    condition: Condition
    then: tuple[Step, ...] = ()
    otherwise: tuple[Step, ...] = ()
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Arm:
    """One side of a split; its share is its weight among all of them."""

    weight: int
    then: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Split:
    """`split`: one of the arms, drawn by a stable hash of `salt` and the person."""

    salt: str
    arms: dict[str, Arm]
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """`stop`: the run ends here."""

    id: str | None = None


Action = SendMessage | IssueCoupon | TagPerson | SetTraits | Invite | Assign | Emit
Step = Action | WaitStep | Branch | Split | Stop


def branches(step: Step) -> tuple[tuple[str, tuple[Step, ...]], ...]:
    """The lists of steps inside a step, each with its part of their paths: `then`, `else`, `arms.NAME`."""
    match step:
        case Branch(_, then, otherwise):
            return ("then", then), ("else", otherwise)
        case WaitStep(wait, _, then, otherwise) if wait.events:
            return ("then", then), ("else", otherwise)
        case Split(_, arms):
            return tuple((f"arms.{name}", arm.then) for name, arm in arms.items())
    return ()


def held_of(step: Step) -> Condition | None:
    """The condition of an `if`, or the `while` of a wait."""
    match step:
        case Branch(condition):
            return condition
        case WaitStep(wait):
            return wait.condition
    return None


def walk_steps(steps: tuple[Step, ...], prefix: str = "") -> Iterator[tuple[str, Step]]:
    """Every step with its path (`0`, `1`, `1.then.0`), in the order of the file."""
    for index, step in enumerate(steps):
        path = f"{prefix}{index}"
        yield path, step
        for name, inner in branches(step):
            yield from walk_steps(inner, f"{path}.{name}.")


@dataclass(frozen=True, slots=True)
class Validity:
    """A rule starts nothing before `start`, nor at or after `end` (unix ms)."""

    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class IfLate:
    """How long after its own moment (ms) a decision may still be carried out; None: for ever."""

    within: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When this happens, and that holds, do this. `expires` ms after the decision; higher `priority` runs first.

    `if_running`: what an occurrence does while a run of this rule by this person waits. `on_change`: what becomes of
    runs of earlier versions. `canary`: for so many millionths of people it is live, for the others shadow. `if_late`
    None: twelve hours after a wait, else for ever.
    """

    id: str
    trigger: Trigger
    then: tuple[Step, ...]
    title: str = ""
    status: Literal["draft", "shadow", "live", "retired"] = "live"
    when: Condition | None = None
    unless: Condition | None = None
    wait: Wait | None = None
    limit: Limit = field(default_factory=Limit)
    priority: int = 50
    expires: int | None = None
    if_running: Literal["parallel", "ignore", "restart"] = "parallel"
    valid: Validity | None = None
    canary: int | None = None
    if_late: IfLate | None = None
    on_change: Literal["finish", "stop", "migrate"] = "finish"
    owner: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Playbook:
    """Everything of one folder. `hash`: SHA-256 (hex) of its files' names and texts."""

    workspace: Workspace
    catalogue: Catalogue
    segments: dict[str, Segment]
    stages: tuple[Stage, ...]
    rules: dict[str, Rule]
    templates: dict[str, Template]
    pools: dict[str, CouponPool]
    communities: dict[str, Community]
    hash: str
    definitions: Definitions = field(default_factory=Definitions)
