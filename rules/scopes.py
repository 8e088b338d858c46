"""What the expressions of a playbook may name: those about a person, and those of a rule with what starts it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rules.model import WaitStep
from segments.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rules.model import Playbook, Trigger
    from rules.route import Station

__all__ = ["scope_at", "scope_of"]


def scope_of(
    playbook: Playbook,
    names: Mapping[str, str],
    trigger: Trigger | None = None,
    *,
    broken: frozenset[str] = frozenset(),
) -> Scope:
    """The scope of a rule that this trigger starts; without one, of conditions on a person.

    `names`: every event name and alias → the name. `broken`: lets that have faults of their own. Rules on changes may
    meet any event, or none.
    """
    events: tuple[str, ...] | None = None
    changes = trigger is not None and trigger.kind in {"enters", "leaves"}
    if trigger is not None and trigger.kind != "schedule":
        events = () if changes else trigger.names
    return Scope(
        playbook.catalogue,
        playbook.workspace.currency,
        frozenset(playbook.segments),
        tuple(stage.id for stage in playbook.stages),
        events,
        changes,
        dict(names),
        playbook.workspace.country,
        playbook.definitions,
        broken,
    )


def scope_at(scope: Scope, stations: Sequence[Station], station: Station) -> Scope:
    """What a step of a rule with this scope may name: behind the answer to a wait the reply too."""
    wait = stations[station.answered].step if station.answered >= 0 else None
    events = wait.wait.events if isinstance(wait, WaitStep) else ()
    return replace(scope, reply=tuple(ending.event for ending in events))
