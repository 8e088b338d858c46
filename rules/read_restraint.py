"""Readers of how much and when people may be written to: quiet hours and frequency caps of the workspace."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules import read_values as v
from rules.fields import Fields, Reader, named, scalar_length
from rules.nodes import Scalar
from rules.read_offers import CHANNELS, channel
from schemas.findings import nearest
from schemas.offers import LONGEST_CAP, Cap, QuietHours
from schemas.texts import say

if TYPE_CHECKING:
    from rules.nodes import Entry, Node

__all__ = ["PURPOSES", "caps", "quiet_hours", "time_of_day"]

PURPOSES = ("marketing", "transactional")
_TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_OWN_ZONES = ("person", "workspace")


def time_of_day(reader: Reader, node: Node) -> int | None:
    """Minutes after midnight of `"09:00"`."""
    value = v.text(reader, node)
    if value is None:
        return None
    match = _TIME_OF_DAY.fullmatch(value)
    if match is None:
        message = say("{value!r} is no time of day", value=value)
        reader.fault(node.mark, "bad_time_of_day", message, 'write "09:00", in quotes', length=scalar_length(node))
        return None
    return int(match[1]) * 60 + int(match[2])


def quiet_hours(reader: Reader, node: Node) -> QuietHours | None:
    """`{from: "21:00", until: "09:00", zone: person, channels: [sms], purposes: [marketing]}`."""
    fields = Fields(reader, node, "`quiet_hours`")
    begin, until = fields.need("from", time_of_day), fields.need("until", time_of_day)
    zone = fields.get("zone", _zone)
    channels, purposes = _scope(fields)
    fields.close()
    if begin is None or until is None:
        return None
    if begin == until:
        message = "these quiet hours begin when they end, so they last no time or all day"
        reader.fault(fields.place("until"), "empty_quiet_hours", message, "let them end at another time", length=5)
        return None
    return QuietHours(begin, until, zone or "person", channels, purposes or frozenset({"marketing"}))


def _zone(reader: Reader, node: Node) -> str | None:
    return node.text if isinstance(node, Scalar) and node.text in _OWN_ZONES else v.zone(reader, node)


def _scope(fields: Fields) -> tuple[frozenset[str], frozenset[str]]:
    channels = fields.get("channels", v.one_or_more(channel)) or ()
    purposes = fields.get("purposes", v.one_or_more(v.one_of(*PURPOSES))) or ()
    return frozenset(channels), frozenset(purposes)


def caps(reader: Reader, node: Node) -> tuple[Cap, ...]:
    """`{marketing: {count: 2, within: 7d}, all: {count: 1, within: 1d}, sms: {…}}`, in the order of their names."""
    read = (_cap(reader, entry) for entry in named(reader, [node], "cap"))
    return tuple(sorted((cap for cap in read if cap is not None), key=lambda cap: cap.name))


def _cap(reader: Reader, entry: Entry) -> Cap | None:
    """A cap; one that bears the name of a purpose or channel is for that, `all` for everything."""
    fields = Fields(reader, entry.value, say("the cap {name!r}", name=entry.key), entry.key_mark)
    count, within = fields.need("count", v.count), fields.need("within", v.duration)
    channels, purposes = _scope(fields)
    fields.close()
    if entry.key in PURPOSES:
        purposes = purposes or frozenset({entry.key})
    elif entry.key in CHANNELS:
        channels = channels or frozenset({entry.key})
    elif entry.key != "all" and fields.ok and not channels and not purposes:
        message = say("the cap {name!r} does not say what it counts", name=entry.key)
        close = nearest(entry.key, ("all", *PURPOSES, *CHANNELS))
        hint: str = "add `channels:` or `purposes:`, or name it all, marketing, or like a channel"
        if close is not None:
            hint = say("did you mean {close!r}? Else add `channels:` or `purposes:`", close=close)
        reader.fault(entry.key_mark, "cap_without_scope", message, hint, length=len(entry.key))
    if count is None or within is None:
        return None
    if within > LONGEST_CAP:
        hint = "take 92d at most"
        reader.fault(fields.place("within"), "cap_too_long", "messages are counted for 92 days", hint)
    return Cap(entry.key, count, within, purposes, channels)
