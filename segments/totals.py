"""Running totals: sums against a threshold, and sums, counts and averages as values.

A track is a head (the total of all that was ever added) and records, newest first: the time (6 bytes) and the total of
all that is older, modulo its size. So a window's sum is one subtraction and a threshold is found by bisection. In one
millisecond the larger step comes first: the order of arrival is forgotten.

`sums` serve `sum(event, property, w) >= threshold` of amounts that are never negative. Records older than what reaches
the highest threshold in use are dropped: they leave every window before it does. Exact up to the highest threshold.

`totals` serve values (`sum - sum`, averages, `count` compared with another fact), where nothing saturates. Their total
counts amounts and events at once: amount * 2**24 + 1 for each. The newest 512 events are kept one by one; older ones
share cells of 1/64 of the shortest window, and a cell counts as its newest event does. What holds:
- While the horizon holds no more than 512 events, every answer is exact, whatever the order of arrival.
- A window that lies within the newest 512 events is exact, whatever lies behind it.
- A longer one has all its events; of those that left it less than one cell ago it may still count the ones whose cell
  its edge cuts (which of them, may depend on the order of arrival).
A window's sum is exact within 64 bits with sign, its number below 2**24.
"""

from __future__ import annotations

from typing import Final

from schemas.times import FOREVER
from segments.packed import TIME, edge_of, newer_than, unexpired

__all__ = ["EXACT", "sum_ge", "sums_add", "totals_add", "totals_read"]

EXACT: Final = 512
"""Events that `totals` keep one by one."""

_CELLS: Final = 64
"""Older events share cells of this part of the shortest window."""

_SUM: Final = 6
_SUM_MASK: Final = (1 << 48) - 1
_SUM_RECORD: Final = TIME + _SUM
_SUM_LIMIT: Final = 1 << 36
_BEFORE: Final = _SUM + TIME

_NUMBER_BITS: Final = 24
_TOTAL: Final = 11
_TOTAL_MASK: Final = (1 << 88) - 1
_TOTAL_RECORD: Final = TIME + _TOTAL
_TOTAL_LIMIT: Final = 1 << 63
_FIRST_CELL: Final = _TOTAL + _TOTAL_RECORD * EXACT

_int: Final = int.from_bytes


def _insert(track: bytes, t: bytes, step: int, size: int, mask: int) -> tuple[bytes, int]:
    """The track with one more record of `step`, and the byte at which it stands. Totals have `size` bytes."""
    head = ((_int(track[:size], "big") + step) & mask).to_bytes(size, "big")
    if track[size : size + TIME] < t:  # in order: the old head is what lies before the new record
        return head + t + (track or bytes(size)), size
    newer, at, before = [head], size, track[:size]
    while track[at : at + TIME] >= t:
        below = track[at + TIME : at + TIME + size]
        if track[at : at + TIME] == t and (_int(before, "big") - _int(below, "big")) & mask <= step:
            break
        newer += (track[at : at + TIME], ((_int(below, "big") + step) & mask).to_bytes(size, "big"))
        before = below
        at += TIME + size
    return b"".join(newer) + t + before + track[at:], at


def sums_add(track: bytes, ts: int, amount: int, highest: int, edge: bytes) -> bytes:
    """Add an amount; `highest` is the highest threshold in use (below 2**47).

    Raises:
        ValueError: the amount is negative or 2**36 or more.
    """
    if not 0 <= amount < _SUM_LIMIT:
        raise ValueError(f"sums are of amounts from 0 to {_SUM_LIMIT - 1}, not {amount}")
    track, _ = _insert(track, ts.to_bytes(TIME, "big"), amount, _SUM, _SUM_MASK)
    if track[-_SUM_RECORD:-_SUM] <= edge:
        track = unexpired(track, edge, _SUM_RECORD, _SUM)
    total, end = _int(track[:_SUM], "big"), len(track)
    while end > _SUM_RECORD + _SUM:
        rest = end - _SUM_RECORD  # where the track would end without its oldest record
        if (total - _int(track[rest - _SUM : rest], "big")) & _SUM_MASK < highest:
            break
        end = rest
    return track[:end]


