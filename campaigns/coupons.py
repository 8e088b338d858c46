"""Coupon codes that nobody can guess and a mistyped letter betrays, and the offer that a ledger issues.

A code is 80 bits of HMAC-SHA256 over the decision, with the workspace's key: without the key it cannot be guessed, and
after a restore the same decision gives the same code again. It is written in Crockford's alphabet (no I, L, O or U),
with a check character by Luhn's rule modulo 32, which finds every wrong character and every swapped pair of neighbours
but the pair 0 and Z.
"""

from __future__ import annotations

import hmac
from functools import partial
from typing import TYPE_CHECKING

from messaging.policy import CouponOffer

if TYPE_CHECKING:
    from messaging.ports import OutboxRow
    from schemas.offers import CouponPool

__all__ = ["ALPHABET", "CODE_LENGTH", "check_code", "code_of", "offer"]

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 17
"""16 characters of 5 bits and the check character, without the pool's prefix."""

_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_BASE = len(ALPHABET)
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1"})


def code_of(key: bytes, decision_id: str, attempt: int, prefix: str = "") -> str:
    """The code of a decision: `WEL-` and 17 characters. `attempt` 1, 2, … gives others, for when one is taken."""
    digest = hmac.digest(key, f"{decision_id}\0{attempt}".encode(), "sha256")
    number = int.from_bytes(digest[:10], "big")
    body = "".join(ALPHABET[number >> shift & 31] for shift in range(75, -1, -5))
    return (f"{prefix}-" if prefix else "") + body + _check_character(body)


def check_code(code: str) -> bool:
    """Whether a code, as a person typed it, can be one: small letters are understood, and I, L, O as 1, 1, 0."""
    body = code.strip().upper().rpartition("-")[2].translate(_READ_AS)
    if len(body) != CODE_LENGTH or any(character not in _VALUES for character in body):
        return False
    return _check_character(body[:-1]) == body[-1]


def _check_character(body: str) -> str:
    """The character that completes `body` by Luhn's rule modulo 32."""
    total = 0
    for place, character in enumerate(reversed(body)):
        value = _VALUES[character] * (2 if place % 2 == 0 else 1)
        total += value // _BASE + value % _BASE
    return ALPHABET[-total % _BASE]


def offer(pool: CouponPool, row: OutboxRow, *, key: bytes) -> CouponOffer:
    """What a ledger needs to issue a coupon of `pool` for this decision; its validity begins at the decision's time."""
    return CouponOffer(
        pool=pool.id,
        stock=pool.stock,
        per_person=pool.per_person,
        budget=pool.budget,
        cost=pool.worst_cost,
        expires=None if pool.valid_for is None else row.time + pool.valid_for,
        code=partial(_code_of_attempt, key, row.decision_id, pool.prefix),
    )


def _code_of_attempt(key: bytes, decision_id: str, prefix: str, attempt: int) -> str:
    return code_of(key, decision_id, attempt, prefix)
