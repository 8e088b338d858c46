"""What the tests of the core share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.reference.stories import PLAYERS

if TYPE_CHECKING:
    from tests.reference.stories import Player


@pytest.fixture(params=PLAYERS)
def play(request: pytest.FixtureRequest) -> Player:
    """What plays a case: the reference, and the product."""
    return PLAYERS[request.param]
