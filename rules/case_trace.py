"""What a test of a playbook has made happen, as it is compared and shown. Times are unix ms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rules.explain import Judgement
from segments.explain import Reason

__all__ = ["Decided", "Happened", "Look", "Moved", "Waited"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A decision with what became of it: `status` and `reason` of its delivery or coupon, "" where it has none."""

    id: str
    time: int
    order: int
    person: str
    rule: str
    step: str
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
    """A rule was asked: what its conditions came to, and why it could not have started (see `REFUSALS`), or ""."""

    rule: str
    person: str
    time: int
    event: str | None
    event_id: str | None
    judgement: Judgement
    refused: str

    @property
    def starts(self) -> bool:
        """Whether the rule started."""
        return self.judgement.truth is True and not self.refused


@dataclass(frozen=True, slots=True)
class Waited:
    """A wait of a rule began (until `until`), was over, or was ended by the event `by`."""

    time: int
    person: str
    rule: str
    what: Literal["began", "over", "ended"]
    until: int = 0
    by: str = ""


@dataclass(slots=True)
class Happened:
    """Everything that came of a test.

    `people`: person → stage, segments, tags, traits at the end. `problems`: events that were refused, rules that
    failed, attempts to reach out. `looks`, `waits` and `states` (why somebody is in a segment or not, by person and
    segment) are there only of a run that was watched.
    """

    decided: list[Decided] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    people: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    waits: list[Waited] = field(default_factory=list)
    states: dict[tuple[str, str], Reason] = field(default_factory=dict)
