"""What a plain scalar stands for: JSON's constants and numbers, else text; and what older YAML takes it for."""

from __future__ import annotations

import re
from decimal import Decimal

__all__ = ["NumberTooLong", "is_trap", "resolve"]

_MAX_DIGITS = 30
_CONSTANTS: dict[str, bool | None] = {"": None, "null": None, "true": True, "false": False}
_NUMBER = re.compile(r"-?(?P<whole>0|[1-9][0-9]*)(?P<part>\.[0-9]+)?(?:[eE](?P<power>[+-]?[0-9]+))?")
_TRAP = re.compile(
    r"(?:yes|no|on|off|true|false|null|~)|[-+]?(?:\.inf|\.nan)"
    r"|[-+]?(?:0x[0-9a-f_]+|0b[01_]+|0o[0-7]+|[0-9][0-9_]*(?::[0-5]?[0-9])*(?:\.[0-9_]*)?(?:e[-+]?[0-9]+)?|\.[0-9][0-9_]*)"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?",
    re.IGNORECASE,
)


class NumberTooLong(ValueError):
    """A number with more digits, or a larger power of ten, than anything here counts with."""


def resolve(text: str) -> str | int | Decimal | bool | None:
    """The value of a plain scalar. Raises `NumberTooLong`."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if not (text[-1:].isdecimal() and text[0] in "-0123456789"):
        return text
    match = _NUMBER.fullmatch(text)
    if match is None:
        return text
    part, power = match["part"] or "", match["power"] or "0"
    if len(match["whole"] + part[1:]) > _MAX_DIGITS or len(power) > _MAX_DIGITS or abs(int(power)) > 2 * _MAX_DIGITS:
        raise NumberTooLong
    return Decimal(text) if part or match["power"] else int(text)


def is_trap(text: str) -> bool:
    """Whether another reader of YAML may take this plain key for a truth value, a number, a time or nothing."""
    return _TRAP.fullmatch(text) is not None
