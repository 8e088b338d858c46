"""A simulation's files are the same, byte for byte, however it is run."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from schemas.times import DAY, HOUR, MINUTE, format_time, parse_time
from tests.helpers.installation import Installation

if TYPE_CHECKING:
    from collections.abc import Iterator

# A month around the night in which London's clocks go forward: 01:30 of 29 March 2026 does not exist.
BEGIN = parse_time("2026-03-10T00:00:00Z")
END = parse_time("2026-04-08T00:00:00Z")
PLAYBOOK = {
    "touchline.yaml": """\
workspace:
  name: Shop
  zone: Europe/London
  currency: GBP
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
""",
    "segments.yaml": """\
segments:
  vip: {when: 'sum("order.paid", "amount", "14d") >= 200'}
  here: {when: 'last("*") > now - duration("36h")'}
  wavering: {when: ['count("cart.added", "3d") >= 2', '!in_segment("vip")']}
  loyal: {when: 'has_tag("thanked") && distinct("cart.added", "sku", "7d") >= 2'}
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
  tried: {status: shadow, event: page.viewed, wait: 30m, then: [{send: {template: hello, channels: [sms]}}]}
""",
    "campaigns.yaml": """\
coupon_pools:
  cart: {benefit: {amount_off: 10 GBP}, stock: 3, valid_for: 14d, per_person: 1, code: {prefix: CRT}}
  hello: {benefit: {amount_off: 5 GBP}, budget: 40 GBP, valid_for: 7d}
communities:
  club: {title: The Club, join_url: "https://example.com/club"}
""",
    "templates.yaml": """\
templates:
  cart: {purpose: marketing, channels: {email: {en: {subject: Cart, body: "{{ event.cart_total }} {{ coupon.code }}"}}, sms: {en: "{{ coupon.code }}"}}}
  thanks: {purpose: transactional, channels: {webhook: {en: "Thanks for {{ event.order_id | default: 'it' }}"}}}
  hello: {purpose: marketing, channels: {email: {en: {subject: Hello, body: "Hello {{ person.name | default: 'you' }}"}}, sms: {en: Hello, zh: 您好}}}
  gift: {purpose: marketing, channels: {email: {en: {subject: Gift, body: "{{ gift.code }} until {{ gift.expires | date: '%d.%m. %H:%M' }}"}}}}
  club: {purpose: transactional, channels: {email: {en: {subject: Club, body: "{{ community.join_url }}"}}, webhook: {en: "{{ community.title }}"}}}
""",
}  # fmt: skip
VARIANTS = [
    pytest.param((), "1", id="another hash seed"),
    pytest.param(("--batch", "7"), "0", id="small batches"),
    pytest.param(("--tick", "1h"), "0", id="a tick an hour"),
    pytest.param(("--tick", "3d"), "0", id="a tick in three days"),
    pytest.param(("--partitions", "5"), "0", id="five partitions"),
    pytest.param(("--engine", "sqlite"), "0", id="sqlite"),
    pytest.param(
        ("--engine", "sqlite", "--partitions", "3", "--batch", "3", "--tick", "5h"), "2", id="all of it"
    ),
]  # fmt: skip


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
    """Some live elsewhere and read another language."""
    return {} if number % 5 else {"zone": "Asia/Shanghai", "language": "zh"}


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


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A playbook and two files of events."""
    here = Installation(tmp_path_factory.mktemp("simulate"), PLAYBOOK)
    here.write_playbook()
    lines = list(_events(random.Random(8)))
    for name, part in (("one.jsonl", lines[::2]), ("two.jsonl", lines[1::2])):
        (here.folder / name).write_text("\n".join(part) + "\n", "utf-8")
    return here


def _simulated(here: Installation, name: str, *words: str, seed: str = "0") -> dict[str, bytes]:
    """The files that a simulation wrote."""
    out = here.folder / name
    done = subprocess.run(
        [sys.executable, "-m", "workers", "simulate", "--playbook", "playbook", "--out", str(out), "--json",
         "--events", "one.jsonl", "--events", "two.jsonl", "--until", "2026-04-10T12:00:00Z", *words],
        env=here.environment() | {"PYTHONHASHSEED": seed}, cwd=here.folder, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout == (out / "summary.json").read_bytes()
    return {path.name: path.read_bytes() for path in sorted(out.iterdir()) if path.is_file()}


@pytest.fixture(scope="module")
def wanted(here: Installation) -> dict[str, bytes]:
    """The files of one run."""
    return _simulated(here, "wanted")


def _rows(files: dict[str, bytes], name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in files[f"{name}.jsonl"].splitlines()]


def test_the_playbook_and_the_events_have_everything_in_them(wanted: dict[str, bytes]) -> None:
    summary = json.loads(wanted["summary.json"])

    assert set(summary["decisions"]) == {
        "back",
        "bonus",
        "cart",
        "friend",
        "journey",
        "night",
        "no-vip",
        "thanks",
        "vip",
        "weekly",
    }
    assert {reason for whys in summary["deliveries"].values() for reason in whys} >= {"", "coupon_unavailable"}
    assert set(summary["deliveries"]) == {"done", "sent", "suppressed"}
    assert summary["coupons"]["cart"]["issued"] == 3
    assert summary["coupons"]["cart"]["refused"] > 0
    assert summary["coupons"]["hello"] == {"issued": 8, "refused": summary["coupons"]["hello"]["refused"]}
    assert set(summary["rejected"]) >= {"bad_json", "no_time", "below_minimum"}
    assert summary["records"] > summary["events"] > 400
    assert all(each["entered"] > 0 for each in summary["segments"].values()), summary["segments"]
    assert len(_rows(wanted, "shadow")) > 20
    assert {row["cause"] for row in _rows(wanted, "memberships")} == {"event", "time"}


def test_a_schedule_in_the_hour_that_does_not_exist_fires_at_its_end(wanted: dict[str, bytes]) -> None:
    moments = {row["time"][5:16] for row in _rows(wanted, "decisions") if row["rule"] == "night"}

    assert "03-29T01:00" in moments  # 02:00 in London, the first moment after the gap
    assert {moment[6:] for moment in moments if moment < "03-29"} == {"01:30"}
    assert {moment[6:] for moment in moments if moment > "03-30"} == {"00:30"}


@pytest.mark.parametrize(("words", "seed"), VARIANTS)
def test_the_files_are_the_same_byte_for_byte(
    here: Installation, wanted: dict[str, bytes], words: tuple[str, ...], seed: str, request: pytest.FixtureRequest
) -> None:
    found = _simulated(here, request.node.callspec.id.replace(" ", "-"), *words, seed=seed)

    assert [name for name in wanted if found[name] != wanted[name]] == []
    assert list(found) == list(wanted)


def test_a_second_run_into_the_same_folder_writes_the_same(here: Installation, wanted: dict[str, bytes]) -> None:
    assert _simulated(here, "wanted") == wanted


def test_a_run_into_a_folder_that_a_broken_run_left_goes_through(here: Installation, wanted: dict[str, bytes]) -> None:
    (here.folder / "broken" / "workspace").mkdir(parents=True)
    (here.folder / "broken" / "workspace" / "ledger.db").write_bytes(os.urandom(100))

    assert _simulated(here, "broken", "--engine", "sqlite") == wanted
