"""Readers of single values: texts, numbers, durations, money, zones, and lists of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from rules.fields import Read, Reader, check_name, scalar_length
from rules.hints import did_you_mean
from rules.nodes import Mapping, Node, Scalar, Sequence
from rules.schedule import cron_fault
from schemas.findings import nearest
from schemas.meant import meant_amount, meant_duration
from schemas.money import parse_money
from schemas.texts import say
from schemas.times import parse_duration, parse_time
from segments.workdays import country_fault

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "anything", "boolean", "count", "country", "cron", "currency", "duration", "identifier", "integer", "is_currency",
    "items", "label", "language", "mapping_of", "moment", "money", "money_text", "name", "natural", "one_of",
    "one_or_more", "text", "zone",
]  # fmt: skip

T = TypeVar("T")

_CURRENCY = re.compile(r"[A-Z]{3}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_COUNTED = re.compile(r"([0-9][0-9_,]{0,15}) ?(?:张|个|份|次|件|位|人)?")
_TRUTHS = {
    "yes": "true", "on": "true", "y": "true", "是": "true", "no": "false", "off": "false", "n": "false", "否": "false",
}  # fmt: skip
_MAX_LABEL = 128
_CRON_FIELDS = 5


def anything(_: Reader, node: Node) -> Node:
    """Any node: documentation that nothing reads."""
    return node


def text(reader: Reader, node: Node) -> str | None:
    """A text."""
    if isinstance(node, Scalar) and isinstance(node.value, str):
        return node.value
    hint: str = "write one behind the colon, or take the key out"
    if not isinstance(node, Scalar):
        hint = ""
    elif node.value is not None:
        hint = say('put it in quotes: "{text}"', text=node.text)
    reader.wrong_type(node, "a text", hint)
    return None


def label(reader: Reader, node: Node) -> str | None:
    """A short text that is stored or shown: 1 to 128 characters, none of them a control character."""
    value = text(reader, node)
    if value is None:
        return None
    if not value.isprintable() or not 0 < len(value) <= _MAX_LABEL:
        message = say("a text of 1 to {max_label} characters on one line is expected", max_label=_MAX_LABEL)
        reader.fault(node.mark, "bad_text", message, length=scalar_length(node))
        return None
    return value


def name(reader: Reader, node: Node) -> str | None:
    """The name of something that this place declares."""
    value = text(reader, node)
    if value is not None:
        check_name(reader, value, node.mark, "this")
    return value


def identifier(reader: Reader, node: Node) -> str | None:
    """A name that expressions and templates can use."""
    value = text(reader, node)
    if value is not None and not _IDENTIFIER.fullmatch(value):
        message = say("{value!r} cannot be a name in templates", value=value)
        reader.fault(node.mark, "bad_id", message, "use letters, digits and _: gift_coupon", length=scalar_length(node))
        return None
    return value


def boolean(reader: Reader, node: Node) -> bool | None:
    """`true` or `false`."""
    if isinstance(node, Scalar) and isinstance(node.value, bool):
        return node.value
    meant = _TRUTHS.get(node.text.lower()) if isinstance(node, Scalar) else None
    reader.wrong_type(node, "true or false", say("did you mean {meant}?", meant=meant) if meant else "")
    return None


def integer(reader: Reader, node: Node) -> int | None:
    """A whole number."""
    if isinstance(node, Scalar) and isinstance(node.value, int) and not isinstance(node.value, bool):
        return node.value
    found = _COUNTED.fullmatch(node.text) if isinstance(node, Scalar) else None
    hint: str = "write it in digits: 50"
    if found is not None:
        hint = say("write {number}", number=int(found[1].replace("_", "").replace(",", "")))
    reader.wrong_type(node, "a whole number", hint)
    return None


def count(reader: Reader, node: Node) -> int | None:
    """A whole number above zero."""
    value = integer(reader, node)
    if value is not None and value <= 0:
        reader.fault(
            node.mark,
            "not_allowed",
            say("a number above zero is expected, this is {value}", value=value),
            "write 1 or more",
            length=scalar_length(node),
        )
        return None
    return value


def natural(reader: Reader, node: Node) -> int | None:
    """A whole number that is not below zero."""
    value = integer(reader, node)
    if value is not None and value < 0:
        message = say("{text!r} is below zero", text=str(value))
        reader.fault(node.mark, "not_allowed", message, "write 0 or more", length=scalar_length(node))
        return None
    return value


def one_of(*allowed: str) -> Read[str]:
    """One of a few words."""

    def read(reader: Reader, node: Node) -> str | None:
        if isinstance(node, Scalar) and node.value in allowed:
            return str(node.value)
        if not isinstance(node, Scalar):
            reader.wrong_type(node, say("one of {names}", names=", ".join(allowed)))
            return None
        close = nearest(node.text, allowed)
        hint = say("allowed: {names}", names=", ".join(allowed)) if close is None else did_you_mean(node.text, allowed)
        reader.fault(
            node.mark,
            "not_allowed",
            say("{text!r} is none of {names}", text=node.text[:40], names=", ".join(allowed)),
            hint,
            length=scalar_length(node),
        )
        return None

    return read


def duration(reader: Reader, node: Node) -> int | None:
    """Milliseconds of `30d`, `1h30m`; longer than nothing."""
    if not isinstance(node, Scalar):
        reader.wrong_type(node, "a length of time", "write a number and a unit: 30d, 12h, 90m")
        return None
    try:
        length = parse_duration(node.value if isinstance(node.value, str) else node.text)
        message: str = say("{text!r} is no time at all; a length of time is longer than nothing", text=node.text)
    except ValueError as error:
        length, message = 0, str(error)
    if length <= 0:
        hint = meant_duration(node.text)
        reader.fault(node.mark, "bad_duration", message, hint, length=scalar_length(node))
        return None
    return length


def money(reader: Reader, node: Node) -> int | None:
    """Minor units of `10 CNY`, in the workspace's currency, not negative."""
    read = money_text(reader, node)
    return None if read is None else parse_money(read)[0]


