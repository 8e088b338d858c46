"""The three ports that carry everything that lasts: log, state, ledger. Each has a memory twin and one contract suite.

All methods are coroutines: a server is awaited, SQLite runs in a thread of its own. What every implementation promises
stands here; `tests/contracts/` asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from messaging.policy import Facts, Verdict
    from messaging.ports import OutboxRow
    from schemas.decisions import DeadLetter, Outcome
    from schemas.records import Record

__all__ = [
    "Appendable",
    "LeasedRow",
    "Ledger",
    "Log",
    "LogInfo",
    "Place",
    "Position",
    "Readable",
    "Result",
    "Saved",
    "State",
]


class Appendable(NamedTuple):
    """A value to append. Events: `key` is the person, the log finds the partition. Control: `key` "" and a partition.

    `at` is the append time (unix ms) and only allowed in a log that was made with `virtual_time` (simulation, or the
    copy of another log); else the log has its own clock.
    """

    key: str
    value: bytes
    partition: int | None = None
    at: int | None = None


class Place(NamedTuple):
    """Where an appended record lies."""

    partition: int
    offset: int


class LogInfo(NamedTuple):
    """What a log is: its id, made once with it, and its count of partitions, fixed."""

    log_id: str
    partitions: int


class Readable(Protocol):
    """The part of a log that a worker needs. Append time never falls within a partition (`Log`)."""

    @property
    def info(self) -> LogInfo:
        """What it is."""

    async def read(self, partition: int, start: int, limit: int = 500) -> list[Record]:
        """Records from offset `start` on, in order, at most `limit`.

        Raises `NamedStop` `STATE_GAP` when `start` was trimmed.
        """

    async def ends(self, partition: int) -> tuple[int, int]:
        """(first kept offset, next offset to be written)."""

    async def wait(self, partition: int, start: int, timeout: float) -> None:
        """Return when a record at `start` may be there, at the latest after `timeout` seconds."""


class Log(Readable, Protocol):
    """Partitions of records. Append time never falls within a partition (on Kafka: as far as brokers' clocks agree)."""

    async def append(self, items: Sequence[Appendable]) -> list[Place]:
        """Append all or nothing; durable on return. Raises `StoreUnavailable` (disk full, locked, away, behind).

        A caller that is cancelled, or hears `StoreUnavailable` from a server, may find its records in the log: all of
        them, or on Kafka any part, now or within a minute. It appends all of them again; repeats are recognised (events
        by source and id, activations by their sequence, schedules by their nominal time) or harmless (ticks).
        """

    async def trim(self, partition: int, before: int) -> int:
        """Delete records before offset `before`; returns how many went. Only below positions that are on the disk."""

    async def settle(self) -> None:
        """End virtual time, for good: from now on the log has its own clock, and records keep the times they have.

        For a log that was filled with the records of another one. One that has its own clock already stays as it is.
        """

    async def close(self) -> None:
        """Write what waits, then let go."""


class Position(NamedTuple):
    """How far a partition is folded: `offset` is the next record; `chunk` > 0: it is half done, up to `cursor`.

    `program` and `sequence`: the activation in force there. The guards compare `offset` and `chunk`.
    """

    offset: int
    chunk: int = 0
    cursor: str = ""
    program: str = ""
    sequence: int = 0


class Saved(msgspec.Struct, frozen=True, gc=False):
    """A person's stored profile bytes and the next moment (unix ms) at which time alone concerns them, if any."""

    state: bytes
    due: int | None


class State(Protocol):
    """Profiles, their timers and the position, moved together."""

    async def position(self, partition: int) -> tuple[Position, str] | None:
        """(position, log id) as stored, None when this partition was never begun."""

    async def begin(self, partition: int, log_id: str, position: Position) -> None:
        """Store a first position; does nothing if there is one."""

    async def read(
        self,
        partition: int,
        position: Position,
        people: Iterable[str],
        due_before: int | None = None,
        due_limit: int = 0,
    ) -> dict[str, Saved]:
        """Guarded read: the profiles of `people`, and of the first `due_limit` people due before `due_before`.

        First in (due, person) order; all of one snapshot. Raises `Moved` unless the stored position is `position`.
        """

    async def scan(self, partition: int, position: Position, after: str, limit: int) -> list[tuple[str, Saved]]:
        """Guarded read of everybody in the order of person ids, from the one behind `after` on. Raises `Moved`."""

    async def write(self, partition: int, position: Position, new: Position, states: Mapping[str, Saved]) -> None:
        """Guarded write: profiles, timers and the position, all or nothing. Raises `Moved`."""

    async def person(self, partition: int, person: str) -> Saved | None:
        """A look at one person, unguarded (console, `person`)."""

    async def people(self, partition: int) -> list[tuple[str, Saved]]:
        """A look at everybody, in the order of person ids (simulation, reports)."""

    async def checkpoint(self) -> bool:
        """Put on the disk what was written so far; False where that is not sure (somebody reads, or a server has it).

        What is below a position that was read before is then needed by nobody, and the log may be cut there.
        """

    async def close(self) -> None:
        """Let go."""


class LeasedRow(NamedTuple):
    """A row that this dispatcher holds until its lease runs out: only a result with this token counts.

    `lost`: it was leased before, and no result of that attempt was recorded.
    """

    row: OutboxRow
    token: int
    attempts: int
    lost: bool = False


class Result(NamedTuple):
    """How an attempt ended. `status` is one of `messaging.ports.STATUSES`; `retry_at` (unix ms) with `pending`."""

    decision_id: str
    token: int
    status: str
    reason: str = ""
    retry_at: int | None = None
    channel: str = ""
    receipt: str = ""


class Ledger(Protocol):
    """Outbox, coupons, contacts, consents, dead letters, changes, programs: unique keys, changed in transactions.

    `tells`: whether `listen` hears of what other processes record; else look again and again.
    """

    tells: bool

    async def record(self, partition: int, log_id: str, position: int, log_end: int, outcome: Outcome) -> None:
        """Step 3 of the protocol, in one transaction.

        Inserts what the batch yielded (rows that exist already stay as they are), applies withdrawals to rows that no
        provider has had, raises the partition's high-water mark to `position`. `log_end`: the partition's log end now,
        for decisions of waits (`release_at`); 0 where there are none. Raises `NamedStop` `LOG_MISMATCH` for another log
        than the stored one.
        """

    async def progress(self, partition: int) -> tuple[str, int] | None:
        """(log id, high-water mark) of a partition, None if it never wrote a row."""

    async def advance(self, partition: int, log_id: str, position: int) -> None:
        """Raise the high-water mark without rows, so that decisions of waits are released on a quiet partition.

        Raises `NamedStop` `LOG_MISMATCH`.
        """

    async def lease(
        self,
        now: int,
        limit: int,
        lease_ms: int,
        gate: Callable[[OutboxRow, Facts], Verdict],
        *,
        own_time: bool = False,
    ) -> list[LeasedRow]:
        """Look at up to `limit` ready rows, oldest first: token + 1, and in the same transaction the gates.

        `gate` may be called again for a row when the transaction is repeated, and in another thread. A row that it
        stops gets that status at once, one that waits stays pending; neither is returned. Coupons are issued in this
        transaction and their rows are final. If it raises, that row is dead (`gate_error`) and the others go on.
        Rendered bodies are stored with the first lease. `own_time` (simulation): every row is judged at its own time,
        in the order (time, person, order).
        """

    async def finish(self, results: Sequence[Result], now: int) -> int:
        """Record results whose token is still the row's; returns how many counted. Late ones are dropped (fenced)."""

    async def listen(self, told: Callable[[], None]) -> None:
        """Call `told` whenever another process has recorded what may be leased, until the connection is lost.

        A ledger that does not tell returns at once. Raises `StoreUnavailable`.
        """

    async def put_program(self, hash_: str, text: bytes) -> None:
        """Keep a playbook's text under its hash."""

    async def program(self, hash_: str) -> bytes | None:
        """A playbook's text."""

    async def activate(self, hash_: str, now: int) -> int:
        """Note an activation; returns its sequence number: 1, 2, 3 and so on."""

    async def active(self) -> tuple[str, int] | None:
        """(hash, sequence) of the newest activation."""

    async def refuse(self, letters: Sequence[DeadLetter]) -> None:
        """Keep refusals made before the log (offset None)."""

    async def forget_dead_letters(self, numbers: Sequence[int]) -> int:
        """Delete refusals by their numbers (query `dead_letter_times`); gives how many were there."""

    async def get_meta(self, name: str) -> str | None:
        """A named text of the workspace: its id, its coupon key, a kill switch (`switch:NAME` with the text "off")."""

    async def set_meta(self, name: str, value: str) -> None:
        """Set it."""

    async def keep_meta(self, name: str, value: str) -> str:
        """Set it unless it is set, and give what stands: of several processes that start at once, one makes the id."""

    async def switch(self, names: Iterable[str], *, off: bool) -> list[str]:
        """Turn kill switches (`all`, `rule:…`, `channel:…`, `purpose:…`) off, or on again; gives those that changed.

        It waits for leases under way; every lease that ends after this returned has seen it.
        """

    async def fetch(self, query: str, **arguments: object) -> list[dict[str, Any]]:
        """Rows of one of the named read-only queries of `stores.queries` (status, person, reports)."""

    async def page(self, table: str, after: Mapping[str, Any] | None, limit: int) -> list[dict[str, Any]]:
        """Rows of a table (`stores.ledger_copy.TABLES`) as they are, in the order of its key.

        From the one behind the row `after` on, or from the first, at most `limit`.
        """

    async def fill(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Put rows into a table as they are, all or nothing: to copy another ledger."""

    async def save(self, path: str) -> None:
        """Write a copy of everything into a new SQLite file (a simulation's ledger in memory)."""

    async def close(self) -> None:
        """Let go."""
