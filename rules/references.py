"""Names that rules refer to: each is looked up where it stands, so that an unknown one is reported there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules import read_values as v
from rules.fields import Reader, scalar_length
from rules.hints import did_you_mean
from schemas.catalogue import RESERVED_EVENTS, Catalogue
from schemas.texts import say
from segments.normalise import STAGE

if TYPE_CHECKING:
    from rules.nodes import Node
    from schemas.findings import Mark

__all__ = ["References"]

_ALWAYS_TRAITS = ("zone", "language")


@dataclass(frozen=True, slots=True)
class References:
    """What exists in the whole playbook. `events`: names and aliases → names.

    `complete`: every file could be read, so a name that is not here does not exist; `typed`: the same of properties.
    """

    catalogue: Catalogue
    events: Mapping[str, str]
    segments: Collection[str]
    stages: Collection[str]
    templates: Collection[str]
    pools: Collection[str]
    communities: Collection[str]
    complete: bool = True
    typed: bool = True

    def event(self, reader: Reader, node: Node) -> str | None:
        """An event, by its name in the catalogue."""
        found = self._one_of(reader, node, "event", self.events)
        if found is None:
            return None
        kind = self.catalogue.events.get(self.events[found])
        if kind is not None and kind.retired:
            self._retired(reader, node, say("the event {name!r} is retired", name=found), kind.replaced_by)
        return self.events[found]

    def template(self, reader: Reader, node: Node) -> str | None:
        """A message template."""
        return self._one_of(reader, node, "template", self.templates)

    def pool(self, reader: Reader, node: Node) -> str | None:
        """A coupon pool."""
        return self._one_of(reader, node, "pool", self.pools)

    def community(self, reader: Reader, node: Node) -> str | None:
        """A community."""
        return self._one_of(reader, node, "community", self.communities)

    def trait(self, reader: Reader, node: Node) -> str | None:
        """A trait that may be set."""
        found = self._one_of(reader, node, "trait", (*self.catalogue.traits, *_ALWAYS_TRAITS))
        kind = self.catalogue.traits.get(found or "")
        if kind is not None and kind.retired:
            self._retired(reader, node, say("the trait {name!r} is retired", name=found), kind.replaced_by)
        return found

    def change(self, reader: Reader, node: Node) -> str | None:
        """A segment, or a stage as `stage:<id>`; the prefix may be left out where no segment has the name."""
        name = v.text(reader, node)
        if name is None:
            return None
        stage = name.removeprefix(STAGE)
        if stage != name:
            known = [STAGE + each for each in self.stages]
            return self._one_of(reader, node, "stage", known)
        if name in self.segments and name in self.stages:
            message = say("{name!r} is a segment and a stage", name=name)
            hint = say("write {stage}{name} for the stage, or rename the segment", stage=STAGE, name=name)
            reader.fault(node.mark, "ambiguous_name", message, hint, length=scalar_length(node))
            return None
        if name in self.stages:
            return STAGE + name
        return self._one_of(reader, node, "segment", self.segments, also=self.stages)

    def _retired(self, reader: Reader, node: Node, message: str, replacement: str) -> None:
        hint = say("use {name!r}", name=replacement) if replacement else "nothing takes its place; take it out"
        reader.fault(node.mark, "retired_name", message, hint, severity="warning", length=scalar_length(node))

    def _one_of(
        self, reader: Reader, node: Node, what: str, known: Collection[str], also: Collection[str] = ()
    ) -> str | None:
        name = v.text(reader, node)
        if name is None or name in known:
            return name
        if self.complete:
            hint = did_you_mean(name, {*known, *also})
            reader.fault(
                node.mark,
                f"unknown_{what}",
                say("unknown {what} {name!r}", what=what, name=name),
                hint,
                length=scalar_length(node),
            )
        else:
            reader.gaps += 1
        return None

    def has_property(self, event: str, name: str) -> bool:
        """Whether an event may carry a property; reserved events may carry any."""
        kind = self.catalogue.events.get(event)
        return not self.typed or event in RESERVED_EVENTS or kind is None or name in kind.properties

    def check_property(self, reader: Reader, mark: Mark, event: str, name: str) -> None:
        """Report a property that an event does not have."""
        if not self.has_property(event, name):
            known = self.catalogue.events[event].properties
            message = say("unknown property of {event} {name!r}", event=event, name=name)
            reader.fault(mark, "unknown_property", message, did_you_mean(name, known), length=len(name))
