"""Words that the advertising law of China forbids, in the texts of marketing messages."""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["ALLOWED", "FORBIDDEN", "forbidden_in"]

FORBIDDEN = (
    "最",
    "最好",
    "最佳",
    "最优",
    "最低价",
    "最便宜",
    "最高级",
    "最先进",
    "最大",
    "最强",
    "最新",
    "最受欢迎",
    "第一",
    "全国第一",
    "全网第一",
    "销量第一",
    "排名第一",
    "NO.1",
    "TOP1",
    "国家级",
    "世界级",
    "宇宙级",
    "顶级",
    "顶尖",
    "极品",
    "极致",
    "绝佳",
    "绝对",
    "唯一",
    "独一无二",
    "首选",
    "首家",
    "独家",
    "王牌",
    "冠军",
    "领袖",
    "巅峰",
    "史无前例",
    "前无古人",
    "永久",
    "万能",
    "祖传",
    "特效",
    "无敌",
    "纯天然",
    "零风险",
    "包治",
    "根治",
    "100%有效",
    "国家免检",
    "驰名商标",
    "全网最低",
    "全国最低",
    "史上最低",
    "国家领导人推荐",
)
"""Superlatives and promises that article 9 and practice refuse."""
ALLOWED = (
    "最近",
    "最后",
    "最终",
    "最初",
    "最多",
    "最少",
    "最快",
    "最晚",
    "最迟",
    "最早",
    "最小",
    "最长",
    "最短",
    "第一次",
    "第一时间",
    "第一天",
    "第一步",
    "第一单",
    "第一份",
    "第一周",
    "第一件",
    "第一笔",
    "绝对值",
    "永久有效期",
    "最新消息",
    "最新动态",
    "最新订单",
    "冠军联赛",
)
"""Longer words that hold one of them and say something else."""


def forbidden_in(text: str, more: tuple[str, ...] = (), allowed: tuple[str, ...] = ()) -> list[tuple[int, str]]:
    """Forbidden words with their places in a text; the longest word that begins at a place decides."""
    pattern, refused = _pattern(more, allowed)
    return [(match.start(), match[0]) for match in pattern.finditer(text) if match[0].casefold() in refused]


@lru_cache(maxsize=64)
def _pattern(more: tuple[str, ...], allowed: tuple[str, ...]) -> tuple[re.Pattern[str], frozenset[str]]:
    spared = {word.casefold() for word in (*ALLOWED, *allowed)}
    refused = frozenset(word.casefold() for word in (*FORBIDDEN, *more)) - spared
    words = sorted({*refused, *spared}, key=lambda word: (-len(word), word))
    return re.compile("|".join(map(re.escape, words)), re.IGNORECASE), refused
