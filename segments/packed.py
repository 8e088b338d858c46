"""Packed records: fixed width, newest first, each beginning with its time as 6 big-endian bytes (unix ms).

Big-endian bytes of one width compare like the numbers they hold, so nothing here decodes a record. Times are later than
1970 (an edge of zero bytes is older than all of them) and end in the year 10889.
"""

from __future__ import annotations

from typing import Final

__all__ = ["TIME", "edge_of", "newer_than", "place", "unexpired"]

TIME: Final = 6
"""Bytes of a time."""


def edge_of(now: int, window: int) -> bytes:
    """The packed moment at which (now - window, now] begins: what is as old or older is out."""
    return (now - window if now > window else 0).to_bytes(TIME, "big")


def newer_than(track: bytes, edge: bytes, width: int, head: int = 0) -> int:
    """How many records are newer than `edge`; the records begin after `head` bytes."""
    last = len(track) - width
    low, high = 0, (len(track) - head) // width
    if high and track[last : last + TIME] > edge:
        return high  # none has left the longest window since the last one came
    while low < high:
        middle = (low + high) // 2
        at = head + width * middle
        if track[at : at + TIME] > edge:
            low = middle + 1
        else:
            high = middle
    return low


def unexpired(track: bytes, edge: bytes, width: int, least: int = 0) -> bytes:
    """The track without the records that are not newer than `edge`; its first `least` bytes stay."""
    end = len(track)
    while end > least and track[end - width : end - width + TIME] <= edge:
        end -= width
    return track[:end]


def place(track: bytes, record: bytes) -> bytes:
    """The track with a record where it belongs: newest first, in one millisecond by its other bytes, larger first."""
    width, at = len(record), 0
    while track[at : at + width] > record:
        at += width
    return track[:at] + record + track[at:]
