"""Events that rules emit for other people, in a simulation: found by playing until no new ones come.

A live event for somebody else goes through the outbox into the log and is folded a moment later. In virtual time it
has the moment of the decision, so it must be among the events that are played. Each round plays everything on memory
stores and adds what was emitted; a chain of emissions needs as many rounds as it is long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.model import Emit
from schemas.errors import InputError
from schemas.events import Event
from workers.inputs import Arrived

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rules.program import Program
    from schemas.decisions import Outcome

__all__ = ["Collector", "emits_to_others", "with_emissions"]

_ROUNDS = 32


def emits_to_others(program: Program) -> bool:
    """Whether any rule that acts emits an event for another person."""
    stations = (station for rule in program.rules.values() if not rule.shadow for station in rule.stations)
    return any(isinstance(each.step, Emit) and each.step.person is not None for each in stations)


class Collector:
    """What a worker asks of a ledger, keeping nothing but the events for other people."""

    def __init__(self) -> None:
        self.emitted: list[Arrived] = []

    async def progress(self, partition: int) -> tuple[str, int] | None:  # noqa: ARG002 - the port's shape
        """Nothing was written before."""
        return None

    async def get_meta(self, name: str) -> str | None:  # noqa: ARG002 - the port's shape
        """Nothing is known of this workspace."""
        return None

    async def advance(self, partition: int, log_id: str, position: int) -> None:
        """There is no mark to raise."""

    async def record(self, partition: int, log_id: str, position: int, log_end: int, outcome: Outcome) -> None:  # noqa: ARG002
        """Keep the events for others."""
        for decision in outcome.decisions:
            if decision.kind == "emit" and decision.effect and not decision.shadow and "holdout" not in decision.params:
                wanted = decision.params
                event = Event(
                    wanted["id"], wanted["person"], wanted["event"], decision.time, wanted["properties"], "touchline"
                )
                self.emitted.append(Arrived(event, f"rule:{decision.rule}", 0))


async def with_emissions(
    arrived: list[Arrived], play: Callable[[list[Arrived], Collector], Awaitable[None]]
) -> list[Arrived]:
    """The arrivals and all events that they make rules emit for others. Raises `InputError` if that never ends."""
    emitted: list[Arrived] = []
    for _ in range(_ROUNDS):
        collector = Collector()
        await play([*arrived, *emitted], collector)
        found = sorted(collector.emitted, key=lambda a: (a.event.time or 0, a.event.id))
        if found == emitted:
            return [*arrived, *emitted]
        emitted = found
    message = f"rules emit events for each other's people without end (more than {_ROUNDS} rounds)"
    raise InputError(message, hint="break the loop: a rule that starts on an emitted event should not emit it again")
