"""Parts of a playbook in words: conditions, lengths of time, limits, steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.model import (
    Assign,
    Branch,
    Emit,
    Invite,
    IssueCoupon,
    SendMessage,
    SetTraits,
    Split,
    TagPerson,
    WaitStep,
)
from rules.reference.schedules import schedule_text
from schemas.times import DAY, HOUR, MINUTE, SECOND, WEEK, format_time
from segments.model import Either, Every, Leaf, Negation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.model import Ending, Limit, Rule, Wait
    from schemas.catalogue import Workspace
    from segments.model import Condition

__all__ = [
    "clock_text",
    "condition_text",
    "duration_text",
    "limit_text",
    "percent_text",
    "restraint_lines",
    "restraint_texts",
    "share_text",
    "step_text",
    "trigger_text",
    "wait_text",
]

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
    return schedule_text(trigger.schedule)


def wait_text(wait: Wait) -> str:
    """How long a wait is, or for what it is, and what ends the run."""
    out = f"wait {duration_text(wait.duration)}"
    if wait.until is not None:
        out = f"wait until {clock_text(wait.until)}"
    if wait.events:
        out = f"wait for {_events(wait.events, ' or ')}, {duration_text(wait.duration)} at most"
    out += f", unless {_events(wait.unless, ', ')}" if wait.unless else ""
    return out if wait.condition is None else f"{out}, while {condition_text(wait.condition)}"


def _events(endings: Iterable[Ending], sign: str) -> str:
    return sign.join(f"{e.event} (same {e.same})" if e.same else e.event for e in endings)


def clock_text(minutes: int) -> str:
    """`09:00` of so many minutes after midnight."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def percent_text(millionths: int) -> str:
    """`12.5%` of so many millionths."""
    return f"{millionths / 10_000:g}%"


def share_text(split: Split, arm: str) -> str:
    """The share of an arm among all of them."""
    total = sum(each.weight for each in split.arms.values())
    return f"{round(100 * split.arms[arm].weight / total, 1):g}%" if total else "0%"


def restraint_texts(rule: Rule) -> list[str]:
    """When a rule starts nothing, or for whom, though all else holds."""
    out = []
    if rule.valid is not None:
        ends = (("from", rule.valid.start), ("until", rule.valid.end))
        out.append(" ".join(f"{word} {format_time(at)}" for word, at in ends if at is not None))
    if rule.canary is not None:
        out.append(f"only for {percent_text(rule.canary)} of people")
    if rule.if_running != "parallel":
        out.append(f"while a run of it waits: {rule.if_running}")
    return [each for each in out if each]


def restraint_lines(workspace: Workspace) -> Iterator[str]:
    """How the workspace spares people, a sentence each."""
    quiet = workspace.quiet
    if quiet is not None:
        hours = f"Quiet hours from {clock_text(quiet.begin)} to {clock_text(quiet.until)} ({quiet.zone})"
        yield f"{hours}{_only(quiet.purposes, quiet.channels)}."
    for cap in workspace.caps:
        what = f"At most {cap.count} messages a person in {duration_text(cap.within)}"
        yield f"{what}{_only(cap.purposes, cap.channels)} (cap {cap.name})."
    if workspace.holdout is not None:
        yield f"Rules leave {percent_text(workspace.holdout.millionths)} of people alone, to compare with (holdout)."


def _only(purposes: frozenset[str], channels: frozenset[str]) -> str:
    named = [*sorted(purposes), *sorted(channels)]
    return f", only {', '.join(named)}" if named else ""


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
        case Branch(condition=condition):
            return f"if {condition_text(condition)}"
        case Split(salt=salt):
            return f"split {salt}"
    return type(step).__name__.lower()
