"""Parts of a playbook in words: conditions, lengths of time, limits, steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.model import Assign, Emit, Invite, IssueCoupon, SendMessage, SetTraits, TagPerson, WaitStep
from schemas.times import DAY, HOUR, MINUTE, SECOND, WEEK, format_time
from segments.model import Either, Every, Leaf, Negation

if TYPE_CHECKING:
    from rules.model import Limit, Rule, Wait
    from segments.model import Condition

__all__ = ["condition_text", "duration_text", "limit_text", "step_text", "trigger_text", "wait_text"]

_UNITS = (("w", WEEK), ("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND), ("ms", 1))


def duration_text(ms: int) -> str:
    """`1d12h` of so many milliseconds."""
    if ms % DAY == 0:
        return f"{ms // DAY}d"
    out = ""
    for unit, size in _UNITS[1:]:
        if ms >= size:
            out, ms = f"{out}{ms // size}{unit}", ms % size
    return out or "0s"


def condition_text(condition: Condition) -> str:
    """A condition as one expression."""
    match condition:
        case Leaf(expression):
            return " ".join(expression.text.split())
        case Negation(item):
            return f"!({condition_text(item)})"
        case Every(items) | Either(items):
            sign = " && " if isinstance(condition, Every) else " || "
            return sign.join(f"({condition_text(item)})" for item in items)
    raise AssertionError(condition)


def trigger_text(rule: Rule) -> str:
    """What starts a rule."""
    trigger = rule.trigger
    if trigger.schedule is None:
        words = {"event": "event", "enters": "enters", "leaves": "leaves"}
        return f"{words.get(trigger.kind, trigger.kind)} {', '.join(trigger.names)}"
    when = trigger.schedule
    if when.at is not None:
        return f"at {format_time(when.at)}"
    days = [f"{when.before}d before"] if when.before else []
    days += [f"anniversary of {when.anniversary}"] if when.anniversary is not None else []
    days += ["end of the month"] if when.month_end else []
    days += [f"workdays of {when.country}"] if when.country else []
    return f"schedule {' '.join([when.cron or '', *days])} ({when.zone})"


def wait_text(wait: Wait) -> str:
    """How long a wait is, and what ends the run."""
    ends = ", ".join(f"{e.event} (same {e.same})" if e.same else e.event for e in wait.unless)
    return f"wait {duration_text(wait.duration)}" + (f", unless {ends}" if ends else "")


def limit_text(limit: Limit) -> str:
    """How often one person may start a rule; empty without a limit."""
    parts = []
    if limit.once:
        parts.append("once")
    if limit.once_within is not None:
        parts.append(f"once within {duration_text(limit.once_within)}")
    if limit.once_per is not None:
        parts.append(f"once per {limit.once_per}")
    if limit.max_count is not None:
        parts.append(f"at most {limit.max_count} within {duration_text(limit.max_within or 0)}")
    return ", ".join(parts)


def step_text(step: object) -> str:  # noqa: PLR0911 - one line a kind of step
    """What a step does; of a kind that is not told here, its name."""
    match step:
        case SendMessage(template=template, channels=channels):
            return f"send {template} by {', '.join(channels)}"
        case IssueCoupon(pool=pool, name=name):
            return f"issue a coupon of {pool} as {name}"
        case TagPerson(tags=tags, remove=remove):
            return f"{'untag' if remove else 'tag'} {', '.join(tags)}"
        case SetTraits(values=values):
            return "set " + ", ".join(f"{name} = {value.text}" for name, value in values.items())
        case Invite(community=community, template=template):
            return f"invite to {community}" + (f" with {template}" if template else "")
        case Assign(to=to):
            return f"assign to {to}"
        case Emit(event=event):
            return f"emit {event}"
        case WaitStep(wait=wait):
            return wait_text(wait)
    return type(step).__name__.lower()
