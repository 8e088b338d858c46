"""`touchline up` with its state on a real Valkey that dies and forgets everything."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.helpers.installation import Installation
from tests.helpers.running import Up, running
from tests.helpers.waiting import wait_until
from tests.servers.valkey import Valkey, own_valkey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLAYBOOK = {
    "shop.yaml": """\
workspace: {name: Shop, zone: Europe/London, currency: GBP}
events: {order.paid: {properties: {order_id: {type: text}}}}
segments: {regulars: {when: 'count("order.paid", "365d") >= 2'}}
templates:
  thanks: {purpose: transactional, channels: {webhook: {en: "Thanks for {{ event.order_id }}"}}}
  regular: {purpose: transactional, channels: {webhook: {en: "Welcome back"}}}
rules:
  thanks: {event: order.paid, then: [{send: {template: thanks, channels: [webhook]}}]}
  regular: {enters: regulars, limit: once, then: [{send: {template: regular, channels: [webhook]}}]}
"""
}


@pytest.fixture
def server() -> Iterator[Valkey]:
    with own_valkey() as server:
        yield server


def order(number: int) -> dict[str, Any]:
    return {
        "id": f"o{number}",
        "source": "shop",
        "person": "p1",
        "event": "order.paid",
        "properties": {"order_id": f"o{number}"},
    }


def rollbacks(up: Up) -> int:
    found = re.search(
        r'^touchline_state_rollbacks_total\{partition="0"\} (\d+)', up.http.get("/metrics").text, re.MULTILINE
    )
    return int(found[1]) if found else 0


def test_what_the_server_forgets_is_folded_again_and_nothing_is_sent_twice(tmp_path: Path, server: Valkey) -> None:
    with running(Installation(tmp_path, PLAYBOOK, {"STATE": server.url})) as up:
        up.send(order(1))
        up.await_message("Thanks for o1")

        server.kill()
        up.send(order(2))  # is taken all the same
        wait_until(lambda: "it cannot be reached" in up.log, 20, "the worker to say that the state is away")
        server.start()
        up.await_message("Welcome back")
        before = rollbacks(up)
        server.ask("FLUSHALL")
        wait_until(lambda: rollbacks(up) == before + 1, 20, "the worker to notice while it is idle")
        up.send(order(3))
        up.await_message("Thanks for o3")

        assert (before, "Traceback" in up.log) == (1, False)
        assert sorted(m["body"] for m in up.messages()) == [
            "Thanks for o1",
            "Thanks for o2",
            "Thanks for o3",
            "Welcome back",
        ]


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("maxmemory-policy allkeys-lru", "would throw profiles away: its maxmemory-policy is allkeys-lru"),
        ("requirepass secret", "cannot be used: it wants a password"),
    ],
)
def test_a_server_that_cannot_hold_a_state_stops_the_start_with_one_sentence(
    tmp_path: Path, server: Valkey, setting: str, sentence: str
) -> None:
    here = Installation(tmp_path, PLAYBOOK, {"STATE": server.url})
    server.ask("CONFIG SET", *setting.split())

    done = here.run("activate", str(here.write_playbook()))

    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
    assert sentence in done.stderr
