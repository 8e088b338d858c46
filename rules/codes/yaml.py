"""Codes of what keeps a file from being YAML as a playbook uses it."""

from __future__ import annotations

from rules.codes.code import Code

__all__ = ["CODES"]

CODES = (
    Code(
        "yaml_alias",
        "an alias `*name`",
        "别名 `*name`",
        "Write the value out where it is needed; a text that begins with `*` needs quotes.",
        "把值直接写在需要的地方；以 `*` 开头的文本要加引号。",
    ),
    Code(
        "yaml_anchor",
        "an anchor `&name`",
        "锚点 `&name`",
        "Write the value out where it is needed; a text that begins with `&` needs quotes.",
        "把值直接写在需要的地方；以 `&` 开头的文本要加引号。",
    ),
    Code(
        "yaml_block_text",
        "something follows `|` or `>` in its line",
        "`|` 或 `>` 的同一行后面还有内容",
        "Begin the text in the next line, or put it in quotes.",
        "文本从下一行写起，或者加引号。",
    ),
    Code(
        "yaml_bom",
        "a byte order mark at the beginning of the file",
        "文件开头有字节顺序标记（BOM）",
        "Save the file as UTF-8 without a byte order mark.",
        "把文件存为不带 BOM 的 UTF-8。",
    ),
    Code(
        "yaml_bracket",
        "a closing bracket that nothing opened",
        "多余的右括号",
        "Take the bracket away.",
        "去掉这个括号。",
    ),
    Code(
        "yaml_character",
        "a plain text cannot begin with this character",
        "不加引号的文本不能以这个字符开头",
        "Put the text in quotes.",
        "给文本加引号。",
    ),
    Code(
        "yaml_colon",
        "a colon where no key can stand",
        "这里不能有键，却出现了冒号",
        "Give each key its own line; a text that holds `: ` needs quotes.",
        "每个键单独一行；含有 `: ` 的文本要加引号。",
    ),
    Code(
        "yaml_comma",
        "neither a comma nor the closing bracket",
        "这里既不是逗号也不是右括号",
        "Put a comma between the items, or quote a text that holds brackets or commas.",
        "各项之间加逗号；含括号或逗号的文本要加引号。",
    ),
    Code(
        "yaml_control",
        "a control character",
        "控制字符",
        "Delete it; where it is meant, write its escape in double quotes.",
        "删掉它；确实需要时，在双引号里写转义。",
    ),
    Code("yaml_directive", "a directive `%…`", "指令 `%…`", "Take the line away.", "删掉这一行。"),
    Code(
        "yaml_documents",
        "a second document in one file",
        "一个文件里有第二个文档",
        "Put what follows `---` into a file of its own.",
        "把 `---` 之后的内容放进单独的文件。",
    ),
    Code(
        "yaml_duplicate_key",
        "a key twice in one place",
        "同一处的键重复",
        "A name may come only once: take one away.",
        "一个名字只能出现一次：去掉一个。",
    ),
    Code(
        "yaml_escape",
        'an unknown escape in `"…"`',
        '`"…"` 中的转义不认识',
        "Write `\\\\` for a backslash, or use `'…'`.",
        "反斜杠写成 `\\\\`，或改用 `'…'`。",
    ),
    Code(
        "yaml_indent",
        "wrong indentation",
        "缩进不对",
        "Indent the line like the lines it belongs to, with spaces.",
        "用空格缩进，与同级的行对齐。",
    ),
    Code(
        "yaml_key",
        "this is not a key",
        "这不能作键",
        "A key is a text; put numbers and texts with brackets in quotes.",
        "键是文本；数字和带括号的文本要加引号。",
    ),
    Code("yaml_merge", "a merge key `<<`", "合并键 `<<`", "Write the keys themselves.", "直接写出各个键。"),
    Code(
        "yaml_missing_colon",
        "neither a key nor a value",
        "既不是键也不是值",
        "A key has a colon and a space behind it.",
        "键的后面要有冒号和一个空格。",
    ),
    Code(
        "yaml_missing_space",
        "no space behind a colon",
        "冒号后面缺少空格",
        "Write `key: value`, with a space.",
        "写成 `键: 值`，中间有空格。",
    ),
    Code(
        "yaml_number",
        "a number out of range",
        "数字超出范围",
        "Write fewer digits; a text that is made of digits needs quotes.",
        "减少位数；由数字组成的文本要加引号。",
    ),
    Code(
        "yaml_on_key",
        "the key `on`, which YAML 1.1 reads as true",
        "键 `on` 会被 YAML 1.1 读成 true",
        'Write `event:`; a name that is really "on" stands in quotes.',
        "写 `event:`；名字真的叫 on 时加引号。",
    ),
    Code(
        "yaml_open_bracket", "a bracket that nothing closes", "括号没有闭合", "Add the closing bracket.", "补上右括号。"
    ),
    Code(
        "yaml_open_quote",
        "a quote that is not closed",
        "引号没有闭合",
        "Close it; a quote within `'…'` is written `''`.",
        "补上引号；`'…'` 里的引号写成 `''`。",
    ),
    Code(
        "yaml_quote",
        "text behind a closed quote",
        "引号闭合后还有文本",
        "Put the whole text in quotes.",
        "给整段文本加引号。",
    ),
    Code(
        "yaml_syntax", "this is not YAML", "这不是 YAML", "Compare it with the lines around it.", "与前后几行对照检查。"
    ),
    Code("yaml_tab", "a tab", "制表符", "Indent with spaces.", "用空格缩进。"),
    Code(
        "yaml_tag",
        "a tag `!…`",
        "标签 `!…`",
        "Put a text that begins with `!` in quotes.",
        "以 `!` 开头的文本要加引号。",
    ),
    Code(
        "yaml_too_deep",
        "nested deeper than 32",
        "嵌套超过 32 层",
        "Nothing in a playbook is: take brackets or levels out.",
        "剧本不需要这么深：减少括号或层级。",
    ),
    Code(
        "yaml_too_long",
        "the file is larger than 1 MiB",
        "文件超过 1 MiB",
        "Split it into several files.",
        "拆成几个文件。",
    ),
    Code(
        "yaml_too_many",
        "the file holds too many keys and values",
        "文件里的键和值太多",
        "Split it into several files.",
        "拆成几个文件。",
    ),
    Code(
        "yaml_trap_key",
        "a key that other readers of YAML take for something else",
        "别的 YAML 读取器会把这个键当成别的东西",
        "Put the key in quotes.",
        "给键加引号。",
    ),
    Code(
        "yaml_unquoted",
        "an expression that YAML cuts short",
        "表达式会被 YAML 截断",
        "Put it in quotes; the hint shows the quoted form.",
        "加引号；提示里给出了加好引号的写法。",
    ),
)
