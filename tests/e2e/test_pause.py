"""`touchline pause` and `resume`: what they say, what they refuse, and what a dispatcher then does."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from stores.open import open_ledger
from tests.helpers.installation import Installation
from tests.helpers.stores import decision, outcome
from tests.helpers.typed import Typed, typing_in
from tests.helpers.waiting import wait_until, wait_until_answer
from workers.clock import now_ms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLAYBOOK = {
    "shop.yaml": """\
workspace: {name: Shop, zone: Europe/London, currency: GBP}
events: {order.paid: , page.viewed: }
rules:
  thanks: {event: order.paid, then: [{send: {template: thanks, channels: [webhook]}}]}
  tips: {event: page.viewed, then: [{send: {template: thanks, channels: [webhook]}}]}
templates:
  thanks: {purpose: transactional, channels: {webhook: {en: Thanks}}}
""",
}


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    """A workspace whose playbook is active; nothing runs."""
    here = Installation(tmp_path, PLAYBOOK)
    assert here.run("activate", str(here.write_playbook())).returncode == 0
    yield here
    here.close()


@pytest.fixture
def typed(here: Installation, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Typed:
    return typing_in(here, monkeypatch, capfd)


def test_what_is_paused_is_said_and_shown_and_goes_on_by_its_own_name(typed: Typed) -> None:
    first = typed("pause", "thanks", "--channel", "sms", "--purpose", "marketing")
    again = typed("pause", "thanks", "--all")

    assert first.out.splitlines() == [
        "paused: channel sms, purpose marketing, rule thanks",
        "paused now: channel sms, purpose marketing, rule thanks",
    ]
    assert again.out.splitlines() == [
        "paused: everything",
        "paused already: rule thanks",
        "paused now: everything, channel sms, purpose marketing, rule thanks",
    ]
    assert json.loads(typed("status", "--json").out)["paused"] == [
        "all", "channel:sms", "purpose:marketing", "rule:thanks",
    ]  # fmt: skip
    assert "paused: everything, channel sms" in typed("status").out
    assert json.loads(typed("resume", "--all", "--channel", "sms", "--channel", "email", "--json").out) == {
        "changed": ["all", "channel:sms"],
        "paused": ["purpose:marketing", "rule:thanks"],
    }
    assert typed("resume", "thanks", "--purpose", "marketing").out.splitlines()[-1] == "paused now: nothing"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["pause"], "say what to pause\n  name rules, --channel, --purpose or --all"),
        (["pause", "thank"], "there is no rule 'thank' here\n  did you mean 'thanks'?"),
        (["pause", "--channel", "smss"], "--channel: there is no 'smss'\n  did you mean 'sms'?"),
        (["pause", "--purpose", "advert"], "--purpose: there is no 'advert'\n  there is: marketing, transactional"),
        (["resume"], "say what to resume\n  paused now: nothing"),
        (["pause", "--all", "--data", "nowhere"], "there is no workspace in nowhere"),
    ],
)
def test_what_names_nothing_is_refused_with_a_sentence(typed: Typed, words: list[str], sentence: str) -> None:
    assert sentence in typed(*words).sentence()


def test_a_rule_that_left_the_playbook_can_be_paused_as_long_as_it_has_rows(here: Installation, typed: Typed) -> None:
    async def leave_a_row() -> None:
        ledger = open_ledger(f"sqlite:///{here.data / 'ledger.db'}")
        await ledger.record(0, "log", 1, 1, outcome(decision(1, rule="gone")))
        await ledger.close()

    asyncio.run(leave_a_row())

    assert typed("pause", "gone").out.splitlines()[0] == "paused: rule gone"


async def test_a_dispatcher_that_runs_obeys_from_the_next_lease_on(here: Installation) -> None:
    """The rule's message is decided and stays; that of another rule, decided later, goes out."""
    assert here.run("pause", "thanks").returncode == 0
    for name in ("worker", "dispatch"):
        here.start(name)
    for number, event in enumerate(("order.paid", "page.viewed")):
        (here.folder / "now.jsonl").write_text(
            json.dumps({"id": str(number), "person": "p1", "event": event, "time": now_ms()})
        )
        assert here.run("import", "now.jsonl", "--live").returncode == 0

    messages = here.data / "messages" / "webhook.jsonl"
    wait_until(messages.exists, 30, "the other rule's message")
    ledger = open_ledger(f"sqlite:///{here.data / 'ledger.db'}")

    async def rows() -> dict[str, str]:
        return {row["rule"]: row["status"] for row in await ledger.fetch("deliveries")}

    async def is_recorded() -> bool:
        return (await rows()).get("tips") == "sent"

    await wait_until_answer(is_recorded, 30, "its record")
    assert await rows() == {"thanks": "pending", "tips": "sent"}
    assert len(messages.read_text("utf-8").splitlines()) == 1
    await ledger.close()
