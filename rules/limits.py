"""How often one person may start a rule.

Starts are compared as trigger moments, half-open; several kinds must all allow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from schemas.ids import event_key
from schemas.profile import Limits
from segments.windows import holds_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.model import Limit
    from schemas.profile import Occasion, Profile


__all__ = ["allows", "first_telling", "give_back", "limit_name", "limited", "once_key", "take"]

Start = tuple[int, bytes]
"""When a run started, and its value under `once_per`."""

_KEY: Final = 8
_TELLINGS: Final = 15


def limited(limit: Limit) -> bool:
    """Whether a limit says anything."""
    return limit.once or limit.once_within is not None or limit.once_per is not None or limit.max_count is not None


def limit_name(rule: str, *, shadow: bool) -> str:
    """Under which name a profile holds the starts of a rule; those as shadow are kept apart."""
    return f"~{rule}" if shadow else rule


def once_key(limit: Limit, occasion: Occasion) -> bytes | None:
    """8 bytes for the value of `once_per`, by type and value; b"" without that limit, None where the event lacks it."""
    if limit.once_per is None:
        return b""
    value = occasion.props.get(limit.once_per)
    return None if value is None else event_key(type(value).__name__, str(value))


def allows(profile: Profile, limit: Limit, name: str, now: int, key: bytes | None, freed: Sequence[Start] = ()) -> bool:
    """Whether every kind of limit allows a start at `now` under a name, with the places of `freed` starts free again.

    `key` as `once_key` gives it. Nothing changes.
    """
    return key is not None and _allows(limit, _without(profile.limits.get(name) or Limits(), freed), now, key)


def take(profile: Profile, limit: Limit, name: str, now: int, key: bytes, freed: Sequence[Start] = ()) -> None:
    """Take a place that `allows` found free, and free those."""
    held = _without(profile.limits.get(name) or Limits(), freed)
    profile.limits[name] = Limits(_kept(limit, held.starts, now), held.keys + key)
    profile.store_limits()


def _allows(limit: Limit, held: Limits, now: int, key: bytes) -> bool:
    if limit.once and held.starts:
        return False
    if limit.once_within is not None and held.starts and max(held.starts) > now - limit.once_within:
        return False
    if key and holds_key(held.keys, key):
        return False
    if limit.max_count is None:
        return True
    edge = now - (limit.max_within or now)
    return sum(start > edge for start in held.starts) < limit.max_count


def _kept(limit: Limit, starts: list[int], now: int) -> list[int]:
    """The starts that may still refuse one: those of the longest window; with `once` or without a window all."""
    if limit.once or (limit.max_count is not None and limit.max_within is None):
        return [*starts, now]
    edge = now - max(limit.once_within or 0, limit.max_within or 0)
    return [*(start for start in starts if start > edge), now]


def first_telling(profile: Profile, rule: str, nominal: int) -> bool:
    """Whether this firing of a schedule (nominal time, unix ms) is told for the first time.

    The newest are remembered.
    """
    held = profile.limits.setdefault(f"@{rule}", Limits())
    key = nominal.to_bytes(_KEY, "big")
    if holds_key(held.keys, key):
        return False
    held.keys = held.keys[-_KEY * _TELLINGS :] + key
    profile.store_limits()
    return True


def give_back(profile: Profile, name: str, start: int, key: bytes) -> None:
    """A start was cancelled: its place is free again."""
    held = profile.limits.get(name)
    if held is not None:
        profile.limits[name] = _without(held, [(start, key)])
        profile.store_limits()


def _without(held: Limits, freed: Sequence[Start]) -> Limits:
    """What is held without these starts."""
    if not freed:
        return held
    starts, keys = list(held.starts), held.keys
    for start, key in freed:
        if start in starts:
            starts.remove(start)
        if key:
            cut = [keys[at : at + _KEY] for at in range(0, len(keys), _KEY)]
            keys = b"".join(k for k in cut if k != key)
    return Limits(starts, keys)
