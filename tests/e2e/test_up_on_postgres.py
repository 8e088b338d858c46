"""`touchline up` with its ledger on PostgreSQL: looked at, killed under it, and put back from a backup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.helpers.installation import Installation
from tests.helpers.running import running
from tests.helpers.waiting import wait_until
from tests.servers.postgres import Postgres, needed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLAYBOOK = {
    "shop.yaml": """\
workspace: {name: Shop, zone: Europe/London, currency: GBP}
events:
  order.paid: {properties: {order_id: {type: text}, amount: {type: money, min: 0}}}
segments:
  buyers: {when: 'count("order.paid", "365d") >= 1'}
templates:
  thanks: {purpose: transactional, channels: {webhook: {en: "Thanks for {{ event.order_id }}: {{ coupon.code }}"}}}
coupon_pools:
  gift: {benefit: {amount_off: 5 GBP}, stock: 100, valid_for: 30d}
rules:
  thanks: {event: order.paid, then: [{issue_coupon: gift}, {send: {template: thanks, channels: [webhook]}}]}
"""
}


@pytest.fixture
def server() -> Iterator[Postgres]:
    needed()
    own = Postgres()
    yield own
    own.stop()


def order(number: int) -> dict[str, Any]:
    return {
        "id": f"order-{number}",
        "source": "shop",
        "person": f"p{number}",
        "event": "order.paid",
        "properties": {"order_id": f"no. {number}", "amount": 12.5},
    }


def test_every_order_gives_one_message_though_the_ledgers_server_is_killed(server: Postgres, tmp_path: Path) -> None:
    database = server.database(tmp_path)
    here = Installation(tmp_path, PLAYBOOK, {"LEDGER": server.url(database, tcp=True)})
    with running(here) as up:
        up.send(*(order(n) for n in range(50)))
        server.kill()
        up.send(*(order(n) for n in range(50, 100)))
        wait_until(lambda: up.http.get("/readyz").status_code == 503, 10, "the ledger to be missed")
        server.start()
        wait_until(lambda: len(up.messages()) >= 100, 60, f"a hundred messages: {up.log}")
        shown = here.run("person", "p7")
        status = here.run("status")

    texts = {message["body"].partition(": ")[0] for message in up.messages()}
    assert (len(up.messages()), len(texts)) == (100, 100)
    assert server.execute("SELECT issued, refused FROM coupon_pool", database) == [(100, 0)]
    assert server.execute("SELECT status, count(*) FROM outbox GROUP BY 1 ORDER BY 1", database) == [
        ("done", 100),
        ("sent", 100),
    ]
    assert "issue_coupon" in shown.stdout
    assert "buyers" in status.stdout


def test_a_database_that_was_put_back_gets_again_what_it_has_lost_by_the_old_ids(
    server: Postgres, tmp_path: Path
) -> None:
    """As the page on operating says: an older database, the log as it is, and no state."""
    database = server.database(tmp_path)
    here = Installation(tmp_path, PLAYBOOK, {"LEDGER": server.url(database)})
    decided = "SELECT decision_id, person, kind, (SELECT code FROM coupon c WHERE c.decision_id = o.decision_id) FROM outbox o ORDER BY 1"
    with running(here) as up:
        up.send(order(1))
        wait_until(lambda: len(up.messages()) == 1, 20, f"the first message: {up.log}")
        here.stop("up")
        server.execute(f"CREATE DATABASE backup TEMPLATE {database}")
        up.start()
        up.send(order(2))
        wait_until(lambda: len(up.messages()) == 2, 20, f"the second message: {up.log}")
        here.stop("up")
        before = server.execute(decided, database)

        here.settings["LEDGER"] = server.url("backup")
        for file in here.data.glob("state.db*"):
            file.unlink()
        up.start()
        wait_until(lambda: len(server.execute(decided, "backup")) == 4, 20, f"the rows to come back: {up.log}")
        up.send(order(3))
        sent = "SELECT person FROM outbox WHERE status = 'sent'"
        wait_until(lambda: len(server.execute(sent, "backup")) == 3, 20, f"the messages: {up.log}")

    assert [row for row in server.execute(decided, "backup") if row["person"] != "p3"] == before
    assert len(up.messages()) == 3
