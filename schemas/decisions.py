"""What a fold yields: rows for the ledger. Each is a fact that a replay yields again, byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec

__all__ = ["ConsentRow", "ContactRow", "DeadLetter", "Decision", "MembershipChange", "Outcome", "Withdrawal"]

Kind = Literal["send", "issue_coupon", "tag", "untag", "set", "invite", "assign", "emit"]


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """One acting step that a rule decided.

    `time` unix ms; `order` counts what happened to this person (order of happening).

    `params` are JSON values as `decisions.jsonl` shows them. `variables` feed the template. `needs` are decision ids
    that must be final before this one is leased (the coupon before its message); `effect` says whether a dispatcher
    has anything to do (False: done at once). `release`: made by a wait, so leasable only when the
    partition has caught up.
    """

    id: str
    time: int
    person: str
    rule: str
    step: str
    kind: Kind
    occurrence: str
    event_id: str | None
    params: dict[str, Any]
    order: int
    program: str
    shadow: bool = False
    effect: bool = True
    variables: dict[str, Any] = msgspec.field(default_factory=dict)
    needs: tuple[str, ...] = ()
    valid_until: int | None = None
    release: bool = False


class MembershipChange(msgspec.Struct, frozen=True):
    """A person entered or left a segment; stages are `stage:<id>`. `order` as in `Decision`."""

    person: str
    order: int
    time: int
    segment: str
    change: Literal["enter", "leave"]
    cause: Literal["event", "time", "program", "merge"]


class ContactRow(msgspec.Struct, frozen=True):
    """A person's address on a channel from `since` (unix ms) on; None: removed. `order` as in `Decision`."""

    person: str
    order: int
    channel: str
    since: int
    address: str | None


class ConsentRow(msgspec.Struct, frozen=True):
    """Consent to a purpose on a channel ("*": all) from `since` (unix ms) on; `given` False: withdrawn."""

    person: str
    order: int
    purpose: str
    channel: str
    since: int
    given: bool


class Withdrawal(msgspec.Struct, frozen=True):
    """Decisions that an event took back before a provider had them."""

    decisions: tuple[str, ...]
    reason: str
    time: int


class DeadLetter(msgspec.Struct, frozen=True):
    """A record that was refused, with its original bytes; `offset` None: refused before the log."""

    partition: int
    offset: int | None
    code: str
    message: str
    value: bytes
    time: int


class Outcome(msgspec.Struct):
    """All rows of one batch, in order of happening, and counts of what left no row."""

    decisions: list[Decision] = msgspec.field(default_factory=list)
    changes: list[MembershipChange] = msgspec.field(default_factory=list)
    contacts: list[ContactRow] = msgspec.field(default_factory=list)
    consents: list[ConsentRow] = msgspec.field(default_factory=list)
    withdrawals: list[Withdrawal] = msgspec.field(default_factory=list)
    dead_letters: list[DeadLetter] = msgspec.field(default_factory=list)
    counts: dict[str, int] = msgspec.field(default_factory=dict)
    failures: list[tuple[str, str]] = msgspec.field(default_factory=list)
    """(rule, message) of rules that raised."""
    tell: Callable[..., None] | None = None
    """Is told, at the moment itself, what runs do (see `rules.telling`); None: nobody is."""

    def count(self, name: str) -> None:
        """Count one more of `name` (`events`, `duplicates`, `late`, …)."""
        self.counts[name] = self.counts.get(name, 0) + 1

    def mark(self) -> tuple[dict[str, int], tuple[int, ...]]:
        """What there is now, for `back_to`."""
        return dict(self.counts), tuple(map(len, self._lists()))

    def back_to(self, mark: tuple[dict[str, int], tuple[int, ...]]) -> None:
        """Forget what came after the mark."""
        self.counts, lengths = mark
        for rows, length in zip(self._lists(), lengths, strict=True):
            del rows[length:]

    def _lists(self) -> tuple[list[Any], ...]:
        return (
            self.decisions, self.changes, self.contacts, self.consents, self.withdrawals, self.dead_letters,
            self.failures,
        )  # fmt: skip

    def has_rows(self) -> bool:
        """Whether step 3 of the protocol has anything to write."""
        return bool(
            self.decisions or self.changes or self.contacts or self.consents or self.withdrawals or self.dead_letters
        )
