"""Local times: the moment at which a zone's clock shows one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

__all__ = ["local_moment"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def local_moment(zone: ZoneInfo, local: datetime) -> int:
    """Unix ms of a local time: the first of two, or the first valid moment after a gap."""
    first = _ms(local.replace(tzinfo=zone, fold=0))
    if _shown(zone, first) == local:
        return first
    low, high = _ms(local.replace(tzinfo=zone, fold=1)), first  # the clock jumps forward between these
    offset = _offset(zone, low)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(zone, middle) == offset else (low, middle)
    return high


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _shown(zone: ZoneInfo, ms: int) -> datetime:
    return (_EPOCH + timedelta(milliseconds=ms)).astimezone(zone).replace(tzinfo=None)


def _offset(zone: ZoneInfo, ms: int) -> timedelta | None:
    return (_EPOCH + timedelta(milliseconds=ms)).astimezone(zone).utcoffset()
