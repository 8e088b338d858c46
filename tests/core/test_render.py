from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.ports import Content
from messaging.render import RenderFailed, TemplateFault, check_template, language_of, render, variables_of
from messaging.render.dates import DIRECTIVES
from schemas.offers import Template, TemplateText

WELCOME = (
    "{{ person.name | default: '您' }}好，欢迎！首单满 50 减 10：{{ coupon.code }}，"
    "{{ coupon.expires | date: '%m月%d日' }} 前有效"
)


def rendered(source: str, variables: dict[str, Any] | None = None, *, zone: str = "UTC", max_bytes: int = 4_096) -> str:
    template = Template("t", "transactional", {"sms": {"en": TemplateText(source)}})
    values = variables or {}
    content = render(
        template, "sms", "en", values, zone=zone, currency="CNY", fallback_language="en", max_bytes=max_bytes
    )
    return content.body


def failure(source: str, variables: dict[str, Any] | None = None, *, max_bytes: int = 4_096) -> str:
    with pytest.raises(RenderFailed) as caught:
        rendered(source, variables, max_bytes=max_bytes)
    return caught.value.code


def test_a_message_shows_names_codes_and_times_in_the_persons_zone() -> None:
    coupon = {"code": "WEL-1", "expires": "2026-05-01T20:00:00.000Z"}

    assert rendered(WELCOME, {"person": {"name": "小王"}, "coupon": coupon}, zone="Asia/Shanghai") == (
        "小王好，欢迎！首单满 50 减 10：WEL-1，05月02日 前有效"
    )
    assert rendered(WELCOME, {"coupon": coupon}).startswith("您好")


def test_the_variables_of_a_text_are_its_paths_from_outside() -> None:
    source = "{{ person.name | default: x }}{% for i in event.items %}{{ i.sku }}{% endfor %}{{ event.items[0].sku }}"

    assert variables_of(WELCOME) == {"person.name", "coupon.code", "coupon.expires"}
    assert variables_of(source) == {"person.name", "x", "event.items"}
    assert variables_of("{% assign a = event.amount %}{{ a }}{{ event.items.size }}") == {"event.amount", "event.items"}
    assert variables_of("{{ broken") == frozenset()


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("Hello {{ person.name", (1, 7, "is not closed")),
        ("one\ntwo {% bogus %}", (2, 5, "no tag `bogus`")),
        ("a\n\nb {{ }}", (3, 3, "nothing between")),
        ("Hi {{ person.name | shout }}", (1, 21, "no filter `shout`")),
        ("x\n{{ person.joined | date: '%Q' }}", (2, 20, "`%Q`")),
        ("{{ person[other] }}", (1, 4, "in brackets")),
        ("{% if a %}\nx", (2, 2, "endif")),
        ("a\n{{ b }}{{ c. }}", (2, 11, "an identifier")),
        ("a\n{% if b %}\n {% if c == %}{% endif %}{% endif %}", (3, 18, "a primitive")),
        ("a\n{{ b ? c }}", (2, 6, "unexpected")),
        ("{% %}", (1, 1, "no name")),
    ],
)
def test_a_fault_has_its_line_and_column(source: str, fault: tuple[int, int, str]) -> None:
    found = check_template(source)

    assert isinstance(found, TemplateFault)
    assert (found.line, found.column) == fault[:2]
    assert fault[2] in found.message


def test_a_clean_text_has_no_fault() -> None:
    assert check_template(WELCOME) is None
    assert check_template("no variables at all, 100 % { } %} }}") is None


def test_an_unknown_variable_stops_the_message_unless_the_text_asks() -> None:
    assert failure("Dear {{ person.name }}") == "undefined:person"
    assert failure("Dear {{ person.name }}", {"person": {"city": "York"}}) == "undefined:person.name"
    assert failure("{{ person.name | upcase }}", {"person": {"name": None}}) == "undefined:person.name"
    assert rendered("{% if person.name %}Dear {{ person.name }}{% else %}Hello{% endif %}") == "Hello"
    assert rendered("{{ person.name | default: 'you' }}", {"person": {"name": ""}}) == "you"


def test_other_failures_have_their_code() -> None:
    assert failure("{{ a") == "bad_template"
    assert failure("  {{ a }}", {"a": " "}) == "empty"
    assert failure("{{ a }}", {"a": "x" * 4_097}) == "limit"
    assert failure("{{ a | money }}", {"a": "ten"}) == "bad_value"
    assert failure("{{ a }}", {"a": {"b": 1}}) == "bad_value"


def test_a_message_has_at_most_its_channels_bytes_and_not_characters() -> None:
    assert rendered("{{ a }}", {"a": "您" * 10}, max_bytes=30) == "您" * 10
    assert failure("{{ a }}", {"a": "您" * 10}, max_bytes=29) == "limit"


