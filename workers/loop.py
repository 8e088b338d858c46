"""The worker loop of one partition: guarded read, fold, rows, guarded write; the same steps on every engine.

The steps and their order are those of the protocol (docs/protocol.md). A crash after any of them is repaired by a
replay that yields the same ids.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rules.fold import LATENESS, Fold
from rules.program import Program
from schemas.decisions import DeadLetter, Outcome
from schemas.errors import Moved, NamedStop
from schemas.records import Decoded, ProgramActivated, ScheduleFired, Tick
from workers.batch import Batch, Folding
from workers.clock import elapsed
from workers.decoding import Decoding
from workers.startup import first_position
from workers.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stores.ports import Ledger, Position, Readable, Saved, State
    from workers.programs import Programs

__all__ = ["MakeFold", "Options", "PartitionWorker"]

MakeFold = Callable[[Program, str, Callable[[str], Program | None], int], Folding]
"""(program, workspace, programs by name, lateness) → the fold of a batch."""

_EVERYBODYS = (ScheduleFired, ProgramActivated)
_CLOCK_SLACK = 300_000
_FAILURES = 100
_AT_ONCE = 16
"""Records that are folded before others can have their turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a worker works. `batch`: records at a time, and people at a time for records that concern everybody.

    `record_changes`: keep membership changes in the ledger. `immediate`: delivery happens at the moment of the decision
    (simulation), so nothing is ever withdrawn. `clock`: unix ms, to stop at records from the future; None: no check.
    `decided` is called as soon as the ledger has new decisions, before the state is written.
    `make_fold`: what folds; the tests of a playbook watch theirs. `spent` is told the seconds of each step of a batch.
    `turns` says when a batch is folded that shares its thread with others.
    """

    batch: int = 500
    lateness: int = LATENESS
    record_changes: bool = False
    immediate: bool = False
    clock: Callable[[], int] | None = None
    decided: Callable[[], None] | None = None
    make_fold: MakeFold = Fold
    spent: Callable[[str, float], None] | None = None
    turns: Turns = field(default_factory=Turns)


@dataclass(slots=True)
class Counts:
    """What a worker has done since it started."""

    records: int = 0
    batches: int = 0
    moved: int = 0
    rollbacks: int = 0
    decisions: int = 0
    by_name: dict[str, int] = field(default_factory=dict)
    dead_letters: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    failures: list[tuple[str, str]] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count what a batch yielded; of rules that raised the newest messages are kept."""
        self.decisions += len(outcome.decisions)
        for name, number in outcome.counts.items():
            self.by_name[name] = self.by_name.get(name, 0) + number
        for letter in outcome.dead_letters:
            self.dead_letters[letter.code] = self.dead_letters.get(letter.code, 0) + 1
        for rule, _ in outcome.failures:
            self.failed[rule] = self.failed.get(rule, 0) + 1
        self.failures = [*self.failures, *outcome.failures][-_FAILURES:]


