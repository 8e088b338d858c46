"""Nominal times of a schedule: a pure function of the cron text, a zone and a span; the clock process only asks it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from heapq import merge
from operator import itemgetter
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from schemas.zones import local_moment
from segments.anniversaries import days_to_month_end, is_anniversary
from segments.workdays import workdays_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.model import Schedule

__all__ = ["concerns", "cron_fault", "local_moment", "next_clock", "nominal_times"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def cron_fault(text: str) -> str | None:
    """What is wrong with a cron text, None if nothing is."""
    try:
        CronSim(text, datetime(2026, 1, 1))  # noqa: DTZ001 - cron fields are local times
    except CronSimError as error:
        return str(error)
    return None


def nominal_times(
    schedule: Schedule, workspace_zone: str, after: int, until: int, zones: Iterable[str] = ()
) -> Iterator[int]:
    """The moments (unix ms) in (after, until] at which a schedule is due, each once, in order.

    A schedule in the person's zone is due in each of `zones` and in the workspace's; the fold then asks `concerns`. An
    anniversary is due every day, since somebody may have it.
    """
    if schedule.at is not None:
        if after < schedule.at <= until:
            yield schedule.at
        return
    own = workspace_zone if schedule.zone == "workspace" else schedule.zone
    wanted = {workspace_zone, *zones} if schedule.zone == "person" else {own}
    last = after
    due = (_in_zone(schedule, ZoneInfo(zone), after, until) for zone in sorted(wanted))
    for moment, _ in merge(*due, key=itemgetter(0)):
        if moment > last:
            last = moment
            yield moment


def concerns(schedule: Schedule, person_zone: str, nominal: int, of: object = None) -> bool:
    """Whether a nominal time is one for this person: in their zone, on the day that counts.

    `of`: the date whose anniversary a schedule waits for; who has none is never concerned.
    """
    if schedule.zone != "person" or schedule.at is not None:
        return True
    zone = ZoneInfo(person_zone)
    if schedule.anniversary is None:
        return any(moment == nominal for moment, _ in _in_zone(schedule, zone, nominal - 1, nominal))
    if not isinstance(of, str) or not _is_near(schedule, of, _local(zone, nominal).date()):
        return False
    due = _in_zone(schedule, zone, nominal - 1, nominal)
    return any(moment == nominal and is_anniversary(of, _counted(schedule, day)) for moment, day in due)


def _is_near(schedule: Schedule, of: str, shown: date) -> bool:
    """A first look, since of most people it is not: clocks that are changed move a date by no more than a day."""
    return any(is_anniversary(of, _counted(schedule, shown + timedelta(days))) for days in (-1, 0, 1))


def _counted(schedule: Schedule, day: date) -> date:
    return day + timedelta(schedule.before)


def _in_zone(schedule: Schedule, zone: ZoneInfo, after: int, until: int) -> Iterator[tuple[int, date]]:
    """(moment, local day) of each time that a schedule names and whose day counts."""
    # Two hours back: local time may have been put back over the moment asked for.
    begin = _local(zone, after).replace(tzinfo=None, microsecond=0)
    for local in CronSim(schedule.cron or "", begin - timedelta(hours=2)):
        moment = local_moment(zone, local)
        if moment > until:
            return
        if moment > after and _day_counts(schedule, local.date()):
            yield moment, local.date()


def _day_counts(schedule: Schedule, day: date) -> bool:
    if schedule.month_end and days_to_month_end(_number(_counted(schedule, day))):
        return False
    return not schedule.country or workdays_of(schedule.country).is_workday(_number(day))


def _number(day: date) -> int:
    return (day - _EPOCH.date()).days


def next_clock(zone: ZoneInfo, minutes: int, now: int) -> int:
    """The first moment (unix ms) after `now` at which clocks of a zone show `minutes` after midnight.

    Of a time that comes twice that is the first, for one that is left out the first moment after the gap.
    """
    wanted = time(minutes // 60, minutes % 60)
    day = _local(zone, now).date() - timedelta(days=1)
    while True:
        moment = local_moment(zone, datetime.combine(day, wanted))
        if moment > now:
            return moment
        day += timedelta(days=1)


def _local(zone: ZoneInfo, ms: int) -> datetime:
    return (_EPOCH + timedelta(milliseconds=ms)).astimezone(zone)
