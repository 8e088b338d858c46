"""What is kept of one person: one msgpack array, of which an event opens only the parts it touches."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

__all__ = ["NOTHING", "Limits", "Occasion", "Profile", "Waiting", "decode_profile", "encode_profile"]


class Occasion(msgspec.Struct, frozen=True, gc=False):
    """The event at hand, as conditions and templates see it: `props` typed by the catalogue, `raw` as they were sent.

    `time` is the effective time. Of a change that time alone caused there is no event: `NOTHING`.
    """

    id: str | None
    name: str | None
    time: int | None
    source: str | None
    props: dict[str, Any]
    raw: dict[str, Any]


NOTHING = Occasion(None, None, None, None, {}, {})


class Limits(msgspec.Struct, array_like=True):
    """Starts of one rule by one person: moments (unix ms), and 8-byte keys of the values of `once_per`."""

    starts: list[int] = msgspec.field(default_factory=list)
    keys: bytes = b""


class Waiting(msgspec.Struct, array_like=True):
    """A run of a rule that waits, or one whose wait is over and whose decisions may still be withdrawn.

    `due`: the end of the wait, or (`decisions` not empty) until when a withdrawal counts. `start`: trigger's moment,
    `start_key` its value under `once_per`; `event_time`: the trigger's effective time; `step`: where the run goes on.
    `same`: values of the trigger's properties that an ending event must share; `event`: JSON of what later steps use;
    `coupons`: name → decision of those issued so far; `replies`: by the wait that it answered, an event as far as later
    steps use it; `arms`: salt → the arm that was drawn.
    """

    rule: str
    program: str
    occurrence: str
    due: int
    start: int
    start_key: bytes
    event_time: int
    step: int
    wait: int
    same: dict[str, bytes]
    event: bytes
    shadow: bool = False
    decisions: list[str] = msgspec.field(default_factory=list)
    coupons: dict[str, str] = msgspec.field(default_factory=dict)
    replies: dict[int, bytes] = msgspec.field(default_factory=dict)
    arms: dict[str, str] = msgspec.field(default_factory=dict)


class Profile(msgspec.Struct, array_like=True, dict=True):
    """A person's state: a working copy that one fold owns. Times are unix ms.

    `program`: the id of the program whose tracks and segments these are. `now`: the last moment handled. `wake`: the
    smallest of `due`;
    `due`: per segment until when its truth holds, minus FOREVER (for ever is 0: one byte). `true`, `unknown`: a bit a
    segment (more than 63: as bytes while stored). `order` counts what happened. `quiet`: changes due at or before it
    start no rule. `known`: an event has come, so there are stage and segments. `next_wait`: the earliest end of a wait.
    `standing`: what rules ask of traits and tags alone (`segments.standing`), empty: to be answered anew.
    """

    program: str
    now: int
    wake: int
    due: list[int]
    true: int | bytes
    unknown: int | bytes
    tracks: list[bytes]
    seen: bytes = b""
    seen_before: bytes = b""
    seen_period: int = 0
    zone: str = ""
    order: int = 0
    known: bool = False
    stage: int = 0
    quiet: int = 0
    next_wait: int = 0
    traits_raw: bytes = b""
    traits_at: bytes = b""
    tags: list[str] = []
    limits_raw: bytes = b""
    waits_raw: bytes = b""
    standing: bytes = b""

    @property
    def traits(self) -> dict[str, Any]:
        """Trait → its value; change it by `set_trait`."""
        opened = self.__dict__
        held = opened.get("traits")
        if held is None:
            held = opened["traits"] = _decode_traits(self.traits_raw) if self.traits_raw else {}
        return held

    @property
    def is_described(self) -> bool:
        """Whether a trait or a tag of this person is known. Most new people are known by an event alone."""
        return bool(self.traits_raw or self.tags)

    def set_trait(self, name: str, value: Any, at: int) -> bool:  # noqa: ANN401 - text, whole number, Decimal or truth
        """Set a trait (None takes it away) as of `at` (unix ms); False if a later setting is known."""
        times = dict(zip(sorted(self.traits), _times(self.traits_at), strict=True))
        if times.get(name, 0) > at:
            return False
        if value is None:
            self.traits.pop(name, None)
            times.pop(name, None)
        else:
            self.traits[name] = value
            times[name] = at
        packed = {key: _extended(self.traits[key]) for key in sorted(self.traits)}
        self.traits_raw = _encode(packed)
        self.traits_at = b"".join(times[key].to_bytes(6, "big") for key in packed)
        self.standing = b""
        return True

    def set_tags(self, tags: list[str]) -> None:
        """Set all tags, in their order."""
        self.tags, self.standing = tags, b""

    @property
    def limits(self) -> dict[str, Limits]:
        """Rule (shadow: `~rule`) → its starts; call `store_limits` after a change."""
        held = self.__dict__.get("limits")
        if held is None:
            held = self.__dict__["limits"] = _decode_limits(self.limits_raw) if self.limits_raw else {}
        return held

    def store_limits(self) -> None:
        """Keep what was changed in `limits`."""
        self.limits_raw = _encode(dict(sorted(self.limits.items())))

    @property
    def waits(self) -> list[Waiting]:
        """Runs that wait, in the order in which they began; call `store_waits` after a change."""
        held = self.__dict__.get("waits")
        if held is None:
            held = self.__dict__["waits"] = _decode_waits(self.waits_raw) if self.waits_raw else []
        return held

    def store_waits(self) -> None:
        """Keep what was changed in `waits`, and when the next one ends."""
        self.waits_raw = _encode(self.waits) if self.waits else b""
        self.next_wait = min((w.due for w in self.waits), default=0)


def _times(packed: bytes) -> list[int]:
    return [int.from_bytes(packed[at : at + 6], "big") for at in range(0, len(packed), 6)]


_DECIMAL = 1
"""The extension type of an exact decimal number, kept by its digits."""


def _extended(value: Any) -> Any:  # noqa: ANN401
    return msgspec.msgpack.Ext(_DECIMAL, str(value).encode()) if isinstance(value, Decimal) else value


def _number(_: int, digits: memoryview) -> Decimal:
    return Decimal(bytes(digits).decode())


_encode = msgspec.msgpack.Encoder().encode
_decode_traits = msgspec.msgpack.Decoder(dict[str, Any], ext_hook=_number).decode
_decode = msgspec.msgpack.Decoder(Profile).decode
_decode_limits = msgspec.msgpack.Decoder(dict[str, Limits]).decode
_decode_waits = msgspec.msgpack.Decoder(list[Waiting]).decode
_WIDE = 1 << 63


def encode_profile(profile: Profile) -> bytes:
    """The stored form; the same state gives the same bytes."""
    true, unknown = profile.true, profile.unknown
    if true < _WIDE and unknown < _WIDE:  # type: ignore[operator]
        return _encode(profile)
    profile.true, profile.unknown = _packed(true), _packed(unknown)
    try:
        return _encode(profile)
    finally:
        profile.true, profile.unknown = true, unknown


def decode_profile(stored: bytes) -> Profile:
    """A working copy of a stored profile."""
    profile = _decode(stored)
    if profile.true.__class__ is bytes:
        profile.true = int.from_bytes(profile.true, "big")
    if profile.unknown.__class__ is bytes:
        profile.unknown = int.from_bytes(profile.unknown, "big")
    return profile


def _packed(mask: int | bytes) -> bytes:
    number = int(mask) if isinstance(mask, int) else int.from_bytes(mask, "big")
    return number.to_bytes((number.bit_length() + 7) // 8 or 1, "big")
