"""What somebody meant with a length of time that is none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from schemas.texts import say

if TYPE_CHECKING:
    from rules.nodes import Scalar

__all__ = ["meant_duration"]

_IN_WORDS = re.compile(r"([0-9]+) *([A-Za-z]+|[\u4e00-\u9fff]+)")
_UNITS = {
    "s": ("s", "sec", "second", "秒"),
    "m": ("m", "min", "minute", "分", "分钟"),
    "h": ("h", "hr", "hour", "时", "小时"),
    "d": ("d", "day", "天", "日"),
    "w": ("w", "week", "周", "星期"),
}
_OF_WORD = {word: unit for unit, words in _UNITS.items() for word in words}


def meant_duration(node: Scalar) -> str:
    """The hint for `30`, `3 days` or `30 分钟`."""
    if isinstance(node.value, int):
        return say("did you mean {text}d?", text=node.text)
    found = _IN_WORDS.fullmatch(node.text)
    unit = None if found is None else _OF_WORD.get(found[2].lower()) or _OF_WORD.get(found[2].lower().removesuffix("s"))
    if found is None or unit is None:
        return "write a number and a unit: 30d, 12h, 90m"
    return say("did you mean {text}?", text=found[1] + unit)
