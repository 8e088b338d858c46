"""What somebody meant with a length of time, or an amount, that is none."""

from __future__ import annotations

import re

from schemas.texts import say

__all__ = ["meant_amount", "meant_duration"]

_IN_WORDS = re.compile(r"([0-9]+) *(?:([A-Za-z]+|[\u4e00-\u9fff]+))?")
_UNITS = {
    "s": ("s", "sec", "second", "秒"),
    "m": ("m", "min", "minute", "分", "分钟"),
    "h": ("h", "hr", "hour", "时", "小时"),
    "d": ("d", "day", "天", "日"),
    "w": ("w", "week", "周", "星期"),
}
_OF_WORD = {word: unit for unit, words in _UNITS.items() for word in words}
_LONG = {"month": 30, "mon": 30, "mo": 30, "月": 30, "个月": 30, "year": 365, "yr": 365, "y": 365, "年": 365}
_AMOUNT = re.compile(r"[$€£¥￥]? *(\d{1,12}(?:\.\d{1,2})?) *(?:[A-Za-z]{3}|元|块|圆|人民币|美元|英镑|欧元|[$€£¥￥])?")


def meant_duration(text: str) -> str:
    """The hint for `30`, `3 days`, `30 分钟` or `1 month`; of months and years only a proposal."""
    found = _IN_WORDS.fullmatch(text)
    if found is None:
        return "write a number and a unit: 30d, 12h, 90m"
    if found[2] is None:
        return say("did you mean {text}d?", text=text)
    number, word = found[1], "month" if found[2] == "M" else found[2].lower()
    unit = _OF_WORD.get(word) or _OF_WORD.get(word.removesuffix("s"))
    if unit is not None:
        return say("did you mean {text}?", text=number + unit)
    days = _LONG.get(word) or _LONG.get(word.removesuffix("s"))
    if days is None:
        return "write a number and a unit: 30d, 12h, 90m"
    return say("months and years differ in length: write the days, {text}", text=f"{int(number) * days}d")


def meant_amount(text: str, currency: str) -> str:
    """The hint for `20元`, `¥20`, `20CNY` or `20`; nothing where a number cannot be made out."""
    found = _AMOUNT.fullmatch(text.strip())
    return "" if found is None else say("did you mean {text} {currency}?", text=found[1], currency=currency)
