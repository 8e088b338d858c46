"""Builders of what is sent: a row, a template, offers, a request. Each says only what its test is about."""

from __future__ import annotations

import time
from typing import Any

from messaging.ports import Content, OutboxRow, SendRequest
from schemas.offers import Community, CouponPool, Offers, Template, TemplateText

__all__ = ["NOW", "a_pool", "a_request", "a_row", "a_template", "some_offers"]

NOW = 1_767_225_600_000
"""2026-01-01T00:00:00Z."""


def a_row(**changes: Any) -> OutboxRow:  # noqa: ANN401 - any field
    """A send of the template `hello` by mail, decided now."""
    values: dict[str, Any] = {
        "decision_id": "d1",
        "person": "ann",
        "rule": "welcome",
        "kind": "send",
        "time": NOW,
        "params": {"template": "hello", "channels": ["email"]},
        "variables": {"person": {"name": "Ann"}},
        "program": "p1",
    }
    return OutboxRow(**(values | changes))


def a_template(
    body: str = "Hello {{ person.name }}", channels: tuple[str, ...] = ("email",), purpose: str = "transactional"
) -> Template:
    """A template that says the same in English on all its channels."""
    texts = {channel: {"en": TemplateText(body, "Hello" if channel == "email" else "")} for channel in channels}
    uses = frozenset({"coupon.code"}) if "coupon." in body else frozenset()
    return Template("hello", purpose, texts, uses)  # type: ignore[arg-type]


def a_pool(**changes: Any) -> CouponPool:  # noqa: ANN401 - any field
    """A pool of coupons without limits."""
    values: dict[str, Any] = {"id": "welcome-10", "benefit": {"amount_off": "10 CNY"}}
    return CouponPool(**(values | changes))


def some_offers(*templates: Template, pool: CouponPool | None = None) -> Offers:
    """What a playbook offers: these templates (else `hello`), one pool, one community."""
    return Offers(
        templates={template.id: template for template in templates or (a_template(),)},
        pools={"welcome-10": pool or a_pool()},
        communities={"vip": Community("vip", "The VIP group", "https://example.com/join")},
        zone="Asia/Shanghai",
        currency="CNY",
        language="en",
    )


def a_request(**changes: Any) -> SendRequest:  # noqa: ANN401 - any field
    """A mail to Ann."""
    values: dict[str, Any] = {
        "key": "0123456789abcdef0123456789abcdef",
        "person": "ann",
        "channel": "email",
        "address": "ann@example.com",
        "content": Content("Hello Ann", "Hello"),
        "template": "hello",
        "time": NOW,
        "at": int(time.time() * 1_000),
    }
    return SendRequest(**(values | changes))
