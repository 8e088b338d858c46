"""What a test does when a server cannot be had: skip with one line, or fail where the setting says it must be there."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

__all__ = ["ServerMissing", "absent"]


class ServerMissing(Exception):
    """A server cannot run on this machine; the message says in one line what to install."""


def absent(server: str, error: ServerMissing) -> NoReturn:
    """Skip, or fail where `TOUCHLINE_REQUIRE` (kafka,valkey,postgres) names the server."""
    if server in os.environ.get("TOUCHLINE_REQUIRE", "").split(","):
        pytest.fail(f"{server} is required here and is missing: {error}")
    pytest.skip(f"{server}: {error}")
