"""Readers of schedules: at which moments a rule starts, and for whom."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules import read_values as v
from rules.fields import Fields, Reader, scalar_length
from rules.model import Schedule, Trigger
from rules.nodes import Node, Scalar
from rules.read_conditions import condition
from schemas.texts import say
from schemas.times import DAY, parse_duration

if TYPE_CHECKING:
    from rules.references import References
    from segments.model import Condition

__all__ = ["scheduled"]

_KINDS = ("cron", "anniversary", "month_end")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_MAX_BEFORE = 365


def scheduled(reader: Reader, node: Node, audience: Condition | None, references: References) -> Trigger:
    """What stands under `schedule`; `audience` is the one beside it."""
    fields = Fields(reader, node, "a schedule")
    kinds = fields.first_of(*_KINDS)
    kind = kinds[0] if kinds else "at"
    if fields.ok and (len(kinds) > 1 or (kind in {"at", "cron"} and ("at" in fields) == (kind == "cron"))):
        message = "a schedule has one of `cron`, `at`, `anniversary` and `month_end`"
        hint = '{cron: "0 9 * * 1", zone: workspace} or {at: 2026-05-01T10:00:00+08:00}'
        reader.fault(fields.mark, "bad_schedule", message, hint)
    daily = kind in {"anniversary", "month_end"}
    cron = fields.need("at", _each_day) if daily else fields.get("cron", v.cron)
    zone, before = fields.get("zone", _zone), fields.get("before", _days)
    schedule = Schedule(
        cron,
        None if daily else fields.get("at", v.moment),
        "person" if kind == "anniversary" else zone or "workspace",
        anniversary=fields.get("anniversary", lambda r, n: _dated(r, n, references)),
        month_end=fields.get("month_end", v.boolean) is True,
        before=before or 0,
        country=_country(fields),
    )
    own = fields.get("audience", condition)
    fields.close()
    _check_keys(fields, kind)
    if own is not None and audience is not None:
        message = "the audience stands beside the schedule already"
        reader.fault(fields.entry("audience").key_mark, "duplicate_key", message, "keep one")
    return Trigger("schedule", (), schedule, own or audience)


def _check_keys(fields: Fields, kind: str) -> None:
    """Keys that go with some schedules only."""
    if kind == "anniversary":
        _not_allowed(fields, "zone", "an anniversary is that of the person's own zone", "take it out")
    if kind not in {"anniversary", "month_end"}:
        _not_allowed(fields, "before", "`before` goes with `anniversary` and `month_end`", "take it out")
    if kind != "cron":
        _not_allowed(fields, "workdays", "`workdays` goes with `cron`", "ask is_workday() in the audience")


def _not_allowed(fields: Fields, key: str, message: str, hint: str) -> None:
    if key in fields:
        fields.reader.fault(fields.entry(key).key_mark, "not_allowed", message, hint, length=len(key))


def _zone(reader: Reader, node: Node) -> str | None:
    if isinstance(node, Scalar) and node.value in {"workspace", "person"}:
        return str(node.value)
    return v.zone(reader, node)


def _each_day(reader: Reader, node: Node) -> str | None:
    """A time of day, as the cron text of every day."""
    value = v.text(reader, node)
    match = None if value is None else _CLOCK.fullmatch(value)
    if match is not None:
        return f"{int(match[2])} {int(match[1])} * * *"
    if value is not None:
        message = say("{value!r} is no time of day", value=value[:40])
        reader.fault(node.mark, "bad_clock", message, 'write hours and minutes: "09:00"', length=scalar_length(node))
    return None


def _days(reader: Reader, node: Node) -> int | None:
    """Whole days, none included."""
    length = -1
    if isinstance(node, Scalar):
        try:
            length = parse_duration(node.text)
        except ValueError:
            length = -1
    if length < 0 or length % DAY or length > _MAX_BEFORE * DAY:
        message = say("whole days are expected, {most} at most", most=_MAX_BEFORE)
        reader.fault(node.mark, "bad_duration", message, "write 0d, 1d, 7d", length=scalar_length(node))
        return None
    return length // DAY


def _dated(reader: Reader, node: Node, references: References) -> str | None:
    """A trait of type date that is set, and not computed."""
    name = references.trait(reader, node)
    if name is None or not references.typed or name in reader.doubtful:
        return name
    kind = references.catalogue.traits.get(name)
    if kind is None or kind.type != "date":
        message = say("the trait {name!r} is no date", name=name)
        reader.fault(node.mark, "wrong_type", message, "name a trait of type date", length=scalar_length(node))
    elif kind.source is not None:
        message = say("the trait {name!r} is computed, and nobody is woken when it changes", name=name)
        reader.fault(node.mark, "not_allowed", message, "name a trait that is set", length=scalar_length(node))
    return name


def _country(fields: Fields) -> str:
    """The country whose workdays count, "" if any day does."""
    if not fields.get("workdays", v.boolean):
        return ""
    reader = fields.reader
    if not reader.country and reader.complete:
        place, hint = fields.entry("workdays").key_mark, "write country: CN under workspace"
        reader.fault(place, "no_country", "the workspace does not say whose holidays count", hint, length=8)
    return reader.country
