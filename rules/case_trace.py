"""What a test of a playbook has made happen, as it is compared and shown. Times are unix ms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rules.explain import Judgement
from rules.telling import Doing
from segments.explain import Reason

__all__ = ["Decided", "Happened", "Look", "Moved", "Order", "Went"]

Order = tuple[int, int]
"""The order of what happens to a person: the number of the last row before it, and one of what leaves no row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A decision with what became of it: `status` and `reason` of its delivery or coupon, "" where it has none.

    `step` names it by its id, if it has one; `path` by its place in the file.
    """

    id: str
    time: int
    order: int
    person: str
    rule: str
    step: str
    path: str
    kind: str
    occurrence: str
    event_id: str | None
    params: Mapping[str, Any]
    shadow: bool = False
    channel: str = ""
    status: str = ""
    reason: str = ""
    body: str | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """A person entered or left a segment; stages are `stage:<id>`."""

    time: int
    order: int
    person: str
    segment: str
    change: Literal["enter", "leave"]


@dataclass(frozen=True, slots=True)
class Look:
    """A rule was asked: what its conditions came to, and why it could not have started (see `REFUSALS`), or "".

    `occurrence`: of the run that started, "" where none did.
    """

    rule: str
    person: str
    time: int
    event: str | None
    event_id: str | None
    judgement: Judgement
    refused: str
    order: Order = (0, 0)
    occurrence: str = ""

    @property
    def starts(self) -> bool:
        """Whether the rule started."""
        return self.judgement.truth is True and not self.refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Went:
    """What a run did at a step: see `Doing`. `step` as decisions name it, "" the rule's own wait; `what`: in words.

    `detail`: the way that it went, the event, or the end of the wait (unix ms). `reason`: what its condition came to.
    """

    doing: Doing
    time: int
    order: Order
    person: str
    rule: str
    occurrence: str
    step: str
    what: str
    detail: str | int = ""
    reason: Reason | None = None


@dataclass(slots=True)
class Happened:
    """Everything that came of a test.

    `people`: person → stage, segments, tags, traits at the end. `problems`: events that were refused, rules that
    failed, attempts to reach out. `looks`, `ways` and `states` (why somebody is in a segment or not, by person and
    segment) are there only of a run that was watched.
    """

    decided: list[Decided] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    people: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    ways: list[Went] = field(default_factory=list)
    states: dict[tuple[str, str], Reason] = field(default_factory=dict)
