"""Whether, when and where a decision may be carried out: the gates that a ledger asks in the lease's transaction."""

from messaging.policy.decide import (
    ADDRESS_CHANNELS,
    EVENT_CHANNEL,
    GATES,
    Gate,
    decide,
)
from messaging.policy.facts import CouponFact, CouponOffer, Facts, Verdict
from messaging.policy.restraint import Touch

__all__ = [
    "ADDRESS_CHANNELS",
    "EVENT_CHANNEL",
    "GATES",
    "CouponFact",
    "CouponOffer",
    "Facts",
    "Gate",
    "Touch",
    "Verdict",
    "decide",
]
