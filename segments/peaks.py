"""Peaks: the highest or lowest amount of every window, as a staircase.

Only an amount that no newer one reaches can ever be the peak of a window, so the track keeps just those: newest first,
each step higher than the one before. A record: the time (6 bytes), the amount times the sign, shifted so that bytes
compare (8). A window's peak is the oldest step in it.

Exact and independent of the order of arrival while the staircase has no more than 512 steps. When it grows longer,
every second step of its older half goes. A window's peak is then never above the true one, and below it only where its
edge cuts off a step whose next newer one has gone.
"""

from __future__ import annotations

from typing import Final

from schemas.times import FOREVER
from segments.packed import TIME, edge_of, newer_than, unexpired

__all__ = ["STEPS", "peak_read", "peaks_add"]

STEPS: Final = 512
"""Steps that a staircase has at most."""

_RECORD: Final = TIME + 8
_SHIFT: Final = 1 << 63
_int: Final = int.from_bytes


def peaks_add(track: bytes, ts: int, amount: int, edge: bytes, sign: int) -> bytes:
    """Add an amount; `sign` is 1 for maxima, -1 for minima.

    Raises:
        ValueError: the amount does not fit into 64 bits.
    """
    if not -_SHIFT < amount < _SHIFT:
        raise ValueError(f"peaks are of amounts of 64 bits with sign, not {amount}")
    t, value = ts.to_bytes(TIME, "big"), (amount * sign + _SHIFT).to_bytes(8, "big")
    at = 0
    while track[at : at + TIME] >= t:
        if track[at + TIME : at + _RECORD] >= value:
            return track  # one as new or newer is as high: this one never decides
        if track[at : at + TIME] == t:
            break
        at += _RECORD
    end = at
    while end < len(track) and track[end + TIME : end + _RECORD] <= value:
        end += _RECORD
    track = unexpired(track[:at] + t + value + track[end:], edge, _RECORD)
    return track if len(track) <= STEPS * _RECORD else _thinned(track)


def _thinned(track: bytes) -> bytes:
    """The newer half, and of the older every second step, the highest among them."""
    half = STEPS // 2 * _RECORD
    older = [track[at : at + _RECORD] for at in range(len(track) - _RECORD, half - 1, -2 * _RECORD)]
    return track[:half] + b"".join(reversed(older))


def peak_read(track: bytes, now: int, window: int, sign: int) -> tuple[int | None, int]:
    """(highest or lowest amount of the window or None, when it leaves or FOREVER); `sign` as it was added."""
    held = newer_than(track, edge_of(now, window), _RECORD)
    if not held:
        return None, FOREVER
    at = _RECORD * (held - 1)
    return (_int(track[at + TIME : at + _RECORD], "big") - _SHIFT) * sign, _int(track[at : at + TIME], "big") + window
