"""Local times as people write and read them: `2026-01-05 10:00` of a zone to a moment, and back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from rules.schedule import local_moment
from schemas.texts import say
from schemas.times import parse_duration, parse_time

__all__ = ["local_text", "parse_local", "parse_moment"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCAL = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(\.\d{1,3})?)?", re.ASCII)


def local_text(ms: int, zone: str) -> str:
    """`2026-01-05 10:00`, with seconds and milliseconds where there are any."""
    moment = (_EPOCH + timedelta(milliseconds=ms)).astimezone(ZoneInfo(zone))
    seconds = f"{moment:%S}" + (f".{ms % 1000:03d}" if ms % 1000 else "")
    return f"{moment:%Y-%m-%d %H:%M}" + (f":{seconds}" if seconds != "00" else "")


def parse_local(text: str, zone: str) -> int:
    """Unix ms of `2026-01-05`, `2026-01-05 10:00` or `2026-01-05T10:00:30`. Raises `ValueError`."""
    match = _LOCAL.fullmatch(text)
    if match is None:
        raise ValueError(say("{text!r} is no local time; write 2026-01-05 10:00", text=text[:40]))
    day, minute, second, part = match[1], match[2] or "00:00", match[3] or ":00", match[4] or ""
    local = datetime.fromisoformat(f"{day}T{minute}{second}")
    return local_moment(ZoneInfo(zone), local) + int(part[1:].ljust(3, "0") if part else 0)


def parse_moment(text: str, start: int, zone: str) -> int:
    """Unix ms of `30m` or `-2d` from the start, of a local time, or of a time with its zone. Raises `ValueError`."""
    try:
        sign = -1 if text.startswith("-") else 1
        return start + sign * parse_duration(text[1:] if text[:1] in {"+", "-"} else text)
    except ValueError:
        pass
    try:
        return parse_time(text)
    except ValueError:
        pass
    try:
        return parse_local(text, zone)
    except ValueError:
        message = "{text!r} is no moment; write a time from the start (30m, -2d) or a local time (2026-01-07 09:00)"
        raise ValueError(say(message, text=text[:40])) from None
