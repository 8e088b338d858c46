"""A made-up playbook and made-up people: 20 segments, 100 rules, 34 windows, 8 event types. Seeded."""
# ruff: noqa: E501 - tables of figures

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from rules.model import Assign, Playbook, Rule, Trigger
from schemas.catalogue import Catalogue, EventType, PropertyType, TraitType, Workspace
from schemas.records import Behaviour
from segments.model import Condition, Either, Every, Expression, Leaf, Segment, Stage
from segments.syntax import parse

__all__ = ["DAY", "T0", "life", "playbook", "tags", "traits"]

MINUTE, DAY = 60_000, 86_400_000
T0 = 1_760_000_000_000
WEIGHTS = {
    "page.viewed": 0.36, "product.viewed": 0.24, "cart.added": 0.10, "order.paid": 0.07,
    "checkin": 0.08, "shared": 0.06, "message.replied": 0.06, "referral.joined": 0.03,
}  # fmt: skip
CITIES = [f"city_{i:02d}" for i in range(20)]
TIERS = ["none", "bronze", "silver", "gold"]
CATEGORIES = [f"cat_{i:02d}" for i in range(12)]
TAGS = [f"tag_{i:02d}" for i in range(40)]

SEGMENTS = {
    "new": 'profile.joined_at > now - duration("30d")',
    "active": 'count("*", "30d") >= 3',
    "high_value": 'sum("order.paid", "amount", "365d") >= 5000',
    "vip": 'sum("order.paid", "amount", "365d") > 10000',
    "dormant": 'last("*") < now - duration("60d")',
    "at_risk": 'in_segment("high_value") && last("order.paid") < now - duration("90d")',
    "browsing": 'count("product.viewed", "7d") >= 5',
    "hot": 'count("product.viewed", "1d") >= 10',
    "explorer": 'distinct("product.viewed", "category", "30d") >= 4',
    "cart_active": 'count("cart.added", "7d") >= 2',
    "cart_left": 'count("cart.added", "3d") >= 1 && count("order.paid", "3d") == 0',
    "repeat_buyer": 'count("order.paid", "90d") >= 2',
    "one_order": 'count("order.paid", "365d") == 1',
    "checkin_7": 'streak("checkin", "1d") >= 7',
    "checkin_regular": 'count("checkin", "30d") >= 15',
    "sharer": 'count("shared", "30d") >= 3',
    "influencer": 'sum("shared", "reach", "90d") >= 5000 || has_tag("tag_07")',
    "talker": 'count("message.replied", "14d") >= 2 && profile.consent == true',
    "inviter": 'count("referral.joined", "90d") >= 3',
    "big_basket": 'max("order.paid", "amount", "180d") >= 1000 && avg("order.paid", "amount", "180d") >= 300 && profile.age >= 18',
}
STAGES = ("dormant", "high_value", "active", "new")

_EVENTS: dict[str, dict[str, str]] = {
    "page.viewed": {"url": "text", "duration": "integer", "campaign": "text"},
    "product.viewed": {"product_id": "text", "category": "text", "price": "money"},
    "cart.added": {"product_id": "text", "category": "text", "cart_total": "money"},
    "order.paid": {"amount": "money", "items": "integer", "category": "text"},
    "checkin": {"points": "integer"},
    "shared": {"reach": "integer", "platform": "text", "campaign": "text"},
    "message.replied": {"length": "integer", "channel": "text"},
    "referral.joined": {"level": "integer", "source": "text"},
}
_TRAITS = {
    "joined_at": "time", "age": "integer", "tier": "text", "city": "text", "gender": "text", "channel": "text",
    "language": "text", "device": "text", "consent": "boolean", "member": "boolean", "points": "integer", "birthday": "text",
}  # fmt: skip
_NUMBERS = {
    "page.viewed": {"duration": (5, 80)}, "product.viewed": {"price": (30, 200)}, "cart.added": {"cart_total": (99, 400)},
    "order.paid": {"amount": (99, 500), "items": (1, 4)}, "shared": {"reach": (10, 100)}, "message.replied": {"length": (10, 40)},
    "referral.joined": {"level": (1, 5)}, "checkin": {"points": (3, 25)},
}  # fmt: skip
_TEXTS = {
    "page.viewed": ("campaign", 15),
    "product.viewed": ("category", 12),
    "cart.added": ("category", 12),
    "order.paid": ("category", 12),
    "shared": ("campaign", 15),
}


