"""Nominal times of a schedule: a pure function of the cron text, a zone and a span; the clock process only asks it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.model import Schedule

__all__ = ["cron_fault", "local_moment", "nominal_times"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def cron_fault(text: str) -> str | None:
    """What is wrong with a cron text, None if nothing is."""
    try:
        CronSim(text, datetime(2026, 1, 1))  # noqa: DTZ001 - cron fields are local times
    except CronSimError as error:
        return str(error)
    return None


def nominal_times(schedule: Schedule, workspace_zone: str, after: int, until: int) -> Iterator[int]:
    """The moments (unix ms) in (after, until] at which a schedule is due, in its zone."""
    if schedule.at is not None:
        if after < schedule.at <= until:
            yield schedule.at
        return
    zone = ZoneInfo(workspace_zone if schedule.zone in {"workspace", "person"} else schedule.zone)
    # Two hours back: local time may have been put back over the moment asked for.
    begin = (_EPOCH + timedelta(milliseconds=after)).astimezone(zone).replace(tzinfo=None, microsecond=0) - timedelta(hours=2)
    last = after
    for local in CronSim(schedule.cron or "", begin):
        moment = local_moment(zone, local)
        if moment > until:
            return
        if moment > last:
            last = moment
            yield moment


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