class PartitionWorker:
    """Folds one partition, batch by batch. One object owns its position; a second owner anywhere is harmless."""

    def __init__(
        self,
        log: Readable,
        state: State,
        ledger: Ledger,
        programs: Programs,
        workspace: str,
        partition: int,
        options: Options,
    ) -> None:
        self.log, self.state, self.ledger, self.programs = log, state, ledger, programs
        self.workspace, self.partition, self.options = workspace, partition, options
        self.position: Position | None = None
        self.counts = Counts()
        self._decoding = Decoding(partition, log.info.partitions)
        self._release = 0
        self._careful = 0
        self._reached = (0, 0)

    async def look(self) -> None:
        """Notice while nothing comes that the store went back, or that somebody else went on: the next step reloads.

        Raises `StoreUnavailable`.
        """
        position = self.position
        if position is None:
            return
        stored = await self.state.position(self.partition)
        if stored is None or stored[0][:2] != position[:2]:
            self._moved()

    def _spent(self, step: str, began: float) -> None:
        if self.options.spent is not None:
            self.options.spent(step, elapsed() - began)

    def _moved(self) -> None:
        self.counts.moved += 1
        self.position = None

    async def step(self) -> int:
        """One batch or one chunk.

        Returns how many records it moved past (0: nothing there, or somebody else was faster).

        Raises `NamedStop`, `StoreUnavailable`.
        """
        if self.position is None:
            self.position = await self._begin()
        try:
            return await self._step(self.position)
        except Moved:
            self._moved()
            return 0

    async def _begin(self) -> Position:
        """Where to go on, at the start and after somebody else has moved: with what the one before knew."""
        await self.programs.load_all()  # runs may wait that began under programs this worker never saw
        self._release = (await self.log.ends(self.partition))[1]  # and decisions, for the end to be reached
        position, rolled_back = await first_position(self.log, self.state, self.ledger, self.partition)
        self.counts.rollbacks += rolled_back or position[:2] < self._reached
        self._reached = position[:2]
        return position

    async def _step(self, position: Position) -> int:
        limit = 1 if self._careful or position.chunk else self.options.batch
        records = await self.log.read(self.partition, position.offset, limit)
        if not records:
            return 0
        self._check_clock(records[-1].at)
        decoded = self._decoding.records(records)
        control = next((at for at, d in enumerate(decoded) if isinstance(d.payload, _EVERYBODYS)), None)
        if control == 0:
            return await self._everybody(position, decoded[0])
        if position.chunk:
            return await self._tick_chunk(position, decoded[0])
        return await self._batch(position, decoded[:control])

    def _check_clock(self, at: int) -> None:
        if self.options.clock is not None and at > self.options.clock() + _CLOCK_SLACK:
            message = (
                "a record's append time lies more than 5 minutes ahead of this machine's clock; set the clocks right"
            )
            raise NamedStop(message, code="CLOCK_JUMP")

    def _fold(self, position: Position) -> Folding | None:
        program = self.programs.known(position.program) if position.program else None
        options = self.options
        if program is None:
            return None
        return options.make_fold(program, self.workspace, self.programs.known, options.lateness)

    async def _batch(self, position: Position, decoded: list[Decoded]) -> int:
        if position.program:
            await self.programs.load(position.program)
        people, ticks = self._decoding.concerned(decoded)
        limit = self.options.batch
        # Those due may be among `people`: ask for one more than can be both, to know that nobody was left out.
        due_limit = limit + len(people) + 1 if ticks else 0
        began = elapsed()
        saved = await self.state.read(self.partition, position, people, max(ticks, default=None), due_limit)
        self._spent("read", began)
        if len(saved.keys() - set(people)) > limit:
            return await self._before_tick(position, decoded)
        return await self._commit(position, decoded, saved)

    async def _before_tick(self, position: Position, decoded: list[Decoded]) -> int:
        """More people are due than fit into a batch: what lies before the first tick now, then the tick in chunks."""
        first = next(at for at, d in enumerate(decoded) if isinstance(d.payload, Tick))
        if first:
            return await self._batch(position, decoded[:first])
        return await self._tick_chunk(position, decoded[0])

    async def _commit(self, position: Position, decoded: list[Decoded], saved: dict[str, Saved]) -> int:
        fold, began = self._fold(position), elapsed()
        try:
            states, outcome = await self._folded(fold, decoded, saved)
        except Exception as error:  # noqa: BLE001 - whatever a record does, the partition goes on
            if len(decoded) > 1:  # find the one record that cannot be folded, and let the others through
                self._careful = len(decoded)
                return 0
            states, outcome = {}, _poisoned(self.partition, decoded[0], error)
        self._spent("fold", began)
        self._careful = max(0, self._careful - 1)
        new = position._replace(offset=decoded[-1].record.offset + 1, chunk=0, cursor="")
        await self._write(position, new, outcome, states)
        return len(decoded)

    async def _folded(
        self, fold: Folding | None, decoded: list[Decoded], saved: dict[str, Saved]
    ) -> tuple[dict[str, Saved], Outcome]:
        if fold is None:
            return {}, _without_program(self.partition, decoded)
        batch = Batch(fold, self.partition, saved)
        await self.options.turns.take(_fold(batch, decoded))
        return batch.states(), batch.outcome

    async def _write(self, position: Position, new: Position, outcome: Outcome, states: dict[str, Saved]) -> None:
        """Steps 3 and 4. What the batch yielded is counted when it is written: by one worker, whoever folded it too."""
        if not self.options.record_changes:
            outcome.changes.clear()
        if self.options.immediate:
            outcome.withdrawals.clear()
        await self._write_rows(new, outcome)
        began = elapsed()
        await self.state.write(self.partition, position, new, states)
        self._spent("write", began)
        self.position, self._reached = new, new[:2]
        self.counts.add(outcome)
        self.counts.records += new.offset - position.offset
        self.counts.batches += 1

    async def _write_rows(self, new: Position, outcome: Outcome) -> None:
        log_id, began = self.log.info.log_id, elapsed()
        if outcome.has_rows():
            end = 0  # asked for only where it counts: on Kafka it takes a journey to the broker
            if any(decision.release for decision in outcome.decisions):
                end = self._release = (await self.log.ends(self.partition))[1]
            await self.ledger.record(self.partition, log_id, new.offset, end, outcome)
            self._spent("rows", began)
            if outcome.decisions and self.options.decided is not None:
                self.options.decided()
        elif self._release and new.offset >= self._release:
            await self.ledger.advance(self.partition, log_id, new.offset)
        if new.offset >= self._release:
            self._release = 0

    # -- records that concern more people than one batch
    async def _tick_chunk(self, position: Position, decoded: Decoded) -> int:
        at, limit = decoded.record.at, self.options.batch
        fold = self._fold(position)
        saved = await self.state.read(self.partition, position, (), at, limit)
        batch = Batch(fold, self.partition, saved) if fold is not None else None
        if batch is not None:
            batch.tick(decoded.record)
        done = len(saved) < limit
        new = _next(position, decoded, "", done=done)
        await self._write(position, new, batch.outcome if batch else Outcome(), batch.states() if batch else {})
        return int(done)

    async def _everybody(self, position: Position, decoded: Decoded) -> int:
        """A schedule or an activation: all people of the partition, in the order of their ids."""
        payload, limit = decoded.payload, self.options.batch
        activation = payload if isinstance(payload, ProgramActivated) else None
        if activation is not None and activation.sequence <= position.sequence:
            await self._write(position, _next(position, decoded, "", done=True), Outcome(), {})
            return 1
        if activation is not None:
            await self.programs.load(activation.hash)
        saved = dict(await self.state.scan(self.partition, position, position.cursor, limit))
        batch = self._for_everybody(position, decoded, saved)
        done = len(saved) < limit
        new = _next(position, decoded, max(saved, default=""), done=done)
        if done and activation is not None:
            new = new._replace(program=activation.hash, sequence=activation.sequence)
        await self._write(position, new, batch.outcome if batch else Outcome(), batch.states() if batch else {})
        return int(done)

    def _for_everybody(self, position: Position, decoded: Decoded, saved: dict[str, Saved]) -> Batch | None:
        fold, at = self._fold(position), decoded.record.at
        if fold is None:
            return None
        batch = Batch(fold, self.partition, saved)
        payload = decoded.payload
        for person in sorted(saved):
            p = batch.readable(person)
            if p is None:
                continue
            if isinstance(payload, ScheduleFired):
                fold.schedule(person, p, payload.rule, payload.nominal, at, batch.outcome)
            elif isinstance(payload, ProgramActivated):
                fold.pass_time(person, p, at - 1, batch.outcome)
                program = self.programs.compiled[payload.hash]
                new = self.options.make_fold(program, self.workspace, self.programs.known, self.options.lateness)
                new.activate(person, p, at, batch.outcome, fire_entries=payload.fire_entries)
        batch.report(decoded.record)
        return batch


