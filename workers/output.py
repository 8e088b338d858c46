"""The files of a simulation: lines with fixed keys in a fixed order, byte for byte the same on every engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from rules.steps import trait_shown
from rules.turn import Turn
from schemas.decisions import Outcome
from schemas.profile import decode_profile
from schemas.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from rules.program import Program
    from schemas.profile import Profile

__all__ = [
    "coupon_line",
    "decision_line",
    "delivery_line",
    "membership_line",
    "profile_line",
    "segments_of",
    "write_json",
    "write_lines",
]

_encode = msgspec.json.Encoder(decimal_format="number").encode


def write_lines(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    """JSON lines."""
    with path.open("wb") as file:
        file.writelines(_encode(line) + b"\n" for line in lines)


def write_json(path: Path, value: object) -> None:
    """One JSON document, indented."""
    path.write_bytes(msgspec.json.format(_encode(value), indent=2) + b"\n")


def decision_line(row: Mapping[str, Any]) -> dict[str, Any]:
    """A line of `decisions.jsonl` and `shadow.jsonl`."""
    return {
        "id": row["decision_id"],
        "time": format_time(row["time"]),
        "person": row["person"],
        "rule": row["rule"],
        "step": row["step"],
        "kind": row["kind"],
        "occurrence": row["occurrence"],
        "event_id": row["event_id"],
        "params": row["params"],
    }


def membership_line(row: Mapping[str, Any]) -> dict[str, Any]:
    """A line of `memberships.jsonl`."""
    return {
        "time": format_time(row["time"]),
        "person": row["person"],
        "segment": row["segment"],
        "change": row["change"],
        "cause": row["cause"],
    }


def delivery_line(row: Mapping[str, Any]) -> dict[str, Any]:
    """A line of `deliveries.jsonl`."""
    return {
        "decision_id": row["decision_id"],
        "time": format_time(row["time"]),
        "person": row["person"],
        "channel": row["channel"] or None,
        "status": row["status"],
        "reason": row["reason"] or None,
        "template": row["template"],
        "body": row["body"],
    }


def coupon_line(row: Mapping[str, Any]) -> dict[str, Any]:
    """A line of `coupons.jsonl`; a refused coupon has no code and a reason."""
    line = {
        "code": row["code"],
        "pool": row["pool"],
        "person": row["person"],
        "decision_id": row["decision_id"],
        "time": format_time(row["time"]),
        "status": row["status"],
        "expires": None if row["expires"] is None else format_time(row["expires"]),
    }
    return line | {"reason": row["reason"]} if row["status"] == "refused" else line


def segments_of(program: Program, p: Profile) -> list[str]:
    """Ids of the segments a person is in, sorted, without the stage."""
    plan = program.plan
    return sorted(s for s in plan.order if int(p.true) & plan.bit[s] and not s.startswith("stage:"))


def profile_line(program: Program, person: str, state: bytes, now: int) -> dict[str, Any]:
    """A line of `profiles.jsonl`; traits with the computed ones at `now` (unix ms), what is unknown left out."""
    p = decode_profile(state)
    turn = Turn(program, "", person, p, Outcome())
    names = sorted({*p.traits, *program.computed_traits})
    traits = {name: trait_shown(turn, name, max(now, p.now)) for name in names}
    return {
        "person": person,
        "stage": program.plan.stages[p.stage - 1] if p.stage else None,
        "segments": segments_of(program, p),
        "tags": p.tags,
        "traits": {name: value for name, value in traits.items() if value is not None},
    }
