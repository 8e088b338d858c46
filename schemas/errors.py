"""The error tree: whose fault it is, and which of the three answers it gets.

TouchlineError                what a person reads is `str(error)`; `code` is for machines, `hint` says what to do next
├ EventRefused                refuse the input: a dead letter with its code, never retried
├ PlaybookError               refuse the input: findings with file, line and column; the old program stays in force
├ SettingsError               refuse to start: one sentence, exit code 2
├ InputError                  a file or argument that cannot be used: one sentence, exit code 2
├ NamedStop                   stop with a name from the protocol: exit code 3
├ StoreUnavailable            retry: the store is away or busy
├ Moved                       reload and repeat: the stored position is not ours any more
└ RuleFailed                  a rule that raised: quarantined and reported, the others go on
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.findings import Finding

__all__ = [
    "EventRefused",
    "InputError",
    "Moved",
    "NamedStop",
    "PlaybookError",
    "RuleFailed",
    "SettingsError",
    "StoreUnavailable",
    "TouchlineError",
]


class TouchlineError(Exception):
    """Base of every error of ours; never raised itself."""

    code = "error"

    def __init__(self, message: str, *, code: str | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.hint = hint


class EventRefused(TouchlineError):
    """An event that cannot be accepted; `code` goes with it into the dead letters."""

    code = "bad_event"


class PlaybookError(TouchlineError):
    """A playbook with faults; `findings` holds all of them."""

    code = "bad_playbook"

    def __init__(self, message: str, findings: Sequence[Finding], *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.findings = tuple(findings)


class SettingsError(TouchlineError):
    """A setting that stops the start."""

    code = "bad_settings"


class InputError(TouchlineError):
    """A file, folder or argument that cannot be used as it is."""

    code = "bad_input"


class NamedStop(TouchlineError):
    """A stop with a name from the protocol (`STATE_GAP`, `LOG_MISMATCH`, …): going on would give wrong results."""

    code = "STOP"


class StoreUnavailable(TouchlineError):
    """A store is away, busy or out of space; the step may be repeated."""

    code = "store_unavailable"


class Moved(TouchlineError):
    """The stored position is not the caller's: another owner wrote, or the store went back. Reload and repeat."""

    code = "moved"


class RuleFailed(TouchlineError):
    """A rule raised while it was evaluated or acted."""

    code = "rule_failed"
