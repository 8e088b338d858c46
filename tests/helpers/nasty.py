"""Names as people have them, and as people make them up to see what happens."""

from __future__ import annotations

__all__ = ["NAMES"]

NAMES = (
    "{{7*7}}", "{{ person.phone }}", "{% include 'x' %}", "{{", "}}", "{%", "%}", "${7*7}", "#{7*7}", "<%= 7*7 %>",
    "=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(1)", '=HYPERLINK("http://x")', "](http://x)", "[a](javascript:x)",
    "![x](http://x/y.png)", "**bold**", "`code`", "# title", "> quote", "<b>bold</b>", "<script>alert(1)</script>",
    "<img src=x onerror=y>", "<at>everyone</at>", "<@all>", "@all", '<font color="info">x</font>', "&lt;&amp;",
    "a\r\nBcc: all@example.com", "a\r\n\r\nSecond body", "a\n.\nQUIT", "\r\n.\r\n", "two\nlines", "tab\there",
    "'; DROP TABLE outbox; --", '" OR 1=1', "\\", "\\n", "%s %d %(x)s", "%00", "null", "True", "0", "no: yes",
    "&anchor *alias",
    "!!python/object", "小王", "O'Neil", "Zoë", "😀", "\u202egnp.exe", "a\u200bb", "ﷺ", "Ａｎｎ",
    "__proto__", "constructor",
)  # fmt: skip
