"""What a playbook says exists: the workspace, events with typed properties, and traits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from schemas.offers import Cap, QuietHours

__all__ = ["RESERVED_EVENTS", "Catalogue", "EventType", "Holdout", "PropertyType", "TraitType", "TypeName", "Workspace"]

TypeName = Literal["text", "integer", "number", "money", "boolean", "time", "date", "list"]


@dataclass(frozen=True, slots=True)
class Holdout:
    """So many millionths of people whom rules do not touch, to compare with; `salt` draws them."""

    millionths: int
    salt: str = ""


@dataclass(frozen=True, slots=True)
class Workspace:
    """The defaults of everybody: zone (IANA name), currency (ISO 4217), language; and how people are spared.

    `country`: whose holidays and workdays count, "" if none is named.
    """

    zone: str
    currency: str
    name: str = ""
    language: str = "en"
    quiet: QuietHours | None = None
    caps: tuple[Cap, ...] = ()
    holdout: Holdout | None = None
    ad_words: tuple[str, ...] = ()
    """Words that the workspace forbids in marketing, beyond those of the law."""
    allowed_words: tuple[str, ...] = ()
    country: str = ""
    history: int | None = None
    """For how long events are kept where they can be read again (ms); None: it does not say."""


@dataclass(frozen=True, slots=True)
class PropertyType:
    """The type of a property. `of`: the properties of each item of a list. `min`: in major units, as written."""

    type: TypeName
    min: int | None = None
    of: dict[str, PropertyType] | None = None
    values: tuple[str, ...] | None = None
    """The only texts allowed, if the catalogue says so."""
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class EventType:
    """An event of the catalogue. `interaction`: it counts for "*"."""

    name: str
    properties: dict[str, PropertyType] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    interaction: bool = True
    title: str = ""
    retired: bool = False
    replaced_by: str = ""


@dataclass(frozen=True, slots=True)
class TraitType:
    """A trait. `source`: the expression that computes it where nobody set it (`from:` in the playbook)."""

    name: str
    type: TypeName
    source: str | None = None
    personal: bool = False
    title: str = ""
    place: tuple[str, int, int] = field(default=("catalogue", 1, 1), compare=False)
    """File, line and column of that expression."""
    retired: bool = False
    replaced_by: str = ""


RESERVED_EVENTS = {
    name: EventType(name, interaction=False)
    for name in ("person.updated", "contact.updated", "consent.given", "consent.withdrawn")
}
"""Events with a meaning of their own (data-model): traits, addresses and consents. They start rules like any other."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All events and traits of a playbook. `reject_unknown`: an event that is not here is a dead letter."""

    events: dict[str, EventType]
    traits: dict[str, TraitType]
    reject_unknown: bool = False

    def resolve(self) -> dict[str, str]:
        """Every name and alias → the event's name."""
        names = {alias: event.name for event in self.events.values() for alias in event.aliases}
        return names | {name: name for name in (*self.events, *RESERVED_EVENTS)}
