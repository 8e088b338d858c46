"""`touchline up` as a process: events in over HTTP, messages out into files, while it is looked at, changed and stopped."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.helpers.installation import Installation
from tests.helpers.running import running
from tests.helpers.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.helpers.running import Up

BASE = """\
workspace: {name: Shop, zone: Europe/London, currency: GBP}
events:
  order.paid: {properties: {order_id: {type: text}, amount: {type: money, min: 0}, note: {type: text}}}
traits: {name: {type: text, personal: true}}
segments:
  buyers: {when: 'count("order.paid", "365d") >= 1'}
templates:
  thanks: {purpose: transactional, channels: {webhook: {en: "Thanks for {{ event.order_id }}"}}}
"""
RULE = """\
rules:
  thanks: {event: order.paid, when: event.amount > 0, then: [{send: {template: thanks, channels: [webhook]}}]}
"""
PLAYBOOK = {"base.yaml": BASE, "rules/thanks.yaml": RULE}


def _order(number: str, person: str = "p1", amount: float = 12.5, **more: object) -> dict[str, Any]:
    properties = {"order_id": number, "amount": amount, **more}
    return {
        "id": f"order-{number}",
        "source": "shop",
        "person": person,
        "event": "order.paid",
        "properties": properties,
    }


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One that only takes events."""
    with running(Installation(tmp_path_factory.mktemp("up"), PLAYBOOK)) as up:
        yield up