def money_text(reader: Reader, node: Node) -> str | None:
    """An amount as it is written, checked like `money`."""
    if not isinstance(node, Scalar):
        reader.wrong_type(
            node,
            "an amount of money",
            say("write the number and the currency: 10 {currency}", currency=reader.currency or reader.likely_currency),
        )
        return None
    try:
        minor, written = parse_money(node.text)
    except ValueError as error:
        minor, written, message = -1, "", str(error)
    else:
        message = say("{text!r} is below zero", text=node.text)
    if minor < 0:
        hint = meant_amount(node.text, reader.currency or reader.likely_currency)
        reader.fault(node.mark, "bad_money", message, hint, length=scalar_length(node))
        return None
    if reader.currency is not None and written != reader.currency:
        message = say(
            "{text!r} is not in the currency of the workspace, {currency}", text=node.text, currency=reader.currency
        )
        reader.fault(
            node.mark,
            "wrong_currency",
            message,
            say("write it in {currency}", currency=reader.currency),
            length=scalar_length(node),
        )
        return None
    return node.text


def moment(reader: Reader, node: Node) -> int | None:
    """Unix ms of an RFC 3339 time with a zone."""
    value = text(reader, node)
    if value is None:
        return None
    try:
        return parse_time(value)
    except (ValueError, OverflowError) as error:
        reader.fault(
            node.mark, "bad_time", str(error), "end it with +08:00, or with Z for UTC", length=scalar_length(node)
        )
        return None


def cron(reader: Reader, node: Node) -> str | None:
    """The five fields of a cron schedule."""
    value = label(reader, node)
    if value is None:
        return None
    fault = (
        cron_fault(value) if len(value.split()) == _CRON_FIELDS else say("{number} fields", number=len(value.split()))
    )
    if fault is None:
        return value
    hint = 'five fields: minute, hour, day, month, weekday; "0 9 * * 1" is Mondays at nine'
    reader.fault(
        node.mark,
        "bad_cron",
        say("{value!r} is no cron schedule: {fault}", value=value, fault=fault),
        hint,
        length=scalar_length(node),
    )
    return None


