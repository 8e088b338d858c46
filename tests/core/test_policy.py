from __future__ import annotations

import itertools
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from campaigns.coupons import check_code, offer
from messaging.policy import CouponFact, Facts, Verdict, decide
from messaging.ports import STATUSES, Capabilities, Content, OutboxRow
from schemas.offers import Template, TemplateText
from tests.helpers.messages import NOW, a_pool, a_row, a_template, some_offers

if TYPE_CHECKING:
    from schemas.offers import Offers

MAIL = Capabilities(duplicates="native_key", needs_address=True, has_subject=True)
ROBOT = Capabilities(duplicates="none", needs_address=False)
CHANNELS = {"email": MAIL, "sms": MAIL, "wecom_group": ROBOT}
REACHABLE = Facts(NOW, addresses={"email": "ann@example.com", "sms": "+44"})
KEY = b"k" * 32


def judged(
    row: OutboxRow, facts: Facts = REACHABLE, offers: Offers | None = None, channels: dict[str, Any] | None = None
) -> Verdict:
    served = CHANNELS if channels is None else channels
    return decide(row, facts, offers or some_offers(), served, partial(offer, key=KEY))


def stopped(verdict: Verdict) -> tuple[str, str, str]:
    return (verdict.kind, verdict.status, verdict.reason)


def facts(**changes: Any) -> Facts:  # noqa: ANN401 - any field
    values: dict[str, Any] = {"now": NOW, "addresses": REACHABLE.addresses}
    return Facts(**(values | changes))


def test_a_row_without_objections_goes_to_the_persons_address_with_its_text() -> None:
    verdict = judged(a_row())

    hello = Content("Hello Ann", "Hello")
    assert verdict == Verdict("go", channel="email", address="ann@example.com", content=hello, purpose="transactional")


@pytest.mark.parametrize(("valid_until", "expected"), [(NOW - 1, "stop"), (NOW, "stop"), (NOW + 1, "go"), (None, "go")])
def test_a_row_goes_before_its_valid_until_or_never(valid_until: int | None, expected: str) -> None:
    verdict = judged(a_row(valid_until=valid_until))

    assert verdict.kind == expected
    assert (verdict.status, verdict.reason) == (("expired", "too_late") if expected == "stop" else ("", ""))


@pytest.mark.parametrize("switch", ["all", "rule:welcome"])
def test_a_kill_switch_holds_what_it_covers(switch: str) -> None:
    held = judged(a_row(), facts(switches=frozenset({switch})))

    assert (held.kind, held.until) == ("wait", NOW + 60_000)
    assert judged(a_row(), facts(switches=frozenset({"rule:other", "channel:sms"}))).kind == "go"


def test_a_purpose_that_is_off_holds_its_messages_and_no_coupons() -> None:
    marketing = facts(consents={("marketing", "*"): True}, switches=frozenset({"purpose:marketing"}))
    offers = some_offers(a_template(purpose="marketing"), pool=a_pool())

    assert (judged(a_row(), marketing, offers).kind, judged(a_row(), marketing, offers).until) == ("wait", NOW + 60_000)
    assert judged(a_row(), marketing).kind == "go"  # a transactional message
    assert judged(a_row(kind="issue_coupon", params={"pool": "welcome-10"}), marketing, offers).kind == "coupon"


def test_a_held_row_still_expires() -> None:
    assert judged(a_row(valid_until=NOW), facts(switches=frozenset({"all"}))).status == "expired"


def test_a_channel_that_is_off_is_passed_over_and_held_when_it_is_the_only_one() -> None:
    row = a_row(params={"template": "hello", "channels": ["email", "sms"]})
    both = some_offers(a_template(channels=("email", "sms")))

    assert judged(row, facts(switches=frozenset({"channel:email"})), both).channel == "sms"
    assert judged(row, facts(switches=frozenset({"channel:email", "channel:sms"})), both).kind == "wait"
    assert judged(a_row(), facts(switches=frozenset({"channel:email"}))).until == NOW + 60_000


