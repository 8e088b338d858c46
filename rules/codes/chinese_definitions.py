"""Chinese of the sentences about names for expressions, the calendar and inputs."""

from __future__ import annotations

__all__ = ["CHINESE"]

CHINESE = {
    "input": "输入项",
    "name under let": "let 名字",
    "the events of a sequence": "先后发生的事件",
    "the events that may not be in between": "中间不能有的事件",
    "the conditions of at_least()": "at_least() 的条件",
    "nothing": "没有任何东西",
    "{what} are a list in brackets": "{what}要写成方括号里的列表",
    "a sequence has 2 to {most} events, this one has {number}": "sequence 有 2 到 {most} 个事件，这里有 {number} 个",
    "how many must hold is a whole number from 1 to {number}, that of the conditions": "要成立的个数是 1 到 {number}（条件的个数）的整数",
    "days_until() is of a date, this is a {type}": "days_until() 用于日期，这是{type}",
    "name a trait or property of type date": "写一个类型为 date 的特征或属性",
    "the workspace does not say whose holidays count": "workspace 没有说按哪个国家的节假日",
    "write country: CN under workspace": "在 workspace 下写 country: CN",
    "let.{name} has {parts} parts, {height} resting on each other, with all that it names": "let.{name} 连同它引用的共有 {parts} 个部分，{height} 层",
    "take one of them out of the other": "去掉其中一个对另一个的引用",
    "take some of it out": "去掉一部分",
    "{path}: it rests on itself": "{path}：它引用了自己",
    "let.{name} does not fit here: {message}": "let.{name} 不适合用在这里：{message}",
    "let.{name} rests on itself": "let.{name} 引用了自己",
    "a text, a number, true or false": "文本、数字、true 或 false",
    "one list, one type": "一个列表只能有一种类型",
    "the list begins with a {type}, this is {found}": "列表以{type}开头，这是{found}",
    "write its two capital letters, CN, or with a part of it, DE-BY": "写两个大写字母 CN，或带上地区 DE-BY",
    "the left side is a {type}, the list holds a {item_type}": "左边是{type}，列表里是{item_type}",
    "no holidays are known of a country {name!r}": "没有国家 {name!r} 的节假日",
    "no holidays are known of a part {part!r} of {name}": "没有 {name} 的地区 {part!r} 的节假日",
}
