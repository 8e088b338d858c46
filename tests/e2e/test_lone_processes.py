"""A worker, dispatcher or clock that runs alone shows its health and figures where it is told to, and nothing else."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.helpers.installation import Installation
from tests.helpers.running import free_port
from tests.helpers.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

PLAYBOOK = {"base.yaml": "workspace: {name: Shop, zone: Europe/London, currency: GBP}\nevents: {order.paid: {}}\n"}


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("process", ["worker", "dispatch", "clock"])
def test_a_lone_process_shows_its_health_and_figures_on_the_port_it_is_given(process: str, tmp_path: Path) -> None:
    port = free_port()
    here = Installation(tmp_path, PLAYBOOK, {"METRICS_PORT": str(port)})
    assert here.run("activate", str(here.write_playbook())).returncode == 0
    here.start(process)
    try:
        wait_until(lambda: answers(port), 20, f"{process} to listen")
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            alive, ready, figures = (client.get(path) for path in ("/healthz", "/readyz", "/metrics"))
            posted = client.post("/v1/events", content=b"{}")
    finally:
        here.close()

    assert (alive.json(), ready.json()) == ({"alive": True}, {"ready": True, "away": {}})
    assert "touchline_partition_lag_records" in figures.text
    assert posted.status_code == 404


def test_a_port_for_metrics_that_is_taken_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        here = Installation(tmp_path, PLAYBOOK, {"METRICS_PORT": str(taken.getsockname()[1])})

        done = here.run("clock")

    assert done.returncode == 2
    assert "is taken by another program; choose another with TOUCHLINE_METRICS_PORT" in done.stderr
    assert "Traceback" not in done.stderr