def _shown(up: Up, *words: str) -> Any:  # noqa: ANN401 - a JSON document
    done = up.here.run(*words, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_an_event_becomes_a_message_within_a_second(up: Up) -> None:
    took = []
    for number in range(5):
        began = time.monotonic()
        assert up.send(_order(f"quick-{number}")) == {"accepted": 1, "refused": [], "warnings": []}
        up.await_message(f"Thanks for quick-{number}")
        took.append(time.monotonic() - began)

    assert min(took) < 1, took  # a machine with other work to do may need longer now and then


def test_the_same_event_again_is_one_message(up: Up) -> None:
    for _ in range(3):
        up.send(_order("again"))
    up.send(_order("after-again"))
    up.await_message("Thanks for after-again")

    assert [m["body"] for m in up.messages()].count("Thanks for again") == 1


def test_status_and_person_can_be_asked_while_it_runs(up: Up) -> None:
    up.send(_order("seen", person="looked-at"))
    up.await_message("Thanks for seen")

    status = _shown(up, "status")
    person = _shown(up, "person", "looked-at")

    assert status["segments"]["buyers"] == status["people"] >= 1
    assert status["outbox"]["sent"] == len(up.messages())
    assert status["program"]["sequence"] == 1
    assert person["profile"]["segments"] == ["buyers"]
    assert [(d["rule"], d["status"], d["channel"]) for d in person["decisions"]] == [("thanks", "sent", "webhook")]


def test_the_changes_of_a_segment_are_not_kept_unless_asked_for(up: Up) -> None:
    up.send(_order("unchanged", person="unchanged"))
    up.await_message("Thanks for unchanged")

    assert _shown(up, "person", "unchanged")["changes"] == []


def test_what_quiet_hours_hold_back_is_shown_with_its_reason_and_end(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    begun, ends = now - timedelta(hours=1), now + timedelta(hours=2)
    quiet = f'quiet_hours: {{from: "{begun:%H:%M}", until: "{ends:%H:%M}", zone: UTC, purposes: [transactional]}}'
    base = BASE.replace("currency: GBP", f"currency: GBP, {quiet}").replace("Europe/London", "UTC")
    with running(Installation(tmp_path, PLAYBOOK | {"base.yaml": base})) as up:
        up.send(_order("tonight", person="ann"))
        wait_until(lambda: bool(_shown(up, "status")["quiet_hours"]), 20, "a message that is put off")

        (decision,) = _shown(up, "person", "ann")["decisions"]
        said = up.here.run("status").stdout

    assert (decision["status"], decision["reason"]) == ("pending", "quiet_hours")
    assert decision["until"] == f"{ends:%Y-%m-%dT%H:%M}:00.000Z"
    assert f"1 of the pending wait for the end of quiet hours, the first until {ends:%Y-%m-%d %H:%M} (UTC)" in said


def test_health_readiness_and_metrics_answer(up: Up) -> None:
    up.send(_order("counted"), {"event": "order.paid"})
    up.await_message("Thanks for counted")

    metrics = up.http.get("/metrics").text
    assert up.http.get("/healthz").json() == {"alive": True}
    assert up.http.get("/readyz").json() == {"ready": True, "away": {}}
    for line in (
        'touchline_fold_outcomes_total{outcome="events"} ',
        'touchline_ingest_refused_total{code="no_person"} 1.0',
    ):
        assert line in metrics, metrics


def test_an_event_that_no_rule_can_use_is_a_dead_letter_with_its_code(up: Up) -> None:
    up.send(_order("less-than-nothing", amount=-1), _order("next"))
    up.await_message("Thanks for next")

    assert _shown(up, "status")["dead_letters"]["below_minimum"] == 1


def test_a_changed_playbook_decides_from_then_on_and_a_broken_one_does_not(tmp_path: Path) -> None:
    with running(Installation(tmp_path, PLAYBOOK)) as up:
        rules, texts = tmp_path / "playbook" / "rules" / "thanks.yaml", tmp_path / "playbook" / "base.yaml"
        texts.write_text(BASE.replace("Thanks for", "Many thanks for"), "utf-8")
        wait_until(lambda: up.log.count('"activated"') == 2, 20, "the second activation")
        up.send(_order("1"))
        up.await_message("Many thanks for 1")

        rules.write_text(RULE.replace("event.amount > 0", "event.amuont > 0"), "utf-8")
        wait_until(lambda: "playbook_refused" in up.log, 20, "the refusal")
        up.send(_order("2"))
        up.await_message("Many thanks for 2")
        refusal = json.loads(next(line for line in up.log.splitlines() if "playbook_refused" in line))
        assert "rules/thanks.yaml:2:" in refusal["reason"]
        assert "amuont" in refusal["reason"]

        texts.write_text(BASE.replace("Thanks for", "Hello"), "utf-8")
        rules.write_text(RULE.replace("event.amount > 0", "event.amount > 10"), "utf-8")
        wait_until(lambda: up.log.count('"activated"') == 3, 20, "the third activation")
        up.send(_order("3", amount=5), _order("4"))
        up.await_message("Hello 4")
        assert len(up.messages()) == 3


def test_it_stops_when_told_and_goes_on_where_it_was(tmp_path: Path) -> None:
    with running(Installation(tmp_path, PLAYBOOK)) as up:
        up.send(_order("1"))
        up.await_message("Thanks for 1")
        before = _shown(up, "status")["partitions"][0]["position"]
        assert up.here.stop("up", timeout=10) == 0
        assert "Traceback" not in up.log

        up.start()
        up.send(_order("1"), _order("2"))
        up.await_message("Thanks for 2")

        assert [m["body"] for m in up.messages()] == ["Thanks for 1", "Thanks for 2"]
        status = _shown(up, "status")
        assert (status["program"]["sequence"], status["people"]) == (1, 1)
        assert status["partitions"][0]["position"] > before


def test_it_goes_on_after_being_killed(tmp_path: Path) -> None:
    with running(Installation(tmp_path, PLAYBOOK, {"LEASE": "3s"})) as up:
        up.send(*[_order(f"{number}", person=f"p{number}") for number in range(40)])
        up.here.kill("up")  # whatever it has done of them by now
        up.start()
        up.send(_order("last"))
        up.await_message("Thanks for last")
        wait_until(lambda: len(up.messages()) == 41, 20, "the rest of the messages")

        assert {m["body"] for m in up.messages()} == {f"Thanks for {n}" for n in [*range(40), "last"]}


def test_a_port_that_is_taken_is_said_in_one_sentence(up: Up, tmp_path: Path) -> None:
    other = Installation(tmp_path, PLAYBOOK)
    other.write_playbook()

    done = other.run("up", "--playbook", "playbook", "--port", str(up.port))

    said = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert (done.returncode, len(said)) == (2, 1), done.stderr
    assert f"port {up.port} is taken by another program; choose another with --port" in said[0]
    up.send(_order("not disturbed"))
    up.await_message("Thanks for not disturbed")


def test_without_a_playbook_the_sample_is_activated_and_said_so(tmp_path: Path, up: Up) -> None:
    here = Installation(tmp_path, {})

    done = here.run("up", "--port", str(up.port))  # it stops at the port, with everything else begun

    assert "running the built-in sample" in done.stderr


@pytest.mark.parametrize("level", ["info", "debug"])
def test_nothing_about_a_person_stands_in_the_log(tmp_path: Path, level: str) -> None:
    canary = "kanarienvogel"
    here = Installation(tmp_path, PLAYBOOK, {"LOG_LEVEL": level, "TOKEN": f"token-{canary}"})
    with running(here) as up:
        up.http.headers["Authorization"] = f"Bearer token-{canary}"
        person = f"person-{canary}"
        contact = {"channel": "email", "address": f"{canary}@example.com"}
        up.send(
            {"id": f"id-{canary}", "person": person, "event": "contact.updated", "properties": contact},
            {"person": person, "event": "person.updated", "properties": {"name": f"Name {canary}"}},
            {"person": person, "event": f"unknown.{canary}", "properties": {canary: canary}},
            {"person": f"bad\x01{canary}", "event": "order.paid"},
            _order(f"bad-{canary}", person=person, amount=-1),
            _order(f"good-{canary}", person=person, note=canary),
        )
        up.await_message(f"Thanks for good-{canary}")
        assert up.http.post("/v1/events", content=f'{{"person": "{canary}'.encode()).status_code in {200, 400}
        assert up.http.post("/v1/events", headers={"Authorization": f"Bearer {canary}"}).status_code == 401
        assert here.stop("up") == 0

        assert canary not in up.log, [line for line in up.log.splitlines() if canary in line]
        assert len(up.log.splitlines()) >= 2
