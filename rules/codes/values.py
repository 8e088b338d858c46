"""Codes of values that stand where others must."""

from __future__ import annotations

from rules.codes.code import Code

__all__ = ["CODES"]

CODES = (
    Code(
        "bad_benefit",
        "a benefit is exactly one of amount off, percent off, gift",
        "优惠只能是减额、折扣、赠品中的一种",
        "Keep one of `amount_off`, `percent_off`, `gift`.",
        "在 `amount_off`、`percent_off`、`gift` 中保留一个。",
    ),
    Code(
        "bad_condition",
        "a condition is an expression, a list, or one of `all`, `any`, `not`",
        "条件是表达式、列表，或 `all`、`any`、`not` 之一",
        "Write the expression as text, or one shape only.",
        "把表达式写成文本，或只用一种形式。",
    ),
    Code(
        "bad_cron",
        "not a schedule of five fields",
        "不是五个字段的定时计划",
        'Write minute, hour, day, month, weekday: `"0 9 * * 1"`.',
        '依次写分、时、日、月、星期：`"0 9 * * 1"`。',
    ),
    Code(
        "bad_currency",
        "not three capital letters",
        "不是三个大写字母",
        "Write the code of ISO 4217: `CNY`.",
        "写 ISO 4217 代码：`CNY`。",
    ),
    Code(
        "bad_date",
        "a text beside a date is not one",
        "与日期相比的文本不是日期",
        'Write `"2026-05-01"`.',
        '写成 `"2026-05-01"`。',
    ),
    Code(
        "bad_duration",
        "not a length of time above zero",
        "不是大于零的时长",
        "Write a number and a unit: `30d`, `12h`, `90m`.",
        "写数字和单位：`30d`、`12h`、`90m`。",
    ),
    Code(
        "bad_encoding",
        "a mapping names an encoding that there is not",
        "映射里写的编码不存在",
        "Write `utf-8`, `gb18030`, `cp1252`, …",
        "写 `utf-8`、`gb18030`、`cp1252` 等。",
    ),
    Code(
        "bad_language", "not a language code", "不是语言代码", "Write `zh`, `en`, `pt-BR`.", "写 `zh`、`en`、`pt-BR`。"
    ),
    Code(
        "bad_money",
        "not an amount with its currency",
        "不是带币种的金额",
        "Write the number and the currency: `10 CNY`.",
        "写数字和币种：`10 CNY`。",
    ),
    Code(
        "bad_schedule",
        "a schedule has one of `cron`, `at`, `anniversary` and `month_end`",
        "定时要写 `cron`、`at`、`anniversary`、`month_end` 之一",
        "Keep one of them; `anniversary` and `month_end` also take `at`, a time of day.",
        "只保留一个；`anniversary` 和 `month_end` 还要用 `at` 写时间。",
    ),
    Code(
        "bad_stage",
        "a stage has either `when` or `otherwise`",
        "阶段要么有 `when`，要么有 `otherwise`",
        "Give it `when`; the last stage is `otherwise: true`.",
        "写 `when`；最后一个阶段写 `otherwise: true`。",
    ),
    Code(
        "bad_template",
        "Liquid that cannot be read",
        "读不懂的 Liquid 模板",
        "See the message; the reference lists tags and filters.",
        "看错误信息；参考手册列出了标签和过滤器。",
    ),
    Code(
        "bad_text",
        "a text too long, empty, or with control characters",
        "文本过长、为空或含控制字符",
        "Write 1 to 128 characters on one line.",
        "写成一行，1 到 128 个字符。",
    ),
    Code(
        "bad_share",
        "not a share of people",
        "不是人群的比例",
        "Write `0%` to `100%`, with at most four decimals: `0.5%`.",
        "写 `0%` 到 `100%`，最多四位小数：`0.5%`。",
    ),
    Code(
        "bad_split",
        "a split without two arms to draw between",
        "分流没有两个可抽的分支",
        "Name two arms or more, one of them with a weight above zero.",
        "写两个以上分支，其中至少一个权重大于零。",
    ),
    Code(
        "bad_time",
        "not a moment with a zone",
        "不是带时区的时刻",
        "Write `2026-05-01T10:00:00+08:00`.",
        "写成 `2026-05-01T10:00:00+08:00`。",
    ),
    Code(
        "bad_zone",
        "there is no such time zone",
        "没有这个时区",
        "Write its full name: `Asia/Shanghai`.",
        "写全名：`Asia/Shanghai`。",
    ),
    Code(
        "empty",
        "nothing stands where something must",
        "应有内容的地方是空的",
        "Name at least one, or leave the key out.",
        "至少写一个，或去掉这个键。",
    ),
    Code(
        "no_action",
        "a step that does nothing",
        "步骤什么也不做",
        "Give it one action: `send`, `tag`, …",
        "给它一个动作：`send`、`tag` 等。",
    ),
    Code(
        "no_trigger",
        "nothing starts the rule",
        "没有什么会启动这条规则",
        "Write one of `event`, `enters`, `leaves`, `schedule`.",
        "写 `event`、`enters`、`leaves`、`schedule` 之一。",
    ),
    Code(
        "not_allowed",
        "this value or key may not stand here",
        "这里不能用这个值或键",
        "Take one of the values that the hint lists, or take the key out. In an expression it is a text that the property never has.",
        "使用提示列出的值，或去掉这个键。在表达式里：该属性不会有这个文本。",
    ),
    Code(
        "not_available",
        "a part of the language that is not obeyed yet",
        "语言中尚未实现的部分",
        "Take it out, or set `status: draft`.",
        "去掉它，或设 `status: draft`。",
        severity="either",
    ),
    Code(
        "two_actions",
        "two actions in one step",
        "一个步骤里有两个动作",
        "Start another step with `- `.",
        "用 `- ` 另起一步。",
    ),
    Code(
        "two_triggers", "two triggers in one rule", "一条规则有两个触发条件", "Make two rules of it.", "拆成两条规则。"
    ),
    Code(
        "wrong_currency",
        "not the workspace's currency",
        "不是工作区的币种",
        "Write the amount in the workspace's currency.",
        "用工作区的币种写金额。",
    ),
    Code(
        "wrong_type",
        "a value of another type or unit",
        "值的类型或单位不对",
        "Write what the message says is expected.",
        "按信息里要求的类型来写。",
    ),
)