@pytest.mark.parametrize("status", STATUSES)
def test_a_message_waits_until_its_coupon_is_final(status: str) -> None:
    row = a_row(needs=("c1",), variables={"coupon": {"decision": "c1"}})
    offers = some_offers(a_template("Your code: {{ coupon.code }}"))
    code = "WEL-1" if status == "done" else None

    verdict = judged(row, facts(needs={"c1": CouponFact(status, code)}), offers)

    if status in {"pending", "leased"}:
        assert (verdict.kind, verdict.until) == ("wait", NOW + 1_000)
    elif status == "done":
        assert verdict.content == Content("Your code: WEL-1", "Hello")
    else:
        assert stopped(verdict) == ("stop", "suppressed", "coupon_unavailable")


def test_a_message_waits_for_a_decision_that_is_not_there_yet() -> None:
    assert judged(a_row(needs=("c1",)), facts(needs={"c1": None})).kind == "wait"


def test_a_single_coupon_is_known_by_the_name_that_the_template_gives_it() -> None:
    template = Template(
        "hello", "transactional", {"email": {"en": TemplateText("{{ gift.code }}")}}, frozenset({"gift.code"})
    )

    verdict = judged(a_row(needs=("c1",)), facts(needs={"c1": CouponFact("done", "WEL-1")}), some_offers(template))

    assert verdict.content == Content("WEL-1")


def test_of_several_coupons_the_variables_say_which_is_which() -> None:
    row = a_row(needs=("c1", "c2"), variables={"small": {"decision": "c2"}, "large": {"decision": "c1"}})
    needs = {"c1": CouponFact("done", "L-1"), "c2": CouponFact("done", "S-1")}
    offers = some_offers(a_template("{{ small.code }} {{ large.code }}"))

    assert judged(row, facts(needs=needs), offers).content == Content("S-1 L-1", "Hello")
    assert judged(row, facts(needs={**needs, "c2": CouponFact("refused")}), offers).reason == "coupon_unavailable"


def test_a_message_shows_its_coupons_code_pool_and_end() -> None:
    text = "{{ gift.code }} {{ gift.pool }} {{ gift.expires | date: '%Y-%m-%d %H:%M' }}"
    row = a_row(needs=("c1",), variables={"gift": {"decision": "c1"}})
    fact = CouponFact("done", "WEL-1", NOW + 3_600_000, "welcome-10")

    verdict = judged(row, facts(needs={"c1": fact}), some_offers(a_template(text)))

    assert verdict.content == Content("WEL-1 welcome-10 2026-01-01 09:00", "Hello")


@pytest.mark.parametrize(
    ("benefit", "text", "shown"),
    [
        ({"amount_off": "10 GBP", "minimum": "49.90 GBP"}, "{{ c.amount_off }} off from {{ c.minimum }}", "10 off from 49.90"),
        ({"amount_off": "10 GBP"}, "{{ c.amount_off | money }}", "10.00"),
        ({"percent_off": "15"}, "{{ c.percent_off }}%", "15%"),
        ({"gift": "MUG-1"}, "{{ c.gift }}", "MUG-1"),
        ({"percent_off": "15"}, "from {{ c.minimum | default: 0 }}", "from 0"),
    ],
)  # fmt: skip
def test_a_message_shows_what_its_coupon_is_worth(benefit: dict[str, str], text: str, shown: str) -> None:
    row = a_row(needs=("c1",), variables={"c": {"decision": "c1"}})
    offers = some_offers(a_template(text), pool=a_pool(benefit=benefit))

    verdict = judged(row, facts(needs={"c1": CouponFact("done", "WEL-1", None, "welcome-10")}), offers)

    assert verdict.content == Content(shown, "Hello")


