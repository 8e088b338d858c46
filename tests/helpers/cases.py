"""A small shop with a cart reminder, and tests of its playbook, played in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.compile import compile_playbook
from rules.explain import Explainer
from rules.read import read_playbook
from rules.read_cases import read_cases
from stores.scratch import open_scratch
from workers.rehearsal import Rehearsal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from messaging.ports import Adapter
    from rules.case_trace import Happened
    from rules.cases import Case
    from rules.coverage import Coverage
    from rules.model import Playbook
    from rules.program import Program
    from stores.scratch import ScratchLedger

__all__ = ["FILE", "SHOP", "Stage", "cases_of", "program_of_shop", "shop"]

FILE = "tests/cart.yaml"
SHOP = """\
workspace: {zone: Europe/London, currency: GBP}
events:
  cart.added: {properties: {cart_id: {type: text}, cart_total: {type: money, min: 0}, due: {type: time}}}
  order.paid: {aliases: [Order Completed], properties: {cart_id: {type: text}, amount: {type: money, min: 0}}}
  friend.invited: {properties: {friend: {type: text}}}
  bonus.earned: {interaction: false, properties: {points: {type: integer}}}
traits:
  name: {type: text}
  level: {type: integer}
  joined_at: {type: time, from: first("*")}
segments:
  vip: {when: 'sum("order.paid", "amount", "30d") >= 500'}
  tagged: {when: has_tag("loyal")}
lifecycle:
  - {id: new, when: 'first("*") > now - duration("5d")'}
  - {id: usual, otherwise: true}
rules:
  cart:
    event: cart.added
    when: [event.cart_total >= 99, profile.level >= 3]
    unless: in_segment("vip")
    wait: {for: 1h, unless: [{event: order.paid, same: cart_id}]}
    limit: {once_within: 24h}
    then:
      - issue_coupon: {pool: cart, as: coupon}
      - send: {template: cart, channels: [email, sms]}
  vips: {enters: vip, then: [{tag: vip}, {set: {level: '9'}}, {assign: {to: callers}}]}
  bonus:
    event: friend.invited
    then: [{emit: {event: bonus.earned, person: event.friend, properties: {points: '50'}}}]
  thanks: {event: bonus.earned, then: [{send: {template: bonus, channels: [email]}}]}
  trial: {status: shadow, event: order.paid, then: [{tag: tried}]}
  weekly: {schedule: {cron: "0 9 * * 1", audience: 'has_tag("loyal")'}, then: [{tag: counted}]}
  later: {status: draft, event: order.paid, then: [{tag: never}]}
coupon_pools:
  cart: {benefit: {percent_off: 10}, stock: 1, code: {prefix: CART}}
communities:
  club: {title: Club, join_url: "https://example.com"}
templates:
  cart:
    purpose: marketing
    channels:
      email: {en: {subject: Your cart, body: "Hello {{ person.name | default: 'you' }}, {{ coupon.code }}"}}
      sms: {en: "{{ coupon.code }}"}
  bonus: {purpose: transactional, channels: {email: {en: "50 points"}}}
"""


def shop(text: str = SHOP) -> Playbook:
    """The shop's playbook, read."""
    playbook, findings = read_playbook({"shop.yaml": text})
    assert playbook is not None, findings
    return playbook


def program_of_shop(text: str = SHOP) -> Program:
    """The shop's program."""
    return compile_playbook(shop(text))


def cases_of(playbook: Playbook, *tests: str) -> list[Case]:
    """Tests that are sound: each the text of one, indented as it stands under `tests:`."""
    text = "tests:\n" + "\n".join(tests)
    cases, findings = read_cases({FILE: text}, playbook)
    assert findings == [], findings
    return cases


class Stage:
    """Plays tests of the shop on one ledger."""

    def __init__(
        self, coverage: Coverage | None = None, adapters: Mapping[str, Adapter] | None = None, text: str = SHOP
    ) -> None:
        self.program = program_of_shop(text)
        self.explainer = Explainer(self.program)
        self.ledger: ScratchLedger = open_scratch()
        self.rehearsal = Rehearsal(self.program, self.explainer, self.ledger, coverage, adapters)

    def cases(self, *tests: str) -> Sequence[Case]:
        """Sound tests."""
        return cases_of(self.program.playbook, *tests)

    async def play(self, test: str, *, explain: bool = False) -> Happened:
        """What comes of one test."""
        return await self.rehearsal.play(self.cases(test)[0], explain=explain)

    async def close(self) -> None:
        """Close the ledger."""
        await self.ledger.close()
