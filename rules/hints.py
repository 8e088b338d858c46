"""Hints for a name or key that is not known: the nearest one, what it is called here, or where it belongs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from schemas.findings import nearest
from schemas.texts import say

__all__ = ["NOWHERE", "Hints", "allowed", "did_you_mean"]

Hints = Mapping[str, str]
"""Keys that belong to another place, and the sentence that says so."""
_LISTED = 24
NOWHERE: Hints = {}
_SAME_WORD = {
    **dict.fromkeys(("to", "end", "till"), "until"),
    **dict.fromkeys(("start", "begin", "since"), "from"),
    **dict.fromkeys(("condition", "where"), "when"),
    **dict.fromkeys(("do", "actions", "steps"), "then"),
    **dict.fromkeys(("trigger", "events"), "event"),
    "otherwise": "else",
    "timeout": "within",
    "coupon": "issue_coupon",
    "birthday": "anniversary",
    "max": "count",
}
"""What other tools call a key, and what it is called here."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The hint for an unknown name: the nearest one, else all there are."""
    names = sorted(known)
    close = nearest(name, names)
    if close is not None:
        return say("did you mean {close!r}?", close=close)
    return say("there is: {names}", names=", ".join(names[:_LISTED])) if names else "there is none"


def allowed(name: str, known: Iterable[str], elsewhere: Hints = NOWHERE) -> str:
    """The hint for a key that is not known: the nearest one, and all there are; where it belongs, if `elsewhere` knows.

    `elsewhere`: keys that belong to another place, and the hint that says so.
    """
    if name in elsewhere:
        return elsewhere[name]
    once = list(dict.fromkeys(known))
    other = _SAME_WORD.get(name)
    close, names = other if other in once else nearest(name, once), ", ".join(once)
    if close is None:
        return say("allowed: {names}", names=names)
    return say("did you mean {close!r}? allowed: {names}", close=close, names=names)