@pytest.mark.parametrize(("channel", "everything"), list(itertools.product([None, True, False], repeat=2)))
def test_marketing_needs_a_consent_and_no_withdrawal(channel: bool | None, everything: bool | None) -> None:
    records = {("marketing", "email"): channel, ("marketing", "*"): everything}
    consents = {key: given for key, given in records.items() if given is not None}
    offers = some_offers(a_template(purpose="marketing"))

    verdict = judged(a_row(), facts(consents=consents), offers)

    if True in (channel, everything) and False not in (channel, everything):
        assert verdict.kind == "go"
    else:
        assert stopped(verdict) == ("stop", "suppressed", "email:no_consent")


def test_consent_to_another_purpose_or_channel_is_none() -> None:
    offers = some_offers(a_template(purpose="marketing"))
    others = {("research", "email"): True, ("marketing", "sms"): True}

    assert judged(a_row(), facts(consents=others), offers).reason == "email:no_consent"


@pytest.mark.parametrize("consents", [{}, {("transactional", "*"): False}, {("marketing", "*"): False}])
def test_a_transactional_message_needs_no_consent(consents: dict[tuple[str, str], bool]) -> None:
    assert judged(a_row(), facts(consents=consents)).kind == "go"


# address of email and of sms → the channel taken, or the reasons
CHOICES = [
    (True, True, "email"),
    (False, True, "sms"),
    (False, False, "email:no_address,sms:no_address"),
]


@pytest.mark.parametrize(("email", "sms", "expected"), CHOICES)
def test_a_send_goes_to_its_first_channel_that_has_an_address(email: bool, sms: bool, expected: str) -> None:
    row = a_row(params={"template": "hello", "channels": ["email", "sms"]})
    addresses = {name: "x" for name, is_known in (("email", email), ("sms", sms)) if is_known}

    verdict = judged(row, facts(addresses=addresses), some_offers(a_template(channels=("email", "sms"))))

    assert (verdict.channel or verdict.reason) == expected


def test_each_channel_says_its_own_reason() -> None:
    row = a_row(params={"template": "hello", "channels": ["email", "sms", "wecom_group", "push"]})
    offers = some_offers(a_template(channels=("email", "sms", "wecom_group"), purpose="marketing"))
    known = facts(addresses={"sms": "+44"}, consents={("marketing", "push"): True})

    assert stopped(judged(row, known, offers)) == (
        "stop",
        "suppressed",
        "email:no_address,sms:no_consent,wecom_group:no_consent,push:no_text",
    )


def test_a_channel_that_needs_no_address_gets_none() -> None:
    row = a_row(params={"template": "hello", "channels": ["wecom_group"]})

    verdict = judged(row, facts(addresses={"wecom_group": "x"}), some_offers(a_template(channels=("wecom_group",))))

    assert (verdict.channel, verdict.address) == ("wecom_group", "")


def test_a_channel_that_would_be_taken_but_has_no_adapter_fails_the_row() -> None:
    row = a_row(params={"template": "hello", "channels": ["email", "sms"]})
    offers = some_offers(a_template(channels=("email", "sms")))
    served = {"email": None, "sms": MAIL}

    assert stopped(judged(row, REACHABLE, offers, served)) == ("stop", "failed", "no_adapter")
    assert judged(row, facts(addresses={"sms": "+44"}), offers, served).channel == "sms"


@pytest.mark.parametrize(
    ("channel", "needs_address"),
    [
        ("email", True),
        ("sms", True),
        ("wecom", True),
        ("push", True),
        ("webhook", False),
        ("console", False),
        ("dingtalk", False),
    ],
)
def test_without_an_adapter_the_channel_itself_says_whether_it_needs_an_address(
    channel: str, needs_address: bool
) -> None:
    row = a_row(params={"template": "hello", "channels": [channel]})

    verdict = judged(row, facts(addresses={}), some_offers(a_template(channels=(channel,))), {})

    assert verdict.reason == (f"{channel}:no_address" if needs_address else "no_adapter")


