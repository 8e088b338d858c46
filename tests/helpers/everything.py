"""A playbook with every feature, and a month of a shop that makes use of all of it."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

from schemas.times import DAY, HOUR, MINUTE, format_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.helpers.installation import Installation

__all__ = ["PLAYBOOK", "UNTIL", "write_everything"]

# A month around the night in which London's clocks go forward: 01:30 of 29 March 2026 does not exist.
BEGIN = parse_time("2026-03-10T00:00:00Z")
END = parse_time("2026-04-08T00:00:00Z")
PLAYBOOK = {
    "touchline.yaml": """\
workspace:
  name: Shop
  zone: Europe/London
  currency: GBP
  country: GB
  holdout: {percent: 15%, salt: spring}
  quiet_hours: {from: "21:30", until: "07:30"}
  caps: {all: {count: 3, within: 7d}, email: {count: 1, within: 1d}}
""",
    "catalogue.yaml": """\
events:
  page.viewed: {interaction: false, properties: {page: {type: text}}}
  cart.added: {properties: {order_id: {type: text}, cart_total: {type: money}, sku: {type: text}}}
  order.paid: {aliases: [OrderPaid], properties: {order_id: {type: text}, amount: {type: money, min: 0}}}
  order.cancelled: {properties: {order_id: {type: text}}}
  friend.invited: {properties: {friend: {type: text}}}
  bonus.earned: {properties: {why: {type: text}}}
traits:
  name: {type: text, personal: true}
  joined_at: {type: time, from: first("*")}
  orders: {type: integer}
  birthday: {type: date}
""",
    "segments.yaml": """\
let: {calm: 'absent("*", "20h")'}
segments:
  vip: {when: 'sum("order.paid", "amount", "14d") >= 200'}
  here: {when: 'last("*") > now - duration("36h")'}
  wavering: {when: ['count("cart.added", "3d") >= 2', '!in_segment("vip")']}
  loyal: {when: 'has_tag("thanked") && distinct("cart.added", "sku", "7d") >= 2'}
  seller: {when: 'at_least(2, [count("cart.added", "7d") >= 3, max("order.paid", "amount", "7d") > 120, let.calm])'}
  steady: {when: 'streak("*", "1d") >= 3'}
lifecycle:
  - {id: new, when: first("*") > now - duration("5d")}
  - {id: asleep, when: last("*") <= now - duration("6d")}
  - {id: usual, otherwise: true}
""",
    "rules.yaml": """\
rules:
  cart:
    event: cart.added
    when: event.cart_total >= 50
    unless: in_segment("vip")
    wait: {for: 1h, unless: [order.paid, {event: order.cancelled, same: order_id}]}
    limit: {once_within: 24h}
    expires: 2h
    then:
      - issue_coupon: {pool: cart, as: coupon}
      - send: {template: cart, channels: [email, sms]}
  thanks:
    event: order.paid
    limit: {once_per: order_id}
    priority: 70
    then: [{tag: thanked}, {set: {orders: 'count("order.paid", "365d")'}}, {send: {template: thanks, channels: [webhook]}}]
  journey:
    enters: stage:new
    limit: once
    then:
      - send: {template: hello, channels: [sms, email]}
      - wait: {for: 2d, unless: [order.paid]}
      - issue_coupon: {pool: hello, as: gift}
      - wait: 12h
      - send: {template: gift, channels: [email]}
  back: {enters: stage:asleep, limit: {max: {count: 2, within: 20d}}, then: [{untag: thanked}, {assign: {to: callers}}]}
  vip: {enters: vip, then: [{tag: vip}, {invite: {community: club, template: club, channels: [email, webhook]}}]}
  no-vip: {leaves: [vip, wavering], then: [{untag: vip}]}
  night: {schedule: {cron: "30 1 * * *", audience: 'in_segment("here")'}, then: [{tag: night}]}
  weekly: {schedule: {cron: "0 9 * * 1", audience: 'profile.stage == "usual"'}, limit: {once_within: 10d}, then: [{send: {template: hello, channels: [sms]}}]}
  friend: {event: friend.invited, then: [{emit: {event: bonus.earned, properties: {why: '"friend"'}, person: event.friend}}]}
  bonus: {event: bonus.earned, limit: {max: {count: 1, within: 10d}}, then: [{tag: bonus}, {emit: {event: page.viewed}}]}
  trip:
    event: cart.added
    when: sequence(["page.viewed", "cart.added"], "4d", ["order.cancelled"])
    limit: {once_within: 2d}
    if_running: ignore
    if_late: skip
    then:
      - split: trip
        arms:
          letter: {weight: 2, then: [{send: {template: hello, channels: [email, sms]}}]}
          nothing: {weight: 1}
      - wait: {event: order.paid, within: 3d}
        then: [{if: reply.amount >= 100, then: [{tag: big}], else: [{tag: small}]}, stop]
        else: [{issue_coupon: {pool: trip, as: gift}}]
      - wait: {until: "10:00", while: '!in_segment("vip")'}
      - send: {template: trip, channels: [email]}
  again: {event: page.viewed, canary: 40%, if_running: restart, wait: {for: 5h, unless: [cart.added]}, then: [{assign: {to: callers}}]}
  spring: {enters: here, valid: {from: 2026-03-15T00:00:00Z, until: 2026-03-25T00:00:00Z}, limit: once, expires: 1h, then: [{send: {template: hello, channels: [sms]}}]}
  birthday: {schedule: {anniversary: birthday, at: "08:00", before: 1d}, then: [{send: {template: wish, channels: [email, webhook]}}]}
  monthly: {schedule: {month_end: true, at: "18:00", before: 1d, zone: person}, when: 'absent("order.paid", "9d")', then: [{assign: {to: callers}}]}
  workday: {schedule: {cron: "0 12 * * *", workdays: true, audience: 'has_tag("bonus") && is_workday()'}, limit: {once_within: 5d}, then: [{assign: {to: team}}]}
  tried: {status: shadow, event: page.viewed, wait: 30m, then: [{send: {template: hello, channels: [sms]}}]}
