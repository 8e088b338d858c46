"""The settings of a log on Kafka, and what Faust is told of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import pytest
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

from schemas.errors import SettingsError
from stores.kafka_address import read_address
from workers.faust_worker import make_app
from workers.settings import read_settings

if TYPE_CHECKING:
    from pathlib import Path

    from workers.partitions import Partitions


def test_the_password_may_stand_in_a_setting_of_its_own() -> None:
    settings = read_settings({"TOUCHLINE_LOG": "kafka://shop@a:1/t?x=y", "TOUCHLINE_KAFKA_PASSWORD": "p@ss/word"})

    assert settings.url("log") == "kafka://shop:p%40ss%2Fword@a:1/t?x=y"
    assert "p@ss" not in repr(settings)


@pytest.mark.parametrize("url", ["", "kafka://a:1", "kafka://shop:other@a:1"])
def test_a_password_without_a_user_or_beside_another_one_is_refused(url: str) -> None:
    settings = read_settings({"TOUCHLINE_LOG": url, "TOUCHLINE_KAFKA_PASSWORD": "secret"})

    with pytest.raises(SettingsError, match="names a user and no password") as refused:
        settings.url("log")

    assert "secret" not in str(refused.value)


def test_a_session_that_kafka_would_refuse_without_a_word_is_refused_by_us() -> None:
    with pytest.raises(SettingsError, match="TOUCHLINE_KAFKA_SESSION is at least 6s, not 5s"):
        read_settings({"TOUCHLINE_KAFKA_SESSION": "5s"})


@pytest.mark.parametrize(
    "url",
    [
        "kafka://a:1",
        "kafka://a:1?security=SSL",
        "kafka://u:p@a:1?mechanism=SCRAM-SHA-256",
        "kafka://u:p@a:1?security=SASL_PLAINTEXT",
    ],
)
def test_faust_comes_in_the_way_our_own_client_does(url: str, tmp_path: Path) -> None:
    address = read_address(url)

    async def told() -> dict[str, object]:  # an app belongs to a loop
        app = make_app(address, cast("Partitions", None), str(tmp_path), session_ms=8_000)
        assert (app.conf.broker_session_timeout, app.conf.web_enabled, app.conf.id) == (8, False, address.group)
        return dict(credentials_to_aiokafka_auth(app.conf.broker_credentials))

    faust, ours = asyncio.run(told()), address.connection()
    tls = (faust.pop("ssl_context", None), ours.pop("ssl_context", None))
    del ours["bootstrap_servers"]

    assert (faust, [context is not None for context in tls]) == (ours, [address.has_tls] * 2)
