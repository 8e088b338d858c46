"""Times and dates in a person's zone, by the usual % directives, the same on every machine and in every locale."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from schemas.texts import say
from schemas.times import parse_time

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DIRECTIVES", "format_moment", "is_zone", "unknown_directive"]

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

DIRECTIVES: dict[str, Callable[[datetime], str]] = {
    "%Y": lambda t: f"{t.year:04d}",
    "%y": lambda t: f"{t.year % 100:02d}",
    "%m": lambda t: f"{t.month:02d}",
    "%-m": lambda t: str(t.month),
    "%B": lambda t: _MONTHS[t.month - 1],
    "%b": lambda t: _MONTHS[t.month - 1][:3],
    "%d": lambda t: f"{t.day:02d}",
    "%-d": lambda t: str(t.day),
    "%e": lambda t: f"{t.day:2d}",
    "%j": lambda t: f"{t.timetuple().tm_yday:03d}",
    "%A": lambda t: _DAYS[t.weekday()],
    "%a": lambda t: _DAYS[t.weekday()][:3],
    "%u": lambda t: str(t.isoweekday()),
    "%H": lambda t: f"{t.hour:02d}",
    "%-H": lambda t: str(t.hour),
    "%I": lambda t: f"{(t.hour - 1) % 12 + 1:02d}",
    "%-I": lambda t: str((t.hour - 1) % 12 + 1),
    "%M": lambda t: f"{t.minute:02d}",
    "%S": lambda t: f"{t.second:02d}",
    "%p": lambda t: "AM" if t.hour < 12 else "PM",
    "%F": lambda t: f"{t.year:04d}-{t.month:02d}-{t.day:02d}",
    "%T": lambda t: f"{t.hour:02d}:{t.minute:02d}:{t.second:02d}",
    "%R": lambda t: f"{t.hour:02d}:{t.minute:02d}",
    "%%": lambda _: "%",
}
"""The system's own strftime follows the locale, differs between systems and pads `%99999999d` with as many blanks."""

_DIRECTIVE = re.compile(r"%(?:-?[A-Za-z%]|)", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def format_moment(value: object, form: str, zone: str) -> str:
    """A time in `zone`, or a date (`2026-05-01`) as it is, by `form`. Raises `ValueError`.

    A time is RFC 3339 text or, as events may bring it, whole milliseconds since 1970.
    """
    try:
        moment = _midnight(value) or (_EPOCH + timedelta(milliseconds=parse_time(value))).astimezone(_zone(zone))
    except OverflowError:
        text = say("{value!r} is no time within our years", value=value)
        raise ValueError(text) from None
    wrong = unknown_directive(form)
    if wrong:
        raise ValueError(wrong)
    return _DIRECTIVE.sub(lambda match: DIRECTIVES[match[0]](moment), form)


def unknown_directive(form: str) -> str:
    """The sentence about the first directive of `form` that there is not; empty if there is none."""
    for match in _DIRECTIVE.finditer(form):
        if match[0] not in DIRECTIVES:
            return say("the date format has `{match}`; there are {names}", match=match[0], names=" ".join(DIRECTIVES))
    return ""


def is_zone(name: str) -> bool:
    """Whether a zone of that name is known."""
    try:
        _zone(name)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: the name of a folder of zones
        text = say("{name!r} is no time zone; write a name such as Asia/Shanghai", name=name[:40])
        raise ValueError(text) from None


def _midnight(value: object) -> datetime | None:
    """The beginning of a date without a time; None if the value is none."""
    if not isinstance(value, str) or len(value) != len("2026-05-01"):
        return None
    try:
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    except ValueError:
        return None
