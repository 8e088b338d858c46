"""Tracks of windows, written down by hand."""

from __future__ import annotations

from segments.peaks import peaks_add
from segments.totals import sums_add, totals_add
from segments.windows import (
    stamps_add,
)

__all__ = ["NEVER", "A", "B", "C", "pairs", "peaks", "stamps", "sums", "times_of", "totals"]

NEVER = bytes(6)
A, B, C = b"aaaaaa", b"bbbbbb", b"cccccc"


def stamps(*times: int, keep: int = 8, edge: bytes = NEVER) -> bytes:
    track = b""
    for ts in times:
        track = stamps_add(track, ts, keep, edge)
    return track


def times_of(track: bytes, width: int = 6) -> list[int]:
    return [int.from_bytes(track[at : at + 6], "big") for at in range(0, len(track), width)]


def pairs(*records: tuple[int, bytes]) -> bytes:
    return b"".join(ts.to_bytes(6, "big") + key for ts, key in records)


def sums(*events: tuple[int, int], highest: int = 100, edge: bytes = NEVER) -> bytes:
    track = b""
    for ts, amount in events:
        track = sums_add(track, ts, amount, highest, edge)
    return track


def totals(*events: tuple[int, int], shortest: int = 64, edge: bytes = NEVER) -> bytes:
    track = b""
    for ts, amount in events:
        track = totals_add(track, ts, amount, edge, shortest)
    return track


def peaks(*events: tuple[int, int], sign: int = 1, edge: bytes = NEVER) -> bytes:
    track = b""
    for ts, amount in events:
        track = peaks_add(track, ts, amount, edge, sign)
    return track
