"""Chinese of the sentences about quiet hours and frequency caps."""

from __future__ import annotations

__all__ = ["CHINESE"]

CHINESE = {
    "{value!r} is no time of day": "{value!r} 不是一天中的时刻",
    'write "09:00", in quotes': '写 "09:00"，带引号',
    "`quiet_hours`": "`quiet_hours`",
    "these quiet hours begin when they end, so they last no time or all day": "免打扰时段的开始和结束相同，要么没有，要么是全天",
    "let them end at another time": "让它在另一个时刻结束",
    "the cap {name!r}": "频次上限 {name!r}",
    "the cap {name!r} does not say what it counts": "频次上限 {name!r} 没有说明统计什么",
    "add `channels:` or `purposes:`, or name it all, marketing, or like a channel": "加上 `channels:` 或 `purposes:`，或命名为 all、marketing 或某个渠道名",
    "messages are counted for 92 days": "消息计数只保留 92 天",
    "take 92d at most": "最多写 92d",
    "cap": "频次上限",
}
