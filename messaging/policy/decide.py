"""Whether a decision may be carried out now: the gates, one small pure function each, asked in the lease's transaction.

They are asked in the order of `GATES`, then the row is turned into what is to be done: a coupon, or a message on the
first of its channels that can take it. The first objection counts.

Consent: marketing needs one for its purpose, on the channel or on "*" (all channels). If the newest record of either
is a withdrawal, there is none: who unsubscribed from everything is not reached by an older consent to one channel.

Never: a clock, a database, a network. What a gate needs to know is handed to it as `Facts`, read in that transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from messaging.policy.facts import CouponFact, CouponOffer, Facts, Verdict
from messaging.policy.restraint import capped, quiet_until
from messaging.ports import FINAL, Capabilities, Content, OutboxRow
from messaging.render import RenderFailed, render
from messaging.render.dates import is_zone
from schemas.times import MINUTE, SECOND, format_time

if TYPE_CHECKING:
    from schemas.offers import CouponPool, Offers, Template

__all__ = [
    "ADDRESS_CHANNELS",
    "EVENT_CHANNEL",
    "GATES",
    "Gate",
    "decide",
]

_encode = msgspec.json.Encoder(decimal_format="number").encode

ADDRESS_CHANNELS = frozenset({"email", "push", "sms", "wecom"})
"""Channels that reach a person by an address of theirs, whichever adapter serves them."""

EVENT_CHANNEL = "log"
"""The channel of events that a rule emits to another person; no playbook names it."""

_OTHER_NAMES = frozenset({"community", "event", "inputs", "meta", "person"})

HELD = MINUTE
"""How long a row that a kill switch holds is left alone (ms)."""
UNMET = SECOND
"""How long a row is left alone that waits for another decision (ms)."""


Gate = Callable[[OutboxRow, Facts], Verdict | None]
"""None: this gate has no objection."""
Channels = Mapping[str, Capabilities | None]
"""What serves each channel; None or missing: nothing does."""


def not_expired(row: OutboxRow, facts: Facts) -> Verdict | None:
    """A decision is carried out before its `valid_until`, or never."""
    if row.valid_until is not None and row.valid_until <= facts.now:
        return _stop("expired", "too_late")
    return None


def not_held_out(row: OutboxRow, facts: Facts) -> Verdict | None:  # noqa: ARG001 - the shape of a gate
    """Nothing is done for people whom the workspace holds out, so that there is somebody to compare with."""
    return _stop("suppressed", "holdout") if row.params.get("holdout") is True else None


def not_switched_off(row: OutboxRow, facts: Facts) -> Verdict | None:
    """A kill switch holds what it covers and loses nothing."""
    if "all" in facts.switches or f"rule:{row.rule}" in facts.switches:
        return _held(facts)
    return None


def _held(facts: Facts) -> Verdict:
    return Verdict("wait", until=facts.now + HELD)


def needs_are_final(row: OutboxRow, facts: Facts) -> Verdict | None:
    """A message waits for the decisions that it shows: the coupon before its message."""
    for needed in row.needs:
        fact = facts.needs.get(needed)
        if fact is None or fact.status not in FINAL:
            return Verdict("wait", until=facts.now + UNMET)
    return None


GATES: tuple[Gate, ...] = (not_held_out, not_expired, not_switched_off, needs_are_final)


def decide(
    row: OutboxRow,
    facts: Facts,
    offers: Offers,
    channels: Channels,
    issue: Callable[[CouponPool, OutboxRow], CouponOffer],
) -> Verdict:
    """What to do with a row now. `offers` are those of the row's own program; `issue` makes an offer of a pool."""
    for gate in GATES:
        verdict = gate(row, facts)
        if verdict is not None:
            return verdict
    if row.kind == "issue_coupon":
        return _coupon(row, offers, issue)
    if row.kind == "emit":
        return _event(row, channels)
    template = offers.templates.get(row.params.get("template", ""))
    if template is None:
        return _stop("failed", "no_template")
    if any(fact is None or fact.code is None for fact in map(facts.needs.get, row.needs)):
        return _stop("suppressed", "coupon_unavailable")
    if f"purpose:{template.purpose}" in facts.switches:
        return _held(facts)
    return _message(row, facts, offers, channels, template)


def _stop(status: str, reason: str) -> Verdict:
    return Verdict("stop", status=status, reason=reason)


def _coupon(row: OutboxRow, offers: Offers, issue: Callable[[CouponPool, OutboxRow], CouponOffer]) -> Verdict:
    pool = offers.pools.get(row.params.get("pool", ""))
    return _stop("failed", "no_pool") if pool is None else Verdict("coupon", coupon=issue(pool, row))


def _event(row: OutboxRow, channels: Channels) -> Verdict:
    """An event for another person: its adapter appends it to the log."""
    if channels.get(EVENT_CHANNEL) is None:
        return _stop("failed", "no_adapter")
    return Verdict("go", channel=EVENT_CHANNEL, content=row.body or Content(_encode(row.params).decode()))