def _leaf(text: str) -> Leaf:
    return Leaf(Expression(text, parse(text)))


def playbook(rules: int = 100, *, acting: bool = True) -> Playbook:
    """The playbook; rules that act hand the person to a team (one decision)."""
    return Playbook(
        workspace=Workspace("Asia/Shanghai", "CNY"),
        catalogue=Catalogue(
            {
                name: EventType(name, {p: _property(kind) for p, kind in properties.items()})
                for name, properties in _EVENTS.items()
            },
            {name: TraitType(name, kind) for name, kind in _TRAITS.items()},  # type: ignore[arg-type]
        ),
        segments={name: Segment(name, _leaf(text)) for name, text in SEGMENTS.items()},
        stages=(*(Stage(name, _leaf(f'in_segment("{name}")')) for name in STAGES), Stage("regular", None)),
        rules={rule.id: rule for rule in made_rules(rules, acting=acting)},
        templates={},
        pools={},
        communities={},
        hash=f"{rules:064x}",
    )


def _property(kind: str) -> PropertyType:
    return PropertyType(kind, min=0 if kind in {"money", "integer"} else None)  # type: ignore[arg-type]


def made_rules(number: int, *, acting: bool, seed: int = 5) -> list[Rule]:
    """Rules of two to five conditions, spread over the events."""
    rng, names = random.Random(seed), list(WEIGHTS)
    out = []
    for at in range(number):
        event = names[at % len(names)]
        items: list[Condition] = [_condition(rng, event) for _ in range(rng.choices([2, 3, 4, 5], [3, 4, 2, 1])[0])]
        if len(items) > 2 and rng.random() < 0.3:
            items = [Either(tuple(items[:2])), *items[2:]]
        then = (Assign("team"),) if acting else ()
        out.append(Rule(id=f"r{at:04d}", trigger=Trigger("event", (event,)), when=Every(tuple(items)), then=then))
    return out


def _condition(rng: random.Random, event: str) -> Leaf:
    roll = rng.random()
    if roll < 0.30:
        return _leaf(_on_event(rng, event))
    if roll < 0.55:
        return _leaf(rng.choice([
            f"profile.age >= {rng.choice([18, 25, 40])}", f"profile.city in {_listed(rng.sample(CITIES, 6))}", 'profile.tier in ["silver", "gold"]',
            "profile.consent == true", "profile.member == true", f"profile.points >= {rng.choice([500, 2000])}", 'profile.device == "ios"',
        ]))  # fmt: skip
    if roll < 0.62:
        return _leaf(f'has_tag("{rng.choice(TAGS)}")')
    if roll < 0.78:
        return _leaf(rng.choice([
            f'in_segment("{rng.choice(list(SEGMENTS))}")', f'profile.stage in ["{rng.choice(STAGES)}"]', f'!in_segment("{rng.choice(list(SEGMENTS))}")',
        ]))  # fmt: skip
    return _leaf(_windowed(rng, event))


def _listed(texts: list[str]) -> str:
    return "[" + ", ".join(f'"{text}"' for text in texts) + "]"


def _on_event(rng: random.Random, event: str) -> str:
    if event in _TEXTS and rng.random() < 0.4:
        name, n = _TEXTS[event]
        prefix = "camp" if name == "campaign" else "cat"
        return f"event.{name} in {_listed([f'{prefix}_{rng.randrange(n):02d}' for _ in range(rng.randrange(1, 5))])}"
    name, (low, high) = rng.choice(list(_NUMBERS[event].items()))
    return f"event.{name} {rng.choice(['>=', '>', '<='])} {rng.randrange(low, high)}"


