"""The picture of a rule's journey, as SVG: what starts it, what must hold, every step, every way that a run may go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.model import Branch, SendMessage, Split, Stop, WaitStep, branches
from rules.reference.drawing import NARROW, WIDE, Box, Column, Figure, Fork, Lane, picture
from rules.reference.words import (
    condition_text,
    duration_text,
    limit_text,
    restraint_texts,
    share_text,
    step_text,
    trigger_text,
    wait_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.model import Rule, Step

__all__ = ["picture_of"]

_STOP = 60


def picture_of(rule: Rule) -> str:
    """An SVG file."""
    width = NARROW if any(map(_forks, rule.then)) else WIDE
    return picture(Column([*_beginning(rule, width), *_steps(rule.then, width)]), rule.title or rule.id)


def _beginning(rule: Rule, width: float) -> Iterator[Box]:
    limit = limit_text(rule.limit)
    yield Box("start", [trigger_text(rule), *([limit] if limit else []), *restraint_texts(rule)], width)
    for word, condition in (("for", rule.trigger.audience), ("when", rule.when), ("unless", rule.unless)):
        if condition is not None:
            yield Box("ask", [f"{word} {condition_text(condition)}"], width)
    if rule.wait is not None:
        yield Box("wait", [wait_text(rule.wait)], width)


def _steps(steps: tuple[Step, ...], width: float) -> Iterator[Figure]:
    for step in steps:
        if isinstance(step, Stop):
            yield Box("stop", ["stop"], _STOP, ends=True)
            continue
        head = Box(_kind(step), [step_text(step)], width)
        lanes = [Lane(_label(step, name), Column(list(_steps(inner, width)))) for name, inner in branches(step)]
        yield Fork(head, lanes) if _forks(step) else head


def _forks(step: Step) -> bool:
    """Whether it makes a difference which way a run goes."""
    return isinstance(step, Split) or any(inner for _, inner in branches(step))


def _kind(step: Step) -> str:
    match step:
        case WaitStep():
            return "wait"
        case SendMessage():
            return "send"
        case Branch():
            return "ask"
        case Split():
            return "split"
    return "do"


def _label(step: Step, way: str) -> str:
    """What is written at the entrance of a lane."""
    match step:
        case Split():
            name = way.removeprefix("arms.")
            return f"{name} {share_text(step, name)}"
        case WaitStep(wait):
            return "answered" if way == "then" else f"not within {duration_text(wait.duration)}"
    return "yes" if way == "then" else "no, or unknown"
