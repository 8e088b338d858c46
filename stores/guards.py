"""What every state says to an owner whose position is not the stored one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.errors import Moved

if TYPE_CHECKING:
    from stores.ports import Position

__all__ = ["moved"]


def moved(partition: int, position: Position, stored: Position | None) -> Moved:
    """The error of a guard: `position` is the caller's, `stored` what was found."""
    found = "has no position" if stored is None else f"is at record {stored.offset}, chunk {stored.chunk}"
    message = f"the state of partition {partition} {found}, not at record {position.offset}, chunk {position.chunk}"
    return Moved(message)
