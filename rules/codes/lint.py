"""Codes of the lint: what is right for a parser and still not what somebody meant."""

from __future__ import annotations

from rules.codes.code import Code

__all__ = ["CODES"]

CODES = (
    Code(
        "ad_word",
        "a marketing text uses a word that advertising law forbids",
        "营销文本使用了广告法禁用的词",
        "Say it otherwise. `waive: [ad_word]` in the template accepts it; `ad_words` and `allowed_words` of the workspace extend the lists.",
        "换一种说法。模板里写 `waive: [ad_word]` 表示接受；工作区的 `ad_words` 和 `allowed_words` 可扩充词表。",
        severity="warning",
    ),
    Code(
        "always_true",
        "a condition that holds whatever the values are",
        "无论取什么值都成立的条件",
        "Leave it out, or correct it.",
        "去掉它，或改正它。",
        severity="warning",
    ),
    Code(
        "duplicate_rule",
        "two rules say the same",
        "两条规则完全一样",
        "Take one away.",
        "去掉一条。",
        severity="warning",
    ),
    Code(
        "expires_in_quiet_hours",
        "a message that quiet hours put off for longer than it is of use",
        "消息被免打扰时段推迟的时间超过了它的有效期",
        "Let the rule expire later than the quiet hours last.",
        "让规则的 `expires` 长于免打扰时段。",
        severity="warning",
    ),
    Code(
        "segment_flaps",
        "a segment rests on a tag that rules put on and take off when people enter and leave it",
        "人群依赖某个标签，而规则又在进出该人群时打上和取下它",
        "Take the tag out of the condition, or use another tag.",
        "从条件中去掉该标签，或换一个标签。",
        severity="warning",
    ),
    Code(
        "maybe_unknown",
        "a text shows a trait that some people do not have",
        "文本显示了有些人没有的特征",
        "Give it a default: `{{ person.name | default: 'there' }}`.",
        "给它默认值：`{{ person.name | default: '您' }}`。",
        severity="warning",
    ),
    Code(
        "never_true",
        "a condition that nobody can ever meet",
        "没有人能满足的条件",
        "Correct one of the parts that contradict each other.",
        "改正互相矛盾的部分。",
        severity="warning",
    ),
    Code(
        "no_limit",
        "marketing that is sent as often as the rule is started",
        "规则每次启动都会发营销消息",
        "Give the rule a `limit`: `once`, `{once_within: 7d}`, …",
        "给规则加 `limit`：`once`、`{once_within: 7d}` 等。",
        severity="warning",
    ),
    Code(
        "retired_name",
        "a name that the catalogue has retired is still used",
        "仍在使用目录中已停用的名字",
        "Use the name that the hint gives.",
        "改用提示里的名字。",
        severity="warning",
    ),
    Code(
        "rule_loop",
        "rules that start each other in a circle",
        "规则循环触发",
        "Give one of them a `limit`, or a condition that ends the circle.",
        "给其中一条加 `limit`，或加上能结束循环的条件。",
        severity="warning",
    ),
    Code(
        "shadowed_rule",
        "whom this rule reaches gets the same from another rule",
        "这条规则覆盖的人会从另一条规则得到同样的内容",
        "Take it away, or exclude its people from the wider rule by `unless`.",
        "去掉它，或在更宽的规则里用 `unless` 排除这些人。",
        severity="warning",
    ),
    Code(
        "wakes_everyone",
        "a segment that must be looked at for everybody every hour",
        "人群需要每小时对所有人重新判断",
        "Ask for the hour in the rule's `when`, or use a `schedule` with an `audience`.",
        "在规则的 `when` 里判断小时，或用带 `audience` 的 `schedule`。",
        severity="warning",
    ),
)
