"""What a rule may still do after one of its steps, and so which steps act for people who are held out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.model import Invite, IssueCoupon, SendMessage, Step, Stop, branches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.model import Playbook

__all__ = ["is_always_done"]


def is_always_done(playbook: Playbook, steps: Sequence[Step], path: str, step: Step) -> bool:
    """Whether the step at a path is a transactional message, or a coupon that one which may come later shows."""
    if not isinstance(step, IssueCoupon):
        return _is_transactional(playbook, step)
    later, _ = _after(steps, path.split("."))
    shown = {name for each in later if _is_transactional(playbook, each) for name in _roots(playbook, each)}
    return step.name in shown


def _is_transactional(playbook: Playbook, step: Step) -> bool:
    if not isinstance(step, SendMessage | Invite) or step.template is None:
        return False
    return playbook.templates[step.template].purpose == "transactional"


def _roots(playbook: Playbook, step: Step) -> set[str]:
    assert isinstance(step, SendMessage | Invite)
    assert step.template is not None
    return {path.split(".")[0] for path in playbook.templates[step.template].uses}


def _all(steps: Sequence[Step]) -> tuple[list[Step], bool]:
    """Every step that may be come to in a list, and whether its end may be."""
    found: list[Step] = []
    for step in steps:
        found.append(step)
        inner = [_all(branch) for _, branch in branches(step)]
        found += [each for steps, _ in inner for each in steps]
        if isinstance(step, Stop) or (inner and not any(open_ended for _, open_ended in inner)):
            return found, False
    return found, True


def _after(steps: Sequence[Step], path: list[str]) -> tuple[list[Step], bool]:
    """The same, behind the step at a path."""
    at, way = int(path[0]), path[1:]
    rest, open_ended = _all(steps[at + 1 :])
    if not way:
        return rest, open_ended
    length = 2 if way[0] == "arms" else 1
    inside, leaves = _after(dict(branches(steps[at]))[".".join(way[:length])], way[length:])
    return (inside + rest, open_ended) if leaves else (inside, False)
