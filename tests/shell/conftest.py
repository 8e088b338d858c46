"""What tests of the shell share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stores.open import open_ledger
from stores.scratch import open_scratch
from tests.helpers.dispatching import Office
from tests.helpers.folded import Folded
from tests.helpers.moving import live, stores_of
from tests.servers.postgres import Postgres, needed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    """A ledger in memory and what is around it."""
    ledger = open_ledger("memory://")
    yield Office(ledger)
    await ledger.close()


@pytest.fixture
async def shop() -> AsyncIterator[Folded]:
    """A workspace that has lived a little."""
    shop = Folded.new(ledger=open_scratch())
    await live(shop)
    yield shop
    await stores_of(shop).close()


@pytest.fixture
def server() -> Postgres:
    """The PostgreSQL server that all tests share."""
    return needed()


@pytest.fixture
def own_server(server: Postgres) -> Iterator[Postgres]:  # noqa: ARG001 - the shared one tells whether there can be one
    """A server that a test may kill."""
    own = Postgres()
    yield own
    own.stop()
