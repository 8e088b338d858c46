"""Values that have broken other systems, as JSON text in bytes, and events with one of them in one place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FIELDS", "NASTY", "nasty_events"]

NASTY: tuple[bytes, ...] = (
    # nothing, truth and numbers at their edges
    b"null", b"true", b"false", b"0", b"-0", b"-0.0", b"1", b"-1", b"0.1", b"1e5", b"1e400", b"1e-400", b"0e400",
    b"1e99999999999999999999", b"1e-99999999999999999999", b"NaN", b"Infinity", b"-Infinity", b"2147483648",
    b"9007199254740993", b"9223372036854775808", b"18446744073709551616", b"-9223372036854775809", b"9" * 30,
    b"9" * 31, b"9" * 5_000, b"0." + b"3" * 28, b"0." + b"3" * 5_000, b"01", b"+1", b".5", b"1.", b"0x10", b"1_000",
    b"4102444800000",
    # texts
    b'""', b'" "', b'"a"', b'"' + b"a" * 128 + b'"', b'"' + b"a" * 129 + b'"', b'"' + b"a" * 70_000 + b'"',
    b'"\\u0000"', b'"\\n"', b'"a\\tb"', b'"\\u007f"', b'"\\u0085"', b'"\x01"', b'"\\ud800"', b'"\\udc00\\ud800"',
    b'"\\ud83d\\ude00"', '"😀"'.encode(), '"下单"'.encode(), '"下单"'.encode("gbk"), '"下单"'.encode("utf-16-le"),
    b'"\xff\xfe"', b'"\xc0\x80"', b'"\xed\xa0\x80"', b'"\\u202eabc"', b'"\\u200b"', b'"\\ufeff"', b'"e\\u0301"',
    b'"\\u2028"', b'"\\ufffe"', b'"a:b{c}d"', b'"anonymous:x"', b'"__proto__"', b'"constructor"', b'"\' OR 1=1 --"',
    b'"${jndi:ldap://x}"', b'"{{ 7 * 7 }}"', b'"%s%n%x"', b'"../../etc/passwd"', b'"NaN"', b'"null"', b'"1e5"',
    b'"\\x41"', b'"a', b"'a'",
    # times
    b'"2026-05-01T10:00:00Z"', b'"2026-05-01T10:00:00+08:00"', b'"2026-05-01T10:00:00"', b'"2026-05-01"',
    b'"2016-12-31T23:59:60Z"', b'"2026-05-01T24:00:00Z"', b'"2026-02-30T00:00:00Z"', b'"0000-01-01T00:00:00Z"',
    b'"0001-01-01T00:00:00+23:59"', b'"9999-12-31T23:59:59-23:59"', b'"10000-01-01T00:00:00Z"',
    b'"1999-12-31T23:59:59Z"', b'"2100-01-01T00:00:00Z"', b'"2026-05-01T10:00:00+99:99"',
    b'"2026-05-01T10:00:00+08:75"', '"２０２６-05-01T10:00:00Z"'.encode(), b'"2026-05-01T10:00:00.1234567890Z"',
    # objects and lists
    b"{}", b"[]", b"[[[]]]", b'{"a":1,"a":2}', b'{"a":{"b":1,"b":2}}', b'{"":""}', b'{"\\u0000":1}', b'{"\\ud800":1}',
    b'{"__proto__":{"x":1}}', b"[" * 16 + b"]" * 16, b"[" * 17 + b"]" * 17, b"[" * 900 + b"]" * 900,
    b"[" * 20_000 + b"]" * 20_000, b'{"a":' * 200 + b"1" + b"}" * 200, b"[1,2", b"[1,]", b'{"a"}', b"[NaN]",
)  # fmt: skip

FIELDS = ("id", "person", "anonymous", "event", "time", "properties", "source", "extra", "property", "key")


def nasty_events(field: str) -> Iterator[bytes]:
    """Give events that are in order but for one field; `property` is one in properties, `key` the name of one."""
    return (_event(field, value) for value in NASTY)


def _event(field: str, value: bytes) -> bytes:
    parts = {
        "id": b'"536365"',
        "person": b'"17850"',
        "event": b'"order.paid"',
        "source": b'"shop"',
        "properties": b"{}",
    }
    if field == "property":
        parts["properties"] = b'{"amount":' + value + b"}"
    elif field == "key":
        parts["properties"] = b"{" + value + b":1}"
    else:
        parts[field] = value
    if field == "anonymous":
        del parts["person"]
    return b"{" + b",".join(json.dumps(name).encode() + b":" + text for name, text in parts.items()) + b"}"