def _message(row: OutboxRow, facts: Facts, offers: Offers, channels: Channels, template: Template) -> Verdict:
    """The first channel that can take the message; a retry keeps the channel and the text of its first attempt."""
    names = (row.channel,) if row.body is not None else tuple(row.params.get("channels", ()))
    objections = []
    for name in names:
        objection = _objection(name, row, facts, channels, template) or _over(name, row, facts, offers, template)
        if not objection:
            return _on_channel(name, row, facts, offers, channels.get(name), template)
        objections.append(f"{name}:{objection}")
    if any(objection.endswith(":switched_off") for objection in objections):
        return _held(facts)
    return _stop("suppressed", ",".join(objections) or "no_channel")


def _objection(name: str, row: OutboxRow, facts: Facts, channels: Channels, template: Template) -> str:
    """Why the person cannot be written to on this channel; empty if they can."""
    if row.body is None and not template.channels.get(name):
        return "no_text"
    if _needs_address(name, channels.get(name)) and not facts.addresses.get(name):
        return "no_address"
    if template.purpose == "marketing" and not _consents(facts, template.purpose, name):
        return "no_consent"
    return "switched_off" if f"channel:{name}" in facts.switches else ""


def _over(name: str, row: OutboxRow, facts: Facts, offers: Offers, template: Template) -> str:
    """The cap that has no room on this channel; a retry holds the place that its first attempt took."""
    if row.body is not None:
        return ""
    cap = capped(offers.caps, facts.touches, template.purpose, name, facts.now)
    return f"cap_{cap}" if cap else ""


def _needs_address(name: str, capabilities: Capabilities | None) -> bool:
    return name in ADDRESS_CHANNELS if capabilities is None else capabilities.needs_address


def _consents(facts: Facts, purpose: str, channel: str) -> bool:
    newest = (facts.consents.get((purpose, channel)), facts.consents.get((purpose, "*")))
    return True in newest and False not in newest


def _on_channel(
    name: str, row: OutboxRow, facts: Facts, offers: Offers, capabilities: Capabilities | None, template: Template
) -> Verdict:
    if capabilities is None:
        return _stop("failed", "no_adapter")
    until = quiet_until(offers.quiet, template.purpose, name, (_zone(row, offers), offers.zone), facts.now)
    if until:
        return _after_quiet(row, until)
    address = facts.addresses[name] if capabilities.needs_address else ""
    if row.body is not None:
        return Verdict("go", channel=name, address=address, content=row.body, purpose=template.purpose)
    try:
        content = _rendered(name, row, facts, offers, capabilities, template)
    except RenderFailed as error:
        return _stop("failed", f"render:{error.code}")
    return Verdict("go", channel=name, address=address, content=content, purpose=template.purpose)


def _after_quiet(row: OutboxRow, until: int) -> Verdict:
    """Later, unless it would be too late then."""
    if row.valid_until is not None and row.valid_until <= until:
        return _stop("expired", "quiet_hours")
    return Verdict("wait", until=until, reason="quiet_hours")


def _zone(row: OutboxRow, offers: Offers) -> str:
    """The person's zone, as the decision knew it; the workspace's if it is none."""
    person = row.variables.get("person")
    zone = person.get("zone") if isinstance(person, dict) else None
    return zone if isinstance(zone, str) and is_zone(zone) else offers.zone


def _rendered(
    name: str, row: OutboxRow, facts: Facts, offers: Offers, capabilities: Capabilities, template: Template
) -> Content:
    person = row.variables.get("person")
    traits = person if isinstance(person, dict) else {}
    language = traits.get("language")
    return render(
        template,
        name,
        language if isinstance(language, str) else offers.language,
        {
            **row.variables,
            "inputs": offers.inputs,
            **_community(row, offers),
            **_coupons(row, facts, offers.pools, template),
        },
        zone=_zone(row, offers),
        currency=offers.currency,
        fallback_language=offers.language,
        max_bytes=capabilities.max_bytes,
    )


def _community(row: OutboxRow, offers: Offers) -> dict[str, Any]:
    """What an invitation shows: `community.title` and `community.join_url`."""
    community = offers.communities.get(row.params.get("community", ""))
    return {} if community is None else {"community": {"title": community.title, "join_url": community.join_url}}


def _coupons(row: OutboxRow, facts: Facts, pools: Mapping[str, CouponPool], template: Template) -> dict[str, Any]:
    """What a message shows of its coupons: `code`, `pool`, what they are worth, and `expires` where they do."""
    shown = {}
    for decision, name in _coupon_names(row, template).items():
        fact = facts.needs[decision]
        if fact is not None:
            expires = None if fact.expires is None else format_time(fact.expires)
            shown[name] = {"code": fact.code, "pool": fact.pool, "expires": expires, **_worth(fact, pools)}
    return shown


def _worth(fact: CouponFact, pools: Mapping[str, CouponPool]) -> Mapping[str, Any]:
    pool = pools.get(fact.pool)
    return {} if pool is None else pool.shown()


def _coupon_names(row: OutboxRow, template: Template) -> dict[str, str]:
    """Decision id → the name that the template gives its coupon.

    The variables say it: `{name: {"decision": id}}`; a single coupon is also known by the one name that is left.
    """
    named = {
        value["decision"]: name
        for name, value in row.variables.items()
        if isinstance(value, dict) and value.get("decision") in row.needs
    }
    rest = [decision for decision in row.needs if decision not in named]
    names = {path.split(".")[0] for path in template.uses} - _OTHER_NAMES - set(named.values())
    if len(rest) == len(names) == 1:
        named[rest[0]] = names.pop()
    return named
