"""A run of a rule: one occurrence on its way through the steps, and what of it is kept while it waits."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from rules.program import CompiledRule, program_id
from schemas.profile import Occasion, Waiting
from segments.scope import REPLY
from segments.windows import value_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.route import Station
    from rules.turn import Turn

__all__ = ["Run", "keep", "restore", "restored_occasion"]

_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder(
    tuple[str | None, str | None, int | None, str | None, dict[str, Any]], float_hook=Decimal
).decode


class Run:
    """One occurrence: when it started, under which key of `once_per`, and whether a wait led here.

    `due`: the moment that its decisions belong to, even if it comes late; `shadow`: it records and does nothing.
    `coupons`: name → decision of those issued so far; `replies`: by the place of the wait that it answered, an event;
    `arms`: salt → the arm that was drawn. These three grow as the run goes on.
    """

    __slots__ = (
        "arms", "coupons", "due", "event_time", "occurrence", "replies", "rule", "shadow", "start", "start_key",
        "waited",
    )  # fmt: skip

    def __init__(
        self,
        rule: CompiledRule,
        occurrence: str,
        start: int,
        start_key: bytes,
        event_time: int,
        due: int,
        *,
        shadow: bool,
        waited: bool = False,
    ) -> None:
        self.rule, self.occurrence, self.start, self.start_key = rule, occurrence, start, start_key
        self.event_time, self.due, self.shadow, self.waited = event_time, due, shadow, waited
        self.coupons: dict[str, str] = {}
        self.replies: dict[int, Occasion] = {}
        self.arms: dict[str, str] = {}

    def seen(self, occasion: Occasion, station: Station) -> Occasion:
        """The event that began the run as a step sees it: with the properties of the reply, where there is one."""
        reply = self.replies.get(station.answered)
        if reply is None:
            return occasion
        replied = {REPLY + name: value for name, value in reply.props.items()}
        return Occasion(
            occasion.id, occasion.name, occasion.time, occasion.source, occasion.props | replied, occasion.raw
        )


def keep(run: Run, occasion: Occasion, place: int, due: int, onward: int) -> Waiting:
    """The run as it rests at the wait `place` until `due`, to go on at `onward`: with no more than is used later."""
    rule = run.rule
    kept = rule.kept[place]
    same = {name: value_key(occasion.props[name]) for name in sorted(kept.same) if name in occasion.props}
    replies = {at: _kept(run.replies[at], names) for at, names in kept.replies.items() if at in run.replies}
    return Waiting(
        rule.id, program_id(rule.program), run.occurrence, due, run.start, run.start_key, run.event_time, onward,
        place, same, _kept(occasion, kept.event), run.shadow, coupons=dict(run.coupons), replies=replies,
        arms=dict(run.arms),
    )  # fmt: skip


def _kept(occasion: Occasion, names: Iterable[str]) -> bytes:
    # Without its currency an amount would be taken for the workspace's.
    kept = {name: occasion.raw[name] for name in sorted({*names, "currency"}) if name in occasion.raw}
    return _encode([occasion.id, occasion.name, occasion.time, occasion.source, kept])


def restore(turn: Turn, rule: CompiledRule, waiting: Waiting, due: int) -> Run:
    """The run that waited, and goes on at `due` (unix ms)."""
    run = Run(
        rule,
        waiting.occurrence,
        waiting.start,
        waiting.start_key,
        waiting.event_time,
        due,
        shadow=waiting.shadow,
        waited=True,
    )
    run.coupons, run.arms = dict(waiting.coupons), dict(waiting.arms)
    run.replies = {at: restored_occasion(turn, kept) for at, kept in waiting.replies.items()}
    return run


def restored_occasion(turn: Turn, kept: bytes) -> Occasion:
    """An event, as far as later steps use it."""
    identity, name, time, source, raw = _decode(kept)
    coerce = turn.program.coercions.get(name) if name is not None else None
    return Occasion(identity, name, time, source, coerce(raw) if coerce is not None else {}, raw)