def is_currency(text: str) -> bool:
    """Whether a text is written like a currency."""
    return _CURRENCY.fullmatch(text) is not None


def currency(reader: Reader, node: Node) -> str | None:
    """A currency code of ISO 4217."""
    return _matching(reader, node, _CURRENCY, "bad_currency", "a currency", "write its three capital letters: CNY")


def language(reader: Reader, node: Node) -> str | None:
    """A language code: `zh`, `en`, `pt-BR`."""
    return _matching(reader, node, _LANGUAGE, "bad_language", "a language", "write its code: zh, en, pt-BR")


def country(reader: Reader, node: Node) -> str | None:
    """A country whose holidays are known, or a part of one: `CN`, `DE-BY`."""
    value = text(reader, node)
    wrong = None if value is None else country_fault(value)
    if value is None or wrong is None:
        return value
    close = did_you_mean(value, wrong[1])
    hint = close if close.startswith("did") else "write its two capital letters, CN, or with a part of it, DE-BY"
    reader.fault(node.mark, "bad_country", wrong[0], hint, length=scalar_length(node))
    return None


def _matching(reader: Reader, node: Node, pattern: re.Pattern[str], code: str, what: str, hint: str) -> str | None:
    value = text(reader, node)
    if value is None or pattern.fullmatch(value):
        return value
    reader.fault(
        node.mark, code, say("{value!r} is not {what}", value=value[:40], what=what), hint, length=scalar_length(node)
    )
    return None


def zone(reader: Reader, node: Node) -> str | None:
    """The name of a time zone."""
    value = text(reader, node)
    if value is None or reader.zones is None or value in reader.zones:
        return value
    reader.fault(
        node.mark,
        "bad_zone",
        say("{value!r} is no time zone", value=value[:40]),
        _zone_hint(value, reader.zones),
        length=scalar_length(node),
    )
    return None


def _zone_hint(value: str, zones: Iterable[str]) -> str:
    close = did_you_mean(value, zones)
    return close if close.startswith("did") else "write its full name: Asia/Shanghai, Europe/London"


def items(read: Read[T]) -> Read[list[T]]:
    """A list, each item read by `read`."""

    def read_list(reader: Reader, node: Node) -> list[T] | None:
        if not isinstance(node, Sequence):
            reader.wrong_type(node, "a list")
            return None
        if not node.items:
            reader.fault(node.mark, "empty", "the list is empty", "name at least one, or leave the key out")
        values = (read(reader, item) for item in node.items)
        return [value for value in values if value is not None]

    return read_list


def one_or_more(read: Read[T]) -> Read[list[T]]:
    """One value, or a list of them."""
    many = items(read)

    def read_any(reader: Reader, node: Node) -> list[T] | None:
        if isinstance(node, Sequence):
            return many(reader, node)
        value = read(reader, node)
        return None if value is None else [value]

    return read_any


def mapping_of(read: Read[T], check_key: Read[str] = label) -> Read[dict[str, T]]:
    """Keys with values, each value read by `read`, each key by `check_key`."""

    def read_mapping(reader: Reader, node: Node) -> dict[str, T] | None:
        if not isinstance(node, Mapping):
            reader.wrong_type(node, "keys with values")
            return None
        if not node.entries:
            reader.fault(node.mark, "empty", "nothing stands here", "name at least one, or leave the key out")
        out: dict[str, T] = {}
        for entry in node.entries.values():
            key = check_key(reader, Scalar(entry.key, entry.key, plain=True, mark=entry.key_mark, source=entry.key))
            value = read(reader, entry.value)
            if key is not None and value is not None:
                out[key] = value
        return out

    return read_mapping
