"""A playbook as data: what the loader made of its files, before it is compiled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from schemas.catalogue import Catalogue, Workspace
from schemas.offers import Community, CouponPool, Template
from segments.definitions import Definitions
from segments.model import Condition, Expression, Segment, Stage

__all__ = [
    "Assign",
    "Emit",
    "Ending",
    "Invite",
    "IssueCoupon",
    "Limit",
    "Playbook",
    "Rule",
    "Schedule",
    "SendMessage",
    "SetTraits",
    "Step",
    "TagPerson",
    "Trigger",
    "Wait",
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
    """Wait `duration` ms; one of `unless` ends the run."""

    duration: int
    unless: tuple[Ending, ...] = ()


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
    """`wait` as a step: what follows runs when it is over."""

    wait: Wait
    id: str | None = None


Step = SendMessage | IssueCoupon | TagPerson | SetTraits | Invite | Assign | Emit | WaitStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When this happens, and that holds, do this. `expires` ms after the decision; higher `priority` runs first."""

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
