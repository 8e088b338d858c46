"""From any URL to a store: files and memory by `stores.open`, servers awaited, each loaded only when it is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stores.open import open_ledger, open_log, open_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from stores.ports import Ledger, Log, State

__all__ = ["REDIS", "connect_ledger", "connect_log", "connect_state", "scheme_of"]

REDIS = frozenset({"redis", "rediss", "valkey", "valkeys", "unix"})
"""Schemes of the URLs of a state on Redis or Valkey."""


def scheme_of(url: str) -> str:
    """What a URL begins with: `sqlite`, `memory`, `kafka`, …; "" where it is no URL."""
    return url.partition("://")[0].partition("+")[0] if "://" in url else ""


async def connect_log(
    url: str,
    *,
    clock: Callable[[], int],
    new_id: Callable[[], str],
    partitions: int | None = None,
    virtual_time: bool = False,
) -> Log:
    """Open or make a log, wherever it is; arguments and errors as `stores.open.open_log`.

    A log on Kafka has the id that the topic was given and 12 partitions unless said; its clock is the brokers'.
    """
    if scheme_of(url) == "kafka":
        from stores.kafka_log import open_kafka_log

        return await open_kafka_log(url, clock=clock, partitions=partitions, virtual_time=virtual_time)
    return open_log(url, clock=clock, new_id=new_id, partitions=partitions, virtual_time=virtual_time)


async def connect_state(url: str) -> State:
    """Open or make a state, wherever it is; errors as `stores.open.open_state`."""
    if scheme_of(url) in REDIS:
        from stores.redis_state import connect_redis

        return await connect_redis(url)
    return open_state(url)


async def connect_ledger(url: str) -> Ledger:
    """Open or make a ledger, wherever it is, its tables brought up to date; errors as `stores.open.open_ledger`."""
    if scheme_of(url) in {"postgresql", "postgres"}:
        from stores.postgres_ledger import PostgresLedger

        return await PostgresLedger.open(url)
    return open_ledger(url)