""",
    "campaigns.yaml": """\
coupon_pools:
  cart: {benefit: {amount_off: 10 GBP}, stock: 3, valid_for: 14d, per_person: 1, code: {prefix: CRT}}
  hello: {benefit: {amount_off: 5 GBP}, budget: 40 GBP, valid_for: 7d}
  trip: {benefit: {percent_off: 10}, stock: 12, valid_for: 7d}
communities:
  club: {title: The Club, join_url: "https://example.com/club"}
""",
    "templates.yaml": """\
templates:
  cart: {purpose: marketing, channels: {email: {en: {subject: Cart, body: "{{ event.cart_total }} {{ coupon.code }}"}}, sms: {en: "{{ coupon.code }}"}}}
  thanks: {purpose: transactional, channels: {webhook: {en: "Thanks for {{ event.order_id | default: 'it' }}"}}}
  hello: {purpose: marketing, channels: {email: {en: {subject: Hello, body: "Hello {{ person.name | default: 'you' }}"}}, sms: {en: Hello, zh: 您好}}}
  gift: {purpose: marketing, channels: {email: {en: {subject: Gift, body: "{{ gift.code }} until {{ gift.expires | date: '%d.%m. %H:%M' }}"}}}}
  trip: {purpose: marketing, channels: {email: {en: {subject: Gift, body: "{{ gift.code }}"}}}}
  wish: {purpose: transactional, channels: {email: {en: {subject: Wish, body: "{{ person.birthday }}"}}, webhook: {en: "{{ person.birthday }}"}}}
  club: {purpose: transactional, channels: {email: {en: {subject: Club, body: "{{ community.join_url }}"}}, webhook: {en: "{{ community.title }}"}}}
""",
}  # fmt: skip
UNTIL = "2026-04-10T12:00:00Z"


def write_everything(here: Installation) -> None:
    """The playbook and two files of events, in the installation's folder."""
    here.write_playbook()
    lines = list(_events(random.Random(8)))
    for name, part in (("one.jsonl", lines[::2]), ("two.jsonl", lines[1::2])):
        (here.folder / name).write_text("\n".join(part) + "\n", "utf-8")


def _events(rng: random.Random) -> Iterator[str]:
    """A line each: profiles, a month of behaviour in no order, repeats, and lines that are no events."""
    people = [f"p{number:02d}" for number in range(20)]
    for number, person in enumerate(people):
        yield _line(f"n{number}", person, "person.updated", BEGIN + number, name=f"Nr {number}", **_manners(number))
        for channel in ("email", "sms"):
            if (number + len(channel)) % 3:
                yield _line(
                    f"a{number}{channel}",
                    person,
                    "contact.updated",
                    BEGIN + number,
                    channel=channel,
                    address=f"{person}@example.com",
                )
        if number % 4:
            yield _line(f"c{number}", person, "consent.given", BEGIN + number, purpose="marketing")
        if number % 7 == 0:
            yield _line(f"w{number}", person, "consent.withdrawn", BEGIN + 9 * DAY, purpose="marketing", channel="sms")
    kept = [_one(rng, number, rng.choice(people)) for number in range(450)]
    for line in kept:
        yield line
        if rng.random() < 0.03:
            yield rng.choice(kept)  # once more, or before its time
    yield from (
        "{",
        '{"person": "p1", "event": "order.paid"}',
        '{"person": "", "event": "e", "time": 1}',
        "[]",
        "\ufeff1",
    )


def _manners(number: int) -> dict[str, str]:
    """Some live elsewhere and read another language; of some the birthday is known."""
    born = {"birthday": f"19{70 + number}-03-{10 + number}"} if number % 3 == 0 else {}
    return born if number % 5 else {**born, "zone": "Asia/Shanghai", "language": "zh"}


def _one(rng: random.Random, number: int, person: str) -> str:
    time = rng.choice(
        [
            rng.randrange(BEGIN, END),
            BEGIN + rng.randrange(29 * 24) * HOUR,
            BEGIN + rng.randrange(29) * DAY + 90 * MINUTE,
        ]
    )
    kind = rng.randrange(20)
    if kind < 6:
        return _line(
            f"e{number}",
            person,
            "cart.added",
            time,
            order_id=str(number // 2),
            sku=rng.choice("abc"),
            cart_total=rng.randrange(1_000, 20_000) / 100,
        )
    if kind < 10:
        amount = rng.choice([rng.randrange(100, 25_000) / 100, -1, "12.345"])
        return _line(
            f"e{number}",
            person,
            rng.choice(["order.paid", "OrderPaid"]),
            time,
            amount=amount,
            order_id=str(number // 2),
        )
    if kind == 10:
        return _line(f"e{number}", person, "order.cancelled", time, order_id=str(number // 2))
    if kind == 11:
        return _line(f"e{number}", person, "friend.invited", time, friend=f"p{rng.randrange(30):02d}")
    if kind == 12:
        return _line(f"e{number}", person, "nobody.knows.this", time, x=[1, None])
    return _line(f"e{number}", person, "page.viewed", time, page=rng.choice(["/", "/优惠"]))


def _line(identity: str, person: str, event: str, time: int, **properties: object) -> str:
    found = {"id": identity, "source": "shop", "person": person, "event": event, "time": format_time(time)}
    return json.dumps(found | {"properties": properties}, ensure_ascii=False)
