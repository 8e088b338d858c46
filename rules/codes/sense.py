"""Codes of what is written well and still makes no sense."""

from __future__ import annotations

from rules.codes.code import Code

__all__ = ["CODES"]

CODES = (
    Code(
        "count_equals_one",
        "true again after a pause longer than the window",
        "停顿超过窗口后会再次成立",
        "Add `limit: once` if the first one is meant.",
        "如果指第一次，加上 `limit: once`。",
        severity="warning",
    ),
    Code(
        "missing_variable",
        "a message shows something that it will not have",
        "消息要显示的内容不存在",
        "Issue the coupon before, send from a rule on the event, or give the variable a default.",
        "先发券，或由该事件的规则发送，或给变量默认值。",
        severity="either",
    ),
    Code(
        "never_acts",
        "a rule without a step that does anything",
        "规则没有任何动作步骤",
        "Give `then` a step that acts.",
        "在 `then` 里加一个动作步骤。",
    ),
    Code(
        "no_otherwise",
        "some people will have no stage",
        "有些人会没有阶段",
        "End the lifecycle with a stage `otherwise: true`.",
        "在 lifecycle 末尾加 `otherwise: true` 的阶段。",
        severity="warning",
    ),
    Code(
        "no_text",
        "the template has no text for this channel",
        "模板没有这个渠道的文本",
        "Write the text, or send over another channel.",
        "写上文本，或换渠道发送。",
    ),
    Code(
        "otherwise_not_last",
        "stages after `otherwise` are never reached",
        "`otherwise` 之后的阶段永远到不了",
        "Move it to the end.",
        "把它移到最后。",
    ),
    Code(
        "over_budget",
        "the stock may cost more than the budget",
        "库存的最大成本超过预算",
        "Raise the budget or lower the stock; after the budget coupons are refused.",
        "提高预算或减少库存；超出预算后会拒绝发券。",
        severity="warning",
    ),
)