@pytest.mark.parametrize(
    ("source", "value", "expected"),
    [
        ("{{ x | money }}", 1234.5, "1,234.50"),
        ("{{ x | money }}", -3, "-3.00"),
        ("{{ x }}", 1e20, "100000000000000000000"),
        ("{{ x }}", 99.5, "99.5"),
        ("{{ x }}", True, "true"),
        ("{{ x | plus: 0.1 }}", 0.2, "0.3"),
        ("{{ x | minus: 1 }}", 12, "11"),
        ("{{ x | times: 2 }}", 1.5, "3"),
        ("{{ x | join: '、' }}", ["a", 1], "a、1"),
        ("{{ x | first }}{{ x | last }}{{ x | size }}", ["a", "b"], "ab2"),
        ("{{ x[1] }}{{ x.size }}", ["a", "b"], "b2"),
        ("{{ x | upcase | append: '!' | prepend: '¡' }}", "hey", "¡HEY!"),
        ("{{ x | capitalize }}{{ x | downcase }}{{ x | strip }}", "oH", "OhohoH"),
        ("{{ x | truncate: 5 }}{{ x | truncate: 3, '' }}", "abcdefgh", "abcd…abc"),
        ("{% case x %}{% when 'a' %}A{% else %}B{% endcase %}", "a", "A"),
        ("{% unless x %}no{% endunless %}yes", True, "yes"),
        ("{% for i in x %}{{ i.sku }};{% endfor %}", [{"sku": "A"}, {"sku": "B"}], "A;B;"),
        ("{% if x > 10 %}many{% endif %}", 11, "many"),
        ("{% if x contains 'b' %}has{% endif %}", ["a", "b"], "has"),
    ],
)
def test_filters_and_tags_give(source: str, value: object, expected: str) -> None:
    assert rendered(source, {"x": value}) == expected


@pytest.mark.parametrize(
    ("value", "form", "zone", "expected"),
    [
        ("2026-03-05T23:59:59.999Z", "%Y-%m-%d %H:%M:%S", "UTC", "2026-03-05 23:59:59"),
        ("2026-03-05T23:59:59Z", "%-m月%-d日%-H点", "Asia/Shanghai", "3月6日7点"),
        ("2026-03-05T09:05:00+08:00", "%I:%M %p, %A %d %B %Y", "Asia/Shanghai", "09:05 AM, Thursday 05 March 2026"),
        ("2026-07-01T00:00:00Z", "%F %T %R %a %b", "UTC", "2026-07-01 00:00:00 00:00 Wed Jul"),
        ("2026-07-01T00:00:00Z", "%e %y %j %u %-I %%", "UTC", " 1 26 182 3 12 %"),
        (1_767_225_600_000, "%F %R", "Asia/Shanghai", "2026-01-01 08:00"),
        ("1990-02-28", "%m-%d", "America/New_York", "02-28"),
    ],
)  # fmt: skip
def test_times_are_shown_by_their_format(value: object, form: str, zone: str, expected: str) -> None:
    assert rendered(f"{{{{ x | date: '{form}' }}}}", {"x": value}, zone=zone) == expected


def test_every_directive_can_be_shown() -> None:
    assert rendered(f"{{{{ x | date: '{' '.join(DIRECTIVES)}' }}}}", {"x": "2026-03-05T23:59:59Z"}).count("%") == 1


def test_what_is_no_time_is_a_bad_value() -> None:
    assert failure("{{ x | date: '%Y' }}", {"x": "tomorrow"}) == "bad_value"
    assert failure("{{ x | date: '%Y' }}", {"x": 10**20}) == "bad_value"
    assert failure("{{ x | date: '%Y' }}", {"x": True}) == "bad_value"


def test_the_language_is_the_persons_else_the_fallback() -> None:
    assert language_of("zh", ["en", "zh"], "en") == "zh"
    assert language_of("zh-TW", ["en", "zh"], "en") == "zh"
    assert language_of("zh", ["en", "zh-CN"], "en") == "zh-CN"
    assert language_of("fr", ["en", "zh"], "zh") == "zh"
    assert language_of("", ["de", "en"], "fr") == "de"


def test_a_channel_without_a_text_fails() -> None:
    template = Template("t", "marketing", {"sms": {"en": TemplateText("x")}})

    with pytest.raises(RenderFailed) as caught:
        render(template, "email", "en", {}, zone="UTC", currency="CNY", fallback_language="en")

    assert caught.value.code == "no_text"


def test_a_subject_is_one_line() -> None:
    template = Template("t", "marketing", {"email": {"en": TemplateText("hi {{ n }}", "For {{ n }}\n")}})
    variables = {"n": "Ann\r\nBcc: all@example.com"}

    content = render(template, "email", "en", variables, zone="UTC", currency="CNY", fallback_language="en")

    assert content == Content("hi Ann\r\nBcc: all@example.com", "For Ann Bcc: all@example.com")


def test_a_templates_own_limit_is_the_smaller_one() -> None:
    template = Template("t", "marketing", {"sms": {"en": TemplateText("12345")}}, limits={"sms": 4})

    with pytest.raises(RenderFailed, match="too large"):
        render(template, "sms", "en", {}, zone="UTC", currency="CNY", fallback_language="en", max_bytes=100)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_value_arrives_as_it_is_whatever_it_looks_like(value: str) -> None:
    assert rendered("[{{ x }}]", {"x": value}, max_bytes=65_536) == f"[{value}]"
    assert rendered("{% if true %}[{% for i in x %}{{ i }}{% endfor %}]{% endif %}", {"x": [value]}) == f"[{value}]"


@given(st.text(alphabet="{}%|ab. '-\n", max_size=60))
def test_any_text_is_either_clean_or_has_a_fault_inside_it(source: str) -> None:
    fault = check_template(source)

    if fault is not None:
        assert 1 <= fault.line <= source.count("\n") + 1
        assert 1 <= fault.column <= len(source) + 1
