"""Sequences: whether events came in an order within a window, with none of some others in between.

A match is one event of each step at times that rise strictly, t1 < t2 < … < tn, all of them in (now - w, now], and no
event of `never` strictly between t1 and tn. Events of one millisecond have no order among each other.

A track is a head and records, newest first. A record: a time (6 bytes) and what came then (2 bytes, a bit for each step
that an event of this millisecond can be, and one for `never`). The head (6 bytes): the latest t1 of all matches, zero
if there is none. It alone answers: while it lies in the window the sequence holds, and it leaves it by time alone.

All events of the window are kept, so a late one can make or break a match and the order of arrival does not matter.
Beyond 512 different milliseconds the oldest are forgotten, and a match that began before them is not seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segments.packed import TIME, unexpired

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MOMENTS", "STEPS", "mask_of", "sequence_add", "sequence_key", "sequence_steps"]

MOMENTS = 512
"""Milliseconds with events that a track keeps."""

STEPS = 8
"""Steps that a sequence has at most."""

_RECORD = TIME + 2
_NEVER = 1 << STEPS
_NONE = bytes(TIME)
_int = int.from_bytes


def sequence_key(steps: Iterable[str], never: Iterable[str]) -> tuple[str, ...]:
    """The key of the track: `sequence`, how many steps, the steps, what may not be in between."""
    listed = tuple(steps)
    return "sequence", str(len(listed)), *listed, *sorted(set(never))


def sequence_steps(key: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(steps, what may not be in between) of a key."""
    end = 2 + int(key[1])
    return key[2:end], key[end:]


def mask_of(key: tuple[str, ...], names: Iterable[str]) -> int:
    """The bits of an event that counts under these names (its own, and "*"); 0: it is no part of the sequence."""
    steps, never = sequence_steps(key)
    counted = frozenset(names)
    mask = sum(1 << at for at, step in enumerate(steps) if step in counted)
    return mask | (_NEVER if counted & frozenset(never) else 0)


def sequence_add(track: bytes, ts: int, mask: int, steps: int, edge: bytes) -> bytes:
    """Add an event; `mask` says which of the `steps` it can be."""
    t, at = ts.to_bytes(TIME, "big"), TIME
    while track[at : at + TIME] > t:
        at += _RECORD
    if track[at : at + TIME] == t:
        both = _int(track[at + TIME : at + _RECORD], "big") | mask
        records = track[TIME:at] + t + both.to_bytes(2, "big") + track[at + _RECORD :]
    else:
        records = track[TIME:at] + t + mask.to_bytes(2, "big") + track[at:]
    records = unexpired(records[: MOMENTS * _RECORD], edge, _RECORD)
    return _latest_start(records, steps) + records


def _latest_start(records: bytes, steps: int) -> bytes:
    """The first moment of the match that began last: looking back, the steps that are followed by all later ones."""
    last = 1 << (steps - 1)
    followed = 0  # bit i: from here on there are the steps i to the last
    for at in range(0, len(records), _RECORD):
        mask = _int(records[at + TIME : at + _RECORD], "big")
        now = mask & (followed >> 1 | last)
        if now & 1:
            return records[at : at + TIME]
        followed = now & last if mask & _NEVER else followed | now
    return _NONE
