"""All families of the lint."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from rules.lint.contradictions import contradictions
from rules.lint.cost import cost
from rules.lint.history import history
from rules.lint.loops import loops
from rules.lint.repeats import repeats
from rules.lint.retired import retired
from rules.lint.sending import sending
from rules.lint.ways import ways
from rules.lint.wording import wording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.read import Reading
    from schemas.findings import Finding

__all__ = ["OF_THE_WORKSPACE", "lint"]

OF_THE_WORKSPACE = frozenset({"no_limit", "expires_in_quiet_hours", "ad_word", "window_beyond_history"})
"""What is warned of for want of a setting of the workspace, or because of one."""

_FAMILIES = (contradictions, repeats, loops, sending, ways, retired, cost, history, wording)


def lint(reading: Reading) -> Iterator[Finding]:
    """Every warning of the lint. `reading` is sound: see `rules.sound`."""
    return chain.from_iterable(family(reading) for family in _FAMILIES)
