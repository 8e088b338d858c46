"""Chinese of the sentences of the lint."""

from __future__ import annotations

__all__ = ["CHINESE"]

CHINESE = {
    "advertising law forbids {word!r}": "广告法禁用 {word!r}",
    "say it otherwise; where it is meant and checked, write `waive: [ad_word]` in the template": "换一种说法；确认要用时，在模板里写 `waive: [ad_word]`",
    "this is true whatever the values are: {one}": "无论取什么值都成立：{one}",
    "leave it out, or correct it": "去掉它，或改正它",
    "this is never true: {one}": "永远不成立：{one}",
    "these never hold together: {one}, {other}": "不可能同时成立：{one}，{other}",
    "nobody will ever meet this; correct one of them": "没有人能满足；改正其中一个",
    "the rule {id!r} says the same as {other!r}": "规则 {id!r} 与 {other!r} 完全一样",
    "take one away": "去掉一条",
    "whom the rule {id!r} reaches gets the same from {other!r}": "规则 {id!r} 覆盖的人会从 {other!r} 得到同样的内容",
    "take it away, or exclude its people from {other!r} by `unless`": "去掉它，或在 {other!r} 里用 `unless` 排除这些人",
    "{segment!r} rests on the tag {tag!r}, which the rules {id!r} and {other!r} put on and take off when people enter and leave it": "{segment!r} 依赖标签 {tag!r}，而规则 {id!r} 和 {other!r} 在进出它时打上和取下该标签",
    "take the tag out of the condition, or use another tag": "从条件中去掉该标签，或换一个标签",
    "these rules start each other again and again: {chain}": "这些规则会一再互相触发：{chain}",
    "give one of them a `limit`, or a condition that ends it": "给其中一条加 `limit`，或加上能结束循环的条件",
    "the rule {id!r} sends marketing as often as it is started": "规则 {id!r} 每次启动都会发营销消息",
    "give the rule a limit: once, {once_within: 7d}, …": "给规则加限制：once、{once_within: 7d} 等",
    "the template {id!r} shows {path!r}, which some people do not have": "模板 {id!r} 显示了 {path!r}，有些人没有它",
    "give it a default: {{{{ {path} | default: '…' }}}}": "给它默认值：{{{{ {path} | default: '…' }}}}",
    "every person is looked at again every hour, because {id!r} asks for it": "因为 {id!r} 的条件，每小时都要重新判断所有人",
    "ask for the hour in the rule's `when`, or use a `schedule` with an `audience`": "在规则的 `when` 里判断小时，或用带 `audience` 的 `schedule`",
    "the event {name!r} is retired": "事件 {name!r} 已停用",
    "the trait {name!r} is retired": "特征 {name!r} 已停用",
    "use {name!r}": "改用 {name!r}",
    "nothing takes its place; take it out": "没有替代；去掉它",
    "the rule {id!r} expires within the quiet hours, so what comes early in them is lost": "规则 {id!r} 在免打扰时段内就会过期，时段开始不久产生的消息会丢失",
    "let it expire later than the quiet hours last, or set `purpose: transactional` where it is one": "让它的有效期长于免打扰时段；确属交易通知时设 `purpose: transactional`",
}
