"""What operators write by mistake: the place, and what to write instead."""

from __future__ import annotations

import pytest

from rules.check import check_playbook
from tests.helpers.playbooks import BASE, CASE, ZONES, marked, places, rule_text

MISTAKES: dict[str, tuple[str, str, str]] = {
    "a comma in braces": (
        'segments:\n  s: {when: ▶count("order.paid", "7d") >= 1}\n',
        "yaml_unquoted",
        "write 'count(\"order.paid\", \"7d\") >= 1'",
    ),
    "a comma in brackets": (
        rule_text('when: [▶count("order.paid", "7d") >= 1]'),
        "yaml_unquoted",
        "write 'count(\"order.paid\", \"7d\") >= 1'",
    ),
    "a leading exclamation mark": (rule_text('when: ▶!in_segment("vip")'), "yaml_unquoted", "write '!in_segment(\"vip\")'"),
    "a leading exclamation mark before and": (
        rule_text('when: ▶!in_segment("vip") && event.amount > 5'), "yaml_unquoted", "write '!in_segment(\"vip\") && event.amount > 5'"
    ),
    "a leading exclamation mark before brackets within braces": (
        'segments:\n  s: {when: ▶!(has_tag("a") || true), title: x}\n', "yaml_unquoted", "write '!(has_tag(\"a\") || true)'"
    ),
    "a leading exclamation mark before a line with and": (
        rule_text('when: ▶!has_tag("a")', "  && event.amount > 5"), "yaml_unquoted", "write '!has_tag(\"a\") && event.amount > 5'"
    ),
    "a leading exclamation mark of a field before a line with and": (
        rule_text("when: ▶!profile.level", "  && event.amount > 5"), "yaml_unquoted", "write '!profile.level && event.amount > 5'"
    ),
    "a leading exclamation mark before a line with or": (
        rule_text('when: ▶!in_segment("vip")', "  || event.amount > 5"), "yaml_unquoted", "write '!in_segment(\"vip\") || event.amount > 5'"
    ),
    "a list that is open at the end": ("lists:\n  a: ▶[\n", "yaml_open_bracket", "add ]"),
    "braces that are open at the end": ("lists: ▶{", "yaml_open_bracket", "add }"),
    "a leading quote": (rule_text("when: ▶'a' == profile.name"), "yaml_unquoted", "write \"'a' == profile.name\""),
    "a comment in a text": (rule_text('when: ▶profile.name == "a #b"'), "yaml_unquoted", "write 'profile.name == \"a #b\"'"),
    "a choice": (rule_text("when: ▶event.amount > 1 ? true : false"), "yaml_unquoted", "write 'event.amount > 1 ? true : false'"),
    "a single equals sign": (rule_text("when: event.amount ▶= 5"), "expr_single_equals", "did you mean == ?"),
    "three equals signs": (rule_text("when: event.amount ▶=== 5"), "expr_bad_operator", "did you mean == ?"),
    "an arrow": (rule_text("when: event.amount ▶=> 5"), "expr_bad_operator", "did you mean >= ?"),
    "less or greater": (rule_text("when: event.amount ▶<> 5"), "expr_bad_operator", "did you mean != ?"),
    "and": (rule_text("when: event.amount > 5 ▶and true"), "expr_word_operator", "did you mean && ?"),
    "OR": (rule_text("when: event.amount > 5 ▶OR true"), "expr_word_operator", "did you mean || ?"),
    "not": (rule_text("when: ▶not has(profile.level)"), "expr_word_operator", 'write ! before a condition: !(profile.city in ["Rome", "Oslo"])'),
    "between": (rule_text("when: event.amount ▶between 1 && 5"), "expr_word_operator", "write both comparisons: a <= x && x <= b"),
    "a full-width comparison": (rule_text("when: event.amount ▶＞ 5"), "expr_full_width", "write >"),
    "a full-width quote": (rule_text("when: profile.name == ▶“a”"), "expr_full_width", 'write "'),
    "a full-width bracket": (rule_text('when: in_segment▶（"vip")'), "expr_full_width", "write ("),
    "a sign of mathematics": (rule_text("when: event.amount ▶≥ 5"), "expr_unknown_character", "write >="),
    "a Chinese and": (rule_text("when: event.amount > 5 ▶且 true"), "expr_unknown_character", "write &&"),
    "a currency": (rule_text("when: event.amount > ▶￥5"), "expr_unknown_character", "amounts are plain numbers, in the currency of the workspace: 5000"),
    "a separator of thousands": (rule_text("when: event.amount > ▶5,000"), "expr_thousands", "write 5000"),
    "one in braces": ("segments:\n  s: {when: 'true'}\n  t: {when: profile.level > ▶5,000}\n", "expr_thousands", "write 5000"),
    "a bare length of time": (
        rule_text('when: now - last("order.paid") > ▶30d'),
        "expr_bare_duration",
        'write it in quotes: "30d" as a window, duration("30d") as a length of time',
    ),
    "a bare date": (rule_text("when: local_date() > ▶2026-05-01"), "expr_bare_date", 'a date is a text: "2026-05-01"'),
    "chained comparisons": (rule_text("when: 1 < event.amount ▶< 5"), "expr_chained", "write both comparisons: a < b && b < c"),
    "a tab": ("rules:\n▶\tr: {event: order.paid}\n", "yaml_tab", "YAML is indented with spaces"),
    "on as a key": (rule_text("▶on: order.paid", start=""), "yaml_on_key", 'write `event:`; a name that is really "on" stands in quotes'),
    "no for false": ("events:\n  x: {interaction: ▶no}\n", "wrong_type", "did you mean false?"),
    "no as a name": ("segments:\n  ▶no: {when: 'true'}\n", "yaml_trap_key", 'write "no":'),
    "a clock as a name": ("segments:\n  ▶12:30: {when: 'true'}\n", "yaml_trap_key", 'write "12:30":'),
    "a clock as a length of time": (rule_text("expires: ▶12:30"), "bad_duration", "write a number and a unit: 30d, 12h, 90m"),
    "no unit": (rule_text("expires: ▶30"), "bad_duration", "did you mean 30d?"),
    "a unit in words": (rule_text("expires: ▶2 hours"), "bad_duration", "did you mean 2h?"),
    "a unit in Chinese": (rule_text("expires: ▶2小时"), "bad_duration", "did you mean 2h?"),
    "money without its currency": ("coupon_pools:\n  p: {benefit: {amount_off: ▶10}}\n", "bad_money", "did you mean 10 GBP?"),
    "a percentage of text": (rule_text("priority: ▶1,000"), "wrong_type", "write 1000"),
    "no space behind a colon": ("rules:\n  r:\n    event▶:order.paid\n    then: []\n", "yaml_missing_space", "write `event: …`"),
    "a leading exclamation mark before a comparison": (
        rule_text("when: ▶!profile.level > 3"), "yaml_unquoted", "write '!profile.level > 3'"
    ),
    "an if": (rule_text("when: ▶if event.amount > 5"), "expr_word_operator", "write the condition alone; a choice is test ? then : otherwise"),
    "an amount in words": (rule_text("when: event.amount > ▶99元"), "expr_bad_number", "amounts are plain numbers, in the currency of the workspace: 5000"),
    "an amount with its currency": (rule_text("when: event.amount > 99 ▶GBP"), "expr_trailing", "amounts are plain numbers, in the currency of the workspace: 5000"),
    "a Chinese and in full": (rule_text("when: event.amount > 5 ▶并且 true"), "expr_unknown_character", "write &&"),
    "greater in words": (rule_text("when: event.amount ▶大于 5"), "expr_unknown_character", "write >"),
    "a Chinese text without quotes": (rule_text("when: profile.name == ▶上海"), "expr_unknown_character", 'texts stand in quotes: "上海"'),
    "a name of Chinese letters": (rule_text("when: profile.▶等级 > 3"), "expr_unknown_character", "names have the letters a to z, digits and _"),
    "a variable as in a template": (rule_text("when: ▶$event.amount > 5"), "expr_unknown_character", "fields need no sign before them: event.amount"),
    "a percentage": (rule_text("when: event.amount > 5▶%"), "expr_unfinished", "a percentage is a number: 0.05"),
    "a clock of the afternoon for an hour": (rule_text("when: local_hour() >= 12▶:30"), "expr_trailing", "an hour is a plain number: local_hour() >= 9"),
    "a function for the stage": (rule_text('when: ▶in_stage("vip")'), "unknown_function", 'did you mean profile.stage == "vip"?'),
    "a clock for an hour": (rule_text("when: local_hour() >= 9:▶00"), "expr_bad_number", "an hour is a plain number: local_hour() >= 9"),
    "a window without its unit": (rule_text('when: count("order.paid", ▶30) > 1'), "wrong_type", 'write "30d"'),
    "a window without its unit in quotes": (rule_text('when: count("order.paid", ▶"30") > 1'), "bad_duration", "did you mean 30d?"),
    "a window in Chinese": (rule_text('when: count("order.paid", ▶"30天") > 1'), "bad_duration", "did you mean 30d?"),
    "a window of a month": (rule_text('when: count("order.paid", ▶"1 month") > 1'), "bad_duration", "months and years differ in length: write the days, 30d"),
    "an event without quotes": (rule_text('when: count(▶order.paid, "30d") > 1'), "wrong_type", 'write "order.paid"'),
    "a segment without quotes": (rule_text("when: in_segment(▶vip)"), "wrong_type", 'write "vip"'),
    "a property without event": (rule_text("when: ▶amount > 5"), "unknown_name", "did you mean event.amount?"),
    "a trait without profile": (rule_text("when: ▶level > 5"), "unknown_name", "did you mean profile.level?"),
    "a truth in capitals": (rule_text("when: has(profile.level) == ▶True"), "unknown_name", "did you mean true?"),
    "a segment as a trait": (rule_text("when: profile.▶vip == true"), "unknown_trait", 'did you mean in_segment("vip")?'),
    "a stage with a slip": (rule_text('when: profile.stage == ▶"regulr"'), "unknown_stage", "did you mean 'regular'?"),
    "a function of other languages": (rule_text("when: local_date() == ▶today()"), "unknown_function", "did you mean local_date()?"),
    "a day and a moment": (
        rule_text("when: ▶local_date() == now"), "wrong_type",
        "a day is compared with local_date(); a birthday is today where days_until(profile.birthday) == 0",
    ),
    "a length of time as a moment": (
        rule_text('when: ▶last("order.paid") < "30d"'), "bad_time", 'a length of time before now is now - duration("30d")'
    ),
    "money in Chinese": ("coupon_pools:\n  p: {benefit: {amount_off: ▶20元}}\n", "bad_money", "did you mean 20 GBP?"),
    "money with its sign": ("coupon_pools:\n  p: {benefit: {amount_off: ▶¥20}}\n", "bad_money", "did you mean 20 GBP?"),
    "money without a space": ("coupon_pools:\n  p: {benefit: {amount_off: ▶20GBP}}\n", "bad_money", "did you mean 20 GBP?"),
    "pieces": ("coupon_pools:\n  p: {benefit: {amount_off: 10 GBP}, stock: ▶1000张}\n", "wrong_type", "write 1000"),
    "yes in Chinese": ("events:\n  x: {interaction: ▶否}\n", "wrong_type", "did you mean false?"),
    "no space behind the colon of the first key": ("lists:\n  a▶:x\n  # b\n  b: [y]\n", "yaml_missing_space", "write `a: …`"),
    "no space behind the colon of the last key": ("lists:\n  a: [x]\n  b▶:[y]\n", "yaml_missing_space", "write `b: …`"),
    "a full-width colon": ("lists:\n  a: [x]\n  b▶：[y]\n  c: [z]\n", "yaml_missing_space", "write `b: …`"),
    "a full-width colon behind a section": ("lists▶：\n  a: [x]\n", "yaml_missing_space", "write `lists: …`"),
    "a line that lost its indentation": ("traits:\n  a: {type: text}\n▶b: {type: text}\n  c: {type: text}\n", "yaml_indent", "indent it like the lines it belongs to"),
    "a template without quotes": ("templates:\n  t: {purpose: transactional, channels: {sms: {en: ▶{{ person.name }}}}}\n", "yaml_unquoted", "write '{{ person.name }}'"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "code", "hint"), MISTAKES.values(), ids=list(MISTAKES))
def test_a_mistake_is_answered_at_its_place_with_what_to_write(text: str, code: str, hint: str) -> None:
    plain, expected = marked(text)

    _, findings = check_playbook({**BASE, CASE: plain}, ZONES)

    found = [finding for finding in findings if finding.code == code]
    assert [(finding.code, finding.hint) for finding in found] == [(code, hint)]
    assert places(found) == expected
    assert found == findings or code.startswith("yaml_"), "a fault of YAML hides no other one"
