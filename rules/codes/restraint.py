"""Codes of quiet hours and frequency caps."""

from __future__ import annotations

from rules.codes.code import Code

__all__ = ["CODES"]

CODES = (
    Code(
        "bad_time_of_day",
        "not a time of day",
        "不是一天中的时刻",
        'Write hours and minutes in quotes: `"09:00"`.',
        '在引号中写时和分：`"09:00"`。',
    ),
    Code(
        "cap_too_long",
        "a cap looks back further than messages are counted",
        "频次上限回看的时间超过了消息计数的保留期",
        "Take 92 days at most.",
        "最多取 92 天。",
    ),
    Code(
        "cap_without_scope",
        "a cap does not say which messages it counts",
        "频次上限没有说明统计哪些消息",
        "Add `channels:` or `purposes:`, or name it `all`, `marketing`, or like a channel.",
        "加上 `channels:` 或 `purposes:`，或命名为 `all`、`marketing` 或某个渠道名。",
    ),
    Code(
        "empty_quiet_hours",
        "quiet hours that begin when they end",
        "免打扰时段的开始和结束相同",
        "Let them end at another time.",
        "让它在另一个时刻结束。",
    ),
)
