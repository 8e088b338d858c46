"""What is drawn for a person: an arm of a split, whether a canary covers them, whether they are held out."""

from __future__ import annotations

from fractions import Fraction
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.model import Rule, Split, Step
    from schemas.catalogue import Workspace
    from tests.reference.runs import Run

__all__ = ["acts_for", "arm_of", "is_held_out"]


def acts_for(rule: Rule, person: str) -> bool:
    """Whether a rule acts for this person, or only records what it would do."""
    if rule.status == "shadow" or rule.canary is None:
        return rule.status != "shadow"
    return _lies_below(f"canary:{rule.id}", person, rule.canary)


def is_held_out(workspace: Workspace, person: str) -> bool:
    """Whether this person is one of those whom rules leave alone."""
    holdout = workspace.holdout
    if holdout is None:
        return False
    return _lies_below(f"holdout:{holdout.salt}" if holdout.salt else "holdout", person, holdout.millionths)


def _lies_below(salt: str, person: str, millionths: int) -> bool:
    return Fraction(number_of(salt, person), 2**64) < Fraction(millionths, 10**6)


def arm_of(split: Split, run: Run, person: str) -> tuple[str, tuple[Step, ...]]:
    """The arm that this run has of a split of that name, else the one that is drawn; and its steps."""
    held = run.arms.get(split.salt)
    if held not in split.arms:
        held = run.arms[split.salt] = _drawn(split, person)
    return held, split.arms[held].then


def number_of(salt: str, person: str) -> int:
    """The first 16 hexadecimal digits that a salt draws for a person."""
    return int(sha256(salt.encode() + b"/" + person.encode()).hexdigest()[:16], 16)


def _drawn(split: Split, person: str) -> str:
    """The arm into whose part of [0, 1) the person's number falls."""
    total = sum(arm.weight for arm in split.arms.values())
    upper = 0
    for name, arm in split.arms.items():
        upper += arm.weight
        if number_of(split.salt, person) * total < upper * 2**64:
            return name
    raise AssertionError(split)
