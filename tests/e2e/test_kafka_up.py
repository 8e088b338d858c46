"""`touchline up` with its log on Kafka, and the commands beside it: nothing looks different from outside."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.helpers.installation import Installation
from tests.helpers.running import running
from tests.helpers.stores import kafka_url
from tests.helpers.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

PLAYBOOK = {
    "shop.yaml": """\
workspace: {name: Shop, zone: Europe/London, currency: GBP}
events: {order.paid: {properties: {order_id: {type: text}}}}
segments: {buyers: {when: 'count("order.paid", "365d") >= 1'}}
templates: {thanks: {purpose: transactional, channels: {webhook: {en: "Thanks for {{ event.order_id }}"}}}}
rules: {thanks: {event: order.paid, then: [{send: {template: thanks, channels: [webhook]}}]}}
"""
}


def order(number: str, person: str) -> dict[str, Any]:
    return {"id": number, "source": "shop", "person": person, "event": "order.paid", "properties": {"order_id": number}}


def test_events_become_messages_history_is_imported_and_everything_can_be_looked_at(tmp_path: Path) -> None:
    here = Installation(tmp_path, PLAYBOOK, {"LOG": kafka_url(tmp_path, "?partitions=3")})
    with running(here) as up:
        up.send(*(order(str(number), f"p{number}") for number in range(10)))
        for number in range(10):
            up.await_message(f"Thanks for {number}", timeout=30)
        old = [order(f"old-{number}", f"q{number}") | {"time": "2020-05-01T10:00:00Z"} for number in range(20)]
        (tmp_path / "old.jsonl").write_text("\n".join(map(json.dumps, old)), "utf-8")
        imported = here.run("import", "old.jsonl", "--json")
        wait_until(lambda: _status(here)["people"] == 30, 30, f"the import to be folded: {up.log}")
        metrics = up.http.get("/metrics").text

        assert (imported.returncode, json.loads(imported.stdout)["appended"]) == (0, 20), imported.stderr
        assert len(up.messages()) == 10
        assert [partition["partition"] for partition in _status(here)["partitions"]] == [0, 1, 2]
        assert "touchline_assigned_partitions 3.0" in metrics
        assert here.stop("up") == 0
        assert "Traceback" not in up.log

        up.start()
        up.send(order("after", "p1"))
        up.await_message("Thanks for after", timeout=30)


def _status(here: Installation) -> dict[str, Any]:
    done = here.run("status", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    shown: dict[str, Any] = json.loads(done.stdout)
    return shown
