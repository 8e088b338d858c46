"""Nominal times of a schedule: a pure function of the cron text, a zone and a span; the clock process only asks it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from heapq import merge
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from schemas.zones import local_moment

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

    A schedule in the person's zone is due in each of `zones` and in the workspace's; the fold then asks `concerns`.
    """
    if schedule.at is not None:
        if after < schedule.at <= until:
            yield schedule.at
        return
    own = workspace_zone if schedule.zone == "workspace" else schedule.zone
    wanted = {workspace_zone, *zones} if schedule.zone == "person" else {own}
    last = after
    for moment in merge(*(_in_zone(schedule.cron or "", ZoneInfo(zone), after, until) for zone in sorted(wanted))):
        if moment > last:
            last = moment
            yield moment


def concerns(schedule: Schedule, person_zone: str, nominal: int) -> bool:
    """Whether a nominal time is one in this person's zone; always, unless the schedule is in the person's zone."""
    if schedule.zone != "person" or schedule.at is not None:
        return True
    return nominal in _in_zone(schedule.cron or "", ZoneInfo(person_zone), nominal - 1, nominal)


def _in_zone(cron: str, zone: ZoneInfo, after: int, until: int) -> Iterator[int]:
    # Two hours back: local time may have been put back over the moment asked for.
    begin = (_EPOCH + timedelta(milliseconds=after)).astimezone(zone).replace(tzinfo=None, microsecond=0)
    for local in CronSim(cron, begin - timedelta(hours=2)):
        moment = local_moment(zone, local)
        if moment > until:
            return
        if moment > after:
            yield moment


def next_clock(zone: ZoneInfo, minutes: int, now: int) -> int:
    """The first moment (unix ms) after `now` at which clocks of a zone show `minutes` after midnight.

    Of a time that comes twice that is the first, for one that is left out the first moment after the gap.
    """
    wanted = time(minutes // 60, minutes % 60)
    day = (_EPOCH + timedelta(milliseconds=now)).astimezone(zone).date() - timedelta(days=1)
    while True:
        moment = local_moment(zone, datetime.combine(day, wanted))
        if moment > now:
            return moment
        day += timedelta(days=1)
