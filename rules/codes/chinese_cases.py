"""Chinese of the sentences about a playbook's own tests."""

from __future__ import annotations

__all__ = ["CHINESE"]

CHINESE = {
    "the rule {name!r} is {known}: it decides nothing": "规则 {name!r} 的状态是 {known}，不会作任何决定",
    "make it live or shadow": "把它设为 live 或 shadow",
    "{what} does not say who": "{what}没有说明是谁",
    "nobody in this test is called {value!r}": "这个测试里没有人叫 {value!r}",
    "add `person:` with one of {names}": "加上 `person:`，取其中之一：{names}",
    "{text!r} lies outside the years 2000 to 2099": "{text!r} 不在 2000 到 2099 年之间",
    "traits with their values": "特征及其值",
    "a list of tests": "测试列表",
    "put `- ` before each test": "每个测试前写 `- `",
    "put `- ` before each": "每项前写 `- `",
    "a file with tests": "测试文件",
    "a list of {what}": "{what}的列表",
    "{key!r} stands beside `people`, so it belongs to nobody": "{key!r} 与 `people` 并列，不属于任何人",
    "put it under one of them": "把它放到其中一个人下面",
    "people by their names": "以名字列出的人",
    "write how long before: -40d; what happens in the test stands under `when`": "写多久之前：-40d；测试中发生的事写在 `when` 下",
    "what came earlier stands under `given: {events: …}`; steps stand in the order of time": "之前发生的写在 `given: {events: …}` 下；步骤按时间顺序写",
    "the test {name!r}": "测试 {name!r}",
    "an earlier event lies before the start": "之前的事件要早于起点",
    "this step lies before {what}": "这个步骤早于{what}",
    "parameters with their values": "参数及其值",
    "`exact` lists the decisions already": "`exact` 已经列出了决定",
    "write `exact: true`": "写 `exact: true`",
    "a list of decisions": "决定列表",
    "put `- ` before each; `[]` where nothing may be decided": "每项前写 `- `；不应有决定时写 `[]`",
    "{again!r} is a second decision in one entry": "{again!r} 是同一项里的第二个决定",
    "start another with `- `": "用 `- ` 另起一项",
    "nothing is expected here": "这里没有期望任何决定",
    "name what is decided: {send: welcome}": "写出决定：{send: welcome}",
    "this lies before the start": "这早于起点",
    "a test begins at 0m": "测试从 0m 开始",
}
