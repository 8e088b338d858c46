"""What the gates are told and what they say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from messaging.policy.restraint import Touch
from messaging.ports import Content

__all__ = ["CouponFact", "CouponOffer", "Facts", "Verdict"]


@dataclass(frozen=True, slots=True)
class CouponFact:
    """A decision that a row waits for: its status, and the coupon's code and expiry where one was issued."""

    status: str
    code: str | None = None
    expires: int | None = None
    pool: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the ledger knows about a row's person at the moment of the lease (unix ms).

    `addresses`: channel → address. `consents`: (purpose, channel or "*") → given, the newest of each up to `now`.
    `needs`: decision id → fact, None where that decision is not in the outbox yet. `switches`: names that are off:
    `all`, `rule:<id>`, `channel:<name>`, `purpose:<name>`. `touches`: messages of other decisions that were handed
    over, as far back as caps look.
    """

    now: int
    addresses: dict[str, str] = field(default_factory=dict)
    consents: dict[tuple[str, str], bool] = field(default_factory=dict)
    needs: dict[str, CouponFact | None] = field(default_factory=dict)
    switches: frozenset[str] = frozenset()
    touches: tuple[Touch, ...] = ()


@dataclass(frozen=True, slots=True)
class CouponOffer:
    """What a ledger needs to issue one coupon in its transaction. Money in minor units.

    `code(attempt)` gives the code of attempt 0, 1, …: the next one is asked for when a code is taken.
    """

    pool: str
    stock: int | None
    per_person: int | None
    budget: int | None
    cost: int
    expires: int | None
    code: Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gates say.

    `go`: send `content` to `address` on `channel`, a message of `purpose`. `coupon`: issue it now. `stop`: final, with
    `status` and `reason`. `wait`: leave it pending until `until` (unix ms); with the reason `quiet_hours` that is the
    moment at which it goes, else one at which it is asked again.
    """

    kind: Literal["go", "coupon", "stop", "wait"]
    channel: str = ""
    address: str = ""
    content: Content | None = None
    purpose: str = ""
    status: str = ""
    reason: str = ""
    until: int = 0
    coupon: CouponOffer | None = None
