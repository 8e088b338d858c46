"""Chinese of the sentences about what makes no sense."""

from __future__ import annotations

__all__ = ["CHINESE"]

CHINESE = {
    "people for whom no stage holds have none": "不满足任何阶段的人没有阶段",
    "end with a stage `otherwise: true`": "以 `otherwise: true` 的阶段结尾",
    "{stock} coupons may cost {worst} {currency}, the budget is {budget} {currency}": "{stock} 张券最多花费 {worst} {currency}，预算是 {budget} {currency}",
    "the budget is enough for {value} of them; after that they are refused": "预算够 {value} 张；之后会拒绝发券",
    "the stage {id!r} takes everybody, so the stages after it are never reached": "阶段 {id!r} 包含所有人，后面的阶段永远到不了",
    "the rule {id!r} never does anything": "规则 {id!r} 什么也不做",
    "move it to the end": "移到最后",
    "give `then` a step that acts: send, tag, …": "在 `then` 里加一个动作步骤：send、tag 等",
    "this is true again after a pause longer than the window": "停顿超过窗口后会再次成立",
    "add `limit: once` if the first one is meant": "如果指第一次，加上 `limit: once`",
    "no rule puts the tag {name!r} on": "没有规则会打上标签 {name!r}",
    "there is no such variable": "没有这个变量",
    "a coupon has no such part": "券没有这一项",
    "no event has such a property": "没有事件有这个属性",
    "the template {id!r} has no text for the channel {channel!r}": "模板 {id!r} 没有渠道 {channel!r} 的文本",
    "write one": "写一个",
    "the template {id!r} needs {path!r}: {message}": "模板 {id!r} 需要 {path!r}：{message}",
    "there is no such trait": "没有这个特征",
    "a community has no such part": "社群没有这一项",
    "put `- issue_coupon: {{pool: …, as: {root}}}` before it, on every way here": "在它前面、通向这里的每条路上都加 `- issue_coupon: {{pool: …, as: {root}}}`",
    "no event has answered a wait here": "这里没有事件回应过等待",
    "send it under the `then` of a wait for an event": "在等待事件的 `then` 下发送",
    "give the pool a `valid_for`, or the variable a default": "给券池设 `valid_for`，或给变量默认值",
    "a schedule has no event": "定时没有事件",
    "show what is known of the person: person.…": "显示已知的人的信息：person.…",
    "where time alone causes the change there is no event": "仅由时间引起变化时没有事件",
    "give it a default, or start the rule on an `event`": "给它默认值，或让规则由 `event` 启动",
    "{event} has no such property": "{event} 没有这个属性",
    "it has: {names}": "它有：{names}",
    "only `invite` names a community": "只有 `invite` 会指明社群",
    "send it with `invite`": "用 `invite` 发送",
    "no step before this one issues a coupon as {root!r}": "前面没有步骤发出名为 {root!r} 的券",
    "coupons of {pool!r} do not expire": "{pool!r} 的券不过期",
    "{number} expressions of the playbook have faults": "剧本中有 {number} 个表达式有错",
}
