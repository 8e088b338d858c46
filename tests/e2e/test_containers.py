"""The compose file without containers: its commands, environment and health checks as processes on real servers."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.helpers.compose import GIVEN, OURS, Containers, composed
from tests.helpers.documents import blocks, read
from tests.helpers.waiting import wait_until
from tests.servers.kafka import Kafka
from tests.servers.postgres import Postgres
from tests.servers.required import ServerMissing, absent
from tests.servers.valkey import Valkey

if TYPE_CHECKING:
    from collections.abc import Iterator

PLAYBOOK = """
workspace: {name: Shop, zone: Europe/London, currency: GBP}
events:
  order.paid: {properties: {amount: {type: money, min: 0}}}
rules:
  thanks: {event: order.paid, wait: 1s, then: [{send: {template: thanks, channels: [webhook]}}]}
templates:
  thanks: {purpose: transactional, channels: {webhook: {en: "Thanks for {{ event.amount }}"}}}
"""
EVENT = {"id": "1", "source": "shop", "person": "ann", "event": "order.paid", "properties": {"amount": 80}}


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, str]]:
    """The three servers of the compose file: as a container calls them, and where they are."""
    with ExitStack() as running:
        kafka = started("kafka", running, Kafka)
        valkey = started("valkey", running, lambda: Valkey(tuple(composed()["services"]["valkey"]["command"][1:])))
        postgres = started("postgres", running, Postgres)
        postgres.execute(f"ALTER USER touchline PASSWORD '{GIVEN['POSTGRES_PASSWORD']}'")
        postgres.execute("CREATE DATABASE touchline")
        yield {
            "kafka:9092": kafka.address,
            "valkey:6379": valkey.url.removeprefix("redis://"),
            "postgres:5432": f"127.0.0.1:{postgres.port}",
        }


def started(name: str, running: ExitStack, make: Any) -> Any:  # noqa: ANN401 - one of three kinds
    """A server of the test's own; without one the test is skipped, or fails where there must be one."""
    try:
        server = make()
        running.callback(server.close if name == "kafka" else server.stop)
        if name != "postgres":
            server.start()
    except ServerMissing as error:
        absent(name, error)
    return server


def test_the_commands_of_the_page_on_operating_start_the_services_of_the_compose_file_and_these_stop_in_time(
    tmp_path_factory: pytest.TempPathFactory, servers: dict[str, str]
) -> None:
    folder = tmp_path_factory.mktemp("containers")
    volume, playbook = folder / "messages", folder / "my-playbook"
    volume.mkdir()
    playbook.mkdir()
    (playbook / "shop.yaml").write_text(PLAYBOOK, "utf-8")
    containers = Containers(folder, servers | {"/var/lib/touchline": str(volume), "/playbook": str(playbook)})
    commands = [
        line for block in blocks(read("docs/operating.md")) if "containers" in block.marks for line in block.lines
    ]
    up, activate, scale, status = commands
    try:
        containers.enter(up)
        await_health(containers, *OURS)
        containers.enter(activate)

        send(containers)

        path = volume / "messages" / "webhook.jsonl"
        wait_until(lambda: path.exists() and path.read_text("utf-8").endswith("\n"), 60, "the message")
        message = json.loads(path.read_text("utf-8"))
        assert (message["person"], message["body"]) == ("ann", "Thanks for 80")
        containers.enter(scale)
        await_health(containers, "worker-2", "worker-3")
        assert "Partitions" in containers.enter(status)
        assert containers.stop() == dict.fromkeys((*OURS, "worker-2", "worker-3"), 0)
        assert [name for name in containers.running if "Traceback" in containers.said(name)] == []
    finally:
        containers.close()


def await_health(containers: Containers, *names: str) -> None:
    """Wait for the health checks of containers."""
    for name in names:
        wait_until(lambda name=name: containers.is_healthy(name), 90, f"{name} to be healthy")  # type: ignore[misc]


def send(containers: Containers) -> None:
    """An event, with the token and without."""
    url = f"http://127.0.0.1:{containers.ports['web']['8080']}/v1/events"
    refused = httpx.post(url, json=EVENT, timeout=30)
    assert refused.status_code == 401
    taken = httpx.post(url, json=EVENT, headers={"Authorization": f"Bearer {GIVEN['TOUCHLINE_TOKEN']}"}, timeout=30)
    assert (taken.status_code, taken.json()["accepted"]) == (200, 1)
