"""How much and when people are written to: frequency caps and quiet hours, as pure functions of what the ledger knows.

Both hold back marketing. A transactional message (an order's receipt) is held back only where a cap or the quiet hours
name that purpose; it counts in every cap that covers it, so that marketing makes room for it and not the other way.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from schemas.zones import local_moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from schemas.offers import Cap, QuietHours

__all__ = ["Touch", "capped", "quiet_until"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Touch(NamedTuple):
    """A message that was handed to a provider for a person: its moment (unix ms), purpose and channel."""

    time: int
    purpose: str
    channel: str


def capped(caps: Iterable[Cap], touches: Iterable[Touch], purpose: str, channel: str, now: int) -> str:
    """The name of the first cap that has no room at `now` (unix ms) for a message; "" if all have.

    Windows are half-open like all others: a message exactly `within` ago does not count any more.
    """
    touches = tuple(touches)
    for cap in caps:
        if not _covers(cap, purpose, channel) or (purpose != "marketing" and purpose not in cap.purposes):
            continue
        taken = sum(touch.time > now - cap.within for touch in touches if _covers(cap, touch.purpose, touch.channel))
        if taken >= cap.count:
            return cap.name
    return ""


def _covers(cap: Cap, purpose: str, channel: str) -> bool:
    return (not cap.purposes or purpose in cap.purposes) and (not cap.channels or channel in cap.channels)


def quiet_until(quiet: QuietHours | None, purpose: str, channel: str, zones: tuple[str, str], now: int) -> int:
    """When the quiet hours that hold at `now` end (unix ms); 0 if none hold. `zones`: the person's, the workspace's.

    They end at the next moment at which the local clock shows their end, or has jumped beyond it. Where the clock is
    put back into them they hold again, until it shows their end once more.
    """
    if quiet is None or purpose not in quiet.purposes or (quiet.channels and channel not in quiet.channels):
        return 0
    zone = ZoneInfo({"person": zones[0], "workspace": zones[1]}.get(quiet.zone, quiet.zone))
    if not _is_quiet(quiet, zone, now):
        return 0
    ends = _ends(zone, _local(zone, now).date(), quiet.until)
    return min(end for end in ends if end > now and not _is_quiet(quiet, zone, end))


def _local(zone: ZoneInfo, ms: int) -> datetime:
    return (_EPOCH + timedelta(milliseconds=ms)).astimezone(zone)


def _is_quiet(quiet: QuietHours, zone: ZoneInfo, ms: int) -> bool:
    local = _local(zone, ms)
    minute = local.hour * 60 + local.minute
    if quiet.begin < quiet.until:
        return quiet.begin <= minute < quiet.until
    return minute >= quiet.begin or minute < quiet.until


def _ends(zone: ZoneInfo, today: date, minute: int) -> Iterator[int]:
    """The moments of some days at which the clock shows a time of day, both where it shows it twice."""
    for days in range(3):
        day = today + timedelta(days=days)
        local = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001 - its zone comes next
        yield local_moment(zone, local)
        yield round(local.replace(tzinfo=zone, fold=1).timestamp() * 1_000)
