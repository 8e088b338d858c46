"""The way of a run through its rule, in words: its waits, branches and arms, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.model import Branch, Split, Step, Stop, WaitStep

if TYPE_CHECKING:
    from rules.case_trace import Went
    from rules.verdicts import Clock

__all__ = ["deed_text", "step_word", "told_text"]

ANSWERABLE = "wait for an event"
_PLAIN: dict[str, str] = {
    "started": "starts",
    "over": "has waited long enough{at}",
    "stop": "stops{at}",
    "restarted": "ends{at}: a new run takes its place",
    "gone": "ends{at}: it decides nothing any more",
}
_TRUTHS = {True: "true", False: "false", None: "unknown"}


def step_word(step: Step | None) -> str:
    """What kind of step leads a run on; None: the rule's own wait."""
    match step:
        case Branch():
            return "if"
        case Split(salt):
            return f"split {salt}"
        case WaitStep(wait) if wait.events:
            return ANSWERABLE
        case Stop():
            return "stop"
    return "wait"


def told_text(went: Went, clock: Clock) -> str:
    """What a run did, as a sentence about its rule."""
    if went.doing == "unless":
        return f"{went.detail} ends the wait of {went.rule}{_at(went)}"
    return f"{went.rule} {deed_text(went, clock)}"


def deed_text(went: Went, clock: Clock) -> str:
    """What a run did, without who did it."""
    at, detail = _at(went), went.detail
    match went.doing:
        case "waits" if isinstance(detail, int):
            return f"waits{at} until {clock.text(detail)}"
        case "over" if went.what == ANSWERABLE:
            return f"has waited long enough{at}, and goes to `else`"
        case "answered":
            return f"goes to `then`{at}: {detail} answers its wait"
        case "went" if went.what == "if":
            return f"goes to `{detail}`{at}: its `if` is {_truth(went)}"
        case "went":
            return f"goes to the arm {str(detail).removeprefix('arms.')}{at}, drawn by the {went.what}"
        case "while":
            return f"ends{at}: the `while` of its wait is {_truth(went)}"
    return _PLAIN[went.doing].format(at=at)


def _at(went: Went) -> str:
    return f" at step {went.step}" if went.step else ""


def _truth(went: Went) -> str:
    return "unknown" if went.reason is None else _TRUTHS[went.reason.truth]
