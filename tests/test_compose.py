"""The container files: valid, pinned, unprivileged, and speaking of settings and commands that exist."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.helpers.compose import COMPOSE, OURS, THEIRS, composed, interpolated
from tests.helpers.source import PACKAGES, ROOT
from workers.settings import read_settings

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")


def test_the_compose_file_is_one_by_the_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]

    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 0, done.stdout + done.stderr


def test_there_is_a_container_for_each_process_and_each_server() -> None:
    assert set(composed()["services"]) == {*OURS, *THEIRS, "touchline"}


@pytest.mark.parametrize("name", [*OURS, *THEIRS])
def test_a_container_is_watched_and_started_again(name: str) -> None:
    service = composed()["services"][name]

    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


@pytest.mark.parametrize("name", THEIRS)
def test_a_server_has_a_pinned_version_and_a_volume(name: str) -> None:
    service, volumes = composed()["services"][name], composed()["volumes"]

    assert re.fullmatch(r"[\w./-]+:\d+\.\d+(\.\d+)?", service["image"])
    assert {volume.split(":")[0] for volume in service["volumes"]} <= set(volumes)


@pytest.mark.parametrize("name", OURS)
def test_a_process_waits_for_healthy_servers_and_has_no_privileges(name: str) -> None:
    service = composed()["services"][name]

    assert service["depends_on"] == {server: {"condition": "service_healthy"} for server in THEIRS}
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"]


@pytest.mark.parametrize("name", OURS)
def test_a_process_has_settings_that_exist_and_a_command_that_exists(name: str) -> None:
    service = composed()["services"][name]
    settings = read_settings({key: interpolated(value) for key, value in service["environment"].items()})

    done = subprocess.run(
        [sys.executable, "-m", "workers", *service["command"], "--help"],
        capture_output=True, text=True, check=False, timeout=60, cwd=ROOT,
    )  # fmt: skip

    assert service["command"][0] == name
    assert done.returncode == 0
    assert settings.metrics_port == 9_100
    assert (settings.log, settings.ledger) == (
        "kafka://kafka:9092", "postgresql://touchline:letters@postgres:5432/touchline",
    )  # fmt: skip


def test_providers_and_senders_are_reached_and_nobody_reaches_the_servers() -> None:
    services, networks = composed()["services"], composed()["networks"]

    assert networks["inside"] == {"internal": True}
    assert {name for name, service in services.items() if "outside" in service["networks"]} == {"web", "dispatch"}
    assert {name for name, service in services.items() if "ports" in service} == {"web"}


def test_the_image_is_of_a_pinned_version_for_two_platforms_and_runs_as_nobody() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    users = re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)

    assert all(re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", base) for base in bases)
    assert users == ["touchline"]
    assert composed()["services"]["worker"]["build"]["platforms"] == ["linux/amd64", "linux/arm64"]


def test_the_image_is_given_every_package_and_nothing_of_the_tests() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}

    assert kept == {*PACKAGES, "examples/online_retail", "pyproject.toml", "requirements.lock", "README.md", "LICENSE"}


def test_every_secret_that_the_compose_file_wants_stands_in_the_example() -> None:
    wanted = set(re.findall(r"\$\{(\w+)", COMPOSE.read_text("utf-8")))
    example = re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE)

    assert set(example) == wanted
