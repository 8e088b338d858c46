"""What every log refuses, in the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.errors import NamedStop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stores.ports import Appendable, LogInfo

__all__ = ["check_items", "check_partitions", "gap"]


def check_items(items: Sequence[Appendable], partitions: int, *, is_virtual: bool) -> None:
    """Raise `ValueError` for what can never be appended: it must not spoil the transaction of other callers."""
    for item in items:
        if item.at is not None and not is_virtual:
            message = "this log has its own clock; only one made with virtual time takes a time"
            raise ValueError(message)
        if item.partition is not None and not 0 <= item.partition < partitions:
            message = f"there is no partition {item.partition}; the log has {partitions}"
            raise ValueError(message)


def check_partitions(info: LogInfo, asked: int | None) -> None:
    """Raise `NamedStop` `PARTITIONS_CHANGED` when a log has another count of partitions than the one asked for."""
    if asked not in {None, info.partitions}:
        message = f"the log has {info.partitions} partitions, not {asked}; the count cannot be changed"
        raise NamedStop(message, code="PARTITIONS_CHANGED")


def gap(partition: int, start: int, first: int) -> NamedStop:
    """The stop for records that were asked for and are not kept any more."""
    message = (
        f"partition {partition}: records {start} to {first - 1} are needed and the log does not have them any more; "
        "restore a state or a log that reaches them"
    )
    return NamedStop(message, code="STATE_GAP")
