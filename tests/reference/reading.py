"""An event as it is kept, and the traits that it sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schemas.catalogue import RESERVED_EVENTS, EventType, PropertyType
from tests.reference.people import Kept
from tests.reference.values import Value, typed_properties, typed_value

if TYPE_CHECKING:
    from rules.model import Playbook
    from schemas.events import Event

__all__ = ["read"]


def read(playbook: Playbook, event: Event, name: str | None, time: int) -> tuple[Kept, dict[str, Value]]:
    """What a person's story keeps of an event whose name in the catalogue is this. Raises `Refused`."""
    kinds = playbook.catalogue.events | RESERVED_EVENTS
    kind = EventType(event.name) if name is None else kinds[name]
    props = typed_properties(kind.properties, event.properties, playbook.workspace.currency)
    kept = Kept(event.id, event.source, kind.name, time, props, name is not None, kind.interaction)
    if name != "person.updated":
        return kept, {}
    return kept, {name: None if raw is None else _trait(playbook, name, raw) for name, raw in event.properties.items()}


def _trait(playbook: Playbook, name: str, raw: Any) -> Value:  # noqa: ANN401 - a JSON value
    kind = playbook.catalogue.traits.get(name)
    if kind is not None:
        return typed_value(PropertyType(kind.type), raw, playbook.workspace.currency)
    return raw if isinstance(raw, str) else str(raw)
