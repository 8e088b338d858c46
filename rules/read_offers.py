"""Readers of what rules hand out: message templates, coupon pools, communities."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, cast

from messaging.render import check_template, variables_of
from rules import read_values as v
from rules.fields import Fields, Reader, named, scalar_length
from rules.hints import did_you_mean
from rules.nodes import Entry, Node, Scalar
from schemas.money import parse_money
from schemas.offers import Community, CouponPool, Template, TemplateText
from schemas.texts import say

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence as List

__all__ = ["BENEFITS", "CHANNELS", "channel", "communities", "pools", "templates"]

CHANNELS = ("wecom", "wecom_group", "sms", "email", "push", "webhook", "dingtalk", "feishu", "console")
_PREFIX = re.compile(r"[A-Z0-9]{1,10}")
BENEFITS = ("amount_off", "percent_off", "gift")


def channel(reader: Reader, node: Node) -> str | None:
    """The name of a channel."""
    value = v.text(reader, node)
    if value is None or value in CHANNELS:
        return value
    hint = did_you_mean(value, CHANNELS)
    reader.fault(
        node.mark, "unknown_channel", say("unknown channel {value!r}", value=value), hint, length=scalar_length(node)
    )
    return None


def templates(reader: Reader, nodes: List[Node]) -> dict[str, Template]:
    """The message templates by id."""
    return {entry.key: _template(reader, entry) for entry in named(reader, nodes, "template")}


def _template(reader: Reader, entry: Entry) -> Template:
    fields = Fields(reader, entry.value, say("template {key!r}", key=entry.key), entry.key_mark)
    fields.get("title", v.text)
    purpose = fields.need("purpose", v.one_of("marketing", "transactional"))
    channels = fields.need("channels", v.mapping_of(v.mapping_of(_text, v.language), channel)) or {}
    limits = fields.get("limits", v.mapping_of(v.count, channel)) or {}
    fields.waive()
    fields.close()
    reader.places["template", entry.key] = entry.key_mark
    kind = cast('Literal["marketing", "transactional"]', purpose or "marketing")
    return Template(entry.key, kind, channels, _uses(channels.values()), limits)


def _uses(channels: Iterable[dict[str, TemplateText]]) -> frozenset[str]:
    sources = (source for texts in channels for text in texts.values() for source in (text.body, text.subject))
    return frozenset(path for source in sources for path in variables_of(source))


def _text(reader: Reader, node: Node) -> TemplateText | None:
    if isinstance(node, Scalar):
        body = _source(reader, node)
        return None if body is None else TemplateText(body)
    fields = Fields(reader, node, "the text of a message")
    subject, body = fields.get("subject", _source), fields.need("body", _source)
    fields.close()
    return None if body is None else TemplateText(body, subject or "")


def _source(reader: Reader, node: Node) -> str | None:
    """A Liquid text; what is wrong with it is reported where it stands."""
    source = v.text(reader, node)
    if source is None or not isinstance(node, Scalar):
        return None
    fault = check_template(source)
    if fault is None:
        return source
    lines = source.splitlines(keepends=True)
    offset = sum(map(len, lines[: fault.line - 1])) + fault.column - 1
    reader.fault(
        node.position(offset), "bad_template", fault.message, "see the documentation of templates for what they can do"
    )
    return None


def pools(reader: Reader, nodes: List[Node]) -> dict[str, CouponPool]:
    """The coupon pools by id."""
    return {entry.key: _pool(reader, entry) for entry in named(reader, nodes, "coupon pool")}


def _pool(reader: Reader, entry: Entry) -> CouponPool:
    fields = Fields(reader, entry.value, say("coupon pool {key!r}", key=entry.key), entry.key_mark)
    fields.get("title", v.text)
    benefit = fields.need("benefit", _benefit) or {}
    prefix = fields.get("code", _code)
    pool = CouponPool(
        entry.key,
        benefit,
        parse_money(benefit["amount_off"])[0] if "amount_off" in benefit else 0,
        fields.get("stock", v.count),
        fields.get("valid_for", v.duration),
        fields.get("per_person", v.count),
        fields.get("budget", v.money),
        prefix or "",
    )
    fields.later("valid", "on_change")
    fields.close()
    reader.places["pool", entry.key, "budget"] = fields.place("budget")
    return pool


def _benefit(reader: Reader, node: Node) -> dict[str, str] | None:
    fields = Fields(reader, node, "a benefit")
    kinds = fields.first_of(*BENEFITS)
    if fields.ok and len(kinds) != 1:
        said = say("{number} of them", number=len(kinds)) if kinds else "none"
        reader.fault(
            node.mark,
            "bad_benefit",
            say("a benefit is one of {names}; this has {said}", names=", ".join(BENEFITS), said=said),
        )
    found = {
        "amount_off": fields.get("amount_off", v.money_text),
        "percent_off": fields.get("percent_off", _percent),
        "gift": fields.get("gift", v.label),
        "minimum": fields.get("minimum", v.money_text),
    }
    fields.close()
    return {key: value for key, value in found.items() if value is not None}


def _percent(reader: Reader, node: Node) -> str | None:
    value = v.integer(reader, node)
    if value is not None and not 0 < value <= 100:
        reader.fault(
            node.mark,
            "not_allowed",
            say("{value} is no percentage off", value=value),
            "1 to 100",
            length=scalar_length(node),
        )
        return None
    return None if value is None else str(value)


def _code(reader: Reader, node: Node) -> str | None:
    fields = Fields(reader, node, "the code of a coupon pool")
    prefix = fields.get("prefix", v.text)
    fields.close()
    if prefix is not None and not _PREFIX.fullmatch(prefix):
        hint = "1 to 10 capital letters or digits: WEL"
        reader.fault(
            fields.place("prefix"),
            "not_allowed",
            say("{prefix!r} is no prefix of codes", prefix=prefix[:40]),
            hint,
            length=len(prefix),
        )
        return None
    return prefix


def communities(reader: Reader, nodes: List[Node]) -> dict[str, Community]:
    """The communities by id."""
    out = {}
    for entry in named(reader, nodes, "community"):
        fields = Fields(reader, entry.value, say("community {key!r}", key=entry.key), entry.key_mark)
        title, url = fields.get("title", v.label), fields.get("join_url", v.label)
        fields.later("rhythm")
        fields.close()
        out[entry.key] = Community(entry.key, title or "", url or "")
    return out
