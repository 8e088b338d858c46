"""A workspace on stores in memory whose clock is set by hand, and workers over it that go one step at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from schemas.records import Behaviour, ScheduleFired, Tick, encode
from stores.open import open_ledger, open_log, open_state
from stores.ports import Appendable, Ledger, Log, State
from tests.helpers.stores import Clock
from workers.activation import Activated, activate
from workers.loop import Options, PartitionWorker
from workers.programs import Programs
from workers.settings import Settings
from workers.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from schemas.records import Payload

__all__ = ["LOG_ID", "Folded", "fold_all"]

LOG_ID = "this-log"
_WORKSPACE = "workspace"
_TABLES = ("decisions", "shadow", "changes", "deliveries", "dead_letters")


async def fold_all(worker: PartitionWorker) -> PartitionWorker:
    """Step until the worker stands at the end of its partition."""
    end = (await worker.log.ends(worker.partition))[1]
    while worker.position is None or worker.position.offset < end:
        await worker.step()
    return worker


@dataclass(slots=True)
class Folded:
    """Three stores. What is sent takes the log's clock; a worker sees it when it is asked to step."""

    log: Log
    state: State
    ledger: Ledger
    clock: Clock
    sent: int = field(default=0)

    @classmethod
    def new(cls, partitions: int = 1, *, ledger: Ledger | None = None) -> Folded:
        """Empty stores."""
        clock = Clock()
        log = open_log("memory://", clock=clock, new_id=lambda: LOG_ID, partitions=partitions)
        return cls(log, open_state("memory://"), ledger or open_ledger("memory://"), clock)

    def again(self, *, ledger: Ledger | None = None, state: State | None = None) -> Folded:
        """The same log, with a state and a ledger that know nothing of it."""
        state, ledger = state or open_state("memory://"), ledger or open_ledger("memory://")
        return Folded(self.log, state, ledger, self.clock, self.sent)

    async def activate(self, files: Mapping[str, str], *, fire_entries: bool = False) -> Activated:
        """What `touchline activate` does."""
        programs = Programs(self.ledger)
        workspace = Workspace(Settings(), self.log, self.state, self.ledger, programs, _WORKSPACE, b"key")
        return await activate(workspace, files, fire_entries=fire_entries)

    async def send(
        self, person: str, name: str, *, identity: str = "", ago: int = 0, history: bool = False, **properties: object
    ) -> None:
        """An event of a person that happened `ago` ms before now."""
        self.sent += 1
        exact = {key: Decimal(value) if isinstance(value, int) else value for key, value in properties.items()}
        value = Behaviour(
            identity or f"e{self.sent}", person, name, self.clock.now - ago, exact, source="shop", history=history
        )
        await self.log.append([Appendable(person, encode(value))])

    async def control(self, payload: Payload) -> None:
        """A control record in every partition."""
        partitions = range(self.log.info.partitions)
        await self.log.append([Appendable("", encode(payload), partition) for partition in partitions])

    async def tick(self, after: int = 0) -> None:
        """Let `after` ms pass and say so."""
        self.clock.now += after
        await self.control(Tick())

    async def fire(self, rule: str) -> None:
        """A schedule that is due now."""
        await self.control(ScheduleFired(rule, self.clock.now))

    def worker(
        self,
        partition: int = 0,
        *,
        batch: int = 500,
        around: Callable[[Any], Any] = lambda store: store,
        clock: Callable[[], int] | None = None,
        decided: Callable[[], None] | None = None,
    ) -> PartitionWorker:
        """A worker that has just started. `around` may wrap each of its stores."""
        log, state, ledger = around(self.log), around(self.state), around(self.ledger)
        options = Options(batch=batch, record_changes=True, clock=clock, decided=decided)
        return PartitionWorker(log, state, ledger, Programs(ledger), _WORKSPACE, partition, options)

    async def fold(self, *, batch: int = 500) -> None:
        """Fold every partition to its end."""
        for partition in range(self.log.info.partitions):
            await fold_all(self.worker(partition, batch=batch))

    async def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Everything that was written for others to see, in the order of happening."""
        return {name: [_lasting(row) for row in await self.ledger.fetch(name)] for name in _TABLES}

    async def profiles(self) -> dict[str, bytes]:
        """Everybody's profile."""
        people = [await self.state.people(partition) for partition in range(self.log.info.partitions)]
        return {person: saved.state for each in people for person, saved in each}

    async def found(self) -> tuple[dict[str, list[dict[str, Any]]], dict[str, bytes]]:
        """Rows and profiles: what must be the same whatever happened on the way."""
        return await self.rows(), await self.profiles()

    async def decided(self) -> list[tuple[str, str, str]]:
        """(person, rule, kind) of every decision, in the order of happening."""
        return [(row["person"], row["rule"], row["kind"]) for row in await self.ledger.fetch("decisions")]

    async def letters(self) -> list[tuple[int, str]]:
        """(offset, code) of every dead letter."""
        return [(row["offset"], row["code"]) for row in await self.ledger.fetch("dead_letters")]


def _lasting(row: dict[str, Any]) -> dict[str, Any]:
    """A row without its serial number, which counts attempts too."""
    return {name: value for name, value in row.items() if name != "id"}
