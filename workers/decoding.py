"""Records of a batch, decoded; what cannot be read, or lies in the wrong partition, becomes a dead letter."""

from __future__ import annotations

from typing import Final

import msgspec

from schemas.decisions import DeadLetter
from schemas.errors import EventRefused
from schemas.ids import partition_of
from schemas.records import Behaviour, Decoded, Record, Tick, decode

__all__ = ["Decoding", "letter_of"]

_REMEMBERED: Final = 20_000
"""People of whom a worker remembers that they belong to its partition: to find out takes as long as to decode."""


class Decoding:
    """Decodes the records of one partition of so many."""

    def __init__(self, partition: int, partitions: int) -> None:
        self.partition, self.partitions = partition, partitions
        self._placed: set[str] = set()

    def records(self, records: list[Record]) -> list[Decoded]:
        """Decode records; a refused one carries its dead letter."""
        return [self._decoded(record) for record in records]

    def concerned(self, decoded: list[Decoded]) -> tuple[list[str], list[int]]:
        """Whom records concern, in the order of their ids, and at which moments (unix ms) time passes in between."""
        people: set[str] = set()
        ticks: list[int] = []
        for each in decoded:
            payload = each.payload
            if isinstance(payload, Behaviour):
                people.add(payload.person)
            elif isinstance(payload, Tick):
                ticks.append(each.record.at)
        return sorted(people), ticks

    def _decoded(self, record: Record) -> Decoded:
        try:
            payload = decode(record.value)
            if isinstance(payload, Behaviour):
                payload = self._checked(payload, record)
        except EventRefused as error:
            return Decoded(record, None, letter_of(record, self.partition, error))
        return Decoded(record, payload)

    def _checked(self, event: Behaviour, record: Record) -> Behaviour:
        person = event.person
        if record.key != person or (person not in self._placed and not self._belongs(person)):
            message = "the record's key is not its person, or the person belongs to another partition"
            raise EventRefused(message, code="wrong_partition")
        if not event.id:
            return msgspec.structs.replace(event, id=f"@{self.partition}-{record.offset}")
        return event

    def _belongs(self, person: str) -> bool:
        if self.partitions > 1 and partition_of(person, self.partitions) != self.partition:
            return False
        if len(self._placed) >= _REMEMBERED:
            self._placed.clear()
        self._placed.add(person)
        return True


def letter_of(record: Record, partition: int, error: EventRefused) -> DeadLetter:
    """The dead letter of a refused record."""
    return DeadLetter(partition, record.offset, error.code, error.message, record.value, record.at)