def _windowed(rng: random.Random, event: str) -> str:
    if event in {"product.viewed", "cart.added"} and rng.random() < 0.4:
        return 'count("product.viewed", "7d", "product_id") >= 3'
    return rng.choice([
        f'count("product.viewed", "7d") >= {rng.choice([3, 5])}', f'count("page.viewed", "1d") >= {rng.choice([3, 10])}',
        f'count("page.viewed", "7d") >= {rng.choice([5, 10])}', 'count("order.paid", "30d") == 0',
        f'count("order.paid", "30d") >= {rng.choice([1, 2])}', 'count("cart.added", "1d") >= 2',
        f'last("order.paid") < now - duration("{rng.choice([30, 90])}d")', 'last("message.replied") < now - duration("14d")',
        f'count("*", "1d") >= {rng.choice([5, 8])}', f'sum("order.paid", "amount", "30d") >= {rng.choice([500, 1000])}',
        'min("order.paid", "amount", "365d") >= 99', 'distinct("order.paid", "category", "365d") >= 3',
        'count("shared", "7d") >= 2', f'streak("checkin", "1d") >= {rng.choice([3, 7])}', 'count("message.replied", "7d") <= 2',
        'first("order.paid") < now - duration("365d")', f'count("referral.joined", "30d") >= {rng.choice([1, 3])}',
    ])  # fmt: skip


# -- people
def traits(rng: random.Random) -> dict[str, Any]:
    """Twelve traits, three of them now and then missing, as a profile keeps them."""
    out: dict[str, Any] = {
        "joined_at": T0 - rng.randrange(0, 400 * DAY), "age": rng.randrange(16, 70), "tier": rng.choice(TIERS), "city": rng.choice(CITIES),
        "gender": rng.choice("fmu"), "channel": rng.choice(["wecom", "douyin", "offline"]), "language": "zh", "device": rng.choice(["ios", "android"]),
        "consent": rng.random() < 0.8, "member": rng.random() < 0.5, "points": rng.randrange(5000), "birthday": "1990-05-01",
    }  # fmt: skip
    for name in ("age", "birthday", "gender"):
        if rng.random() < 0.3:
            del out[name]
    return out


def tags(rng: random.Random) -> list[str]:
    """Up to seven tags."""
    return sorted({rng.choice(TAGS) for _ in range(rng.randrange(0, 8))})


def _money(rng: random.Random, mu: float) -> Decimal:
    return Decimal(int(rng.lognormvariate(mu, 0.9))).scaleb(-2)


def properties(rng: random.Random, event: str) -> dict[str, Any]:
    """The properties of an event."""
    match event:
        case "page.viewed":
            return {
                "url": f"/p/{rng.randrange(300)}",
                "duration": int(rng.lognormvariate(3, 1)),
                "campaign": f"camp_{rng.randrange(15):02d}",
            }
        case "product.viewed":
            return {
                "product_id": f"1{rng.randrange(10**17, 10**17 + 400)}",
                "category": rng.choice(CATEGORIES),
                "price": _money(rng, 9),
            }
        case "cart.added":
            return {
                "product_id": f"1{rng.randrange(10**17, 10**17 + 400)}",
                "category": rng.choice(CATEGORIES),
                "cart_total": _money(rng, 9.8),
            }
        case "order.paid":
            return {
                "amount": _money(rng, 9.8),
                "items": 1 + int(rng.lognormvariate(0.8, 0.8)),
                "category": rng.choice(CATEGORIES),
            }
        case "shared":
            return {
                "reach": int(rng.lognormvariate(3.2, 1.2)),
                "platform": rng.choice(["moments", "group", "xhs"]),
                "campaign": f"camp_{rng.randrange(15):02d}",
            }
        case "message.replied":
            return {"length": int(rng.lognormvariate(3, 0.8)), "channel": rng.choice(["wecom", "sms"])}
        case "referral.joined":
            return {"level": rng.randrange(1, 6), "source": rng.choice(["qr", "poster", "link"])}
    return {"points": rng.randrange(1, 30)}


def life(seed: int, per_year: int, days: int) -> list[Behaviour]:
    """One person's events: bursty, sessions of a few minutes apart."""
    rng = random.Random(seed)
    names, weights = list(WEIGHTS), list(WEIGHTS.values())
    out: list[Behaviour] = []
    ts, end = T0, T0 + days * DAY
    session = 1 if per_year <= 20 else 4
    gap = 365 * DAY / per_year * session
    while True:
        ts += int(rng.expovariate(1 / gap)) + 1
        if ts >= end:
            return out
        t = ts
        for _ in range(1 if session == 1 else rng.randrange(1, 2 * session)):
            event = rng.choices(names, weights)[0]
            out.append(Behaviour(rng.randbytes(8).hex(), f"person-{seed}", event, t, properties(rng, event), "bench"))
            t += rng.randrange(1000, 5 * MINUTE)
        ts = max(ts, t)
