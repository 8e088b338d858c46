"""What the URL of a log on Kafka may say, and what the client is told."""

from __future__ import annotations

import ssl

import pytest

from schemas.errors import SettingsError
from stores.kafka_address import read_address


def test_a_host_is_enough() -> None:
    address = read_address("kafka://kafka-1")

    assert (address.servers, address.topic, address.group) == (
        ("kafka-1:9092",),
        "touchline.events",
        "touchline.events",
    )
    assert address.connection() == {"bootstrap_servers": ["kafka-1:9092"], "security_protocol": "PLAINTEXT"}


def test_several_brokers_a_topic_and_how_a_new_one_is_made() -> None:
    address = read_address("kafka://a:1,[::1]:2,c/shop.events?partitions=24&replication=2&group=g")

    assert address.servers == ("a:1", "[::1]:2", "c:9092")
    assert (address.topic, address.group, address.partitions, address.replication) == ("shop.events", "g", 24, 2)


def test_a_password_goes_out_encrypted_unless_the_url_says_otherwise() -> None:
    address = read_address("kafka://shop:p%40ss%2Fword@a:1?mechanism=SCRAM-SHA-512")
    told = address.connection()

    assert isinstance(told.pop("ssl_context"), ssl.SSLContext)
    assert told == {
        "bootstrap_servers": ["a:1"],
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "shop",
        "sasl_plain_password": "p@ss/word",
    }
    assert read_address("kafka://u:p@a?security=SASL_PLAINTEXT").connection()["security_protocol"] == "SASL_PLAINTEXT"


def test_tls_checks_names_and_certificates() -> None:
    context = read_address("kafka://a?security=SSL").tls()

    assert context is not None
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_nobody_reads_the_password() -> None:
    address = read_address("kafka://shop:secret@a:1?security=SASL_PLAINTEXT")

    assert "secret" not in f"{address} {address!r}"


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("kafka://", "'' is no HOST:PORT"),
        ("kafka://a b:1", "'a b:1' is no HOST:PORT"),
        ("kafka://a:1,", "'' is no HOST:PORT"),
        ("kafka://a/to pic", "no name of a topic"),
        ("kafka://a/t/u", "no name of a topic"),
        ("kafka://a?topic=x", "has no option 'topic'"),
        ("kafka://a?partitions=0", "a number from 1"),
        ("kafka://a?security=TLS", "is one of PLAINTEXT"),
        ("kafka://u:p@a?security=SSL", "knows no USER:PASSWORD@"),
        ("kafka://a?security=SASL_SSL", "needs USER:PASSWORD@"),
        ("kafka://u:p@a?mechanism=GSSAPI", "is one of PLAIN"),
    ],
)  # fmt: skip
def test_a_faulty_url_is_refused_in_a_sentence(url: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_address(url)

    assert sentence in refused.value.message
    assert ":p@" not in refused.value.message


def test_a_file_that_cannot_be_used_is_named_as_one() -> None:
    with pytest.raises(SettingsError, match="ca, cert or key"):
        read_address("kafka://a?ca=/nowhere.pem").tls()
