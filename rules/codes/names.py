"""Codes of names: of keys, and of what they refer to."""

from __future__ import annotations

from rules.codes.code import Code

__all__ = ["CODES"]

CODES = (
    Code(
        "ambiguous_name",
        "a segment and a stage have this name",
        "人群和阶段同名",
        "Write `stage:` before the name for the stage, or rename the segment.",
        "指阶段时在名字前写 `stage:`，或给人群改名。",
    ),
    Code(
        "bad_id",
        "a name has characters that it may not have",
        "名字里有不允许的字符",
        "Use letters, digits, `.`, `_` and `-`.",
        "使用字母、数字、`.`、`_` 和 `-`。",
    ),
    Code("duplicate_key", "the same is said in two ways", "同一件事说了两次", "Keep one of them.", "只保留一个。"),
    Code(
        "duplicate_name",
        "a name comes twice in the playbook",
        "名字在剧本中出现两次",
        "A name may come only once in all files; rename one.",
        "一个名字在所有文件里只能出现一次；改掉一个。",
    ),
    Code(
        "missing_key",
        "a key that must be there is not",
        "缺少必须有的键",
        "Add the key; the hint names it.",
        "补上提示里的键。",
    ),
    Code(
        "no_workspace",
        "the playbook has no workspace",
        "剧本没有 workspace",
        "Write `workspace: {zone: Asia/Shanghai, currency: CNY}`.",
        "写上 `workspace: {zone: Asia/Shanghai, currency: CNY}`。",
    ),
    Code(
        "reserved_name",
        "the name has a meaning of its own",
        "这个名字有固定的含义",
        "Take another name.",
        "换一个名字。",
    ),
    Code(
        "unknown_channel",
        "there is no such channel",
        "没有这个渠道",
        "Take one of the channels that the hint lists.",
        "从提示列出的渠道中选一个。",
    ),
    Code(
        "unknown_community",
        "there is no such community",
        "没有这个社群",
        "Declare it under `communities`, or correct the name.",
        "在 `communities` 下声明，或改正名字。",
    ),
    Code(
        "unknown_event",
        "the catalogue has no such event",
        "目录里没有这个事件",
        "Declare it under `events`, or correct the name.",
        "在 `events` 下声明，或改正名字。",
    ),
    Code(
        "unknown_function",
        "there is no such function",
        "没有这个函数",
        "Take one of the functions in the reference.",
        "使用参考手册里的函数。",
    ),
    Code(
        "unknown_key",
        "there is no such key here",
        "这里没有这个键",
        "Take one of the keys that the hint lists.",
        "从提示列出的键中选一个。",
    ),
    Code(
        "unknown_name",
        "there is no such name",
        "没有这个名字",
        "Conditions name `event.…`, `profile.…`, `meta.…`, `now` and functions.",
        "条件里可以用 `event.…`、`profile.…`、`meta.…`、`now` 和函数。",
    ),
    Code(
        "unknown_person",
        "nobody in this test is called so",
        "这个测试里没有这个人",
        "Name one of the people of the test, or add them under `given: {people: …}`.",
        "写测试里已有的人，或在 `given: {people: …}` 下添加。",
    ),
    Code(
        "unknown_pool",
        "there is no such coupon pool",
        "没有这个券池",
        "Declare it under `coupon_pools`, or correct the name.",
        "在 `coupon_pools` 下声明，或改正名字。",
    ),
    Code(
        "unknown_property",
        "the event has no such property",
        "事件没有这个属性",
        "Declare it under the event's `properties`, or correct the name.",
        "在事件的 `properties` 下声明，或改正名字。",
    ),
    Code(
        "unknown_rule",
        "there is no such rule",
        "没有这条规则",
        "Declare it under `rules`, or correct the name.",
        "在 `rules` 下声明，或改正名字。",
    ),
    Code(
        "unknown_segment",
        "there is no such segment",
        "没有这个人群",
        "Declare it under `segments`, or correct the name.",
        "在 `segments` 下声明，或改正名字。",
    ),
    Code(
        "unknown_stage",
        "there is no such stage",
        "没有这个阶段",
        "Declare it in the `lifecycle`, or correct the name.",
        "在 `lifecycle` 中声明，或改正名字。",
    ),
    Code(
        "unknown_tag",
        "no rule puts this tag on",
        "没有规则会打上这个标签",
        "Add a rule that tags, or correct the name.",
        "添加打标签的规则，或改正名字。",
        severity="warning",
    ),
    Code(
        "unknown_template",
        "there is no such template",
        "没有这个模板",
        "Declare it under `templates`, or correct the name.",
        "在 `templates` 下声明，或改正名字。",
    ),
    Code(
        "unknown_trait",
        "the catalogue has no such trait",
        "目录里没有这个特征",
        "Declare it under `traits`, or correct the name.",
        "在 `traits` 下声明，或改正名字。",
    ),
)
