"""Codes of names for expressions, of the calendar and of inputs."""

from __future__ import annotations

from rules.codes.code import Code

__all__ = ["CODES"]

CODES = (
    Code(
        "bad_clock",
        "not a time of day",
        "不是一天中的时间",
        'Write hours and minutes: `"09:00"`.',
        '写时和分：`"09:00"`。',
    ),
    Code(
        "bad_country",
        "no holidays are known of this country, or of this part of one",
        "没有这个国家或地区的节假日",
        "Write two capital letters, `CN`, or with a part of the country, `DE-BY`.",
        "写两个大写字母 `CN`，或带上地区 `DE-BY`。",
    ),
    Code(
        "input_in_text",
        "an input stands within a text",
        "输入项写在了文本中间",
        "An input is a whole value; in expressions write `inputs.x`.",
        "输入项是一个完整的值；表达式里写 `inputs.x`。",
    ),
    Code(
        "missing_input",
        "an input has neither a value nor a default",
        "输入项既没有值也没有默认值",
        "Write the value under `values`, or give the input a `default`.",
        "在 `values` 下写值，或给输入项 `default`。",
    ),
    Code(
        "let_cycle",
        "names under `let` rest on each other in a circle",
        "`let` 下的名字互相引用成环",
        "Take one of them out of the other.",
        "去掉其中一个对另一个的引用。",
    ),
    Code(
        "let_too_long",
        "a name under `let` stands for more than an expression may hold",
        "`let` 下的名字代表的内容太长",
        "Take some of it out.",
        "去掉一部分。",
    ),
    Code(
        "no_country",
        "holidays and workdays need the workspace's country",
        "节假日和工作日需要 workspace 的国家",
        "Write `country: CN` under `workspace`.",
        "在 `workspace` 下写 `country: CN`。",
    ),
    Code(
        "provisional_year",
        "the holidays and workdays of the year that comes are not known for sure",
        "来年的节假日和工作日还没有定下来",
        "Bring Touchline up to date once they are announced.",
        "公布后升级 Touchline。",
        severity="warning",
    ),
    Code(
        "unknown_input",
        "there is no such input",
        "没有这个输入项",
        "Declare it under `inputs`, or correct the name.",
        "在 `inputs` 下声明，或改正名字。",
    ),
    Code(
        "unknown_let",
        "there is no such name under `let`",
        "`let` 下没有这个名字",
        "Declare it under `let`, or correct the name.",
        "在 `let` 下声明，或改正名字。",
    ),
    Code(
        "unknown_list",
        "there is no such list",
        "没有这个列表",
        "Declare it under `lists`, or correct the name.",
        "在 `lists` 下声明，或改正名字。",
    ),
)
