"""The section of one rule: what starts it, what must hold, and its steps with their places, branches inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.model import Branch, Split, Step, WaitStep, branches
from rules.reference.markdown import code, plain, table
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

    from rules.model import Rule

__all__ = ["rule_lines"]


def rule_lines(rule: Rule) -> Iterator[str]:
    """The section, as Markdown."""
    yield from (f"### {plain(rule.id)}", "")
    if rule.title:
        yield from (plain(rule.title), "")
    yield from (f"![{plain(rule.title or rule.id)}](pictures/{rule.id}.svg)", "")
    yield from table(("", ""), _facts(rule))
    yield from _steps(rule.then, "", 0)
    yield ""


def _facts(rule: Rule) -> Iterator[tuple[str, str]]:
    yield "status", rule.status
    yield "starts on", plain(trigger_text(rule))
    yield "priority", str(rule.priority)
    for name, condition in (("for", rule.trigger.audience), ("when", rule.when), ("unless", rule.unless)):
        if condition is not None:
            yield name, code(condition_text(condition))
    if rule.wait is not None:
        yield "first", plain(wait_text(rule.wait))
    yield "limit", plain(limit_text(rule.limit) or "none")
    for text in restraint_texts(rule):
        yield "but", plain(text)
    if rule.expires is not None:
        yield "of use for", duration_text(rule.expires)
    if rule.if_late is not None:
        yield "may be late by", "any time" if rule.if_late.within is None else duration_text(rule.if_late.within)
    for name, said in (("owner", rule.owner), ("notes", rule.notes)):
        if said:
            yield name, plain(said)


def _steps(steps: tuple[Step, ...], prefix: str, depth: int) -> Iterator[str]:
    """A list of steps, each under the name that decisions and tests know it by."""
    for index, step in enumerate(steps):
        path = f"{prefix}{index}"
        called = code(path) if step.id is None else f"{code(step.id)} ({code(path)})"
        yield f"{'  ' * depth}- {called} {plain(step_text(step))}"
        for name, inner in branches(step):
            if inner or isinstance(step, Split):
                yield f"{'  ' * (depth + 1)}- {_way(step, name)}{':' if inner else ': nothing'}"
                yield from _steps(inner, f"{path}.{name}.", depth + 2)


def _way(step: Step, name: str) -> str:
    match step:
        case Branch():
            return "then" if name == "then" else "else, also where it is unknown"
        case WaitStep(wait):
            return "when it comes" if name == "then" else f"if it does not come within {duration_text(wait.duration)}"
        case Split():
            arm = name.removeprefix("arms.")
            return f"{plain(arm)}, {share_text(step, arm)}"
    raise AssertionError(step)
