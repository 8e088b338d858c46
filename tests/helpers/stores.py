"""Every implementation of the three ports, opened in a folder, and what their contract suites are made of."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from messaging.policy import CouponOffer, Facts, Verdict
from messaging.ports import Content, OutboxRow
from schemas.decisions import Decision, Outcome
from stores.connect import connect_ledger, connect_log, connect_state
from tests.servers.kafka import Kafka, shared_kafka
from tests.servers.postgres import ledger_url
from tests.servers.required import ServerMissing, absent
from tests.servers.valkey import state_url

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stores.ports import Ledger, Log, State

__all__ = [
    "CLOCKED",
    "LASTING",
    "LASTING_LEDGERS",
    "LASTING_LOGS",
    "LASTING_STATES",
    "LEDGERS",
    "LOGS",
    "STATES",
    "Clock",
    "decision",
    "go",
    "issuing",
    "kafka",
    "kafka_url",
    "ledger_in",
    "log_in",
    "outcome",
    "state_in",
]

LOGS = ("memory", "sqlite", "kafka")
CLOCKED = ("memory", "sqlite")
"""Logs that take the time and their id from whoever opens them; a server has its own."""
STATES = ("memory", "sqlite", "valkey", "valkey-cluster")
LEDGERS = ("memory", "sqlite", "postgres")
LASTING = ("sqlite",)
LASTING_STATES = ("sqlite", "valkey", "valkey-cluster")
LASTING_LEDGERS = ("sqlite", "postgres")
"""Engines that can be opened again, also by another process."""
LASTING_LOGS = (*LASTING, "kafka")


@dataclass(slots=True)
class Clock:
    """A clock that is set by hand (unix ms)."""

    now: int = 1_700_000_000_000

    def __call__(self) -> int:
        """What it shows."""
        return self.now


@dataclass(slots=True)
class _Ids:
    made: int = field(default=0)

    def __call__(self) -> str:
        self.made += 1
        return f"log-{self.made}"


def _url(engine: str, folder: Path, name: str) -> str:
    return "memory://" if engine == "memory" else f"sqlite:///{folder / name}.db"


def kafka_url(folder: Path, options: str = "") -> str:
    """A topic of the folder's own, on a broker of this test process."""
    topic = f"touchline.{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"
    return f"kafka://{kafka().address}/{topic}{options}"


def kafka() -> Kafka:
    """The broker of this test process; without one the test is skipped, or fails where there must be one."""
    try:
        return shared_kafka()
    except ServerMissing as error:
        absent("kafka", error)


async def log_in(
    engine: str,
    folder: Path,
    *,
    clock: Callable[[], int] | None = None,
    new_id: Callable[[], str] | None = None,
    partitions: int | None = None,
    virtual_time: bool = False,
) -> Log:
    """The log of an engine."""
    url = kafka_url(folder) if engine == "kafka" else _url(engine, folder, "log")
    clock, new_id = clock or Clock(), new_id or _Ids()
    return await connect_log(url, clock=clock, new_id=new_id, partitions=partitions, virtual_time=virtual_time)


async def state_in(engine: str, folder: Path) -> State:
    """The state of an engine."""
    valkey = engine.startswith("valkey")
    return await connect_state(state_url(folder, engine) if valkey else _url(engine, folder, "state"))


async def ledger_in(engine: str, folder: Path) -> Ledger:
    """The ledger of an engine."""
    return await connect_ledger(ledger_url(folder) if engine == "postgres" else _url(engine, folder, "ledger"))


def decision(number: int, **changes: Any) -> Decision:  # noqa: ANN401 - any field
    """A message decided at `number` ms; numbers give ids, people and the order of happening."""
    values: dict[str, Any] = {
        "id": f"d{number:05d}",
        "time": number,
        "person": f"p{number}",
        "rule": "welcome",
        "step": "0",
        "kind": "send",
        "occurrence": f"event:test:{number}",
        "event_id": str(number),
        "params": {"template": "hello", "channels": ["email"]},
        "order": number,
        "program": "program",
    }
    return Decision(**(values | changes))


def outcome(*decisions: Decision, **rows: Any) -> Outcome:  # noqa: ANN401 - as the class
    """What a batch yields."""
    return Outcome(decisions=list(decisions), **rows)


def go(row: OutboxRow, facts: Facts) -> Verdict:
    """A gate that lets everything through, with the person's address if there is one."""
    return Verdict("go", "email", facts.addresses.get("email", ""), Content(f"Hello {row.person}", "Hi"))


def issuing(**limits: int) -> Callable[[OutboxRow, Facts], Verdict]:
    """A gate that issues a coupon for every row, each with a code of its own."""
    limit = {"stock": None, "per_person": None, "budget": None, "cost": 0} | limits

    def gate(row: OutboxRow, _: Facts) -> Verdict:
        offer = CouponOffer("pool", **limit, expires=row.time + 1_000, code=lambda n: f"{row.decision_id}-{n}")  # type: ignore[arg-type]
        return Verdict("coupon", coupon=offer)

    return gate
