"""Frequency caps and quiet hours: who is written to how often, and when not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.coupons import offer
from messaging.policy import Facts, Touch, Verdict, decide
from messaging.policy.restraint import capped, quiet_until
from messaging.ports import Capabilities, Content
from rules.read import read_playbook
from schemas.offers import Cap, QuietHours
from schemas.times import DAY, HOUR, MINUTE, parse_time
from tests.helpers.messages import NOW, a_row, a_template, some_offers

if TYPE_CHECKING:
    from messaging.ports import OutboxRow
    from schemas.offers import Offers

CHANNELS = {name: Capabilities(duplicates="native_key", needs_address=False) for name in ("email", "sms", "wecom")}
ALL = Cap("all", 1, DAY)
MARKETING = Cap("marketing", 2, 7 * DAY, purposes=frozenset({"marketing"}))
SMS = Cap("sms", 1, 30 * DAY, channels=frozenset({"sms"}))
NIGHT = QuietHours(21 * 60, 9 * 60)
CONSENT = {("marketing", "*"): True}


def touched(*ago: int, purpose: str = "marketing", channel: str = "email") -> tuple[Touch, ...]:
    return tuple(Touch(NOW - each, purpose, channel) for each in ago)


def offering(purpose: str = "marketing", channels: tuple[str, ...] = ("email",), **restraint: Any) -> Offers:  # noqa: ANN401
    made = some_offers(a_template(channels=channels, purpose=purpose))
    fields = ("templates", "pools", "communities", "zone", "currency", "language")
    return type(made)(*(getattr(made, name) for name in fields), **restraint)


def judged(offers: Offers, row: OutboxRow | None = None, **known: Any) -> Verdict:  # noqa: ANN401 - any fact
    values: dict[str, Any] = {"now": NOW, "consents": CONSENT}
    return decide(row or a_row(), Facts(**(values | known)), offers, CHANNELS, partial(offer, key=b"k" * 32))


# ---------------------------------------------------------------- caps


@pytest.mark.parametrize(
    ("cap", "touches", "expected"),
    [
        (ALL, touched(), ""),
        (ALL, touched(HOUR), "all"),
        (ALL, touched(DAY), ""),
        (ALL, touched(DAY - 1), "all"),
        (MARKETING, touched(1, 2), "marketing"),
        (MARKETING, touched(1, 7 * DAY), ""),
        (MARKETING, touched(1, 2, 3, purpose="transactional"), ""),
        (SMS, touched(HOUR), ""),
    ],
)
def test_a_cap_counts_what_it_covers_in_a_half_open_window(cap: Cap, touches: tuple[Touch, ...], expected: str) -> None:
    assert capped([cap], touches, "marketing", "email", NOW) == expected


def test_a_transactional_message_counts_for_marketing_and_is_not_held_back_itself() -> None:
    receipt = touched(HOUR, purpose="transactional")

    assert capped([ALL], receipt, "marketing", "email", NOW) == "all"
    assert capped([ALL], receipt, "transactional", "email", NOW) == ""


def test_a_cap_that_names_transactional_messages_holds_them_back() -> None:
    cap = Cap("transactional", 1, DAY, purposes=frozenset({"transactional"}))

    assert capped([cap], touched(HOUR, purpose="transactional"), "transactional", "email", NOW) == "transactional"


def test_every_cap_must_have_room_and_the_first_without_is_named() -> None:
    touches = touched(2 * DAY, 3 * DAY)

    assert capped([ALL, MARKETING], touches, "marketing", "email", NOW) == "marketing"


def test_a_message_over_a_cap_is_suppressed_with_the_channel_and_the_cap() -> None:
    verdict = judged(offering(caps=(ALL,)), touches=touched(HOUR))

    assert (verdict.status, verdict.reason) == ("suppressed", "email:cap_all")


def test_a_channel_without_room_makes_way_for_the_next_one() -> None:
    row = a_row(params={"template": "hello", "channels": ["sms", "email"]})
    offers = offering(channels=("sms", "email"), caps=(SMS,))

    assert judged(offers, row, touches=touched(HOUR, channel="sms")).channel == "email"


def test_a_retry_has_its_place_already() -> None:
    row = a_row(body=Content("Hello"), channel="email")

    assert judged(offering(caps=(ALL,)), row, touches=touched(HOUR)).kind == "go"


# ---------------------------------------------------------------- quiet hours


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-01-05T20:59:59.999+08:00", None),
        ("2026-01-05T21:00:00+08:00", "2026-01-06T09:00:00+08:00"),
        ("2026-01-06T03:00:00+08:00", "2026-01-06T09:00:00+08:00"),
        ("2026-01-06T08:59:59.999+08:00", "2026-01-06T09:00:00+08:00"),
        ("2026-01-06T09:00:00+08:00", None),
    ],
)
def test_a_message_in_quiet_hours_waits_for_their_end_and_no_other_does(now: str, until: str | None) -> None:
    verdict = judged(offering(quiet=NIGHT), now=parse_time(now))

    if until is None:
        assert verdict.kind == "go"
    else:
        assert (verdict.kind, verdict.reason, verdict.until) == ("wait", "quiet_hours", parse_time(until))


def test_the_person_s_own_zone_says_when_it_is_night() -> None:
    row = a_row(variables={"person": {"name": "Ann", "zone": "America/New_York"}})
    noon_in_shanghai = parse_time("2026-01-06T12:00:00+08:00")

    assert judged(offering(quiet=NIGHT), row, now=noon_in_shanghai).until == parse_time("2026-01-06T09:00:00-05:00")
    assert judged(offering(quiet=QuietHours(21 * 60, 9 * 60, "workspace")), row, now=noon_in_shanghai).kind == "go"


def test_a_message_that_would_be_too_late_in_the_morning_expires_at_night() -> None:
    night, morning = parse_time("2026-01-05T23:00:00+08:00"), parse_time("2026-01-06T09:00:00+08:00")

    late = judged(offering(quiet=NIGHT), a_row(valid_until=morning), now=night)
    assert (late.kind, late.status, late.reason) == ("stop", "expired", "quiet_hours")
    assert judged(offering(quiet=NIGHT), a_row(valid_until=morning + 1), now=night).kind == "wait"


def test_a_receipt_goes_at_night_unless_the_quiet_hours_say_otherwise() -> None:
    night = parse_time("2026-01-05T23:00:00+08:00")
    strict = QuietHours(21 * 60, 9 * 60, purposes=frozenset({"marketing", "transactional"}))

    assert judged(offering("transactional", quiet=NIGHT), now=night).kind == "go"
    assert judged(offering("transactional", quiet=strict), now=night).kind == "wait"


def test_quiet_hours_of_some_channels_leave_the_others_alone() -> None:
    quiet = QuietHours(21 * 60, 9 * 60, channels=frozenset({"sms"}))
    night = parse_time("2026-01-05T23:00:00+08:00")

    assert quiet_until(quiet, "marketing", "email", ("Asia/Shanghai", "UTC"), night) == 0
    assert quiet_until(quiet, "marketing", "sms", ("Asia/Shanghai", "UTC"), night) > night


def test_a_retry_waits_for_the_morning_too() -> None:
    row = a_row(body=Content("Hello"), channel="email")

    assert judged(offering(quiet=NIGHT), row, now=parse_time("2026-01-05T23:00:00+08:00")).kind == "wait"


def local_minute(zone: str, ms: int) -> int:
    shown = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)).astimezone(ZoneInfo(zone))
    return shown.hour * 60 + shown.minute


@given(
    zone=st.sampled_from(
        ["Europe/London", "America/Sao_Paulo", "Africa/Cairo", "Asia/Kathmandu", "Australia/Lord_Howe"]
    ),
    begin=st.integers(0, 1_439),
    until=st.integers(0, 1_439),
    start=st.sampled_from(["2018-11-04", "2018-02-18", "2026-03-29", "2026-10-25", "2026-04-05", "2026-10-04"]),
    minute=st.integers(0, 2_880),
)
def test_quiet_hours_end_at_the_first_minute_whose_local_time_lies_outside(
    zone: str, begin: int, until: int, start: str, minute: int
) -> None:
    """Also where the clock jumps or is put back: the local time of each minute up to the end is asked."""
    quiet = QuietHours(begin, until)
    now = parse_time(f"{start}T00:00:00Z") - 12 * HOUR + minute * MINUTE

    def is_quiet(ms: int) -> bool:
        local = local_minute(zone, ms)
        return begin <= local < until if begin < until else local >= begin or local < until

    if begin == until:
        return
    end = quiet_until(quiet, "marketing", "email", (zone, "UTC"), now)

    assert (end > 0) == is_quiet(now)
    if end:
        assert not is_quiet(end)
        assert all(is_quiet(at) for at in range(now, end, MINUTE))


# ---------------------------------------------------------------- in a playbook


def test_a_playbook_says_both_in_its_workspace() -> None:
    text = """\
workspace:
  zone: Asia/Shanghai
  currency: CNY
  quiet_hours: {from: "21:00", until: "09:00", zone: workspace, channels: [sms, wecom]}
  caps:
    sms: {count: 1, within: 30d}
    marketing: {count: 2, within: 7d}
    all: {count: 1, within: 1d}
    promo: {count: 3, within: 90d, purposes: marketing, channels: [sms, email]}
"""
    playbook, findings = read_playbook({"touchline.yaml": text})

    assert findings == []
    assert playbook is not None
    assert playbook.workspace.quiet == QuietHours(1_260, 540, "workspace", frozenset({"sms", "wecom"}))
    promo = Cap("promo", 3, 90 * DAY, frozenset({"marketing"}), frozenset({"sms", "email"}))
    assert playbook.workspace.caps == (ALL, MARKETING, promo, SMS)
