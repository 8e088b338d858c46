"""Short histories for cases by hand: times as lengths since the first day of 2026, results as short lines."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from rules.read import read_playbook
from schemas.events import Event
from schemas.times import parse_duration, parse_time
from tests.helpers.folding import product_run
from tests.reference.fold import Result, run
from tests.reference.histories import PERSON_ZONES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rules.model import Playbook

__all__ = ["BEGIN", "PLAYERS", "Player", "changed", "decided", "event", "playbook", "since"]

BEGIN = parse_time("2026-01-01T00:00:00Z")
_SHOP = """\
workspace: {name: Shop, zone: %s, currency: GBP, country: CN}
events:
  order.paid:
    aliases: [Order Completed]
    properties:
      order_id: {type: text}
      amount: {type: money}
      number: {type: number}
  order.cancelled: {properties: {order_id: {type: text}, amount: {type: money, min: 0}}}
  visit: {properties: {page: {type: text}}}
  ping: {interaction: false}
  promo: {properties: {amount: {type: money}, at: {type: time}}}
traits:
  level: {type: integer}
  city: {type: text}
  birthday: {type: date}
  joined: {type: time, from: first("*")}
  spent: {type: money}
templates:
  hello: {purpose: transactional, channels: {email: {en: Hello}}}
  offer: {purpose: marketing, channels: {sms: {en: "{{ coupon.code }}"}}}
  voucher: {purpose: transactional, channels: {email: {en: "{{ voucher.code }}"}}}
coupon_pools:
  gift: {benefit: {percent_off: 10}}
communities:
  club: {title: Club}
"""


def playbook(text: str, zone: str) -> Playbook:
    """A shop with these segments, stages and rules; it must be without a fault."""
    read, findings = read_playbook({"shop.yaml": _SHOP % zone, "case.yaml": text})
    assert [finding for finding in findings if finding.severity == "error"] == []
    assert read is not None
    return read


def event(
    after: str,
    name: str,
    own: str | None = None,
    /,
    *,
    id: str = "",  # noqa: A002 - a history reads like the events it stands for
    person: str = "ann",
    **properties: Any,  # noqa: ANN401
) -> tuple[int, Event]:
    """An event that the log took `after` the beginning; `own`: its own time, if that differs. Ids are its place in time."""
    at = BEGIN + parse_duration(after)
    time = at if own is None else BEGIN + parse_duration(own)
    exact = {key: Decimal(str(value)) if isinstance(value, float) else value for key, value in properties.items()}
    return at, Event(id or f"{name}@{own or after}", person, name, time, exact, "shop")


class Player:
    """Plays histories, by the reference or by the product."""

    def __init__(self, runner: Callable[..., Result]) -> None:
        self.runner = runner

    def __call__(
        self, text: str, *events: tuple[int, Event], until: str | None = None, zone: str = "Europe/London"
    ) -> Result:
        """What comes of it; `until` since the beginning."""
        return self.runner(playbook(text, zone), events, None if until is None else BEGIN + parse_duration(until))


PLAYERS = {"reference": Player(run), "product": Player(partial(product_run, zones=PERSON_ZONES))}


def since(time: str) -> str:
    """A time of the files as the length since the beginning: `1d2h`."""
    left, parts = parse_time(time) - BEGIN, []
    for unit in ("d", "h", "m", "s", "ms"):
        number, left = divmod(left, parse_duration(f"1{unit}"))
        parts += [f"{number}{unit}"] if number else []
    return "".join(parts) or "0h"


def decided(lines: Sequence[dict[str, Any]]) -> list[str]:
    """`1d rule`, with the step's key if it is not the first."""
    return [
        f"{since(line['time'])} {line['rule']}" + (f".{line['step']}" if line["step"] != "0" else "") for line in lines
    ]


def changed(result: Result) -> list[str]:
    """`1d enter vip event`."""
    return [f"{since(c['time'])} {c['change']} {c['segment']} {c['cause']}" for c in result.changes]