def test_a_retry_keeps_its_channel_and_its_text_and_asks_the_gates_again() -> None:
    row = a_row(
        params={"template": "hello", "channels": ["email", "sms"]},
        channel="sms",
        body=Content("as it was"),
        variables={},
    )
    offers = some_offers(a_template(channels=("email", "sms"), purpose="marketing"))
    consents = {("marketing", "*"): True}

    verdict = judged(row, facts(consents=consents), offers)

    assert (verdict.channel, verdict.address, verdict.content) == ("sms", "+44", Content("as it was"))
    assert judged(row, facts(), offers).reason == "sms:no_consent"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (a_row(params={"template": "gone", "channels": ["email"]}), "no_template"),
        (a_row(kind="issue_coupon", params={"pool": "gone"}), "no_pool"),
        (a_row(variables={}), "render:undefined:person"),
    ],
)
def test_a_row_that_cannot_be_made_fails_alone_with_its_reason(row: OutboxRow, reason: str) -> None:
    assert stopped(judged(row)) == ("stop", "failed", reason)


def test_a_send_without_channels_is_suppressed() -> None:
    assert judged(a_row(params={"template": "hello"})).reason == "no_channel"


def test_a_message_has_the_persons_language_and_zone_where_they_are_known() -> None:
    texts = {"email": {"en": "Hello", "zh": "你好"}}
    template = a_template("{{ t | date: '%H' }}")
    template.channels["email"]["zh"] = type(template.channels["email"]["en"])("时 {{ t | date: '%H' }}")
    offers = some_offers(template)
    moment = {"t": "2026-01-01T00:00:00Z"}

    def body(person: dict[str, Any]) -> str:
        verdict = judged(a_row(variables={**moment, "person": person}), REACHABLE, offers)
        assert verdict.content is not None
        return verdict.content.body

    assert texts
    assert body({}) == "08"
    assert body({"zone": "Europe/London", "language": "zh-CN"}) == "时 00"
    assert body({"zone": "Nowhere/At/All", "language": 7}) == "08"


def test_an_invitation_shows_its_community() -> None:
    text = "Join {{ community.title }}: {{ community.join_url }}"
    row = a_row(kind="invite", params={"community": "vip", "template": "hello", "channels": ["email"]})

    verdict = judged(row, REACHABLE, some_offers(a_template(text)))

    assert verdict.content == Content("Join The VIP group: https://example.com/join", "Hello")


def test_a_coupon_row_becomes_an_offer_of_its_pool() -> None:
    row = a_row(kind="issue_coupon", params={"pool": "welcome-10", "as": "coupon"})
    pool = a_pool(stock=5, per_person=1, budget=5_000, worst_cost=1_000, valid_for=86_400_000, prefix="WEL")

    verdict = judged(row, REACHABLE, some_offers(pool=pool))

    coupon = verdict.coupon
    assert verdict.kind == "coupon"
    assert coupon is not None
    assert (coupon.pool, coupon.stock, coupon.per_person, coupon.budget, coupon.cost) == (
        "welcome-10",
        5,
        1,
        5_000,
        1_000,
    )
    assert coupon.expires == NOW + 86_400_000
    assert check_code(coupon.code(0))
    assert coupon.code(0) != coupon.code(1)
    assert coupon.code(0).startswith("WEL-")


def test_the_gates_neither_change_the_row_nor_remember_anything() -> None:
    row = a_row()
    before = msgspec.json.encode(row)

    first = judged(row)

    assert judged(row) == first
    assert msgspec.json.encode(row) == before


def test_an_emitted_event_goes_to_the_log_with_its_numbers_as_they_are() -> None:
    params = {"event": "friend.joined", "person": "bob", "properties": {"amount": Decimal("9.90")}}
    row = a_row(kind="emit", params=params)

    verdict = judged(row, channels={"log": ROBOT})

    assert (verdict.kind, verdict.channel, verdict.address) == ("go", "log", "")
    assert verdict.content == Content('{"event":"friend.joined","person":"bob","properties":{"amount":9.90}}')
    assert judged(row, channels={}).reason == "no_adapter"
