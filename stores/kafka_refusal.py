"""Why the brokers of an address let nobody in: aiokafka only logs it, and whoever can mend it is to be told."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError, SaslAuthenticationFailed

from schemas.errors import SettingsError

if TYPE_CHECKING:
    from stores.kafka_address import KafkaAddress

__all__ = ["refusal"]

_REQUEST_MS = 5_000


async def refusal(address: KafkaAddress) -> SettingsError | None:
    """What is wrong with the settings of TLS or of the login, as far as a broker can be reached; None if nothing is."""
    told = address.connection()
    del told["bootstrap_servers"]
    if len(told) == 1:
        return None  # neither TLS nor a login
    for server in address.servers:
        host, _, port = server.rpartition(":")
        try:
            connection = await create_conn(host.strip("[]"), int(port), request_timeout_ms=_REQUEST_MS, **told)
        except ssl.SSLCertVerificationError as error:
            message = f"Kafka at {server} shows a certificate that does not fit: {error.verify_message}"
            return SettingsError(message, hint="see ca in the URL, and by which name the brokers are called there")
        except SaslAuthenticationFailed:
            message = f"Kafka at {server} refuses the user or the password"
            return SettingsError(message, hint="see what TOUCHLINE_LOG and TOUCHLINE_KAFKA_PASSWORD say of them")
        except (KafkaError, OSError, TimeoutError):
            continue
        connection.close()
    return None