def sum_ge(track: bytes, now: int, window: int, threshold: int) -> tuple[bool, int]:
    """(sum >= threshold, until when time alone cannot change that)."""
    if threshold <= 0:
        return True, FOREVER
    at = _crossing(track, threshold)
    if at < len(track):
        t = _int(track[at : at + TIME], "big")
        if t > now - window:
            return True, t + window
    return False, FOREVER


def _crossing(track: bytes, threshold: int) -> int:
    """The byte of the newest record from which on the sum reaches the threshold; the track's end if none does."""
    total = _int(track[:_SUM], "big")
    if track[-_SUM:] > track[:_SUM]:
        return _crossing_wrapped(track, total, threshold)
    if total < threshold:
        return len(track)
    limit = (total - threshold).to_bytes(_SUM, "big")  # reached where no more than that lies before a record
    low, high = 0, (len(track) - _SUM) // _SUM_RECORD
    while low < high:
        middle = (low + high) // 2
        at = _BEFORE + _SUM_RECORD * middle
        if track[at : at + _SUM] > limit:
            low = middle + 1
        else:
            high = middle
    return _SUM + _SUM_RECORD * low


def _crossing_wrapped(track: bytes, total: int, threshold: int) -> int:
    """The same by subtraction, for totals that have passed the end of their six bytes."""
    at = _SUM
    while at < len(track):
        before = _int(track[at + TIME : at + _SUM_RECORD], "big")
        if (total - before) & _SUM_MASK >= threshold:
            break
        at += _SUM_RECORD
    return at


def totals_add(track: bytes, ts: int, amount: int, edge: bytes, shortest: int) -> bytes:
    """Add an amount of either sign; `shortest` is the shortest window in use (ms).

    Raises:
        ValueError: the amount does not fit into 64 bits.
    """
    if not -_TOTAL_LIMIT < amount < _TOTAL_LIMIT:
        raise ValueError(f"totals are of amounts of 64 bits with sign, not {amount}")
    step = ((amount << _NUMBER_BITS) + 1) & _TOTAL_MASK
    track, at = _insert(track, ts.to_bytes(TIME, "big"), step, _TOTAL, _TOTAL_MASK)
    if track[-_TOTAL_RECORD:-_TOTAL] <= edge:
        track = unexpired(track, edge, _TOTAL_RECORD, _TOTAL)
    if len(track) > _FIRST_CELL:
        track = _joined(track, max(at, _FIRST_CELL), max(1, shortest // _CELLS))
    return track


def _joined(track: bytes, at: int, grain: int) -> bytes:
    """Join the record at `at` to the neighbour of its cell: the time of the newer, what lies before the older."""
    for newer in (at - _TOTAL_RECORD, at):
        older = newer + _TOTAL_RECORD
        if newer >= _FIRST_CELL and older < len(track) and _cell(track, newer, grain) == _cell(track, older, grain):
            return track[: newer + TIME] + track[older + TIME :]
    return track


def _cell(track: bytes, at: int, grain: int) -> int:
    return _int(track[at : at + TIME], "big") // grain


def totals_read(track: bytes, now: int, window: int) -> tuple[int, int, int]:
    """(sum, number, when the oldest in the window leaves or FOREVER) of the window that ends at `now`."""
    held = newer_than(track, edge_of(now, window), _TOTAL_RECORD, _TOTAL)
    if not held:
        return 0, 0, FOREVER
    at = _TOTAL + _TOTAL_RECORD * (held - 1)
    before = _int(track[at + TIME : at + _TOTAL_RECORD], "big")
    both = (_int(track[:_TOTAL], "big") - before) & _TOTAL_MASK
    total, number = both >> _NUMBER_BITS, both & ((1 << _NUMBER_BITS) - 1)
    if total >= _TOTAL_LIMIT:
        total -= _TOTAL_LIMIT << 1
    return total, number, _int(track[at : at + TIME], "big") + window