def _next(position: Position, decoded: Decoded, cursor: str, *, done: bool) -> Position:
    if done:  # the record may lie behind the position: on Kafka not every offset has one
        return position._replace(offset=decoded.record.offset + 1, chunk=0, cursor="")
    return position._replace(chunk=position.chunk + 1, cursor=cursor)


def _fold(batch: Batch, decoded: list[Decoded]) -> Iterator[None]:
    """Fold records, a few at a time; everybody of the batch is then as the last one left them."""
    for start in range(0, len(decoded), _AT_ONCE):
        batch.records(decoded[start : start + _AT_ONCE])
        yield


def _without_program(partition: int, decoded: list[Decoded]) -> Outcome:
    """Events before the first activation: kept as dead letters, never dropped."""
    message = "no playbook was active; activate one, then send the event again"
    letters = [
        d.letter or DeadLetter(partition, d.record.offset, "no_program", message, d.record.value, d.record.at)
        for d in decoded
        if not isinstance(d.payload, Tick)
    ]
    return Outcome(dead_letters=letters)


def _poisoned(partition: int, each: Decoded, error: Exception) -> Outcome:
    record = each.record
    message = f"the record could not be folded: {type(error).__name__}: {error}"
    return Outcome(dead_letters=[DeadLetter(partition, record.offset, "fold_failed", message, record.value, record.at)])
