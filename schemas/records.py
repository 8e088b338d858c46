"""What a log record holds. A value that starts with `{` is an event as somebody sent it; ours are arrays with a tag."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from schemas.decisions import DeadLetter
from schemas.errors import EventRefused
from schemas.events import Event, decode_event

__all__ = ["Behaviour", "Decoded", "Payload", "ProgramActivated", "Record", "ScheduleFired", "Tick", "decode", "encode"]


class Record(msgspec.Struct, frozen=True, gc=False):
    """One record of a partition.

    Its offset, the moment the log took it (unix ms), its key (a person, or "" for control).
    """

    offset: int
    at: int
    key: str
    value: bytes


class Behaviour(msgspec.Struct, frozen=True, array_like=True, tag="e", gc=False):
    """An event that was accepted. `history`: it came by an import, builds the profile and fires nothing."""

    id: str
    person: str
    name: str
    time: int | None
    properties: dict[str, Any]
    source: str = ""
    history: bool = False


class Tick(msgspec.Struct, frozen=True, array_like=True, tag="t"):
    """Time has passed; the moment is the record's append time."""


class ScheduleFired(msgspec.Struct, frozen=True, array_like=True, tag="s"):
    """A schedule of a rule came due at its nominal time (unix ms)."""

    rule: str
    nominal: int


class ProgramActivated(msgspec.Struct, frozen=True, array_like=True, tag="p"):
    """From here on the program with this hash decides; a lower sequence than the one in force is ignored."""

    hash: str
    sequence: int
    fire_entries: bool = False


Payload = Behaviour | Tick | ScheduleFired | ProgramActivated


class Decoded(msgspec.Struct, gc=False):
    """A record with what it holds; `payload` None: refused, `letter` says why."""

    record: Record
    payload: Payload | None
    letter: DeadLetter | None = None


_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(Payload, float_hook=Decimal)


def encode(payload: Payload) -> bytes:
    """The bytes of a payload, numbers by their digits."""
    return _encoder.encode(payload)


def decode(value: bytes) -> Payload:
    """The payload of a record. Raises `EventRefused` for whatever cannot be read."""
    if value[:1] == b"[":
        try:
            payload: Payload = _decoder.decode(value)
        except (msgspec.MsgspecError, RecursionError, ArithmeticError, UnicodeDecodeError):
            text = "the record is of no kind that this version knows"
            raise EventRefused(text, code="unknown_record") from None
        return payload
    return behaviour(decode_event(value))


def behaviour(event: Event, *, history: bool = False) -> Behaviour:
    """The record of an accepted event."""
    return Behaviour(event.id, event.person, event.name, event.time, event.properties, event.source, history)
