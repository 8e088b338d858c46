"""What rules hand out or refer to: message templates, coupon pools, communities."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from schemas.money import in_texts, parse_money
from schemas.times import DAY

if TYPE_CHECKING:
    from decimal import Decimal

__all__ = [
    "LONGEST_CAP",
    "Cap",
    "Community",
    "CouponPool",
    "Offers",
    "Purpose",
    "QuietHours",
    "Template",
    "TemplateText",
]

Purpose = Literal["marketing", "transactional"]

LONGEST_CAP = 92 * DAY
"""How far back a cap can look (ms): a quarter."""


@dataclass(frozen=True, slots=True)
class TemplateText:
    """Liquid sources of one channel and language; `subject` only where the channel has one."""

    body: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """A message: per channel and language. `marketing` needs the person's consent, `transactional` does not."""

    id: str
    purpose: Purpose
    channels: dict[str, dict[str, TemplateText]]
    uses: frozenset[str] = frozenset()
    """Variables of all its texts by their path: `person.name`, `event.amount`, `coupon.code`."""
    limits: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CouponPool:
    """A pool of coupons. Money in minor units; None: without that limit.

    `worst_cost` is the highest cost of one coupon (the amount off; 0 where it cannot be known, as for percent, gifts).
    """

    id: str
    benefit: dict[str, str]
    worst_cost: int = 0
    stock: int | None = None
    valid_for: int | None = None
    per_person: int | None = None
    budget: int | None = None
    prefix: str = ""

    def shown(self) -> dict[str, Decimal | int | str]:
        """What a coupon is worth, as messages show it: amounts in major units, whole ones without places."""
        return {part: _shown(part, text) for part, text in self.benefit.items()}


def _shown(part: str, text: str) -> Decimal | int | str:
    if part == "percent_off":
        return int(text)
    if part == "gift":
        return text
    return in_texts(*parse_money(text))


@dataclass(frozen=True, slots=True)
class Community:
    """A community that people are invited to."""

    id: str
    title: str = ""
    join_url: str = ""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A time of each local day in which nothing goes out; over midnight where `begin` is after `until`.

    `begin`, `until`: minutes after midnight. `zone`: `person`, `workspace` or an IANA name. `channels`: empty: all.
    """

    begin: int
    until: int
    zone: str = "person"
    channels: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset({"marketing"})


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `count` messages a person in any `within` ms; of its purposes and channels (empty: all)."""

    name: str
    count: int
    within: int
    purposes: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Offers:
    """All of them in one playbook, with what rendering and restraint need of the workspace."""

    templates: dict[str, Template]
    pools: dict[str, CouponPool]
    communities: dict[str, Community]
    zone: str
    currency: str
    language: str
    quiet: QuietHours | None = None
    caps: tuple[Cap, ...] = ()
    inputs: dict[str, Any] = field(default_factory=dict)
    """Values of the playbook's inputs, as messages show them."""
