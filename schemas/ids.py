"""Identifiers: what may be one, how they are derived, and which partition a person belongs to."""

from __future__ import annotations

import unicodedata
from hashlib import blake2b, sha256
from typing import Final

import msgspec

from schemas.errors import EventRefused

__all__ = [
    "ANONYMOUS",
    "MAX_ID",
    "check_id",
    "decision_id",
    "derived_event_id",
    "drawn",
    "event_key",
    "in_share",
    "partition_of",
]

MAX_ID = 128
ANONYMOUS = "anonymous:"
"""Reserved prefix of people who are known by a device only."""

_KEY: Final = blake2b(digest_size=8)
_encode: Final = msgspec.json.Encoder().encode
_MASK: Final = 0xFFFFFFFF
_SEED: Final = 0x9747B28C
_M_HIGH: Final = 0x5BD1
_M_LOW: Final = 0xE995


def check_id(value: str, field: str) -> str:
    """`value`, if it may stand in a store: 1 to 128 characters, no NUL, no control character, no lone surrogate.

    Raises `EventRefused` (code `bad_id`).
    """
    if not value or len(value) > MAX_ID:
        text = f"{field} has {len(value)} characters; 1 to {MAX_ID} are allowed"
        raise EventRefused(text, code="bad_id")
    if value.isascii() and value.isprintable():
        return value
    for character in value:
        if unicodedata.category(character) in {"Cc", "Cs"}:
            text = f"{field} has the control character U+{ord(character):04X}"
            raise EventRefused(text, code="bad_id")
    return value


def event_key(source: str, event_id: str) -> bytes:
    """8 bytes that stand for (source, id), the same on every machine; a person's repeats are found by them."""
    key = _KEY.copy()  # cheaper than a new one
    key.update(f"{source}\0{event_id}".encode())
    return key.digest()


def decision_id(workspace: str, rule: str, person: str, occurrence: str, step: str) -> str:
    """The id of a decision: 32 hex digits of SHA-256 over what makes it wanted once.

    Neither the rule's version nor an attempt, a time of processing or a random number may enter: a replay must give the
    same id, and the provider recognises a repeat by it.
    """
    return sha256(_encode((workspace, rule, person, occurrence, step))).hexdigest()[:32]


def derived_event_id(*parts: str) -> str:
    """The id of an event that came without one, or that a rule emits: a hash of what makes it that event."""
    return sha256(_encode(parts)).hexdigest()[:32]


def drawn(salt: str, person: str) -> int:
    """A number from 0 to 2**64 - 1 that this salt draws for a person, always the same.

    It is the first 8 bytes of the SHA-256 of `salt/person` (UTF-8), so that others can work it out too. Two salts draw
    independently of each other.
    """
    return int.from_bytes(sha256(f"{salt}/{person}".encode()).digest()[:8], "big")


def in_share(salt: str, person: str, millionths: int) -> bool:
    """Whether a person belongs to so many millionths of all people; who is in a share is in every larger one."""
    return drawn(salt, person) * 1_000_000 < millionths << 64


def partition_of(person: str, partitions: int) -> int:
    """The partition of a person: murmur2 over the UTF-8 id, positive, modulo the count (as Kafka's Java client)."""
    if partitions == 1:
        return 0
    return (_murmur2(person.encode()) & 0x7FFFFFFF) % partitions


def _murmur2(data: bytes) -> int:
    """MurmurHash2, 32 bits, with the seed of Kafka's Java producer."""
    length = len(data)
    h = (_SEED ^ length) & _MASK
    whole = length & ~3
    for at in range(0, whole, 4):
        k = _mixed(int.from_bytes(data[at : at + 4], "little"))
        h = _mixed(h) ^ _mixed(k ^ (k >> 24))
    if length & 3:
        h = _mixed(h ^ int.from_bytes(data[whole:], "little"))
    h = _mixed(h ^ (h >> 13))
    return h ^ (h >> 15)


def _mixed(k: int) -> int:
    """`k` times the constant of the hash, 32 bits: in two parts that both fit into a machine word."""
    return (k * _M_LOW + ((k * _M_HIGH & 0xFFFF) << 16)) & _MASK
