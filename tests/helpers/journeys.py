"""A rule of one journey."""

from __future__ import annotations

__all__ = ["rule"]


def rule(then: str, *lines: str, start: str = "event: visit") -> str:
    return "\n".join(["rules:", "  r:", f"    {start}", *(f"    {line}" for line in lines), f"    then: {then}"])
