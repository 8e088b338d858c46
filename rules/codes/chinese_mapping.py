"""Chinese of the sentences about mappings."""

from __future__ import annotations

__all__ = ["CHINESE"]

CHINESE = {
    "a mapping": "映射",
    "format": "format",
    "write utf-8, utf-16, latin-1, cp1252, gb18030, big5 or shift_jis": "写 utf-8、utf-16、latin-1、cp1252、gb18030、big5 或 shift_jis",
    "an entry of events": "events 的一项",
    "{file} has {number} columns that row.{name} could be; give each a name of its own": "{file} 有 {number} 列都可能是 row.{name}；给每列各自的名字",
    "did you mean row.{close}?": "是不是 row.{close}？",
    "the mapping is empty": "映射是空的",
    "it needs person, time and events": "它需要 person、time 和 events",
    "{name!r} is no encoding of texts": "{name!r} 不是文本编码",
    "{name!r} is no time zone": "{name!r} 不是时区",
    'row.kind in ["sale", "refund"]; whether a text holds another: row.kind.contains("sale")': 'row.kind in ["sale", "refund"]；判断包含用 row.kind.contains("sale")',
    "startsWith, endsWith, contains and matches take one text, size nothing": "startsWith、endsWith、contains、matches 接受一个文本，size 没有参数",
    "person, time, id, group_by and when look at one line, and a total cannot stand in another": "person、time、id、group_by 和 when 只看一行，合计里也不能再有合计",
    "a line has no null: an empty field is an empty text": "行里没有 null：空字段就是空文本",
    'row.note == "", or !has(row.note)': 'row.note == "" 或 !has(row.note)',
    "the pattern of matches() is a text in quotes": "matches() 的正则是带引号的文本",
    "this is true or false, and a number is expected": "这是真假值，应为数字",
    'compare it: row.kind == "sale"': '比较它：row.kind == "sale"',
    "behind `in` stands a list of texts or a list of numbers": "`in` 后面是文本列表或数字列表",
    "this is a {kind}, and a text is expected": "这里是{kind}，应为文本",
    "this is a {kind}, and a condition is expected": "这里是{kind}，应为条件",
    "a mapping has lists only behind `in`": "映射里的列表只能在 `in` 后面",
    'row.kind in ["sale", "refund"]': 'row.kind in ["sale", "refund"]',
    "did you mean {root}.{name} ?": "是不是 {root}.{name} ？",
    "row.CustomerID": "row.CustomerID",
    "a mapping reads the fields of a line, and {name} is none": "映射读取行的字段，{name} 不是字段",
    "a text has no .{name}() with {number} values: {known}": "文本没有带 {number} 个参数的 .{name}()：{known}",
    "did you mean {close}()?": "是不是 {close}()？",
    "a mapping has no function {name!r}": "映射没有函数 {name!r}",
    "{name}() is a total of a group and stands in properties": "{name}() 是组的合计，写在 properties 里",
    "{name}(row.Quantity * row.UnitPrice)": "{name}(row.Quantity * row.UnitPrice)",
    "count()": "count()",
    "{name}() takes {value}": "{name}() 的参数：{value}",
    "a {kind} cannot be compared with a {right_kind} by {op}": "{kind}不能用 {op} 与{right_kind}比较",
    "one side of ?: is a {kind}, the other a {otherwise_kind}": "?: 一边是{kind}，另一边是{otherwise_kind}",
    "one value": "一个值",
}
