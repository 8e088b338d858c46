"""What the contract suites of ledgers share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.helpers.stores import LEDGERS, ledger_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from stores.ports import Ledger


@pytest.fixture(params=LEDGERS)
async def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ledger]:
    """Every kind of ledger, empty."""
    ledger = await ledger_in(request.param, tmp_path)
    yield ledger
    await ledger.close()
