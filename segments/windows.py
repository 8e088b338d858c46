"""Tracks: the smallest facts about past events that keep every condition of a playbook exact.

A track is `bytes`: fixed-width records, newest first, times as 6-byte big-endian ms. A window test is one slice and one
comparison and a new event is one concatenation; a track is never decoded, and one that no event touches is only copied.

Every `*_add` is a function of the set of (time, payload) it has seen, never of their order: late events come out like
punctual ones, and equal events count as often as they came. A window is half open, (now - w, now]: an event exactly w
old is out. `edge` is the packed moment at which the longest window in use begins (`packed.edge_of`); no moment that is
asked about lies before the `now` of an edge or before an event that was added. Answers come with `until`: the first ms
at which time alone can change them, FOREVER if it never does.

How often an event came is asked in two ways. `count(...) >= k` reads the k-th newest stamp, which the calling code does
by itself: `track[6 * (k - 1) : 6 * k] > edge`. A count that is a value (compared with another fact, or shown) does not
stop at a threshold: it is the number of a `totals` track. `distinct(...) >= k` reads the k-th newest value likewise:
`track[12 * (k - 1) : 12 * (k - 1) + 6] > edge`.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from hashlib import blake2b
from typing import Any, Final

from schemas.times import FOREVER
from segments.localdays import days_add, streak_ge, streak_read
from segments.packed import TIME, edge_of, newer_than, place, unexpired
from segments.peaks import peak_read, peaks_add
from segments.sequences import sequence_add
from segments.totals import sum_ge, sums_add, totals_add, totals_read

__all__ = [
    "days_add",
    "distinct_count",
    "first_add",
    "holds_key",
    "peak_read",
    "peaks_add",
    "same_add",
    "same_count",
    "same_ge",
    "sequence_add",
    "stamps_add",
    "streak_ge",
    "streak_read",
    "sum_ge",
    "sums_add",
    "totals_add",
    "totals_read",
    "value_key",
    "values_add",
]

_PAIR: Final = 2 * TIME
"""Bytes of a time and a value key."""

_int: Final = int.from_bytes


# -- newest times of an event: count(event, w) >= k for every w and k in use, last(event)
def stamps_add(track: bytes, ts: int, keep: int, edge: bytes) -> bytes:
    """Add a time. The newest `keep` (at least 1) stay while they are newer than `edge`, the newest one for ever."""
    t = ts.to_bytes(TIME, "big")
    track = t + track if track[:TIME] <= t else place(track, t)
    if len(track) > keep * TIME:
        track = track[: keep * TIME]
    if track[-TIME:] <= edge:
        track = unexpired(track, edge, TIME, TIME)
    return track


def first_add(track: bytes, ts: int) -> bytes:
    """Add a time; the earliest stays."""
    t = ts.to_bytes(TIME, "big")
    return t if not track or t < track else track


# -- newest different values: distinct(event, property, w) >= k. A record: time, value key
def values_add(track: bytes, ts: int, value: bytes, keep: int, edge: bytes) -> bytes:
    """Add a value (its key): of each the latest time stays, of the `keep` values that came last."""
    t = ts.to_bytes(TIME, "big")
    at = _found(track, value, 0)
    if at >= 0:
        if track[at : at + TIME] >= t:
            return track
        track = track[:at] + track[at + _PAIR :]
    track = t + value + track if track[:TIME] < t else place(track, t + value)
    if len(track) > keep * _PAIR:
        track = track[: keep * _PAIR]
    return unexpired(track, edge, _PAIR)


def _found(track: bytes, value: bytes, start: int) -> int:
    """Where the newest record of a value (its key) from the record at `start` on begins, -1 if there is none."""
    at = track.find(value, start)
    while at >= 0 and at % _PAIR != TIME:  # it may lie across a time
        at = track.find(value, at + 1)
    return at - TIME if at >= 0 else -1


def distinct_count(track: bytes, now: int, window: int) -> tuple[int, int]:
    """(how many different values lie in the window, at most as many as are kept; when the first leaves or FOREVER)."""
    held = newer_than(track, edge_of(now, window), _PAIR)
    if not held:
        return 0, FOREVER
    at = _PAIR * (held - 1)
    return held, _int(track[at : at + TIME], "big") + window


# -- newest times of each value: count(event, w, same_property) >= k. A record: time, value key
def same_add(track: bytes, ts: int, value: bytes, keep: int, most: int, edge: bytes) -> bytes:
    """Add a time of a value (its key): the newest `keep` (at least 1) of each value stay, the newest `most` in all.

    Beyond `most` records the oldest are forgotten, so values that come seldom count too low.
    """
    t = ts.to_bytes(TIME, "big")
    track = t + value + track if track[:TIME] < t else place(track, t + value)
    if track[-_PAIR:-TIME] <= edge:
        track = unexpired(track, edge, _PAIR)
    if track.count(value) > keep:  # never below the true number, which costs more to find
        places = [at for at in range(0, len(track), _PAIR) if track[at + TIME : at + _PAIR] == value]
        for at in places[: keep - 1 : -1]:
            track = track[:at] + track[at + _PAIR :]
    return track[: most * _PAIR]


def same_ge(track: bytes, value: bytes, edge: bytes, k: int) -> bool:
    """Whether the value (its key) came at least `k` times since `edge`."""
    if k <= 0:
        return True
    at = _found(track, value, 0)
    while at >= 0 and k > 1:
        at = _found(track, value, at + _PAIR)
        k -= 1
    return at >= 0 and track[at : at + TIME] > edge


def same_count(track: bytes, value: bytes, now: int, window: int) -> int:
    """How often the value (its key) came in the window, at most as often as is kept."""
    end = _PAIR * newer_than(track, edge_of(now, window), _PAIR)
    return sum(track[at + TIME : at + _PAIR] == value for at in range(0, end, _PAIR))


# -- keys of values and of events
_MEMO: Final[dict[tuple[type, Any], bytes]] = {}
_TEXTS: Final[dict[str, bytes]] = {}
"""Keys of values that have been asked for, those of texts apart: they come most often."""

_MEMO_SIZE: Final = 50_000


def value_key(value: Any) -> bytes:  # noqa: ANN401 - any property value
    """6 bytes that stand for a value, the same in every process.

    Equal numbers are one value however they are written (1 and 1.0); "1" and true are others.
    """
    if type(value) is str:
        return _TEXTS.get(value) or _remembered(value)
    try:
        key = _MEMO.get((value.__class__, value))
    except TypeError:  # a list or an object cannot be looked up
        return _digest(value)
    if key is None:
        if len(_MEMO) >= _MEMO_SIZE:
            _MEMO.clear()
        key = _MEMO[value.__class__, value] = _digest(value)
    return key


def _remembered(text: str) -> bytes:
    if len(_TEXTS) >= _MEMO_SIZE:
        _TEXTS.clear()
    key = _TEXTS[text] = _digest(text)
    return key


def _digest(value: Any) -> bytes:  # noqa: ANN401 - any property value
    if isinstance(value, int | Decimal | Fraction) and not isinstance(value, bool):
        exact = Fraction(value)
        text = f"number:{exact.numerator}/{exact.denominator}"
    else:
        text = f"{type(value).__name__}:{value}"
    return blake2b(text.encode(), digest_size=TIME).digest()


def holds_key(keys: bytes, key: bytes) -> bool:
    """Whether `key` is one of the 8-byte `keys`; a match across two neighbours is none."""
    at = keys.find(key)  # a quarter of what `in` takes, which tries to read the key as a number first
    while at >= 0:
        if not at % 8:
            return True
        at = keys.find(key, at + 1)
    return False
